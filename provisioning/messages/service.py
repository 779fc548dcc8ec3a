"""The office's keeping of messages: durable before anybody is told that it was taken."""

import logging
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy.exc import IntegrityError

from provisioning.contract import (
    E164,
    Events,
    KeptMessage,
    MessageState,
    NewMessage,
    TooManyMessages,
    UnknownLine,
)
from provisioning.db.connection import Connection
from provisioning.db.paging import Page, page_size, paged
from provisioning.db.unit_of_work import Database, is_foreign_key, once_durable
from provisioning.messages import store
from provisioning.messages.model import DAY_S, Limits, checked_text, occasion_key
from provisioning.messages.store import Row, Wanted

log = logging.getLogger("tokuban.messages")


class Sealer(Protocol):
    """Keeps texts at rest; the key is not in the database."""

    def close_bytes(self, owner: str, data: bytes) -> bytes: ...
    def open_bytes(self, owner: str, sealed: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Shown:
    """A message as the operator sees it; `text` is None once it is over."""

    row: Row
    text: str | None = field(repr=False)


class StoredMessages:
    """Messages in the database.

    Args:
        clocks: (wall time, business time), UTC epoch seconds.
    """

    name = "messages"

    def __init__(
        self,
        database: Database,
        sealer: Sealer,
        clocks: Callable[[], tuple[float, float]],
        events: Events,
        limits: Limits,
    ) -> None:
        self._database, self._sealer = database, sealer
        self._clocks, self._events = clocks, events
        self.limits = limits
        self.watchers: list[Callable[[int, E164], None]] = []
        self.endings: list[Callable[[int, E164], None]] = []

    async def keep(self, message: NewMessage) -> KeptMessage:
        """Keep a message, as `Messages` says."""
        occasion = occasion_key(message.occasion)
        text = checked_text(message.text, self.limits)

        async def work(connection: Connection) -> Row:
            known = await store.by_occasion(connection, occasion)
            if known is not None:
                return known
            await self._check_room(connection, message)
            is_new = await store.insert(connection, **self._values(message, occasion, text))
            kept = await store.by_occasion(connection, occasion)
            if kept is None:
                raise RuntimeError("a message that was kept is not there")
            if is_new:
                once_durable(connection, lambda: self._tell_kept(kept))
            return kept

        try:
            return self._opened(await self._database.write(work))
        except IntegrityError as error:
            if is_foreign_key(error):
                raise UnknownLine(f"no line has the number {message.to}") from None
            raise

    async def waiting(self) -> Sequence[tuple[int, E164]]:
        """Every message that waits, by id and line, the oldest first."""
        return await self._database.read(store.waiting)

    async def attempt(self, message: int) -> KeptMessage | None:
        """Count one more attempt, as `Messages` says."""
        now = self._clocks()[0]

        async def work(connection: Connection) -> Row | None:
            begun = await store.attempt(connection, message, now)
            return await store.get(connection, message) if begun else None

        row = await self._database.write(work)
        return self._opened(row) if row is not None else None

    async def conclude(self, message: int, state: MessageState) -> bool:
        """Say how a message ended, as `Messages` says."""
        now = self._clocks()[0]

        async def work(connection: Connection) -> bool:
            row = await store.get(connection, message)
            if row is None or not await store.end(connection, [message], state, now):
                return False
            once_durable(connection, lambda: self._tell(state, message, row.recipient))
            return True

        return await self._database.write(work)

    async def search(self, wanted: Wanted, *, after: str = "", limit: int = 100) -> Page[Shown]:
        """Messages that fit, newest first."""
        size = page_size(limit)
        below = int(after) if after else None
        rows = await self._database.read(
            lambda c: store.latest(c, wanted, below=below, limit=size + 1)
        )
        page = paged(rows, size, lambda row: str(row.id))
        return Page(tuple(Shown(row, self._text(row)) for row in page.items), page.next)

    async def show(self, message: int) -> Shown | None:
        """One message."""
        row = await self._database.read(lambda c: store.get(c, message))
        return Shown(row, self._text(row)) if row is not None else None

    async def next_due(self) -> float | None:
        """When the next message expires or is forgotten, business time."""
        ends = await self._database.read(store.next_end)
        oldest = await self._database.read(store.oldest)
        dues = (ends, None if oldest is None else oldest + self._kept_s)
        return min((due for due in dues if due is not None), default=None)

    async def run_due(self, until: float) -> None:
        """End what nobody took in time, and forget what was over long ago."""
        while some := await self._database.write(lambda c: self._expire(c, until)):
            log.info("%d messages expired", some)
        while await self._database.write(lambda c: store.forget(c, until - self._kept_s)):
            pass

    @property
    def _kept_s(self) -> float:
        return self.limits.kept_days * DAY_S

    async def _expire(self, connection: Connection, until: float) -> int:
        over = await store.expired(connection, until)
        for message, line in over:
            await store.end(connection, [message], MessageState.EXPIRED, self._clocks()[0])
            self._tell_later(connection, message, line)
        return len(over)

    def _tell_later(self, connection: Connection, message: int, line: E164) -> None:
        once_durable(connection, lambda: self._tell_expired(message, line))

    def _tell_expired(self, message: int, line: E164) -> None:
        self._tell(MessageState.EXPIRED, message, line)
        for told in self.endings:
            told(message, line)

    async def _check_room(self, connection: Connection, message: NewMessage) -> None:
        for_line, of_account = await store.count_waiting(
            connection, to=message.to, account=message.account
        )
        if for_line >= self.limits.per_line:
            raise TooManyMessages(f"{for_line} messages wait for {message.to} already")
        if message.capped and of_account >= self.limits.per_account:
            raise TooManyMessages(f"{of_account} messages of {message.account} wait already")

    def _values(self, message: NewMessage, occasion: str, text: bytes) -> dict[str, object]:
        wall, business = self._clocks()
        message_id = secrets.token_hex(16)
        lasts_s = min(self.limits.lasts_s, message.lasts_s or self.limits.lasts_s)
        return {
            "occasion": occasion,
            "message_id": message_id,
            "account": message.account,
            "recipient": message.to,
            "sender": message.sender,
            "withheld": message.withheld,
            "sealed": self._sealer.close_bytes(message_id, text),
            "created_at": wall,
            "changed_at": wall,
            "business_at": business,
            "expires_at": business + lasts_s,
        }

    def _tell_kept(self, row: Row) -> None:
        self._tell(MessageState.WAITING, row.id, row.recipient)
        for told in self.watchers:
            told(row.id, row.recipient)

    def _tell(self, state: MessageState, message: int, line: E164) -> None:
        self._events.tell(f"message.{state}", message=message, line=line)

    def _opened(self, row: Row) -> KeptMessage:
        return KeptMessage(
            id=row.id,
            message_id=row.message_id,
            to=row.recipient,
            sender=row.sender,
            withheld=row.withheld,
            state=row.state,
            attempts=row.attempts,
            created_at=row.created_at,
            text=self._text(row),
        )

    def _text(self, row: Row) -> str | None:
        if row.sealed is None:
            return None
        return self._sealer.open_bytes(row.message_id, row.sealed).decode()
