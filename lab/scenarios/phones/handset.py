"""What a scenario may do with a telephone, whichever it is.

Nothing here waits for the other end: what is to come is asked for again and again.
"""

from dataclasses import dataclass
from typing import Protocol

from lab.scenarios.phones.errors import PhoneError


class NotRegistered(PhoneError):
    """The registrar said no, or nothing."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a call ended: `status` is the refusal's, where the phone tells it; None: it was up."""

    status: int | None
    reason: str
    refused: bool


class Handset(Protocol):
    """A telephone with one call at a time. Each method raises PhoneError where it cannot."""

    def register(self, user: str, password: str, server: tuple[str, int]) -> None:
        """Start it, and register; NotRegistered when the registrar says no."""

    def dial(self, number: str) -> None:
        """Begin a call to a number of its server."""

    def ringing(self) -> str | None:
        """Who calls, as this phone shows it (a URI or its user), while a call rings here."""

    def answer(self) -> None:
        """Take the call that rings here."""

    def answered(self) -> bool:
        """Whether the latest call was answered."""

    def ended(self) -> Ending | None:
        """How the latest call ended, once it has."""

    def press(self, keys: str) -> None:
        """Send keys (RFC 4733)."""

    def hang_up(self) -> None:
        """End the latest call, or give it up."""

    def heard(self) -> bytes:
        """What was heard in the latest call so far: a WAV file, as far as it is written."""

    def close(self) -> None:
        """Unregister, and end every program of the phone."""
