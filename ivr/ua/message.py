"""MESSAGE in: whose it is, whom it is for, kept before it is accepted (RFC 3428, CALL-01)."""

import asyncio
from collections import OrderedDict, deque
from dataclasses import dataclass

from ivr.net.clock import monotonic
from ivr.net.driver import Driver
from ivr.numbering import presentation
from ivr.numbering.plan import CallerIdPrefix, Dialled
from ivr.numbering.route import AssignedLine, SuspendedLine, route_inward
from ivr.sip import identity
from ivr.sip.events import RequestReceived
from ivr.sip.message import Request
from ivr.sip.reasons import reason_phrase
from ivr.ua.authentication import Challenge
from ivr.ua.bindings import Refused
from ivr.ua.callers import Callers, whose
from ivr.ua.log import Log
from ivr.ua.message_delivery import Deliveries
from ivr.ua.message_wire import addressed_to, text_of
from provisioning.contract import (
    E164,
    Account,
    Directory,
    LineStatus,
    Messages,
    MessageState,
    MessageTooLong,
    NewMessage,
    StorageUnavailable,
    TooManyMessages,
    TrunkCaller,
    UnknownLine,
)

_OK, _ACCEPTED, _DECLINED, _SERVER_ERROR = 200, 202, 603, 500
_LATER = ("Retry-After", "10")
_MUCH_LATER = ("Retry-After", "60")
_WINDOW_S = 60.0
_MOST_SENDERS = 10_000

STATUS_OF = {
    MessageState.DELIVERED: _OK,
    MessageState.REFUSED: _DECLINED,
    MessageState.EXPIRED: _ACCEPTED,
    MessageState.WAITING: _ACCEPTED,
}
"""The final response by what became of a message while its sender waited (RFC 3428 §7)."""


@dataclass(frozen=True, slots=True)
class MessagePolicy:
    """What a sender may do (assumptions; no carrier publishes its own).

    Attributes:
        per_minute: messages one account may send; more get 503. per_minute_trunk: the same of
            another carrier, with all its subscribers.
        at_once_s: how long a sender waits to hear that a phone has it, before 202.
    """

    per_minute: int = 60
    per_minute_trunk: int = 600
    at_once_s: float = 4.0


class MessageDesk:
    """Takes the MESSAGEs that come."""

    def __init__(
        self,
        driver: Driver,
        callers: Callers,
        directory: Directory,
        messages: Messages,
        deliveries: Deliveries,
        policy: MessagePolicy,
        log: Log,
    ) -> None:
        self._driver, self._callers, self._directory = driver, callers, directory
        self._messages, self._deliveries = messages, deliveries
        self._policy, self._log = policy, log
        self._pace = _Pace()
        self._running: set[asyncio.Task[None]] = set()
        self.draining = False

    def received(self, event: RequestReceived) -> None:
        """Judge a message, and keep and deliver it in a task of its own."""
        try:
            message = self._judged(event)
        except Challenge as challenge:
            self._driver.answer(event.transaction, challenge.status, challenge.headers)
            return
        except Refused as refusal:
            self._driver.answer(event.transaction, refusal.status, refusal.headers, refusal.reason)
            return
        task = asyncio.get_running_loop().create_task(self._take(event, message))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def close(self) -> None:
        """Take no further message, and finish those that are being kept."""
        self.draining = True
        if self._running:
            await asyncio.wait(self._running)

    def resume(self) -> None:
        """Take messages again after `close`."""
        self.draining = False

    def _judged(self, event: RequestReceived) -> NewMessage:
        if self.draining:
            raise Refused(503, "Closing", _LATER)
        request = event.request
        caller = self._callers.of_call(request, event.flow)
        sender = self._sender(caller)
        to, dialled = self._recipient(request)
        text = text_of(request)
        by_carrier = isinstance(caller, TrunkCaller)
        most = self._policy.per_minute_trunk if by_carrier else self._policy.per_minute
        if not self._pace.admits(whose(caller), most, monotonic()):
            self._log.warning("message.refused", user=whose(caller), why="too many a minute")
            raise Refused(503, "Too Many Messages", _MUCH_LATER)
        expires = request.headers.get("Expires")
        return NewMessage(
            occasion=_occasion(request, caller),
            account=whose(caller),
            to=to,
            sender=sender,
            text=text,
            withheld=self._withholds(request, caller, dialled.prefix),
            lasts_s=max(1.0, float(expires)) if expires else None,
            capped=not by_carrier,
        )

    def _sender(self, caller: Account | TrunkCaller) -> E164 | None:
        """The number a message comes from; nobody else's word for it than a trusted carrier's."""
        if isinstance(caller, TrunkCaller):
            if not caller.trunk.trusted:
                raise Refused(403, "No Messages Over This Trunk")
            return caller.number
        line = self._directory.line(caller.line)
        if line is None or line.status is LineStatus.SUSPENDED:
            raise Refused(403, "Line Not In Service")
        return line.number

    def _recipient(self, request: Request) -> tuple[E164, Dialled]:
        found = route_inward(addressed_to(request), self._directory)
        match found.destination:
            case AssignedLine(line=line):
                return line.number, found.dialled
            case SuspendedLine():
                raise Refused(403, "Line Not In Service")
        raise Refused(404, "No Line Has This Number")

    def _withholds(
        self, request: Request, caller: Account | TrunkCaller, prefix: CallerIdPrefix | None
    ) -> bool:
        """184 and 186 beat what the phone says, and that the line's default (CALL-04)."""
        if isinstance(caller, TrunkCaller):
            return presentation.withheld_by_trunk(caller, prefix)
        line = self._directory.line(caller.line)
        by_line = line is not None and presentation.withholds(line, prefix)
        return by_line or (prefix is None and identity.withholds(request))

    def _reasons(self, message: int) -> tuple[tuple[str, str], ...]:
        """What the phone said, for its sender to know (RFC 3326)."""
        status = self._deliveries.refusal(message)
        if status is None:
            return ()
        return (("Reason", f'SIP;cause={status};text="{reason_phrase(status)}"'),)

    async def _take(self, event: RequestReceived, message: NewMessage) -> None:
        """Keep the message before anything is said of it; a phone that has it makes a 200."""
        try:
            kept = await self._messages.keep(message)
            state: MessageState | None = kept.state
            if kept.state is MessageState.WAITING:
                within_s = self._policy.at_once_s
                state = await self._deliveries.outcome(kept.id, kept.to, within_s)
            status = STATUS_OF[state or MessageState.WAITING]
            self._driver.answer(event.transaction, status, self._reasons(kept.id))
        except MessageTooLong:
            self._driver.answer(event.transaction, 413)
        except UnknownLine:
            self._driver.answer(event.transaction, 404)
        except TooManyMessages as error:
            self._log.warning("message.refused", user=message.account, why=str(error))
            self._driver.answer(event.transaction, 503, (_MUCH_LATER,), "Too Many Messages Wait")
        except StorageUnavailable as error:
            self._log.warning("message.not-kept", error=str(error))
            self._driver.answer(event.transaction, 503, (_LATER,), "Message Cannot Be Stored Now")
        except Exception as error:  # the sender must hear something; what it wrote stays unsaid
            self._log.error("message.failed", user=message.account, error=type(error).__name__)
            self._driver.answer(event.transaction, _SERVER_ERROR)


class _Pace:
    """How many messages each sender sent in the last minute."""

    def __init__(self) -> None:
        self._sent: OrderedDict[str, deque[float]] = OrderedDict()

    def admits(self, sender: str, most: int, now: float) -> bool:
        """Whether one more than those is fine where `most` are allowed; it counts then."""
        times = self._sent.setdefault(sender, deque())
        self._sent.move_to_end(sender)
        while times and times[0] <= now - _WINDOW_S:
            times.popleft()
        if len(times) >= most:
            return False
        times.append(now)
        if len(self._sent) > _MOST_SENDERS:
            self._sent.popitem(last=False)
        return True


def _occasion(request: Request, caller: Account | TrunkCaller) -> str:
    """What makes this MESSAGE the same as one that was sent again after a lost answer."""
    return f"{whose(caller)}|{request.call_id}|{request.from_tag}|{request.cseq.number}"
