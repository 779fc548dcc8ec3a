"""Voicemail: boxes, messages and greetings as telephony asks for them (VM-01 to VM-08).

Sound is µ-law at 8 kHz, mono, everywhere. What an `async` method answers is durable; it raises
`StorageUnavailable` when the storage is away, and `NotContracted` for a line without the service.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

from provisioning.contract.forwarding import Condition, RingTimes
from provisioning.contract.names import E164


class MessageMark(StrEnum):
    """NEW: nobody has heard it to its end. SAVED: heard or saved; RFC 3842 counts it as old."""

    NEW = "new"
    SAVED = "saved"


class Greeting(StrEnum):
    """What a caller hears before the tone: the number is said, or not, or the owner's own words."""

    NUMBER = "number"
    PLAIN = "plain"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class VoicemailRules:
    """What a carrier's voicemail is like (VM-01, VM-02); a profile without it has none.

    `messages` of at most `longest_s` seconds each are kept for `keep_s` seconds of business time.
    `conditions`: what starting it switches on; `offered`: what it can take calls on at all.
    `silence_s` ends a recording.
    `deposit_is_forwarded`: a deposit is a forwarded leg that the called line pays for.
    `remote_pin_errors`: so many wrong PINs end a call; the next one locks the box against
    remote use. `remote_number`: what another carrier's callers dial for it.
    `replay_key`, `redo_key` and `keep_key`: what a caller keys who ended the recording by `#`.
    `may_refuse_messages`: the owner may have callers greeted and nothing recorded.
    """

    messages: int
    longest_s: int
    keep_s: int
    ring_times: RingTimes
    conditions: frozenset[Condition] = frozenset({Condition.CFB, Condition.CFNR, Condition.CFNRC})
    silence_s: float = 10.0
    deposit_is_forwarded: bool = False
    remote_pin_errors: int = 3
    longest_greeting_s: int = 60
    replay_key: str = "1"
    redo_key: str = "2"
    keep_key: str = "#"
    remote_number: E164 | None = None
    offered: frozenset[Condition] = frozenset(Condition)
    may_refuse_messages: bool = False


@dataclass(frozen=True, slots=True)
class Mailbox:
    """How a line's box is set. Without `conditions` it is stopped.

    `takes_messages` False: callers hear the greeting, and that nothing is recorded.
    """

    conditions: frozenset[Condition]
    ring_time_s: int
    greeting: Greeting = Greeting.NUMBER
    has_pin: bool = False
    remote_locked: bool = False
    takes_messages: bool = True


@dataclass(frozen=True, slots=True)
class VoiceMessage:
    """A message in a box.

    Attributes:
        id: a UUID; nobody can guess another's.
        caller: who left it, as the owner may see it; None when it was withheld or is unknown.
        recorded_at: when it began, `expires_at`: when it goes (VM-04); business time, UTC epoch.
        interrupted: its process was killed; what was heard until then is there.
    """

    id: str
    line: E164
    mark: MessageMark
    caller: str | None
    recorded_at: float
    expires_at: float
    seconds: float
    interrupted: bool = False


class Counts(NamedTuple):
    """How many messages of each mark are in a box."""

    new: int
    saved: int


class BoxFull(Exception):
    """So many messages as a box holds are in it, or are being left now."""


class NoRoom(Exception):
    """The disk takes no recording."""


class UnknownVoiceMessage(Exception):
    """The line's box has no such message."""


class PinVerdict(StrEnum):
    """What came of a PIN: LOCKED is told whatever was keyed, until the operator unlocks it."""

    RIGHT = "right"
    WRONG = "wrong"
    LOCKED = "locked"


class Deposit(Protocol):
    """A message that is being left: from its first sound on it survives the process.

    `on_failed` is called once, in the loop's thread, when the disk takes no more; what was written
    before is kept.
    """

    on_failed: Callable[[], None] | None

    @property
    def seconds(self) -> float:
        """How much was written."""

    def write(self, ulaw: bytes) -> None:
        """Add the sound that follows; never waits."""

    async def sound(self) -> bytes:
        """What was recorded so far, to be played."""

    async def begin_anew(self) -> None:
        """Forget what was recorded: the caller speaks again."""

    async def keep(self) -> VoiceMessage | None:
        """End it: the message is in the box, durable. None when there was nothing to keep.

        With the database away it waits on disk and comes into the box when that is back. Again is
        no error.
        """

    async def drop(self) -> None:
        """End it without a message."""


class Mailboxes(Protocol):
    """The voicemail of every line. `watchers` are told whose box changed, and how it counts now."""

    @property
    def watchers(self) -> list[Callable[[E164, Counts], None]]: ...

    async def of(self, line: E164) -> Mailbox | None:
        """How the line's box is set, answered from memory; None when it has no voicemail."""

    async def start(self, line: E164, conditions: Collection[Condition] | None = None) -> Mailbox:
        """Switch it on, as the profile does or on these conditions; may stop forwarding (FWD-09).

        Raises:
            OutOfRange: the profile's voicemail lacks a condition.
        """

    async def stop(self, line: E164) -> None: ...

    async def set_ring_time(self, line: E164, seconds: int) -> None:
        """Raises OutOfRange: outside of the profile's bounds."""

    async def set_taking(self, line: E164, takes_messages: bool) -> None:
        """Record callers, or greet them only. Raises OutOfRange: the profile cannot refuse any."""

    async def set_greeting(self, line: E164, greeting: Greeting, ulaw: bytes | None = None) -> None:
        """Choose a greeting; `ulaw` is the owner's own, kept for later when None.

        Raises:
            OutOfRange: OWN without one, or one that is too short or too long.
        """

    async def greeting(self, line: E164) -> bytes | None:
        """The owner's own words; None when another greeting is chosen."""

    async def set_pin(self, line: E164, pin: str | None) -> None:
        """Set the PIN of four digits and unlock the box; None: no remote use."""

    async def check_pin(self, line: E164, pin: str) -> PinVerdict:
        """Judge a PIN and count the wrong ones; a right one forgets them."""

    async def deposit(self, line: E164, caller: str | None, call_id: str) -> Deposit:
        """Take a place in the box and on the disk, before the tone.

        Raises:
            BoxFull: also counts what others leave right now.
            NoRoom: the disk is full or read-only.
        """

    async def counts(self, line: E164) -> Counts: ...

    async def messages(self, line: E164) -> tuple[VoiceMessage, ...]:
        """What is in the box: new ones first, the oldest first of each (VM-03)."""

    async def sound(self, line: E164, message: str) -> bytes:
        """Raises UnknownVoiceMessage."""

    async def mark(self, line: E164, message: str, mark: MessageMark) -> VoiceMessage:
        """Mark it; its time does not change (VM-04). Raises UnknownVoiceMessage."""

    async def erase(self, line: E164, message: str) -> None:
        """Gone from disk and database. Raises UnknownVoiceMessage."""
