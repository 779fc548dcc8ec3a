"""A toll ticket goes along with every leg of a call: it tells how the leg stands, and what it was.

Whoever serves the leg writes on it (`routed`, `heard`, `keyed`, `outcome`); whoever ends it closes
it, once, and one record is kept (BILL-01). Durations are told by a clock that never leaps.
"""

import secrets
from collections import deque
from collections.abc import Callable
from enum import StrEnum

from ivr.call.party import Role
from ivr.net.clock import monotonic
from ivr.numbering.plan import national
from ivr.ua.causes import Cause, cause_number
from provisioning.contract import (
    E164,
    Account,
    CallRecord,
    CallRecords,
    Events,
    LiveCall,
    TrunkCaller,
)

MOST_PROMPTS = 50
"""Prompts a live call shows, the latest ones."""


class LegState(StrEnum):
    """How a leg stands, in the words of dialog states (RFC 4235 §3.7.1)."""

    TRYING = "trying"
    EARLY = "early"
    CONFIRMED = "confirmed"


Clocks = Callable[[], tuple[float, float]]
"""(wall time, business time), UTC epoch seconds."""


class Ticket:
    """One leg's; made by `Tickets`. Everything on it may be read at any time."""

    __slots__ = (
        "_answered", "_business_answered", "_business_started", "_clocks", "_closed", "_desk",
        "_ended", "_legs", "_records", "_silent", "_started", "_tell", "access", "call_id",
        "called", "calling", "cause", "destination", "ending", "leg", "line", "linked_id",
        "outcome", "payer", "prefix", "presented", "prompts", "service", "since", "sip_call_id",
        "started_at", "state", "status", "trunk",
    )  # fmt: skip

    def __init__(
        self,
        desk: "Tickets",
        call_id: str,
        leg: int,
        account: Account | None,
        called: str,
        sip_call_id: str,
    ) -> None:
        self._desk = desk
        self._records, self._tell, self._clocks = desk.records, desk.events.tell, desk.clocks
        self._started = monotonic()
        self.started_at, self._business_started = desk.clocks()
        self._answered: float | None = None
        self._business_answered: float | None = None
        self._ended: float | None = None
        self._silent: float | None = None
        self._closed = False
        self._legs = leg
        self.call_id = self.linked_id = call_id
        self.leg, self.called, self.sip_call_id = leg, called, sip_call_id
        self.line: E164 | None = account.line if account else None
        self.access = account.access if account else None
        self.payer = self.line
        self.calling: str | None = self.line
        self.presented: str | None = self.line
        self.destination: str | None = None
        self.trunk: str | None = None
        self.service = self.prefix = ""
        self.state, self.since = LegState.TRYING, self.started_at
        self.prompts: deque[str] | None = None
        self.status: int | None = None
        """The final response with which we refuse the leg."""
        self.ending: Cause | None = None
        """Why the network itself is ending the leg, known before it ends."""
        self.cause: str | None = None
        """Why it ended, once it has."""
        self.outcome: str | None = None
        """How its service ended it: an `Outcome`."""

    def routed(
        self, service: str, destination: str | None, prefix: str = "", *, withheld: bool = False
    ) -> None:
        """It is known what serves the call, and where it leads."""
        self.service, self.destination, self.prefix = service, destination, prefix
        self.presented = None if withheld else self.calling
        self._tell("call.routed", call_id=self.call_id, service=service, destination=destination)

    def answered(self) -> None:
        """The 200 goes out, or came."""
        if self._answered is None:
            self._answered = monotonic()
            self.since, self._business_answered = self._clocks()
            self.state = LegState.CONFIRMED
            self._records.open(self.call_id, self.leg, self)
            self._tell("call.answered", call_id=self.call_id, leg=self.leg)

    async def secure(self) -> None:
        """Return once the leg leaves its record whatever becomes of process and power.

        A charged service waits for it before it answers (VM-08).

        Raises:
            StorageUnavailable: no record can be kept now; nothing may be charged.
        """
        await self._records.secure(self.call_id, self.leg)

    def heard_until(self, ago_s: float | None) -> None:
        """The party's media ended so many seconds ago, or goes on (None).

        A process that is killed meanwhile leaves a record that ended then (CALL-02).
        """
        if not self._closed and (self._silent is None) is not (ago_s is None):
            self._silent = None if ago_s is None else monotonic() - ago_s
            self._records.open(self.call_id, self.leg, self)

    def alerted(self) -> None:
        """The party's phone rings, or sounds before it answers."""
        if self.state is LegState.TRYING:
            self.state, self.since = LegState.EARLY, self._clocks()[0]
            self._tell("call.ringing", call_id=self.call_id, leg=self.leg)

    def passed_on(self, forwarder: E164, to: E164) -> "Ticket":
        """The ticket of one more leg: `forwarder`'s call to a line that forwards it on in turn.

        No phone is at its end; it is the forwarder's to pay (FWD-07).
        """
        ticket = self._desk.beside(self, None, national(to), self.sip_call_id)
        ticket.line = ticket.payer = forwarder
        ticket.service, ticket.destination = Role.FORWARDING, to
        return ticket

    def next_leg(self) -> int:
        """The number of one more leg of the call whose first ticket this is."""
        self._legs += 1
        return self._legs

    def heard(self, prompt: str) -> None:
        """A prompt begins to play."""
        if self.prompts is None:
            self.prompts = deque(maxlen=MOST_PROMPTS)
        self.prompts.append(prompt)
        if self.state is LegState.TRYING:
            self.state, self.since = LegState.EARLY, self._clocks()[0]
        self._tell("prompt.started", call_id=self.call_id, leg=self.leg, prompt=prompt)

    def keyed(self, key: str) -> None:
        """A key came; one that is part of a secret is hidden by who tells it."""
        self._tell("key.pressed", call_id=self.call_id, leg=self.leg, key=key)

    def ended(self, ago_s: float = 0.0) -> None:
        """The leg is, or was by then, over as the network sees it; why is told by `close`."""
        if self._ended is None:
            self._ended = max(self._answered or self._started, monotonic() - ago_s)

    def close(self, cause: str, status: int | None = None) -> None:
        """Keep the one record of the leg; does nothing the second time.

        `status` is the final response of an unanswered leg.
        """
        if self._closed:
            return
        self._closed = True
        self.cause = cause
        self.ended()
        record = self._record(cause, status)
        self._records.append(record)
        self._tell(
            "call.ended",
            call_id=self.call_id,
            leg=self.leg,
            cause=record.cause,
            sip_status=record.sip_status,
            seconds=record.seconds,
        )

    def void_answer(self) -> None:
        """The 200 waited for a PRACK and never went out (RFC 3262 §3)."""
        self._answered = self._business_answered = None

    def record(self) -> CallRecord:
        """What would be recorded if the process were killed now.

        `ended_at` is when its media ended, where the leg is silent; else when it began.
        """
        return self._record(Cause.FAILED, None)

    def shown(self) -> LiveCall:
        """How it stands."""
        return LiveCall(
            self.call_id,
            self.leg,
            self.line,
            self.called,
            self.state,
            self.since,
            self.service,
            tuple(self.prompts or ()),
        )

    def _record(self, cause: str, status: int | None) -> CallRecord:
        ended = self._last_sign()
        answered = self._answered
        number = cause_number(cause, status, answered=answered is not None)
        offset = self.started_at - self._started
        return CallRecord(
            self.call_id,
            self.leg,
            self.linked_id,
            self.sip_call_id,
            self.calling,
            self.called,
            self.destination,
            self.presented,
            self.prefix,
            self.line,
            self.access,
            str(self.service),
            self.payer,
            self.started_at,
            None if answered is None else answered + offset,
            ended + offset,
            self._business_started,
            self._business_answered,
            self._clocks()[1],
            0.0 if answered is None else round(ended - answered, 3),
            str(cause),
            status if answered is None else 200,
            number,
            self.trunk,
        )

    def _last_sign(self) -> float:
        if self._ended is not None:
            return self._ended
        return self._started if self._silent is None else max(self._started, self._silent)


class Tickets:
    """Makes the ticket of every leg; `clocks` tells wall and business time."""

    def __init__(self, records: CallRecords, events: Events, clocks: Clocks) -> None:
        self.records, self.events, self.clocks = records, events, clocks

    def caller(self, caller: Account | TrunkCaller, called: str, sip_call_id: str) -> Ticket:
        """The ticket of a call that begins, for its caller's leg.

        Nobody of this network pays for a call that comes over a trunk.
        """
        ticket = self._of_caller(caller, called, sip_call_id)
        self.records.open(ticket.call_id, 1, ticket)
        return ticket

    def refused(
        self,
        caller: Account | TrunkCaller,
        called: str,
        sip_call_id: str,
        cause: Cause,
        status: int,
    ) -> None:
        """Record a call of a known caller that was refused before anything served it."""
        self._of_caller(caller, called, sip_call_id).close(cause, status)

    def beside(
        self, first: Ticket, account: Account | None, called: str, sip_call_id: str
    ) -> Ticket:
        """The ticket of one more leg of the call of `first`: of `account`, or toward a trunk.

        Nobody pays for it until its `payer` is set, as a forwarder's is.
        """
        ticket = Ticket(self, first.call_id, first.next_leg(), account, called, sip_call_id)
        ticket.linked_id, ticket.service = first.linked_id, first.service
        ticket.calling, ticket.presented, ticket.prefix = (
            first.calling,
            first.presented,
            first.prefix,
        )
        ticket.destination, ticket.payer = first.destination, None
        self.records.open(ticket.call_id, ticket.leg, ticket)
        return ticket

    def _of_caller(self, caller: Account | TrunkCaller, called: str, sip_call_id: str) -> Ticket:
        if isinstance(caller, Account):
            ticket = Ticket(self, _uuid(), 1, caller, called, sip_call_id)
            who: dict[str, str | None] = {
                "line": caller.line,
                "user": caller.user,
                "access": caller.access,
            }
        else:
            ticket = Ticket(self, _uuid(), 1, None, called, sip_call_id)
            ticket.calling, ticket.trunk = caller.number, caller.trunk.name
            ticket.presented = None if caller.withheld else caller.number
            who = {"trunk": caller.trunk.name, "calling": ticket.presented}
        self.events.tell("call.received", call_id=ticket.call_id, dialled=called, **who)
        return ticket


def _uuid() -> str:
    """A random UUID (version 4); the standard library's takes four times as long."""
    digits = secrets.token_hex(16)
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"
