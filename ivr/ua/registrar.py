"""The registrar: REGISTER in, bindings kept in memory and, before the 200, on disk (LINE-02)."""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from email.utils import formatdate
from functools import lru_cache

from ivr.net import clock
from ivr.net.driver import Driver
from ivr.sip.abnf import GrammarError
from ivr.sip.events import Flow, RequestReceived
from ivr.sip.message import Request
from ivr.ua import uni
from ivr.ua.authentication import Challenge
from ivr.ua.bindings import Refused, RegistrarLimits, after, living, moved
from ivr.ua.callers import Callers
from ivr.ua.connected import Connected, needs_its_flow
from ivr.ua.expiry import Expiries
from ivr.ua.flows import flow_text
from ivr.ua.log import Log
from provisioning.contract import (
    Account,
    Binding,
    BindingStore,
    Events,
    Saving,
    StorageUnavailable,
    TrunkAccount,
    UnknownLine,
)

_UNAVAILABLE = Refused(503, "Registration Cannot Be Stored Now", ("Retry-After", "10"))
_FORGOTTEN = Refused(403, "Account Changed")


@dataclass(slots=True, eq=False)
class _Change:
    """A REGISTER whose change is being stored."""

    event: RequestReceived
    user: str
    flow: str
    bindings: tuple[Binding, ...]


class Registrar:
    """Where every account's phones are.

    Expiry runs on the monotonic clock while the process lives, so that a leap of the host's
    clock ends no registration; the store keeps UTC.
    """

    def __init__(
        self,
        driver: Driver,
        callers: Callers,
        store: BindingStore,
        limits: RegistrarLimits,
        log: Log,
        events: Events,
        wall: Callable[[], float] = clock.wall,
    ) -> None:
        self._driver = driver
        self._callers = callers
        self._store = store
        self._limits = limits
        self._log = log
        self._events = events
        self._wall = wall
        self._bindings: dict[str, tuple[Binding, ...]] = {}
        self._connected = Connected()
        self._closed = False
        self._storing: dict[str, deque[RequestReceived]] = {}
        """The users whose change is being stored, each with the REGISTERs that wait behind it."""
        self._forgotten: set[str] = set()
        """Those of them whose account changed meanwhile."""
        self._stored_all = asyncio.Event()
        self._expiries = Expiries(self._expire)
        self.watchers: list[Callable[[str], None]] = []
        """Told of each user whose phone registered, or did so again, after the phone is."""

    async def load(self) -> None:
        """Take over the registrations that are stored, and no others."""
        shift = clock.monotonic() - self._wall()
        stored = await self._store.load()
        self._bindings, self._connected, self._closed = {}, Connected(), False
        self._expiries.close()
        for user, bindings in stored.items():
            self._keep(user, moved(bindings, shift))

    def lost(self, flow: Flow) -> None:
        """A connection ended: phones that only it reaches are registered no more (RFC 5626 §5.3).

        One that listens for connections, too, is called by one of ours.
        """
        text = flow_text(flow)
        for user in () if self._closed else self._connected.users(text):
            if user not in self._storing:  # else it is registering, and what comes last counts
                self._cut_off(user, text)

    def _cut_off(self, user: str, flow: str) -> None:
        """Forget a user's phones at the end of a flow at once, and in the store as soon as may be.

        REGISTERs that come meanwhile wait.
        """
        before, now = self.of(user), clock.monotonic()
        left = tuple(b for b in before if b.flow != flow or not needs_its_flow(b))
        gone = {binding.contact for binding in before} - {binding.contact for binding in left}
        self._keep(user, left)
        self._log.info("registration.cut-off", user=user, flow=flow)
        self._tell("registration.removed", user, gone)
        try:
            saving = self._store.save(user, moved(left, self._wall() - now))
        except Exception as error:
            self._log.warning("registration.not-stored", user=user, error=repr(error))
            return
        self._storing[user] = deque()
        saving.add_done_callback(lambda done: self._was_cut_off(user, done))

    def _was_cut_off(self, user: str, done: Saving) -> None:
        try:
            self._cleared(user, done)
            if user in self._forgotten:
                self._take_back(user)
        finally:
            self._go_on(user)

    def _keep(self, user: str, bindings: tuple[Binding, ...]) -> None:
        """Take over a user's bindings, all of them."""
        self._connected.note(user, self._bindings.get(user, ()), bindings)
        if bindings:
            self._bindings[user] = bindings
            self._expiries.watch(user, _next_end(bindings))
        else:
            self._bindings.pop(user, None)

    def of(self, user: str) -> tuple[Binding, ...]:
        """The account's living bindings, most wanted first; `expires_at` is monotonic."""
        return living(self._bindings.get(user, ()), clock.monotonic())

    def forget(self, user: str) -> None:
        """End the registrations of an account that is gone or has another password.

        What came with the old password and is being stored meanwhile is refused and taken back.
        """
        gone = self._bindings.get(user, ())
        self._keep(user, ())
        if gone:
            self._tell("registration.removed", user, {binding.contact for binding in gone})
            self._log.info("registration.ended", user=user, why="account changed")
        if user in self._storing:
            self._forgotten.add(user)

    def registered(self) -> int:
        """How many accounts have a living binding."""
        return sum(1 for user in self._bindings if self.of(user))

    def received(self, event: RequestReceived) -> None:
        """Answer a REGISTER, after its change is durable when it changes something."""
        request = event.request
        try:
            account = self._callers.of_registration(request, event.flow)
            _check_address(request, account)
            if "Contact" not in request.headers:
                self._accept(event, account.user)
                return
        except Challenge as challenge:
            self._driver.answer(event.transaction, challenge.status, challenge.headers)
            return
        except Refused as refusal:
            self._refuse(event, refusal)
            return
        # Changes of one account happen one after the other, in the order they came.
        waiting = self._storing.get(account.user)
        if waiting is not None:
            waiting.append(event)
        else:
            self._change(event, account.user)

    def _change(self, event: RequestReceived, user: str) -> bool:
        """Begin to store what a REGISTER changes; False when it was answered at once."""
        request, flow = event.request, flow_text(event.flow)
        now = clock.monotonic()
        try:
            bindings = self._after(request, user, event.flow, now)
            saving = self._store.save(user, moved(bindings, self._wall() - now))
        except Refused as refusal:
            self._refuse(event, refusal)
            return False
        except Exception as error:  # the phone must hear something, whatever failed
            self._fail(event, user, error)
            return False
        self._storing.setdefault(user, deque())
        change = _Change(event, user, flow, bindings)
        saving.add_done_callback(lambda done: self._saved(change, done))
        return True

    def _after(self, request: Request, user: str, source: Flow, now: float) -> tuple[Binding, ...]:
        """The user's bindings once the REGISTER took effect; raises `Refused`."""
        flow, before = flow_text(source), self.of(user)
        if self._callers.at_home(user, source) is None:
            return after(request, before, flow=flow, now=now, limits=self._limits)
        limits = uni.limits(self._limits)
        bindings = after(request, before, flow=flow, now=now, limits=limits)
        return uni.replaced(before, bindings, flow)

    def _saved(self, change: _Change, saving: Saving) -> None:
        """A change is durable, or is not: answer, and go on to the account's next one."""
        try:
            if change.user in self._forgotten:
                self._refuse(change.event, _FORGOTTEN)
                self._take_back(change.user)
            else:
                self._conclude(change, saving.exception())
        finally:
            self._go_on(change.user)

    def _take_back(self, user: str) -> None:
        """Refuse everything that came before the account changed, and store no binding of it."""
        self._forgotten.discard(user)
        while self._storing[user]:
            self._refuse(self._storing[user].popleft(), _FORGOTTEN)
        clearing = self._store.save(user, ())
        clearing.add_done_callback(lambda done: self._cleared(user, done))

    def _cleared(self, user: str, done: Saving) -> None:
        error = done.exception()
        if error is not None and not isinstance(error, UnknownLine):
            self._log.warning("registration.not-stored", user=user, error=repr(error))

    def _conclude(self, change: _Change, error: BaseException | None) -> None:
        if error is None:
            self._take_over(change)
            self._accept(change.event, change.user)
            if change.bindings:
                for told in self.watchers:
                    told(change.user)
        elif isinstance(error, StorageUnavailable):
            self._log.warning("registration.not-stored", user=change.user, error=str(error))
            self._refuse(change.event, _UNAVAILABLE)
        else:
            self._fail(change.event, change.user, error)

    def _go_on(self, user: str) -> None:
        waiting = self._storing[user]
        while waiting:
            if self._change(waiting.popleft(), user):
                return
        del self._storing[user]
        if not self._storing:
            self._stored_all.set()

    def _take_over(self, change: _Change) -> None:
        user = change.user
        before = {binding.contact for binding in self.of(user)}
        self._keep(user, change.bindings)
        after = {binding.contact for binding in change.bindings}
        if before == after:
            self._log.debug("registration.refreshed", user=user, flow=change.flow)
        else:
            contacts = len(change.bindings)
            self._log.info("registration.changed", user=user, contacts=contacts, flow=change.flow)
            self._tell("registration.removed", user, before - after)
            self._tell("registration.added", user, after - before)

    def _expire(self, user: str) -> float | None:
        """Forget what has expired; answers when the next of the user's contacts will."""
        left = self.of(user)
        held = {binding.contact for binding in self._bindings.get(user, ())}
        self._tell("registration.expired", user, held - {binding.contact for binding in left})
        self._connected.note(user, self._bindings.pop(user, ()), left)
        if not left:
            return None
        self._bindings[user] = left
        return _next_end(left)

    def _tell(self, kind: str, user: str, contacts: Collection[str]) -> None:
        for contact in sorted(contacts):
            self._events.tell(kind, user=user, contact=contact)

    def _fail(self, event: RequestReceived, user: str, error: BaseException) -> None:
        self._log.error("registration.failed", user=user, error=repr(error), exc_info=error)
        self._driver.answer(event.transaction, 500)

    def _refuse(self, event: RequestReceived, refusal: Refused) -> None:
        self._driver.answer(event.transaction, refusal.status, refusal.headers, refusal.reason)

    def _accept(self, event: RequestReceived, user: str) -> None:
        request, now = event.request, clock.monotonic()
        headers = [("Contact", _contact(binding, now)) for binding in self.of(user)]
        headers.append(("Date", _date(int(self._wall()))))
        home = self._callers.at_home(user, event.flow)
        if home is not None:
            address = self._driver.endpoint.address(event.flow)
            headers += uni.granted(request, home.line, address)
        elif "Contact" in request.headers and "path" in request.headers.tokens("Supported"):
            headers += [("Path", path) for path in request.headers.all("Path")]
        self._driver.answer(event.transaction, 200, headers)

    async def close(self) -> None:
        """Finish the changes that are being stored; connections that end now end no registration.

        A carrier that starts again knows where its phones are.
        """
        self._closed = True
        self._expiries.close()
        while self._storing:
            self._stored_all.clear()
            await self._stored_all.wait()


def _next_end(bindings: Iterable[Binding]) -> float:
    return min(binding.expires_at for binding in bindings)


def _check_address(request: Request, account: Account | TrunkAccount) -> None:
    """The address registered is the account's own (RFC 3261 §10.3, steps 4 and 5)."""
    try:
        user = request.to.uri.user
    except GrammarError as error:
        raise Refused(400, "Bad To") from error
    if user != account.user:
        raise Refused(403, "Not Your Address")


def _contact(binding: Binding, now: float) -> str:
    text = f"<{binding.contact}>;expires={max(1, round(binding.expires_at - now))}"
    if binding.q != 1.0:
        text += f";q={binding.q:g}"
    if binding.instance:
        text += f';+sip.instance="{binding.instance}"'
    return text


@lru_cache(4)
def _date(second: int) -> str:
    """The Date of every answer within one second (RFC 3261 §20.17)."""
    return formatdate(second, usegmt=True)
