"""Rows of charges, and of the records that wait for theirs."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import chain
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, RowMapping, delete, func, select, text
from sqlalchemy import Connection as Driver

from provisioning.billing.model import Charge
from provisioning.billing.money import Rounding
from provisioning.billing.tariff import Cause
from provisioning.contract import E164, Access, CallRecord, Profile
from provisioning.db.billing_tables import charges, unrated_records
from provisioning.db.connection import Connection
from provisioning.db.record_tables import call_records
from provisioning.db.tables import lines

FIELDS = tuple(each.name for each in fields(Charge))
_values = attrgetter(*FIELDS)
_RECORD = CallRecord._fields
_ACCESS = _RECORD.index("access")
_COLUMNS = (call_records.c.id, *(call_records.c[name] for name in _RECORD))
_NAMES = ", ".join(FIELDS)
_ROW = f"({', '.join('?' * len(FIELDS))})"
_FROM_JSON = text(
    f"INSERT INTO charges ({_NAMES}) SELECT "
    + ", ".join(
        f"CAST(value ->> {index} AS {charges.c[name].type.compile()})"
        for index, name in enumerate(FIELDS)
    )
    + " FROM json_array_elements(CAST(:rows AS json)) AS rows(value) ON CONFLICT DO NOTHING"
)


class Unrated(NamedTuple):
    """A record that waits, by its id among all records."""

    id: int
    record: CallRecord


class KeptCharge(NamedTuple):
    """A charge with its place among all of them: `id` grows as they are written."""

    id: int
    charge: Charge


@dataclass(frozen=True, slots=True)
class WantedCharges:
    """Which charges: those that fit everything given; instants are business time."""

    lines: frozenset[E164] | None = None
    cause: Cause | None = None
    call_id: str | None = None
    begun_from: float | None = None
    begun_before: float | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """As the database asks them."""
        columns = charges.c
        found: list[ColumnElement[bool]] = []
        if self.lines is not None:
            found.append(columns.line.in_(sorted(self.lines)))
        if self.cause is not None:
            found.append(columns.cause == self.cause.value)
        if self.call_id is not None:
            found.append(columns.call_id == self.call_id)
        if self.begun_from is not None:
            found.append(columns.business_at >= self.begun_from)
        if self.begun_before is not None:
            found.append(columns.business_at < self.begun_before)
        return found


def waiting(connection: Driver, most: int) -> list[Unrated]:
    """The oldest records that wait; those that another node rates just now are left to it."""
    query = (
        select(*_COLUMNS)
        .join(unrated_records, unrated_records.c.id == call_records.c.id)
        .order_by(call_records.c.id)
        .limit(most)
    )
    if connection.dialect.name == "postgresql":
        query = query.with_for_update(of=unrated_records, skip_locked=True)
    return [Unrated(id, _record(values)) for id, *values in connection.execute(query)]


def settle(connection: Driver, rated: Sequence[int], found: Sequence[Charge]) -> None:
    """Keep charges, and let the records `rated` wait no longer; a leg that has one keeps it.

    One statement for all, as call records are written, and for the same reason.
    """
    if found:
        rows = [_values(charge) for charge in found]
        if connection.dialect.name == "sqlite":
            marks = ", ".join([_ROW] * len(rows))
            statement = f"INSERT INTO charges ({_NAMES}) VALUES {marks} ON CONFLICT DO NOTHING"
            connection.exec_driver_sql(statement, tuple(chain.from_iterable(rows)))
        else:
            connection.execute(_FROM_JSON, {"rows": json.dumps(rows)})
    connection.execute(delete(unrated_records).where(unrated_records.c.id.in_(rated)))


def profile_of(connection: Driver, line: E164) -> Profile | None:
    """Whose tariffs a line pays by, as the database has it; None when there is no such line."""
    found = connection.scalar(select(lines.c.profile).where(lines.c.number == line))
    return Profile(found) if found else None


async def await_again(connection: Connection) -> None:
    """Let every record wait to be rated that somebody may have to pay."""
    payable = (call_records.c.payer.is_not(None), call_records.c.answered_at.is_not(None))
    here = select(unrated_records.c.id)
    again = select(call_records.c.id).where(*payable, call_records.c.id.not_in(here))
    await connection.execute(unrated_records.insert().from_select(["id"], again))


async def count_waiting(connection: Connection) -> int:
    """How many records wait."""
    count: int = await connection.scalar(select(func.count()).select_from(unrated_records))
    return count


async def read(
    connection: Connection, wanted: WantedCharges, *, below: int | None, limit: int
) -> list[KeptCharge]:
    """At most `limit` charges, newest first, those with an id less than `below`."""
    conditions = wanted.conditions()
    if below is not None:
        conditions.append(charges.c.id < below)
    query = select(charges).where(*conditions).order_by(charges.c.id.desc()).limit(limit)
    return [_kept(row) for row in (await connection.execute(query)).mappings()]


async def of_legs(
    connection: Connection, legs: Sequence[tuple[str, int]]
) -> dict[tuple[str, int], Charge]:
    """The charges of these legs, by call and leg."""
    calls = sorted({call_id for call_id, _ in legs})
    query = select(charges).where(charges.c.call_id.in_(calls))
    rows = (await connection.execute(query)).mappings()
    found = {(row["call_id"], row["leg"]): _kept(row).charge for row in rows}
    return {key: found[key] for key in legs if key in found}


def _record(values: list[Any]) -> CallRecord:
    access = values[_ACCESS]
    values[_ACCESS] = Access(access) if access else None
    return CallRecord(*values)


def _kept(row: RowMapping) -> KeptCharge:
    values: dict[str, Any] = {name: row[name] for name in FIELDS}
    values["access"] = Access(row["access"]) if row["access"] else None
    values["cause"] = Cause(row["cause"])
    values["rounding"] = Rounding(row["rounding"])
    return KeptCharge(row["id"], Charge(**values))
