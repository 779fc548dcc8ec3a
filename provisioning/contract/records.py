"""What is kept of calls, and what is told of those that go on."""

from collections.abc import Callable, Generator
from typing import Any, NamedTuple, Protocol

from provisioning.contract.names import E164, Access


class Saving(Protocol):
    """A change on its way; an asyncio future is one. Thousands a second need no task each."""

    def __await__(self) -> Generator[Any, None, None]: ...
    def add_done_callback(self, told: Callable[[Any], object], /) -> None: ...
    def exception(self) -> BaseException | None: ...


class CallRecord(NamedTuple):
    """One leg of one call, as it is kept for ever (BILL-01); a tuple, as each call makes one.

    Attributes:
        call_id: a UUID that all legs of a call share; leg: 1 is the caller's.
        linked_id: the `call_id` of the call this one came of (a transfer); else its own.
        calling: the true number of who called, None when unknown.
        called: as it was dialled, prefix and all.
        destination: where that led: a number, or a service's code.
        presented: the number the called party may see; None when it was withheld.
        prefix: 184 or 186 where it was dialled in front (CALL-04), else empty.
        line: whose leg this is; payer: who is charged for it, None when nobody is.
        service: what served the leg, as `forwarding-menu`; empty when nothing did.
        started_at, answered_at, ended_at: wall time, UTC epoch seconds, told apart by a clock that
            never leaps; `business_*`: the same instants in business time.
        seconds: from the answer to the end; 0.0 when unanswered.
        cause: why it ended, as `hung-up`; sip_status: of the INVITE's final response; q850: the
            cause number of ITU-T Q.850.
        trunk: the trunk's name, where the leg went over one.
        interrupted: the end is the last sign of life of a process that was killed.
    """

    call_id: str
    leg: int
    linked_id: str
    sip_call_id: str
    calling: str | None
    called: str
    destination: str | None
    presented: str | None
    prefix: str
    line: E164 | None
    access: Access | None
    service: str
    payer: E164 | None
    started_at: float
    answered_at: float | None
    ended_at: float
    business_started_at: float
    business_answered_at: float | None
    business_ended_at: float
    seconds: float
    cause: str
    sip_status: int | None
    q850: int | None
    trunk: str | None = None
    interrupted: bool = False


class LiveCall(NamedTuple):
    """A leg that goes on; `since` is when its state began, UTC epoch seconds."""

    call_id: str
    leg: int
    line: E164 | None
    dialled: str
    state: str
    since: float
    service: str
    prompts: tuple[str, ...]


class Ongoing(Protocol):
    """A leg that goes on, for whoever looks at it."""

    def record(self) -> CallRecord:
        """What would be recorded if the process were killed now.

        `ended_at` is when its media ended, where the leg is silent; else when it began.
        """

    def shown(self) -> LiveCall:
        """How it stands."""


class CallRecords(Protocol):
    """Where every leg of every call is recorded: once, whatever crashes (BILL-01)."""

    def open(self, call_id: str, leg: int, ongoing: Ongoing) -> None:
        """A leg began, was answered, fell silent or was heard again.

        Killed, the process leaves what `record` says of it.
        """

    async def secure(self, call_id: str, leg: int) -> None:
        """Return once the leg that goes on leaves its record whatever becomes of process and power.

        Raises:
            StorageUnavailable: the record cannot be kept now.
        """

    def append(self, record: CallRecord) -> Saving:
        """A leg ended: done once its record is durable, and never fails.

        A database that is away for a while delays it. The same leg again changes nothing.
        """
