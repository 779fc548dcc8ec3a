"""Who is to be rung, how that ended, and the other half of a call: what call and wire both speak.

Pure values and protocols; the one module of this room that `ivr.ua` knows.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from typing import Protocol

from ivr.numbering.presentation import UNKNOWN_CALLER
from ivr.numbering.presentation import Presented as Presented
from provisioning.contract import E164, Condition

KeyHandler = Callable[[str], None]
"""Takes one key of `0-9 * # A-D`, once a press, in the event loop's thread."""

PlayEnded = Callable[[bool], None]
"""Told once how playing ended: True at the audio's own end, False when stopped or replaced."""


HIDDEN = "•"
"""What is logged and told of a key that may be part of a secret."""


class Ring(Enum):
    """How ringing a party ended."""

    ANSWERED = auto()
    BUSY = auto()
    """486 or 600."""
    NO_ANSWER = auto()
    """It rang until our time ran out, or until the phone gave up (480, 408 after an 18x)."""
    UNREACHABLE = auto()
    """No binding; 408, 480, 430, 503 or no transport without any 18x; no sign of life in time."""
    DECLINED = auto()
    """603, 403 and every other refusal of the phone."""
    INCOMPATIBLE = auto()
    """488, 606 or 415."""
    CONGESTED = auto()
    """No port was free, or a cap was reached."""


class RingSign(Enum):
    """What is heard of a party before it answers."""

    RINGING = auto()
    """180, or another 18x without media."""
    EARLY_MEDIA = auto()
    """The party's own sound: it is relayed to the caller from now on."""


class JoinEnd(Enum):
    """Why two joined halves are joined no more; the caller's own hang-up cancels instead."""

    FAR_HUNG_UP = auto()
    FAR_LOST = auto()
    """No media, an expired session, or no transport."""
    TRANSFERRED = auto()


Signs = Callable[[RingSign], None]
"""Told each sign once, in the event loop's thread."""


@dataclass(frozen=True, slots=True)
class Diverted:
    """One forwarding that led the call here (FWD-08): whose, why, and whether it may be seen."""

    number: E164
    condition: Condition
    withheld: bool = False


class Role(StrEnum):
    """What made a called party's leg, for its record."""

    LINE = "line"
    FORWARDING = "forwarding"
    TRUNK = "trunk"
    DEPOSIT = "voicemail-deposit"
    FREEPHONE = "freephone"
    FREEPHONE_REFUSED = "freephone-refused"
    """A caller, or a call, that the freephone number does not take (FREE-01 to FREE-03)."""
    FREEPHONE_OFF_HOURS = "freephone-off-hours"
    FREEPHONE_BUSY = "freephone-busy"


@dataclass(frozen=True, slots=True)
class Target:
    """Whom to ring, and what the call is to tell of itself.

    Attributes:
        number: the called number as To, Request-URI and P-Called-Party-ID say it.
        users: the AORs of this network to ring, or
        trunk: the trunk, by name, to call out over.
        presented: what the called party sees; asserted: the true caller, for trusted trunks only.
        diversions: oldest first.
        line: whose leg it is, for its record; payer: who is charged for it, None when nobody is (a
            forwarder is for the forwarded leg); service: what served it.
        direct_media: the phones may send their sound to each other.
        alive_within_s: UNREACHABLE when no 18x came by then (LINE-03).
        hops: Max-Forwards.
    """

    number: str
    users: tuple[str, ...] = ()
    trunk: str | None = None
    presented: Presented = UNKNOWN_CALLER
    asserted: E164 | None = None
    diversions: tuple[Diverted, ...] = ()
    line: E164 | None = None
    payer: E164 | None = None
    service: Role = Role.LINE
    direct_media: bool = False
    alive_within_s: float | None = None
    hops: int = 70


class FarLeg(Protocol):
    """The answered half of whom we called. What is called on a leg that has ended does nothing."""

    on_key: KeyHandler | None
    """As of a `Leg`."""

    @property
    def call_id(self) -> str:
        """The SIP Call-ID, to find the call in logs and traces."""
        ...

    def play(self, ulaw: bytes, done: PlayEnded | None = None, *, loop: bool = False) -> None:
        """As a `Leg` plays."""
        ...

    def stop_playing(self) -> None:
        """Stop at once: no further packet of what plays leaves."""
        ...

    def hang_up(self, status: int | None = None, reason: str | None = None) -> None:
        """End it with BYE."""
        ...


@dataclass(frozen=True, slots=True)
class Rung:
    """How ringing a party ended: the SIP status, and the answered half when there is one.

    `status` is the best final response (RFC 3261 §16.7), or one of ours where none came. `asked`:
    there was somebody to ring, whose leg is recorded.
    """

    outcome: Ring
    status: int
    far: FarLeg | None = None
    asked: bool = True
