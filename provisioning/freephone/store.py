"""Rows of freephone numbers, their versions, lines, turns and fees."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import case, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from provisioning.contract import E164, Freephone, Turns
from provisioning.db.connection import Connection
from provisioning.db.freephone_tables import (
    freephone_fees,
    freephone_lines,
    freephone_turns,
    freephone_versions,
    freephones,
)
from provisioning.db.tables import lines
from provisioning.freephone.document import FreephoneDocument
from provisioning.freephone.fees import Fee, FeeKind


@dataclass(frozen=True, slots=True)
class Kept:
    """A freephone number as it is contracted; `version` counts its set-ups from 1."""

    freephone: Freephone
    contract: str
    version: int


@dataclass(frozen=True, slots=True)
class Version:
    """A set-up a number had: who made it, when on both clocks."""

    version: int
    freephone: Freephone
    who: str
    wall_at: float
    business_at: float


async def read(connection: Connection, numbers: Collection[E164] = ()) -> dict[E164, Kept]:
    """The freephone numbers as they are set up now; those of `numbers` when it names any."""
    query = select(
        freephones.c.number,
        freephones.c.contract,
        freephones.c.version,
        freephone_versions.c.document,
    ).join(
        freephone_versions,
        (freephone_versions.c.number == freephones.c.number)
        & (freephone_versions.c.version == freephones.c.version),
    )
    if numbers:
        query = query.where(freephones.c.number.in_(numbers))
    rows = await connection.execute(query.order_by(freephones.c.number))
    return {
        row.number: Kept(_freephone(row.number, row.document), row.contract, row.version)
        for row in rows
    }


def _freephone(number: E164, document: str) -> Freephone:
    return FreephoneDocument.model_validate_json(document).freephone(number)


async def was_contracted(connection: Connection, number: E164) -> bool:
    """Whether anybody ever contracted a number: its fees stay when it is given up."""
    theirs = select(freephone_fees.c.id).where(freephone_fees.c.number == number).limit(1)
    return (await connection.execute(theirs)).first() is not None


async def insert(connection: Connection, kept: Kept) -> None:
    """A number that was not contracted before; its first version is added by `add_version`."""
    row = {"number": kept.freephone.number, "contract": kept.contract, "version": kept.version}
    await connection.execute(freephones.insert(), row)


async def add_version(connection: Connection, version: Version) -> None:
    """One more set-up, which holds from now on, and the lines it reaches."""
    number = version.freephone.number
    await connection.execute(
        freephone_versions.insert(),
        {
            "number": number,
            "version": version.version,
            "document": FreephoneDocument.of(version.freephone).text(),
            "who": version.who,
            "wall_at": version.wall_at,
            "business_at": version.business_at,
        },
    )
    await connection.execute(
        update(freephones).where(freephones.c.number == number).values(version=version.version)
    )


async def set_lines(connection: Connection, number: E164, reached: Iterable[E164]) -> None:
    """The lines that calls of a number may reach."""
    await connection.execute(freephone_lines.delete().where(freephone_lines.c.number == number))
    rows = [{"number": number, "line": line} for line in reached]
    if rows:
        await connection.execute(freephone_lines.insert(), rows)


async def versions(connection: Connection, number: E164, *, most: int) -> tuple[Version, ...]:
    """The latest set-ups of a number, the newest first."""
    query = (
        select(freephone_versions)
        .where(freephone_versions.c.number == number)
        .order_by(freephone_versions.c.version.desc())
        .limit(most)
    )
    return tuple(
        Version(
            row.version, _freephone(number, row.document), row.who, row.wall_at, row.business_at
        )
        for row in await connection.execute(query)
    )


async def remove(connection: Connection, number: E164) -> None:
    """Give a number up; its fees stay."""
    await connection.execute(freephones.delete().where(freephones.c.number == number))


async def unknown_lines(connection: Connection, wanted: Collection[E164]) -> set[E164]:
    """Those of `wanted` that are no lines."""
    query = select(lines.c.number).where(lines.c.number.in_(wanted))
    return set(wanted) - {row.number for row in await connection.execute(query)}


async def reached_by(connection: Connection, line: E164) -> E164 | None:
    """A freephone number whose calls may reach a line."""
    query = select(func.min(freephone_lines.c.number)).where(freephone_lines.c.line == line)
    found: E164 | None = await connection.scalar(query)
    return found


async def lock(connection: Connection, number: E164) -> bool:
    """Let nobody else change a number meanwhile; whether it is contracted."""
    mine = select(freephones.c.number).where(freephones.c.number == number)
    return (await connection.execute(mine.with_for_update())).first() is not None


async def turns(connection: Connection, number: E164) -> Turns:
    """Where the splits of a number stand."""
    query = select(freephone_turns).where(freephone_turns.c.number == number)
    return {
        (row.group_name, tuple(json.loads(row.weights))): tuple(json.loads(row.saved))
        for row in await connection.execute(query)
    }


async def set_turn(
    connection: Connection, number: E164, group: str, weights: Sequence[int], saved: Sequence[int]
) -> None:
    """Where a split stands now under some weights."""
    of = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    split = {"number": number, "group_name": group, "weights": json.dumps(weights)}
    stands = {"saved": json.dumps(saved)}
    statement = of(freephone_turns).values(**split, **stands)
    await connection.execute(
        statement.on_conflict_do_update(index_elements=list(split), set_=stands)
    )


async def begin_anew(connection: Connection, number: E164, groups: Collection[str]) -> None:
    """Forget where the splits of some groups stand: they split over other lines by now."""
    theirs = (freephone_turns.c.number == number) & freephone_turns.c.group_name.in_(groups)
    await connection.execute(freephone_turns.delete().where(theirs))


async def owe(
    connection: Connection,
    contract: str,
    number: E164,
    fees: Iterable[Fee],
    *,
    at: float,
    occasion: str,
) -> None:
    """Note what a change costs; the same occasion again changes nothing."""
    of = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    rows: list[dict[str, Any]] = [
        {
            "contract": contract,
            "number": number,
            "item": fee.item,
            "kind": fee.kind.value,
            "yen": fee.yen,
            "begins_at": at,
            "ends_at": None if fee.kind is FeeKind.MONTHLY else at,
            "occasion": occasion,
        }
        for fee in fees
    ]
    if rows:
        statement = of(freephone_fees).on_conflict_do_nothing()
        await connection.execute(statement, rows)


async def owed_at(connection: Connection, item: str, occasion: str) -> tuple[int, int]:
    """Of an item whose occasions begin so: how many numbers owe it, and the yen of all of them."""
    begins = freephone_fees.c.occasion.startswith(occasion, autoescape=True)
    count, yen = func.count(), func.coalesce(func.sum(freephone_fees.c.yen), 0)
    query = select(count, yen).where(begins & (freephone_fees.c.item == item))
    numbers, total = (await connection.execute(query)).one()
    return numbers, int(total)


async def owe_no_more(
    connection: Connection, number: E164, items: Collection[str] | None, *, at: float
) -> None:
    """End the monthly fees of some items of a number, or of all.

    One that began later than `at`, because business time was set back since, ends as it began.
    """
    running = (freephone_fees.c.number == number) & freephone_fees.c.ends_at.is_(None)
    if items is not None:
        running &= freephone_fees.c.item.in_(items)
    began = freephone_fees.c.begins_at
    ends_at = case((began > at, began), else_=at)
    await connection.execute(update(freephone_fees).where(running).values(ends_at=ends_at))


@dataclass(frozen=True, slots=True)
class Owed:
    """A fee as it is kept: from when, and until when a monthly one."""

    id: int
    contract: str
    number: E164
    fee: Fee
    begins_at: float
    ends_at: float | None


async def owed(connection: Connection, number: E164) -> tuple[Owed, ...]:
    """Every fee of a number, the oldest first; also of one that was given up."""
    query = select(freephone_fees).where(freephone_fees.c.number == number)
    return tuple(
        Owed(
            row.id,
            row.contract,
            row.number,
            Fee(row.item, FeeKind(row.kind), row.yen),
            row.begins_at,
            row.ends_at,
        )
        for row in await connection.execute(query.order_by(freephone_fees.c.id))
    )
