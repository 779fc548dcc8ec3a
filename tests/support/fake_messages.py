"""Messages in memory, for tests of what takes and delivers them."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from provisioning.contract import (
    E164,
    KeptMessage,
    MessageState,
    NewMessage,
    StorageUnavailable,
    TooManyMessages,
    UnknownLine,
)
from provisioning.messages.model import Limits, checked_text


class InMemoryMessages:
    """Messages to `lines`; others are unknown. `unavailable` makes everything fail."""

    def __init__(self, lines: Collection[E164], limits: Limits | None = None) -> None:
        self.rows: dict[int, KeptMessage] = {}
        self.watchers: list[Callable[[int, E164], None]] = []
        self.endings: list[Callable[[int, E164], None]] = []
        self.unavailable = False
        self._lines, self._limits = lines, limits or Limits()
        self._occasions: dict[str, int] = {}
        self._accounts: dict[int, str] = {}

    async def keep(self, message: NewMessage) -> KeptMessage:
        self._check()
        checked_text(message.text, self._limits)
        if message.occasion in self._occasions:
            return self.rows[self._occasions[message.occasion]]
        self._check_room(message)
        if message.to not in self._lines:
            raise UnknownLine(f"no line has the number {message.to}")
        number = len(self.rows) + 1
        kept = KeptMessage(
            id=number,
            message_id=f"{number:032x}",
            to=message.to,
            sender=message.sender,
            withheld=message.withheld,
            state=MessageState.WAITING,
            attempts=0,
            created_at=0.0,
            text=message.text,
        )
        self.rows[number] = kept
        self._occasions[message.occasion] = number
        self._accounts[number] = message.account
        for told in self.watchers:
            told(number, message.to)
        return kept

    async def waiting(self) -> Sequence[tuple[int, E164]]:
        self._check()
        return [(row.id, row.to) for row in self._waiting()]

    async def attempt(self, message: int) -> KeptMessage | None:
        self._check()
        row = self.rows.get(message)
        if row is None or row.state is not MessageState.WAITING:
            return None
        self.rows[message] = replace(row, attempts=row.attempts + 1)
        return self.rows[message]

    async def conclude(self, message: int, state: MessageState) -> bool:
        self._check()
        row = self.rows.get(message)
        if row is None or row.state is not MessageState.WAITING:
            return False
        self.rows[message] = replace(row, state=state, text=None)
        return True

    async def expire(self, message: int) -> None:
        """Let a message's time run out."""
        if await self.conclude(message, MessageState.EXPIRED):
            for told in self.endings:
                told(message, self.rows[message].to)

    def _waiting(self) -> list[KeptMessage]:
        return [row for row in self.rows.values() if row.state is MessageState.WAITING]

    def _check(self) -> None:
        if self.unavailable:
            raise StorageUnavailable("the database is locked; try again later")

    def _check_room(self, message: NewMessage) -> None:
        waiting = self._waiting()
        for_line = sum(row.to == message.to for row in waiting)
        of_account = sum(self._accounts[row.id] == message.account for row in waiting)
        full = message.capped and of_account >= self._limits.per_account
        if full or for_line >= self._limits.per_line:
            raise TooManyMessages("too many messages wait")
