"""Messages between lines: what telephony hands over, and what it delivers (RFC 3428)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from provisioning.contract.names import E164


class MessageState(StrEnum):
    """Where a message is.

    WAITING: no phone of the line has it yet. DELIVERED: one has. REFUSED: the phones refused it for
    good, or one said that nobody of the line wants it. EXPIRED: its time ran out first. At the end
    its text is erased.
    """

    WAITING = "waiting"
    DELIVERED = "delivered"
    REFUSED = "refused"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message as it comes.

    Attributes:
        occasion: what makes it this message and no other one; the same again is not kept twice.
        account: who sent it: a SIP user, or another name of a way in.
        sender: the number it comes from; None when unknown. `withheld`: it is not to be shown.
        lasts_s: after so many seconds it is worth nothing; None: as long as any message is kept.
        capped: so many of one account may wait; not of a carrier's or the operator's.
    """

    occasion: str
    account: str
    to: E164
    sender: str | None
    text: str = field(repr=False)
    withheld: bool = False
    lasts_s: float | None = None
    capped: bool = True


@dataclass(frozen=True, slots=True)
class KeptMessage:
    """A message that is to be delivered; `text` is None once that is over.

    `message_id` is its Call-ID in every attempt, so that a phone knows it again. `attempts` counts
    them. `created_at` is wall time.
    """

    id: int
    message_id: str
    to: E164
    sender: str | None
    withheld: bool
    state: MessageState
    attempts: int
    created_at: float
    text: str | None = field(repr=False)


class Messages(Protocol):
    """Keeps messages until a phone has them; what it answers is durable.

    Everything raises `StorageUnavailable` when the storage is away. `watchers` are told of each
    message that is kept by anybody, and `endings` of each whose time ran out: its id, and for whom.
    """

    @property
    def watchers(self) -> list[Callable[[int, E164], None]]: ...
    @property
    def endings(self) -> list[Callable[[int, E164], None]]: ...

    async def keep(self, message: NewMessage) -> KeptMessage:
        """Keep a message, or answer the one that is kept for its occasion.

        Raises:
            UnknownLine: there is no such line.
            TooManyMessages, MessageTooLong: it cannot be kept.
        """

    async def waiting(self) -> Sequence[tuple[int, E164]]:
        """Every message that waits, by id and line, the oldest first."""

    async def attempt(self, message: int) -> KeptMessage | None:
        """Count one more attempt at delivering; None when it waits no longer."""

    async def conclude(self, message: int, state: MessageState) -> bool:
        """Say how it ended and erase its text; False when it had ended before."""
