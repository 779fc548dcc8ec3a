"""Rows of diversions; every line has one from its first day."""

from collections.abc import Iterable, Mapping

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from provisioning.contract import E164, Diversion, UnknownLine
from provisioning.db.tables import diversions


async def read(connection: AsyncConnection, line: E164, *, to_change: bool = False) -> Diversion:
    """The diversion of a line, locked until the unit of work ends when it is `to_change`."""
    query = select(diversions).where(diversions.c.line == line)
    if to_change:
        query = query.with_for_update()
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise UnknownLine(f"no line {line}")
    return Diversion(row.active, E164(row.target) if row.target else None, row.ring_time_s)


async def write(connection: AsyncConnection, line: E164, diversion: Diversion) -> None:
    """Make the diversion of a line this one."""
    await connection.execute(
        diversions.update().where(diversions.c.line == line),
        {
            "active": diversion.active,
            "target": diversion.target,
            "ring_time_s": diversion.ring_time_s,
        },
    )


async def without(connection: AsyncConnection, lines: Iterable[E164]) -> set[E164]:
    """Those of `lines` that have no diversion yet: they are new."""
    known = set((await connection.execute(select(diversions.c.line))).scalars())
    return {line for line in lines if line not in known}


async def begin(connection: AsyncConnection, ring_times: Mapping[E164, int]) -> None:
    """Give each of these new lines a diversion, off, with its default ring time."""
    rows = [
        {"line": line, "active": False, "target": None, "ring_time_s": ring_time_s}
        for line, ring_time_s in ring_times.items()
    ]
    await connection.execute(diversions.insert(), rows)
