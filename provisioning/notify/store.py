"""Rows of the outbox: every step of a mail is a row's change that only one process can make."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import RowMapping, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from provisioning.db.connection import Connection
from provisioning.db.mail_tables import outbox
from provisioning.notify.model import STEPS, Event, MailState


@dataclass(frozen=True, slots=True)
class Kept:
    """A mail of the outbox. Times are wall time, UTC epoch seconds."""

    id: int
    occasion: str
    message_id: str
    recipient: str
    sealed: bytes | None = field(repr=False)
    state: MailState
    attempts: int
    created_at: float
    due_at: float
    changed_at: float
    reason: str


async def insert(connection: Connection, **values: Any) -> bool:
    """Keep a mail; whether its occasion is new."""
    of = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = of(outbox).values(state=MailState.WAITING, attempts=0, reason="", **values)
    kept = await connection.execute(
        statement.on_conflict_do_nothing(index_elements=["occasion"]).returning(outbox.c.id)
    )
    return kept.one_or_none() is not None


async def due(
    connection: Connection, now: float, *, longest_s: float, most: int
) -> tuple[Kept, ...]:
    """The mails whose time has come, oldest first.

    One whose time is further away than any delay belongs to a clock that was turned back.
    """
    has_come = or_(outbox.c.due_at <= now, outbox.c.due_at > now + longest_s + 1)
    query = select(outbox).where(outbox.c.state == MailState.WAITING, has_come)
    rows = await connection.execute(query.order_by(outbox.c.due_at, outbox.c.id).limit(most))
    return tuple(_kept(row) for row in rows.mappings())


async def next_due(connection: Connection) -> float | None:
    """When the next waiting mail is to be tried."""
    query = select(func.min(outbox.c.due_at)).where(outbox.c.state == MailState.WAITING)
    found: float | None = (await connection.execute(query)).scalar_one()
    return found


async def in_doubt(connection: Connection, before: float) -> tuple[int, ...]:
    """The mails whose hand-over began at or before `before` and has no end."""
    query = select(outbox.c.id).where(
        outbox.c.state == MailState.SENDING, outbox.c.changed_at <= before
    )
    return tuple((await connection.execute(query)).scalars())


async def unsure(connection: Connection) -> tuple[int, ...]:
    """The mails in doubt whose body is still there."""
    is_unsure = outbox.c.state == MailState.UNSURE
    query = select(outbox.c.id).where(is_unsure, outbox.c.sealed.is_not(None))
    return tuple((await connection.execute(query)).scalars())


async def aged(connection: Connection, before: float) -> tuple[tuple[int, MailState], ...]:
    """The mails from before `before` that still have their body and are not on their way."""
    query = select(outbox.c.id, outbox.c.state).where(
        outbox.c.sealed.is_not(None),
        outbox.c.state.in_([MailState.WAITING, MailState.UNSURE]),
        outbox.c.created_at <= before,
    )
    return tuple((row.id, MailState(row.state)) for row in await connection.execute(query))


async def forget(connection: Connection, before: float) -> None:
    """Erase the rows of mails that came to their end at or before `before`."""
    over = outbox.c.state.in_([MailState.SENT, MailState.FAILED])
    await connection.execute(outbox.delete().where(over, outbox.c.changed_at <= before))


async def step(
    connection: Connection,
    mail: int,
    state: MailState,
    event: Event,
    *,
    now: float,
    **values: Any,
) -> bool:
    """Take the step of the table; False where another process was faster."""
    taken = STEPS[state, event]
    if taken.erases:
        values["sealed"] = None
    done = await connection.execute(
        outbox.update()
        .where(outbox.c.id == mail, outbox.c.state == state)
        .values(state=taken.next, changed_at=now, **values)
    )
    return done.rowcount == 1


async def doubt(connection: Connection, now: float) -> None:
    """Put every mail that is under way in doubt: it may have gone since these rows were true."""
    for (state, event), taken in STEPS.items():
        if event is Event.RELOADED:
            await connection.execute(
                outbox.update()
                .where(outbox.c.state == state)
                .values(state=taken.next, changed_at=now, reason="a saved state was loaded")
            )


async def hasten(connection: Connection, now: float) -> None:
    """Let every waiting mail be tried now."""
    waiting = outbox.c.state == MailState.WAITING
    await connection.execute(outbox.update().where(waiting).values(due_at=now))


async def get(connection: Connection, mail: int) -> Kept | None:
    """The mail of this id."""
    row = (await connection.execute(select(outbox).where(outbox.c.id == mail))).mappings().first()
    return _kept(row) if row else None


async def latest(
    connection: Connection, states: Sequence[MailState], most: int
) -> tuple[Kept, ...]:
    """The newest mails in one of `states`."""
    query = select(outbox).where(outbox.c.state.in_(states))
    rows = await connection.execute(query.order_by(outbox.c.id.desc()).limit(most))
    return tuple(_kept(row) for row in rows.mappings())


def _kept(row: RowMapping) -> Kept:
    return Kept(**{**row, "state": MailState(row["state"])})
