"""The one door between telephony and the office: pure values and ports.

Telephony reads through `Directory` (answered from memory) and changes settings
through the other ports; a method that changes something returns once the change
is durable, and raises `StorageUnavailable` when it cannot be made so.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from provisioning.contract.forwarding import Condition as Condition
from provisioning.contract.forwarding import RingTimes as RingTimes
from provisioning.contract.freephone import NATION as NATION
from provisioning.contract.freephone import Freephone as Freephone
from provisioning.contract.freephone import FreephoneOption as FreephoneOption
from provisioning.contract.freephone import Freephones as Freephones
from provisioning.contract.freephone import Geography as Geography
from provisioning.contract.freephone import Group as Group
from provisioning.contract.freephone import Level as Level
from provisioning.contract.freephone import OriginArea as OriginArea
from provisioning.contract.freephone import Reception as Reception
from provisioning.contract.freephone import Shares as Shares
from provisioning.contract.freephone import Turns as Turns
from provisioning.contract.messages import KeptMessage as KeptMessage
from provisioning.contract.messages import Messages as Messages
from provisioning.contract.messages import MessageState as MessageState
from provisioning.contract.messages import NewMessage as NewMessage
from provisioning.contract.names import E164 as E164
from provisioning.contract.names import Access as Access
from provisioning.contract.names import ContractKind as ContractKind
from provisioning.contract.names import Language as Language
from provisioning.contract.names import LineStatus as LineStatus
from provisioning.contract.names import Profile as Profile
from provisioning.contract.records import CallRecord as CallRecord
from provisioning.contract.records import CallRecords as CallRecords
from provisioning.contract.records import LiveCall as LiveCall
from provisioning.contract.records import Ongoing as Ongoing
from provisioning.contract.records import Saving as Saving
from provisioning.contract.schedule import Band as Band
from provisioning.contract.schedule import DayKind as DayKind
from provisioning.contract.schedule import DayPlan as DayPlan
from provisioning.contract.schedule import Moment as Moment
from provisioning.contract.schedule import Schedule as Schedule
from provisioning.contract.schedule import YearDay as YearDay
from provisioning.contract.sound import SoundCoder as SoundCoder
from provisioning.contract.sound import UnreadableSound as UnreadableSound
from provisioning.contract.trunks import Trunk as Trunk
from provisioning.contract.trunks import TrunkAccount as TrunkAccount
from provisioning.contract.trunks import TrunkCaller as TrunkCaller
from provisioning.contract.trunks import TrunkClass as TrunkClass
from provisioning.contract.trunks import TrunkLogin as TrunkLogin
from provisioning.contract.trunks import Trunks as Trunks
from provisioning.contract.voicemail import BoxFull as BoxFull
from provisioning.contract.voicemail import Counts as Counts
from provisioning.contract.voicemail import Deposit as Deposit
from provisioning.contract.voicemail import Greeting as Greeting
from provisioning.contract.voicemail import Mailbox as Mailbox
from provisioning.contract.voicemail import Mailboxes as Mailboxes
from provisioning.contract.voicemail import MessageMark as MessageMark
from provisioning.contract.voicemail import NoRoom as NoRoom
from provisioning.contract.voicemail import PinVerdict as PinVerdict
from provisioning.contract.voicemail import UnknownVoiceMessage as UnknownVoiceMessage
from provisioning.contract.voicemail import VoicemailRules as VoicemailRules
from provisioning.contract.voicemail import VoiceMessage as VoiceMessage


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
    """One SIP account of a line: `user` is the AOR's user part; HA1 as hex, by digest algorithm.

    `sources`: networks as `192.0.2.0/29` from where a line with the option `ngn-uni` needs no
    password, as on a line of NTT's NGN.
    """

    user: str
    line: E164
    access: Access
    ha1: Mapping[str, str] = field(repr=False)
    sources: tuple[str, ...] = ()


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


class UnknownMessage(ContractError):
    """No such message."""


class TooManyMessages(ContractError):
    """So many messages wait for a line, or from a sender, that no further one is kept."""


class MessageTooLong(ContractError):
    """The text has more octets than a message may have."""


class Directory(Protocol):
    """Lines and accounts, answered from memory."""

    def line(self, number: E164) -> Line | None: ...
    def account(self, user: str) -> Account | None: ...
    def accounts_of(self, number: E164) -> tuple[Account, ...]: ...

    def accounts_at(self, host: str) -> tuple[Account, ...]:
        """The accounts that need no password at an IP address, see `Account.sources`."""


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
class ForwardingRules:
    """What a carrier's forwarding is like (FWD-04, FWD-05, FWD-09).

    `precedence`: the conditions it has; the first that applies wins. `one_target`: all share one
    destination, and what is started replaces what was. `unreachable_is_no_answer`: CFNR forwards
    unreachable phones too. `accesses`: only calls that ring there are forwarded. `start_stops` and
    `stop_stops`: services that starting or stopping forwarding stops as well. `destination_busy`:
    the contracted service that takes a forwarded call whose destination is busy.
    """

    precedence: tuple[Condition, ...] = (Condition.CFNR,)
    one_target: bool = False
    unreachable_is_no_answer: bool = False
    accesses: frozenset[Access] = frozenset(Access)
    start_stops: frozenset[str] = frozenset()
    stop_stops: frozenset[str] = frozenset()
    destination_busy: str | None = None


@dataclass(frozen=True, slots=True)
class CarrierProfile:
    """What a carrier's lines may dial: service by code, and its limits (profiles/*.toml).

    `options` are the names a line of the profile may contract. `numbered`: services whose code is
    followed by a telephone number in the same string, or by at most so many digits as
    `digits_behind` says.
    `link_excluded` and, by their first digits,
    `link_excluded_prefixes`: numbers that leave through the phone's own dialler though they are
    dialled on Link (LINK-02).
    """

    profile: Profile
    services: Mapping[str, str]
    ring_times: RingTimes
    options: frozenset[str] = frozenset()
    numbered: Mapping[str, str] = field(default_factory=dict)
    forwarding: ForwardingRules = ForwardingRules()
    link_excluded: frozenset[str] = frozenset()
    link_excluded_prefixes: frozenset[str] = frozenset()
    voicemail: VoicemailRules | None = None
    digits_behind: Mapping[str, int] = field(default_factory=dict)

    def is_excluded(self, digits: str) -> bool:
        """Whether the carrier lists a number, or how it begins, as none of Link's (LINK-02)."""
        if digits in self.link_excluded:
            return True
        return digits.startswith(tuple(self.link_excluded_prefixes))


class Profiles(Protocol):
    """Carrier profiles by name."""

    def of(self, profile: Profile) -> CarrierProfile: ...


class Events(Protocol):
    """Where telephony and office tell what happens; never waits, never fails."""

    def tell(self, kind: str, **facts: object) -> None:
        """Tell whoever follows; no fact is ever a secret."""
