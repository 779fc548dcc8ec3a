"""Rows of messages: a step from one state to the next is a change only one process can make."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, func, select
from sqlalchemy.dialects import postgresql, sqlite

from provisioning.contract import E164, MessageState
from provisioning.db.connection import Connection
from provisioning.db.message_tables import messages

AT_ONCE = 500
"""Rows a unit of work ends or forgets."""


@dataclass(frozen=True, slots=True)
class Row:
    """A message's row. `created_at` and `changed_at` are wall time, the others business time."""

    id: int
    message_id: str
    account: str
    recipient: E164
    sender: str | None
    withheld: bool
    sealed: bytes | None = field(repr=False)
    state: MessageState
    attempts: int
    created_at: float
    changed_at: float
    business_at: float
    expires_at: float


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which messages: those that fit everything given."""

    to: E164 | None = None
    state: MessageState | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """As the database asks them."""
        found = []
        if self.to is not None:
            found.append(messages.c.recipient == self.to)
        if self.state is not None:
            found.append(messages.c.state == self.state)
        return found


async def insert(connection: Connection, **values: Any) -> bool:
    """Keep a message; whether its occasion is new."""
    of = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = of(messages).values(state=MessageState.WAITING, attempts=0, **values)
    kept = await connection.execute(
        statement.on_conflict_do_nothing(index_elements=["occasion"]).returning(messages.c.id)
    )
    return kept.one_or_none() is not None


async def by_occasion(connection: Connection, occasion: str) -> Row | None:
    """The message of this occasion."""
    return await _one(connection, messages.c.occasion == occasion)


async def get(connection: Connection, message: int) -> Row | None:
    """The message of this id."""
    return await _one(connection, messages.c.id == message)


async def count_waiting(connection: Connection, *, to: E164, account: str) -> tuple[int, int]:
    """How many wait for a line, and how many of a sender's."""
    is_waiting = messages.c.state == MessageState.WAITING
    query = select(func.count()).select_from(messages)
    for_line = await connection.execute(query.where(is_waiting, messages.c.recipient == to))
    of_account = await connection.execute(query.where(is_waiting, messages.c.account == account))
    return for_line.scalar_one(), of_account.scalar_one()


async def waiting(connection: Connection) -> list[tuple[int, E164]]:
    """Every message that waits, the oldest first."""
    query = select(messages.c.id, messages.c.recipient)
    rows = await connection.execute(
        query.where(messages.c.state == MessageState.WAITING).order_by(messages.c.id)
    )
    return [(row.id, E164(row.recipient)) for row in rows]


async def attempt(connection: Connection, message: int, now: float) -> bool:
    """Count an attempt at a message that waits; False when it does no more."""
    done = await connection.execute(
        messages.update()
        .where(messages.c.id == message, messages.c.state == MessageState.WAITING)
        .values(attempts=messages.c.attempts + 1, changed_at=now)
    )
    return done.rowcount == 1


async def end(
    connection: Connection, chosen: Sequence[int], state: MessageState, now: float
) -> int:
    """End those of these messages that wait, and erase their texts; how many."""
    done = await connection.execute(
        messages.update()
        .where(messages.c.id.in_(chosen), messages.c.state == MessageState.WAITING)
        .values(state=state, sealed=None, changed_at=now)
    )
    return done.rowcount


async def expired(connection: Connection, until: float) -> list[tuple[int, E164]]:
    """Some of the messages whose time is over at business time `until`."""
    query = select(messages.c.id, messages.c.recipient).where(
        messages.c.state == MessageState.WAITING, messages.c.expires_at <= until
    )
    rows = await connection.execute(query.order_by(messages.c.id).limit(AT_ONCE))
    return [(row.id, E164(row.recipient)) for row in rows]


async def next_end(connection: Connection) -> float | None:
    """When the first message that waits is worth nothing any more, business time."""
    return await _earliest(
        connection, messages.c.expires_at, messages.c.state == MessageState.WAITING
    )


async def oldest(connection: Connection) -> float | None:
    """When the oldest message that is over came, business time."""
    return await _earliest(
        connection, messages.c.business_at, messages.c.state != MessageState.WAITING
    )


async def forget(connection: Connection, before: float) -> int:
    """Remove some of the messages that are over and came at or before `before`; how many."""
    some = (
        select(messages.c.id)
        .where(messages.c.state != MessageState.WAITING, messages.c.business_at <= before)
        .limit(AT_ONCE)
    )
    return (await connection.execute(messages.delete().where(messages.c.id.in_(some)))).rowcount


async def latest(
    connection: Connection, wanted: Wanted, *, below: int | None, limit: int
) -> list[Row]:
    """At most `limit` messages, newest first, those with an id less than `below`."""
    conditions = wanted.conditions()
    if below is not None:
        conditions.append(messages.c.id < below)
    query = select(messages).where(*conditions).order_by(messages.c.id.desc()).limit(limit)
    return [_row(row) for row in (await connection.execute(query)).mappings()]


async def _earliest(
    connection: Connection, column: ColumnElement[float], condition: ColumnElement[bool]
) -> float | None:
    at: float | None = (
        await connection.execute(select(func.min(column)).where(condition))
    ).scalar_one()
    return at


async def _one(connection: Connection, condition: ColumnElement[bool]) -> Row | None:
    row = (await connection.execute(select(messages).where(condition))).mappings().first()
    return _row(row) if row else None


def _row(row: RowMapping) -> Row:
    values = {name: row[name] for name in Row.__slots__}
    return Row(**{**values, "state": MessageState(row["state"])})
