"""The phone's message lamp: SUBSCRIBE in, NOTIFY out as a box changes (RFC 3842, VM-07)."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from ivr.net.driver import Driver
from ivr.numbering.plan import national
from ivr.sip.abnf import GrammarError
from ivr.sip.events import Flow, RequestReceived, SubscriptionEnded
from ivr.sip.headers import BadHeader
from ivr.sip.message import Request
from ivr.sip.subscription import Reason, Subscription, Terms
from ivr.ua.authentication import Challenge
from ivr.ua.bindings import Refused
from ivr.ua.callers import Callers
from ivr.ua.log import Log
from ivr.ua.message_summary import MEDIA_TYPE, account_at, check_package, summary
from provisioning.contract import (
    E164,
    Account,
    Counts,
    Directory,
    Line,
    LineStatus,
    Mailboxes,
    NotContracted,
    StorageUnavailable,
)

_LATER = ("Retry-After", "10")
_COME_BACK_S = 10
"""When phones subscribe anew to a carrier that goes down (an assumption)."""
_CROWDED_S = 600
"""When a phone that made room may come again: at once, too many would chase each other."""

PlaybackCode = Callable[[Line], str]
"""The code that a line dials to hear its messages, as 1417."""


@dataclass(frozen=True, slots=True)
class LampPolicy:
    """How long subscriptions last; `per_user`: how many an account has, the oldest makes room."""

    terms: Terms = field(default_factory=Terms)
    per_user: int = 10


@dataclass(slots=True, eq=False)
class _Lamp:
    """The subscribers of one line, and how often its box has changed."""

    subscribers: dict[Subscription, str] = field(default_factory=dict)
    """Each with its user, the oldest first."""
    asked: int = 0
    """How many SUBSCRIBEs wait for the counts."""
    changes: int = 0


class MessageLamps:
    """Every subscription to a box; `changed` is a watcher of the mailboxes."""

    def __init__(
        self,
        driver: Driver,
        callers: Callers,
        directory: Directory,
        mailboxes: Mailboxes,
        code: PlaybackCode,
        policy: LampPolicy,
        log: Log,
    ) -> None:
        self._driver, self._callers, self._directory = driver, callers, directory
        self._mailboxes, self._code = mailboxes, code
        self._policy, self._log = policy, log
        self._lamps: dict[E164, _Lamp] = {}
        self._lines: dict[Subscription, Line] = {}
        self._beginning: set[asyncio.Task[None]] = set()
        self._closed = False

    def __len__(self) -> int:
        return len(self._lines)

    def received(self, event: RequestReceived) -> None:
        """Judge a SUBSCRIBE, and tell its sender how the box counts."""
        endpoint = self._driver.endpoint
        try:
            account, line = self._judged(event)
            subscription = endpoint.subscription(event.transaction, self._policy.terms)
        except Challenge as challenge:
            self._driver.answer(event.transaction, challenge.status, challenge.headers)
        except Refused as refusal:
            self._driver.answer(event.transaction, refusal.status, refusal.headers, refusal.reason)
        except BadHeader:
            self._driver.answer(event.transaction, 400)
        else:
            self._lines[subscription] = line
            begun = asyncio.get_running_loop().create_task(self._begin(subscription, account.user))
            self._beginning.add(begun)
            begun.add_done_callback(self._beginning.discard)

    def ended(self, event: SubscriptionEnded) -> None:
        """Forget a subscription that is over."""
        line = self._lines.pop(event.subscription, None)
        lamp = self._lamps.get(line.number) if line is not None else None
        if line is not None and lamp is not None:
            lamp.subscribers.pop(event.subscription, None)
            self._tidy(line.number, lamp)

    def changed(self, line: E164, counts: Counts) -> None:
        """Tell the line's phones how its box counts now."""
        lamp = self._lamps.get(line)
        if lamp is None:
            return
        lamp.changes += 1
        with self._driver.turn() as now:
            for subscription in lamp.subscribers:
                subscription.tell(self._body(subscription, counts), now)

    def forget_user(self, user: str) -> None:
        """End what an account subscribed to that is gone or has another password."""
        self._close_all(Reason.DEACTIVATED, lambda line, whose: whose == user)

    def forget_line(self, number: E164) -> None:
        """End the subscriptions to a box that is gone."""
        self._close_all(Reason.NO_RESOURCE, lambda line, whose: line == number)

    def tells(self, number: E164, flow: Flow) -> bool:
        """Whether the phone at the end of a flow is told by subscription."""
        lamp = self._lamps.get(number)
        if lamp is None:
            return False
        known = (each.flow for each in lamp.subscribers if not each.ended)
        return any((each.transport, each.peer) == (flow.transport, flow.peer) for each in known)

    async def reload(self) -> None:
        """Tell everyone how the boxes count now, whatever happened to the storage meanwhile."""
        self._closed = False
        for number in list(self._lamps):
            try:
                self.changed(number, await self._mailboxes.counts(number))
            except NotContracted:
                self.forget_line(number)
            except StorageUnavailable as error:
                self._log.warning("lamp.not-known", line=number, error=str(error))

    async def close(self) -> None:
        """End every subscription; phones come back later."""
        self._closed = True
        for begun in self._beginning:
            begun.cancel()
        if self._beginning:
            await asyncio.wait(self._beginning)
        self._close_all(Reason.PROBATION, lambda line, whose: True)

    def _judged(self, event: RequestReceived) -> tuple[Account, Line]:
        """Whose lamp a SUBSCRIBE is for; raises `Refused` or `Challenge`."""
        request = event.request
        if self._closed:
            raise Refused(503, "Closing", _LATER)
        if request.to_tag is not None:
            raise Refused(403, "Not Within A Call")  # RFC 6665 §4.5.2
        check_package(request)
        account = self._callers.of_call(request, event.flow)
        line = self._directory.line(account.line) if isinstance(account, Account) else None
        if not isinstance(account, Account) or line is None:
            raise Refused(403, "No Voicemail Here")
        if line.status is LineStatus.SUSPENDED:
            raise Refused(403, "Line Not In Service")
        if _resource(request) not in {account.user, line.number, national(line.number)}:
            raise Refused(403, "Not Your Voicemail")
        return account, line

    async def _begin(self, subscription: Subscription, user: str) -> None:
        """Accept a subscription once the counts are known."""
        line = self._lines[subscription]
        lamp = self._lamps.setdefault(line.number, _Lamp())
        lamp.asked += 1
        try:
            self._accept(subscription, user, lamp, await self._counts(line.number, lamp))
        except NotContracted:
            self._refuse(subscription, 404)
        except StorageUnavailable as error:
            self._log.warning("lamp.not-known", line=line.number, error=str(error))
            self._refuse(subscription, 503, _LATER)
        except asyncio.CancelledError:
            self._refuse(subscription, 503, _LATER)
            raise
        except Exception as error:  # the phone must hear something, whatever failed
            self._log.error("lamp.failed", line=line.number, error=repr(error), exc_info=error)
            self._refuse(subscription, 500)
        finally:
            lamp.asked -= 1
            self._tidy(line.number, lamp)

    async def _counts(self, number: E164, lamp: _Lamp) -> Counts:
        """How the box counts, at an instant at which it does not change."""
        while True:
            before = lamp.changes
            counts = await self._mailboxes.counts(number)
            if lamp.changes == before:
                return counts

    def _accept(self, subscription: Subscription, user: str, lamp: _Lamp, counts: Counts) -> None:
        former, oldest = self._making_room(lamp, user, subscription)
        lamp.subscribers[subscription] = user
        with self._driver.turn() as now:
            for each in former:
                each.close(Reason.DEACTIVATED, now)
            for each in oldest:
                each.close(Reason.PROBATION, now, _CROWDED_S)
            subscription.accept(self._body(subscription, counts), MEDIA_TYPE, now)
        self._log.debug("lamp.subscribed", user=user, contact=subscription.contact)

    def _making_room(
        self, lamp: _Lamp, user: str, newcomer: Subscription
    ) -> tuple[list[Subscription], list[Subscription]]:
        """Those that a new one replaces: the same phone's, and the oldest above the limit.

        Phones behind two NATs may well have the same contact.
        """
        own = [each for each, whose in lamp.subscribers.items() if whose == user and not each.ended]
        same = [each for each in own if _phone(each) == _phone(newcomer)]
        others = [each for each in own if _phone(each) != _phone(newcomer)]
        return same, others[: max(0, len(others) + 1 - self._policy.per_user)]

    def _refuse(self, subscription: Subscription, status: int, *headers: tuple[str, str]) -> None:
        with self._driver.turn() as now:
            subscription.refuse(status, now, headers)

    def _close_all(self, reason: Reason, meant: Callable[[E164, str], bool]) -> None:
        later_s = _COME_BACK_S if reason is Reason.PROBATION else 0
        with self._driver.turn() as now:
            for number, lamp in self._lamps.items():
                for subscription, user in lamp.subscribers.items():
                    if meant(number, user):
                        subscription.close(reason, now, later_s)

    def _body(self, subscription: Subscription, counts: Counts) -> bytes:
        flow = subscription.flow
        address = self._driver.endpoint.address(flow)
        return summary(counts, account_at(self._code(self._lines[subscription]), address, flow))

    def _tidy(self, number: E164, lamp: _Lamp) -> None:
        if not lamp.asked and not lamp.subscribers and self._lamps.get(number) is lamp:
            del self._lamps[number]


def _phone(subscription: Subscription) -> tuple[str, str]:
    """What tells one phone from another: what it calls itself, and the host it speaks from."""
    return subscription.contact, subscription.flow.peer[0]


def _resource(request: Request) -> str | None:
    """Whose box the Request-URI names: a SIP user or a number."""
    try:
        target = request.target
    except GrammarError:
        return None
    return str(target).removeprefix("tel:") if target.scheme == "tel" else target.user
