"""The one door between telephony and the office: pure values and ports.

Telephony reads through `Directory` (answered from memory) and changes settings
through the other ports; a method that changes something returns once the change
is durable, and raises `StorageUnavailable` when it cannot be made so.
"""

from collections.abc import Callable, Collection, Generator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple, NewType, Protocol

E164 = NewType("E164", str)
"""A full international number: `+`, country code, up to 15 digits (ITU-T E.164)."""


class Profile(StrEnum):
    """Whose service codes a line obeys; the same digits mean different things elsewhere."""

    DOCOMO = "docomo"
    AU = "au"
    RAKUTEN = "rakuten"
    NTT = "ntt"


class Access(StrEnum):
    """How a phone reaches its line: the phone's own dialler, or the Link app (LINE-03)."""

    OS = "os"
    LINK = "link"


class ContractKind(StrEnum):
    """Who signed: a person or a company."""

    CONSUMER = "consumer"
    CORPORATE = "corporate"


class LineStatus(StrEnum):
    """Whether the network serves the line."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


class Language(StrEnum):
    """The language a line hears."""

    JA = "ja"
    EN = "en"


@dataclass(frozen=True, slots=True)
class Location:
    """Where a line is charged from: its MA (message area) and prefecture."""

    ma: str
    prefecture: str


@dataclass(frozen=True, slots=True)
class Line:
    """A subscriber's line (LINE-01). `options` are contracted option names of the profile."""

    number: E164
    profile: Profile
    location: Location
    kind: ContractKind = ContractKind.CONSUMER
    status: LineStatus = LineStatus.ACTIVE
    options: frozenset[str] = frozenset()
    freephone: E164 | None = None
    language: Language = Language.JA


@dataclass(frozen=True, slots=True)
class Account:
    """One SIP account of a line: `user` is the AOR's user part; HA1 as hex, by digest algorithm."""

    user: str
    line: E164
    access: Access
    ha1: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Binding:
    """One contact of an AOR (RFC 3261 §10.3); `expires_at` in UTC epoch seconds.

    `flow` names the transport and the peer the REGISTER came from, as
    `udp:192.0.2.1:5062`, so that a phone behind a NAT stays reachable.
    """

    contact: str
    call_id: str
    cseq: int
    expires_at: float
    flow: str
    q: float = 1.0
    path: tuple[str, ...] = ()
    instance: str | None = None
    user_agent: str = ""


class Condition(StrEnum):
    """When a call is forwarded (3GPP TS 24.604 §4.2.1)."""

    CFU = "always"
    CFNRC = "unreachable"
    """No phone is registered, or none can be reached."""
    CFB = "busy"
    CFNR = "no_answer"


@dataclass(frozen=True, slots=True)
class Diversion:
    """Where calls go on one condition (3GPP TS 24.604); `target` outlives `active`."""

    active: bool = False
    target: E164 | None = None


@dataclass(frozen=True, slots=True)
class Diversions:
    """What one line's user set, by condition; `ring_time_s` is how long CFNR waits (FWD-05)."""

    always: Diversion = Diversion()
    unreachable: Diversion = Diversion()
    busy: Diversion = Diversion()
    no_answer: Diversion = Diversion()
    ring_time_s: int = 15

    def on(self, condition: Condition) -> Diversion:
        """The diversion on one condition."""
        diversion: Diversion = getattr(self, condition.value)
        return diversion

    def but(self, changed: Mapping[Condition, Diversion]) -> "Diversions":
        """These with some conditions changed."""
        return Diversions(
            always=changed.get(Condition.CFU, self.always),
            unreachable=changed.get(Condition.CFNRC, self.unreachable),
            busy=changed.get(Condition.CFB, self.busy),
            no_answer=changed.get(Condition.CFNR, self.no_answer),
            ring_time_s=self.ring_time_s,
        )

    @property
    def active(self) -> tuple[Condition, ...]:
        """The conditions that are switched on."""
        return tuple(condition for condition in Condition if self.on(condition).active)


@dataclass(frozen=True, slots=True)
class NumberDisplay:
    """特定番号通知 (SHOW-01): the contracted freephone number and whether calls show it."""

    number: E164 | None = None
    active: bool = False


class ContractError(Exception):
    """The office refused; nothing was changed."""


class UnknownLine(ContractError):
    """No such line."""


class NoTarget(ContractError):
    """Forwarding cannot start: no number was ever set."""


class NotContracted(ContractError):
    """The line's contract does not have this service."""


class OutOfRange(ContractError):
    """A value lies outside what the carrier profile allows."""


class StorageUnavailable(ContractError):
    """The change could not be made durable; try again later."""


class Directory(Protocol):
    """Lines and accounts, answered from memory."""

    def line(self, number: E164) -> Line | None: ...
    def account(self, user: str) -> Account | None: ...
    def accounts_of(self, number: E164) -> tuple[Account, ...]: ...


class Saving(Protocol):
    """A change on its way; an asyncio future is one. Thousands a second need no task each."""

    def __await__(self) -> Generator[Any, None, None]: ...
    def add_done_callback(self, told: Callable[[Any], object], /) -> None: ...
    def exception(self) -> BaseException | None: ...


class BindingStore(Protocol):
    """Where registrations survive a restart."""

    async def load(self) -> Mapping[str, tuple[Binding, ...]]: ...
    def save(self, user: str, bindings: tuple[Binding, ...]) -> Saving: ...


class Forwarding(Protocol):
    """The diversions of every line (FWD-01 to FWD-06); `of` is answered from memory.

    A condition that the line's profile lacks is `OutOfRange`.
    """

    async def of(self, line: E164) -> Diversions: ...

    async def start(
        self, line: E164, conditions: Collection[Condition] = (Condition.CFNR,)
    ) -> Diversions:
        """Switch these on; where all share one destination, they replace the others."""

    async def stop(self, line: E164) -> None:
        """Switch every condition off."""

    async def set_target(self, line: E164, target: E164) -> None:
        """Set the one destination of all the conditions of the line's profile."""

    async def forward(self, line: E164, condition: Condition, target: E164) -> Diversions:
        """Set a condition's destination and switch it on, at once."""

    async def set_ring_time(self, line: E164, seconds: int) -> None: ...


class Presentation(Protocol):
    """Which number a line shows when it calls (SHOW-01)."""

    async def of(self, line: E164) -> NumberDisplay: ...
    async def start(self, line: E164) -> NumberDisplay: ...
    async def stop(self, line: E164) -> NumberDisplay: ...


@dataclass(frozen=True, slots=True)
class RingTimes:
    """Bounds and default of a profile's no-answer time, in seconds (FWD-05)."""

    least: int
    most: int
    default: int


@dataclass(frozen=True, slots=True)
class ForwardingRules:
    """What a carrier's forwarding is like (FWD-04, FWD-05, FWD-09).

    `precedence`: the conditions it has; the first that applies wins. `one_target`: all share one
    destination, and what is started replaces what was. `unreachable_is_no_answer`: CFNR forwards
    unreachable phones too. `accesses`: only calls that ring there are forwarded. `start_stops` and
    `stop_stops`: services that starting or stopping forwarding stops as well.
    """

    precedence: tuple[Condition, ...] = (Condition.CFNR,)
    one_target: bool = False
    unreachable_is_no_answer: bool = False
    accesses: frozenset[Access] = frozenset(Access)
    start_stops: frozenset[str] = frozenset()
    stop_stops: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class CarrierProfile:
    """What a carrier's lines may dial: service by code, and its limits (profiles/*.toml).

    `options` are the names a line of the profile may contract. `numbered`: services whose code is
    followed by a telephone number in the same string.
    """

    profile: Profile
    services: Mapping[str, str]
    ring_times: RingTimes
    options: frozenset[str] = frozenset()
    numbered: Mapping[str, str] = field(default_factory=dict)
    forwarding: ForwardingRules = ForwardingRules()


class Profiles(Protocol):
    """Carrier profiles by name."""

    def of(self, profile: Profile) -> CarrierProfile: ...


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
        """What would be recorded if the process were killed now."""

    def shown(self) -> LiveCall:
        """How it stands."""


class CallRecords(Protocol):
    """Where every leg of every call is recorded: once, whatever crashes (BILL-01)."""

    def open(self, call_id: str, leg: int, ongoing: Ongoing) -> None:
        """A leg began, or was answered. Killed, the process leaves what `record` says of it."""

    def append(self, record: CallRecord) -> Saving:
        """A leg ended: done once its record is durable, and never fails.

        A database that is away for a while delays it. The same leg again changes nothing.
        """


class Events(Protocol):
    """Where telephony and office tell what happens; never waits, never fails."""

    def tell(self, kind: str, **facts: object) -> None:
        """Tell whoever follows; no fact is ever a secret."""
