"""Rows of the 050 inventory; every change names the state it expects.

A block is a run of numbers, and a number has a row of its own from its first order or reservation
on: until then it is free. So a block of any length is loaded, saved and put back at once.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import accumulate
from random import Random
from typing import Any

from sqlalchemy import Row, func, select, text, union_all
from sqlalchemy.dialects import postgresql, sqlite

from provisioning.contract import E164
from provisioning.db.connection import Connection
from provisioning.db.customer_tables import added_numbers, number_blocks, numbers
from provisioning.db.tables import accounts, lines
from provisioning.numbers.model import (
    Block,
    NumberInput,
    NumberRecord,
    NumberState,
    UnknownNumber,
    is_050,
    step,
)

_PER_STATEMENT = 10_000
_FREE = numbers.c.state == NumberState.FREE.value

NUMBER_LOCK = 0x303530
"""Beside a number's last eight digits: the advisory lock on it at PostgreSQL ("050")."""

HANDFULS = (2, 8, 32, 128)
"""Times as many numbers as are wanted, drawn one handful after the other."""


async def insert_block(connection: Connection, block: Block) -> None:
    """Add a block; its numbers are free."""
    row = {"id": block.id, "first": block.first, "last": block.last, "loaded_at": block.loaded_at}
    await connection.execute(number_blocks.insert(), row)


async def blocks(connection: Connection) -> list[Block]:
    """Every block, by its first number."""
    rows = await connection.execute(select(number_blocks).order_by(number_blocks.c.first))
    return [Block(row.id, E164(row.first), E164(row.last), row.loaded_at) for row in rows]


async def overlapping(connection: Connection, first: E164, last: E164) -> Block | None:
    """A loaded block with numbers between these."""
    found = await blocks(connection)
    return next((block for block in found if block.first <= last and first <= block.last), None)


async def read(connection: Connection, number: E164, *, to_change: bool = False) -> NumberRecord:
    """The number's record, locked until the unit of work ends when it is `to_change`."""
    query = select(numbers).where(numbers.c.number == number)
    if to_change and is_050(number):
        await _wait_for(connection, number)
        query = query.with_for_update()
    row = (await connection.execute(query)).one_or_none()
    if row is not None:
        return _record(row)
    block = await overlapping(connection, number, number) if is_050(number) else None
    if block is None:
        raise UnknownNumber(f"no number {number!r:.40} in the inventory")
    return NumberRecord(number, NumberState.FREE, block.id)


async def list_numbers(
    connection: Connection,
    *,
    state: NumberState | None,
    contract: str | None,
    block: str | None,
    after: str,
    limit: int,
) -> list[NumberRecord]:
    """Up to `limit` numbers in their order."""
    if contract is None and state in (None, NumberState.FREE):
        loaded = [each for each in await blocks(connection) if block in (None, each.id)]
        return await _list_runs(connection, loaded, state, after, limit)
    query = select(numbers).where(numbers.c.number > after).order_by(numbers.c.number).limit(limit)
    if state is not None:
        query = query.where(numbers.c.state == state.value)
    if contract is not None:
        query = query.where(numbers.c.contract == contract)
    if block is not None:
        query = query.where(numbers.c.block == block)
    return [_record(row) for row in await connection.execute(query)]


async def _list_runs(
    connection: Connection,
    loaded: Sequence[Block],
    state: NumberState | None,
    after: str,
    limit: int,
) -> list[NumberRecord]:
    """The same where numbers without a row count, too."""
    found: list[NumberRecord] = []
    for block, run in _runs(loaded, after, limit if state is None else _PER_STATEMENT):
        within = numbers.c.number.between(run[0], run[-1])
        rows = await connection.execute(select(numbers).where(within))
        known = {row.number: _record(row) for row in rows}
        each = (known.get(n) or NumberRecord(n, NumberState.FREE, block.id) for n in run)
        found += [record for record in each if state in (None, record.state)]
        if len(found) >= limit:
            break
    return found[:limit]


def _runs(loaded: Sequence[Block], after: str, most: int) -> Iterator[tuple[Block, list[E164]]]:
    """The numbers of blocks behind `after`, up to `most` at a time."""
    for block in loaded:
        start, end = int(block.first), int(block.last) + 1
        every = range(start, end)
        skipped = bisect_right(every, after, key=lambda number: f"+{number}")
        for first in range(start + skipped, end, most):
            yield block, [E164(f"+{number}") for number in range(first, min(end, first + most))]


async def held(connection: Connection, contract: str, among: Collection[E164]) -> frozenset[E164]:
    """Which of these numbers are in the contract's name."""
    query = select(numbers.c.number).where(
        numbers.c.contract == contract, numbers.c.number.in_(among)
    )
    return frozenset(E164(number) for number in await connection.scalars(query))


async def counts(connection: Connection) -> dict[NumberState, int]:
    """How many numbers are in each state."""
    query = select(numbers.c.state, func.count()).where(~_FREE).group_by(numbers.c.state)
    found = {NumberState(state): count for state, count in await connection.execute(query)}
    total = sum(block.size for block in await blocks(connection))
    found[NumberState.FREE] = total - sum(found.values())
    return {state: found.get(state, 0) for state in NumberState}


async def set_state(connection: Connection, record: NumberRecord, state: NumberState) -> None:
    """Move a locked number between free and reserved."""
    row = {"number": record.number, "block": record.block, "state": state.value}
    await _put(connection, [row])


async def _put(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> int:
    """Give numbers that are free or reserved what these rows say; how many were."""
    insert = postgresql.insert if _is_shared(connection) else sqlite.insert
    put = insert(numbers).values(rows)
    held = (NumberState.ASSIGNED.value, NumberState.QUARANTINED.value)
    put = put.on_conflict_do_update(
        index_elements=[numbers.c.number],
        set_={name: put.excluded[name] for name in rows[0] if name != "number"},
        where=numbers.c.state.not_in(held),
    )
    return len((await connection.execute(put.returning(numbers.c.number))).all())


async def pick(connection: Connection, count: int, *, now: float, dice: Random) -> list[E164]:
    """Up to `count` numbers that may be issued at business time `now`, locked, at random.

    Fewer come back when there are no more. On PostgreSQL the numbers that another order locked
    are passed over, so that orders at once wait for nobody and share nothing.
    """
    found: list[E164] = []
    loaded = await blocks(connection)
    for few in _draws(loaded, count, dice):
        fresh = [number for number in few if number not in found]
        found += await _lock(connection, fresh, now, count - len(found))
        if len(found) == count:
            return found
    left = await _left(connection, loaded, now, found)
    dice.shuffle(left)
    while left and len(found) < count:
        missing = count - len(found)
        found += await _lock(connection, left[:missing], now, missing)
        left = left[missing:]
    return found


async def _lock(connection: Connection, some: Sequence[E164], now: float, most: int) -> list[E164]:
    """The first of `some` that may be issued and that nobody else is taking, up to `most`.

    A number without a row has nothing that could be locked: at PostgreSQL its name is.
    """
    fit = await _issuable(connection, some, now)
    if not _is_shared(connection):
        return fit[:most]
    own = {int(number[5:]): number for number in fit}
    given = {"lock": NUMBER_LOCK, "some": list(own), "most": most}
    locked = [own[each] for each in (await connection.execute(_TRY_LOCKS, given)).scalars()]
    # Whoever held one of them may have committed since it was looked at.
    return await _issuable(connection, locked, now)


_TRY_LOCKS = text(
    "SELECT each FROM unnest(CAST(:some AS integer[])) AS each"
    " WHERE pg_try_advisory_xact_lock(:lock, each) LIMIT :most"
)
_WAIT_LOCK = text("SELECT pg_advisory_xact_lock(:lock, :number)")


async def _wait_for(connection: Connection, number: E164) -> None:
    """Lock a number by its name, too, which may have no row yet."""
    if _is_shared(connection):
        given = {"lock": NUMBER_LOCK, "number": int(number[5:])}
        await connection.execute(_WAIT_LOCK, given)


def _is_shared(connection: Connection) -> bool:
    """Whether others may write at the same time."""
    return connection.dialect.name == "postgresql"


def _draws(loaded: Sequence[Block], count: int, dice: Random) -> Iterator[list[E164]]:
    """Handfuls of numbers drawn from all blocks: quick while many of them are free."""
    ends = list(accumulate(block.size for block in loaded))
    total = ends[-1] if ends else 0
    for handful in (times * count for times in HANDFULS):
        if total < 4 * handful:
            return
        drawn = dice.sample(range(total), handful)
        yield [_number_at(place, loaded, ends) for place in drawn]


def _number_at(place: int, loaded: Sequence[Block], ends: Sequence[int]) -> E164:
    """The number at `place` when the blocks, which end at `ends`, are laid end to end."""
    index = bisect_right(ends, place)
    return E164(f"+{int(loaded[index].last) + 1 - (ends[index] - place)}")


async def _left(
    connection: Connection, loaded: Sequence[Block], now: float, found: Collection[E164]
) -> list[E164]:
    """Every number that may be issued, besides those already found."""
    taken = await _taken(connection, None, now) | set(found)
    every = (n for _, run in _runs(loaded, "", _PER_STATEMENT) for n in run)
    return [number for number in every if number not in taken]


async def _issuable(connection: Connection, some: Sequence[E164], now: float) -> list[E164]:
    """Those of `some` that are free, past their quarantine, and that no line has."""
    taken = await _taken(connection, some, now)
    return [number for number in some if number not in taken]


async def _taken(connection: Connection, some: Sequence[E164] | None, now: float) -> set[str]:
    """Which of `some`, or of all numbers, may not be issued.

    The clock may have been set back before the end of a quarantine. A seed may have made a line,
    or an account with the number as its user, outside any order.
    """
    waiting = ~_FREE | (numbers.c.until.is_not(None) & (numbers.c.until > now))
    own = select(numbers.c.number).where(waiting)
    lined = select(lines.c.number)
    used = select("+81" + func.substr(accounts.c.username, 2))
    if some is not None:
        own = own.where(numbers.c.number.in_(some))
        lined = lined.where(lines.c.number.in_(some))
        used = used.where(accounts.c.username.in_([f"0{number[3:]}" for number in some]))
    return set((await connection.execute(union_all(own, lined, used))).scalars())


async def assign(
    connection: Connection, picked: Sequence[E164], *, contract: str, order: str, now: float
) -> None:
    """Give picked numbers, each with its line already there, to an order of the contract."""
    state = step(picked[0], NumberState.FREE, NumberInput.ORDERED).next.value
    loaded = await blocks(connection)
    given = [
        {
            "number": number,
            "block": _block_of(number, loaded).id,
            "state": state,
            "contract": contract,
            "order_id": order,
            "line": number,
            "assigned_at": now,
            "cancelled_at": None,
            "until": None,
            "reference": None,
        }
        for number in picked
    ]
    if await _put(connection, given) != len(picked):
        raise RuntimeError("a number that was picked is not free: the order is taken back")
    added = [
        {"order_id": order, "number": number, "position": position}
        for position, number in enumerate(picked, start=1)
    ]
    await connection.execute(added_numbers.insert(), added)


def _block_of(number: E164, loaded: Sequence[Block]) -> Block:
    """The block, of those in their order, that a number lies in."""
    return loaded[bisect_right(loaded, number, key=lambda block: block.first) - 1]


async def quarantine(
    connection: Connection, number: E164, *, now: float, until: float, reference: str
) -> None:
    """Take a locked number from its line, and keep it from everybody until `until`."""
    row = {
        "state": NumberState.QUARANTINED.value,
        "line": None,
        "cancelled_at": now,
        "until": until,
        "reference": reference,
    }
    await connection.execute(numbers.update().where(numbers.c.number == number), row)


async def next_quarantine_end(connection: Connection) -> float | None:
    """When the next quarantine ends."""
    waiting = numbers.c.state == NumberState.QUARANTINED.value
    rows = await connection.execute(select(func.min(numbers.c.until)).where(waiting))
    end: float | None = rows.scalar()
    return end


async def free_after_quarantine(connection: Connection, until: float) -> list[E164]:
    """Free up to some thousands of numbers whose quarantine ended by `until`; which they are."""
    over = (numbers.c.state == NumberState.QUARANTINED.value) & (numbers.c.until <= until)
    query = select(numbers.c.number).where(over).order_by(numbers.c.number).limit(_PER_STATEMENT)
    found = [E164(n) for n in (await connection.execute(query.with_for_update())).scalars()]
    if found:
        ended = numbers.update().where(numbers.c.number.in_(found))
        free = {"state": NumberState.FREE.value, "contract": None, "order_id": None}
        await connection.execute(ended, free)
        held = added_numbers.c.number.in_(found) & added_numbers.c.released_at.is_(None)
        await connection.execute(added_numbers.update().where(held), {"released_at": until})
    return found


async def order_numbers(connection: Connection, orders: Sequence[str]) -> Mapping[str, list[E164]]:
    """The numbers that each of these orders added, in the order they were given."""
    columns = added_numbers.c
    query = select(columns.order_id, columns.number).where(columns.order_id.in_(orders))
    found: dict[str, list[E164]] = {order: [] for order in orders}
    for row in await connection.execute(query.order_by(columns.order_id, columns.position)):
        found[row.order_id].append(E164(row.number))
    return found


def _record(row: Row[Any]) -> NumberRecord:
    return NumberRecord(
        number=E164(row.number),
        state=NumberState(row.state),
        block=row.block,
        contract=row.contract,
        order=row.order_id,
        until=row.until,
        assigned_at=row.assigned_at,
        cancelled_at=row.cancelled_at,
        reference=row.reference,
    )
