"""Rows of diversions, and the memory that answers for them.

Every line has its ring time from its first day, and a row for each condition with a target.
"""

import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Row, select

from provisioning.contract import E164, Condition, Diversion, Diversions, UnknownLine
from provisioning.db.connection import Connection
from provisioning.db.tables import diversions, ring_times


class MemoryDiversions:
    """Diversions by line; whoever changes the rows tells it once they are durable.

    A ticket, drawn while the line's rows are locked, puts the changes of one line in their order,
    in whichever order their makers come to tell. `changes` grows with each change.
    """

    def __init__(self) -> None:
        self._of: dict[E164, Diversions] = {}
        self._newest: dict[E164, int] = {}
        self._tickets = itertools.count()
        self.changes = 0

    def get(self, line: E164) -> Diversions | None:
        """The diversions of a line; None when nobody told of any."""
        return self._of.get(line)

    def ticket(self) -> int:
        """A number greater than any before it."""
        return next(self._tickets)

    def put(self, line: E164, changed: Diversions, ticket: int) -> None:
        """Know a change, unless a later one of the same line is known."""
        if ticket >= self._newest.get(line, 0):
            self._newest[line] = ticket
            self._of[line] = changed
            self.changes += 1

    def forget(self, line: E164) -> None:
        """Know nothing of a line that is gone."""
        self._of.pop(line, None)
        self._newest.pop(line, None)
        self.changes += 1

    def replace(self, every: Mapping[E164, Diversions]) -> None:
        """Take over new contents at once."""
        self._of = dict(every)


async def read(connection: Connection, line: E164, *, to_change: bool = False) -> Diversions:
    """The diversions of a line, locked until the unit of work ends when they are `to_change`."""
    query = select(ring_times.c.seconds).where(ring_times.c.line == line)
    if to_change:
        query = query.with_for_update()
    seconds = (await connection.execute(query)).scalar_one_or_none()
    if seconds is None:
        raise UnknownLine(f"no line {line}")
    rows = await connection.execute(select(diversions).where(diversions.c.line == line))
    return _diversions(seconds, rows)


async def read_all(connection: Connection) -> dict[E164, Diversions]:
    """The diversions of every line."""
    of_line: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in await connection.execute(select(diversions)):
        of_line[row.line].append(row)
    times = await connection.execute(select(ring_times))
    return {E164(row.line): _diversions(row.seconds, of_line[row.line]) for row in times}


def _diversions(seconds: int, rows: Iterable[Row[Any]]) -> Diversions:
    by_condition = {
        Condition(row.condition): Diversion(row.active, E164(row.target)) for row in rows
    }
    return Diversions(ring_time_s=seconds).but(by_condition)


async def write(connection: Connection, line: E164, wanted: Diversions) -> None:
    """Make the diversions of a line these."""
    mine = ring_times.c.line == line
    await connection.execute(ring_times.update().where(mine), {"seconds": wanted.ring_time_s})
    await connection.execute(diversions.delete().where(diversions.c.line == line))
    if rows := list(_rows(line, wanted)):
        await connection.execute(diversions.insert(), rows)


def _rows(line: E164, wanted: Diversions) -> Iterable[dict[str, object]]:
    for condition in Condition:
        diversion = wanted.on(condition)
        if diversion.target is not None:
            yield {
                "line": line,
                "condition": condition.value,
                "target": diversion.target,
                "active": diversion.active,
            }


async def without(connection: Connection, lines: Iterable[E164]) -> set[E164]:
    """Those of `lines` that have no ring time yet: they are new."""
    known = set((await connection.execute(select(ring_times.c.line))).scalars())
    return {line for line in lines if line not in known}


async def begin(connection: Connection, seconds: Mapping[E164, int]) -> None:
    """Give each of these new lines its default ring time; nothing is forwarded."""
    rows = [{"line": line, "seconds": default} for line, default in seconds.items()]
    await connection.execute(ring_times.insert(), rows)
