"""Rows of boxes and messages."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.dialects import postgresql, sqlite

from provisioning.contract import (
    E164,
    Condition,
    Counts,
    Greeting,
    MessageMark,
    NotContracted,
    VoiceMessage,
)
from provisioning.db.connection import Connection
from provisioning.db.voicemail_tables import voicemail_boxes as boxes
from provisioning.db.voicemail_tables import voicemail_messages as messages
from provisioning.voicemail.arrivals import Arrival
from provisioning.voicemail.model import OPTION, Box

AT_ONCE = 500
"""Ids that a query names."""


async def box(connection: Connection, line: E164, fresh: Box) -> Box:
    """A line's box, locked until the unit of work ends; made as `fresh` when there is none.

    Raises:
        IntegrityError: the line has not contracted voicemail.
    """
    await begin(connection, line, fresh)
    query = select(boxes).where(boxes.c.line == line).with_for_update()
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise NotContracted(f"{line} has no voicemail")
    return _box(row)


async def known(connection: Connection, line: E164) -> Box | None:
    """A line's box, locked as above, if there is one."""
    query = select(boxes).where(boxes.c.line == line).with_for_update()
    row = (await connection.execute(query)).one_or_none()
    return _box(row) if row is not None else None


async def begin(connection: Connection, line: E164, fresh: Box) -> bool:
    """Make a box unless there is one; whether it was made."""
    row = {"line": line, "option_name": OPTION, **_row(fresh)}
    insert = _insert_of(connection)(boxes).values(row).on_conflict_do_nothing()
    made = await connection.execute(insert.returning(boxes.c.line))
    return made.one_or_none() is not None


async def write(connection: Connection, line: E164, wanted: Box) -> None:
    """Make a line's box this."""
    await connection.execute(boxes.update().where(boxes.c.line == line), _row(wanted))


async def every_box(connection: Connection) -> dict[E164, Box]:
    """The box of every line."""
    return {E164(row.line): _box(row) for row in await connection.execute(select(boxes))}


async def everything(connection: Connection) -> tuple[dict[E164, Box], dict[E164, Counts]]:
    """The box of every line, and how those count that hold a message."""
    return await every_box(connection), await every_count(connection)


async def keep(connection: Connection, arrival: Arrival, store: str) -> bool:
    """Put a message into its box; False when it is there already."""
    left = arrival.left
    row = {
        "id": left.id,
        "line": left.line,
        "store": store,
        "mark": MessageMark.NEW.value,
        "caller": left.caller,
        "call_id": left.call_id,
        "recorded_at": left.recorded_at,
        "expires_at": left.expires_at,
        "seconds": arrival.duration_s,
        "interrupted": arrival.interrupted,
    }
    insert = _insert_of(connection)(messages).values(row)
    insert = insert.on_conflict_do_nothing(index_elements=["id"])
    kept = await connection.execute(insert.returning(messages.c.id))
    return kept.one_or_none() is not None


async def of_line(connection: Connection, line: E164) -> tuple[VoiceMessage, ...]:
    """What is in a box: new ones first, the oldest first of each."""
    order = (messages.c.mark, messages.c.recorded_at, messages.c.id)  # "new" < "saved"
    query = select(messages).where(messages.c.line == line).order_by(*order)
    return tuple(_message(row) for row in await connection.execute(query))


async def get(connection: Connection, line: E164, message: str) -> tuple[VoiceMessage, str] | None:
    """A message of the line's box, and the folder of its file."""
    query = select(messages).where(messages.c.id == message, messages.c.line == line)
    row = (await connection.execute(query)).one_or_none()
    return (_message(row), row.store) if row is not None else None


async def mark(connection: Connection, message: str, wanted: MessageMark) -> None:
    """Mark a message."""
    mine = messages.c.id == message
    await connection.execute(messages.update().where(mine), {"mark": wanted.value})


async def remove(connection: Connection, chosen: Sequence[str]) -> None:
    """Remove messages."""
    for start in range(0, len(chosen), AT_ONCE):
        part = chosen[start : start + AT_ONCE]
        await connection.execute(messages.delete().where(messages.c.id.in_(part)))


async def ids(connection: Connection, line: E164) -> set[str]:
    """The messages in a box."""
    query = select(messages.c.id).where(messages.c.line == line)
    return set((await connection.execute(query)).scalars())


async def counts(connection: Connection, line: E164) -> Counts:
    """How many messages of each mark are in a box."""
    query = select(messages.c.mark, func.count()).where(messages.c.line == line)
    found = {row[0]: row[1] for row in await connection.execute(query.group_by(messages.c.mark))}
    return Counts(found.get(MessageMark.NEW.value, 0), found.get(MessageMark.SAVED.value, 0))


async def every_count(connection: Connection) -> dict[E164, Counts]:
    """The same of every box that holds a message."""
    query = select(messages.c.line, messages.c.mark, func.count())
    found: dict[E164, Counts] = {}
    for line, marked, count in await connection.execute(
        query.group_by(messages.c.line, messages.c.mark)
    ):
        had = found.get(E164(line), Counts(0, 0))
        name = "new" if marked == MessageMark.NEW.value else "saved"
        found[E164(line)] = had._replace(**{name: count})
    return found


async def next_end(connection: Connection) -> float | None:
    """When the first message's time is over, business time."""
    found = await connection.scalar(select(func.min(messages.c.expires_at)))
    return float(found) if found is not None else None


async def lines_of_expired(connection: Connection, until: float) -> list[E164]:
    """Whose boxes hold messages whose time is over at business time `until`."""
    query = select(messages.c.line).where(messages.c.expires_at <= until).distinct()
    rows = await connection.execute(query.order_by(messages.c.line))
    return [E164(row.line) for row in rows]


async def expired(connection: Connection, line: E164, until: float) -> list[str]:
    """The messages of a box whose time is over at business time `until`."""
    mine = (messages.c.line == line) & (messages.c.expires_at <= until)
    query = select(messages.c.id).where(mine).order_by(messages.c.recorded_at)
    return list((await connection.execute(query)).scalars())


async def files(connection: Connection, store: str) -> set[str]:
    """The ids of all messages and greetings whose files lie in a folder."""
    of_messages = select(messages.c.id).where(messages.c.store == store)
    of_boxes = select(boxes.c.own).where(boxes.c.own_store == store)
    found = set((await connection.execute(of_messages)).scalars())
    return found.union((await connection.execute(of_boxes)).scalars())


async def settle_in(connection: Connection, moved: Sequence[str], store: str) -> None:
    """Note that the files of these messages and greetings lie in this folder."""
    for start in range(0, len(moved), AT_ONCE):
        part = moved[start : start + AT_ONCE]
        there = messages.update().where(messages.c.id.in_(part))
        await connection.execute(there, {"store": store})
        own = boxes.update().where(boxes.c.own.in_(part))
        await connection.execute(own, {"own_store": store})


async def drop_greeting(connection: Connection, own: str) -> None:
    """Forget an owner's greeting whose file is gone; its box says the number again."""
    mine = boxes.c.own == own
    await connection.execute(
        boxes.update().where(mine, boxes.c.greeting == Greeting.OWN.value),
        {"greeting": Greeting.NUMBER.value},
    )
    await connection.execute(boxes.update().where(mine), {"own": None, "own_store": None})


def _insert_of(connection: Connection) -> Any:
    return postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert


def _row(wanted: Box) -> dict[str, object]:
    return {
        **{f"on_{each.value}": each in wanted.conditions for each in Condition},
        "ring_time_s": wanted.ring_time_s,
        "greeting": wanted.greeting.value,
        "own": wanted.own,
        "own_store": wanted.own_store,
        "pin_hash": wanted.pin_hash,
        "pin_errors": wanted.pin_errors,
        "takes_messages": wanted.takes_messages,
    }


def _box(row: Row[Any]) -> Box:
    on = {each for each in Condition if getattr(row, f"on_{each.value}")}
    return Box(
        conditions=frozenset(on),
        ring_time_s=row.ring_time_s,
        greeting=Greeting(row.greeting),
        own=row.own,
        own_store=row.own_store,
        pin_hash=row.pin_hash,
        pin_errors=row.pin_errors,
        takes_messages=row.takes_messages,
    )


def _message(row: Row[Any]) -> VoiceMessage:
    return VoiceMessage(
        id=row.id,
        line=E164(row.line),
        mark=MessageMark(row.mark),
        caller=row.caller,
        recorded_at=row.recorded_at,
        expires_at=row.expires_at,
        seconds=row.seconds,
        interrupted=row.interrupted,
    )
