"""Rows of call records: written once, found by filters, erased by retention alone."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, and_, false, func, or_, select, text
from sqlalchemy import Connection as Driver

from provisioning.contract import E164, Access, CallRecord
from provisioning.db.connection import Connection
from provisioning.db.record_tables import call_records, erasing
from provisioning.records.model import Kept, storable

FIELDS = CallRecord._fields
ERASED_AT_ONCE = 10_000

_NAMES = ", ".join(FIELDS)
_ROW = f"({', '.join('?' * len(FIELDS))})"
_FROM_JSON = text(
    f"INSERT INTO call_records ({_NAMES}) SELECT "
    + ", ".join(
        f"CAST(value ->> {index} AS {call_records.c[name].type.compile()})"
        for index, name in enumerate(FIELDS)
    )
    + " FROM json_array_elements(CAST(:rows AS json)) AS rows(value) ON CONFLICT DO NOTHING"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records: those that fit everything given; instants are business time."""

    line: E164 | None = None
    service: str | None = None
    call_id: str | None = None
    begun_from: float | None = None
    begun_before: float | None = None
    payers: Mapping[E164, float] | None = None
    """Answered legs that one of these lines pays for, and that began at or after its instant."""

    def conditions(self) -> list[ColumnElement[bool]]:
        """As the database asks them."""
        columns = call_records.c
        equal = (
            (columns.line, self.line),
            (columns.service, self.service),
            (columns.call_id, self.call_id),
        )
        found = [column == value for column, value in equal if value is not None]
        if self.payers is not None:
            found += [columns.payer == columns.line, columns.answered_at.is_not(None)]
            each = [
                and_(columns.line == line, columns.business_started_at >= since)
                for line, since in self.payers.items()
            ]
            found.append(or_(false(), *each))
        if self.begun_from is not None:
            found.append(columns.business_started_at >= self.begun_from)
        if self.begun_before is not None:
            found.append(columns.business_started_at < self.begun_before)
        return found


def insert(connection: Driver, records: Sequence[CallRecord]) -> None:
    """Write records, as many as one statement takes; a leg that is there stays as it is.

    One statement: SQLite gives up Python's lock at each, and taking it back from a busy loop takes
    milliseconds. PostgreSQL gets one value, since it prepares a statement for each number of rows.
    """
    kept = [storable(record) for record in records]
    if connection.dialect.name == "sqlite":
        rows = ", ".join([_ROW] * len(kept))
        statement = f"INSERT INTO call_records ({_NAMES}) VALUES {rows} ON CONFLICT DO NOTHING"
        connection.exec_driver_sql(statement, tuple(chain.from_iterable(kept)))
    else:
        connection.execute(_FROM_JSON, {"rows": json.dumps(kept)})


async def read(
    connection: Connection, wanted: Wanted, *, below: int | None, limit: int
) -> list[Kept]:
    """At most `limit` records, newest first, those with an id less than `below`."""
    conditions = wanted.conditions()
    if below is not None:
        conditions.append(call_records.c.id < below)
    query = select(call_records).where(*conditions).order_by(call_records.c.id.desc()).limit(limit)
    return [_kept(row) for row in (await connection.execute(query)).mappings()]


async def one(connection: Connection, id: int) -> Kept | None:
    """The record with this id."""
    query = select(call_records).where(call_records.c.id == id)
    row = (await connection.execute(query)).mappings().one_or_none()
    return _kept(row) if row else None


async def oldest(connection: Connection) -> float | None:
    """When the longest-kept call began, business time; None when there is no record."""
    query = select(func.min(call_records.c.business_started_at))
    at: float | None = (await connection.execute(query)).scalar_one()
    return at


async def erase(connection: Connection, before: float) -> int:
    """Erase some of the records of calls that began before `before`, business time; how many."""

    def work(blocking: Driver) -> int:
        some = (
            select(call_records.c.id)
            .where(call_records.c.business_started_at < before)
            .limit(ERASED_AT_ONCE)
        )
        with erasing(blocking):
            return blocking.execute(
                call_records.delete().where(call_records.c.id.in_(some))
            ).rowcount

    return await connection.run_sync(work)


def _kept(row: RowMapping) -> Kept:
    values: dict[str, Any] = {name: row[name] for name in FIELDS}
    values["access"] = Access(row["access"]) if row["access"] else None
    return Kept(row["id"], CallRecord(**values))
