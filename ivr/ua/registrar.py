"""The registrar: REGISTER in, bindings kept in memory and, before the 200, on disk (LINE-02)."""

import asyncio
from collections.abc import Callable
from email.utils import formatdate

from ivr.net import clock
from ivr.net.driver import Driver
from ivr.sip.abnf import GrammarError
from ivr.sip.events import RequestReceived
from ivr.sip.message import Request, response_to
from ivr.sip.transaction import ServerTransaction
from ivr.sip.values import NameAddr
from ivr.ua.authentication import Authenticator, Challenge
from ivr.ua.bindings import Refused, RegistrarLimits, after, living, moved
from ivr.ua.flows import flow_text
from ivr.ua.log import Log
from provisioning.contract import Account, Binding, BindingStore, StorageUnavailable

_UNAVAILABLE = Refused(503, "Registration Cannot Be Stored Now", ("Retry-After", "10"))


class Registrar:
    """Where every account's phones are.

    Expiry runs on the monotonic clock while the process lives, so that a leap of the host's
    clock ends no registration; the store keeps UTC.
    """

    def __init__(
        self,
        driver: Driver,
        authenticator: Authenticator,
        store: BindingStore,
        limits: RegistrarLimits,
        log: Log,
        wall: Callable[[], float] = clock.wall,
    ) -> None:
        self._driver = driver
        self._authenticator = authenticator
        self._store = store
        self._limits = limits
        self._log = log
        self._wall = wall
        self._bindings: dict[str, tuple[Binding, ...]] = {}
        self._turns: dict[str, asyncio.Task[None]] = {}

    async def load(self) -> None:
        """Take over the registrations that an earlier process kept."""
        shift = clock.monotonic() - self._wall()
        for user, stored in (await self._store.load()).items():
            self._bindings[user] = moved(stored, shift)

    def of(self, user: str) -> tuple[Binding, ...]:
        """The account's living bindings, most wanted first; `expires_at` is monotonic."""
        return living(self._bindings.get(user, ()), clock.monotonic())

    def registered(self) -> int:
        """How many accounts have a living binding."""
        return sum(1 for user in self._bindings if self.of(user))

    def received(self, event: RequestReceived) -> None:
        """Answer a REGISTER, after its change is durable when it changes something."""
        request, transaction = event.request, event.transaction
        try:
            account = self._authenticator.account_of(request, event.flow)
            _check_address(request, account)
            if "Contact" not in request.headers:
                self._accept(transaction, request, account.user)
                return
        except Challenge as challenge:
            self._answer(transaction, request, challenge.status, challenge.headers)
            return
        except Refused as refusal:
            self._answer(transaction, request, refusal.status, refusal.headers, refusal.reason)
            return
        self._change_in_turn(event, account.user)

    def _change_in_turn(self, event: RequestReceived, user: str) -> None:
        """Changes of one account happen one after the other, in the order they came."""
        before = self._turns.get(user)
        task = asyncio.get_running_loop().create_task(self._change(event, user, before))
        self._turns[user] = task
        task.add_done_callback(lambda done: self._turn_over(user, done))

    def _turn_over(self, user: str, task: asyncio.Task[None]) -> None:
        if self._turns.get(user) is task:
            del self._turns[user]

    async def _change(
        self, event: RequestReceived, user: str, before: asyncio.Task[None] | None
    ) -> None:
        if before is not None:
            await asyncio.wait([before])
        request, transaction = event.request, event.transaction
        try:
            await self._bind(request, user, flow_text(event.flow))
        except Refused as refusal:
            self._answer(transaction, request, refusal.status, refusal.headers, refusal.reason)
        except Exception as error:  # the phone must hear something, whatever failed
            self._log.error("registration.failed", user=user, error=repr(error), exc_info=True)
            self._answer(transaction, request, 500)
        else:
            self._accept(transaction, request, user)

    async def _bind(self, request: Request, user: str, flow: str) -> None:
        current = self.of(user)
        now = clock.monotonic()
        changed = after(request, current, flow=flow, now=now, limits=self._limits)
        try:
            await self._store.save(user, moved(changed, self._wall() - now))
        except StorageUnavailable as error:
            self._log.warning("registration.not-stored", user=user, error=str(error))
            raise _UNAVAILABLE from error
        if changed:
            self._bindings[user] = changed
        else:
            self._bindings.pop(user, None)
        self._log.info("registration.changed", user=user, contacts=len(changed), flow=flow)

    def _accept(self, transaction: ServerTransaction, request: Request, user: str) -> None:
        now = clock.monotonic()
        headers = [("Contact", _contact(binding, now)) for binding in self.of(user)]
        headers.append(("Date", formatdate(self._wall(), usegmt=True)))
        if "path" in request.headers.tokens("Supported"):
            headers += [("Path", path) for path in request.headers.all("Path")]
        self._answer(transaction, request, 200, tuple(headers))

    def _answer(
        self,
        transaction: ServerTransaction,
        request: Request,
        status: int,
        headers: tuple[tuple[str, str], ...] = (),
        reason: str | None = None,
    ) -> None:
        response = response_to(request, status, reason)
        for name, value in headers:
            response.headers.add(name, value)
        with self._driver.turn() as now:
            self._driver.endpoint.respond(transaction, response, now)

    async def close(self) -> None:
        """Finish the changes that are being stored."""
        while self._turns:
            await asyncio.wait(list(self._turns.values()))


def _check_address(request: Request, account: Account) -> None:
    """The address registered is the account's own (RFC 3261 §10.3, steps 4 and 5)."""
    try:
        user = request.to.uri.user
    except GrammarError as error:
        raise Refused(400, "Bad To") from error
    if user != account.user:
        raise Refused(403, "Not Your Address")


def _contact(binding: Binding, now: float) -> str:
    params: dict[str, str | None] = {"expires": str(max(1, round(binding.expires_at - now)))}
    if binding.q != 1.0:
        params["q"] = f"{binding.q:g}"
    if binding.instance:
        params["+sip.instance"] = f'"{binding.instance}"'
    return str(NameAddr(binding.contact, params=params))
