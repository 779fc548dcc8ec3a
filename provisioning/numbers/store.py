"""Rows of the 050 inventory; every change names the state it expects."""

from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import accumulate
from random import Random
from typing import Any

from sqlalchemy import Row, Select, exists, func, or_, select, text

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
    step,
)

_PER_STATEMENT = 10_000
_FREE = numbers.c.state == NumberState.FREE.value

_insert_run = text(
    "INSERT INTO numbers (number, block, state) "
    "WITH RECURSIVE run(n) AS (SELECT CAST(:first AS BIGINT) UNION ALL "
    "SELECT n + 1 FROM run WHERE n < :last) "
    "SELECT '+' || CAST(n AS TEXT), :block, 'free' FROM run"
)


async def insert_block(connection: Connection, block: Block) -> None:
    """Add a block and its numbers, all free."""
    row = {"id": block.id, "first": block.first, "last": block.last, "loaded_at": block.loaded_at}
    await connection.execute(number_blocks.insert(), row)
    last = int(block.last)
    for first in range(int(block.first), last + 1, _PER_STATEMENT):
        run = {"first": first, "last": min(last, first + _PER_STATEMENT - 1), "block": block.id}
        await connection.execute(_insert_run, run)


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
    if to_change:
        query = query.with_for_update()
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise UnknownNumber(f"no number {number!r:.40} in the inventory")
    return _record(row)


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
    query = select(numbers).where(numbers.c.number > after).order_by(numbers.c.number).limit(limit)
    if state is not None:
        query = query.where(numbers.c.state == state.value)
    if contract is not None:
        query = query.where(numbers.c.contract == contract)
    if block is not None:
        query = query.where(numbers.c.block == block)
    return [_record(row) for row in await connection.execute(query)]


async def held(connection: Connection, contract: str, among: Collection[E164]) -> frozenset[E164]:
    """Which of these numbers are in the contract's name."""
    query = select(numbers.c.number).where(
        numbers.c.contract == contract, numbers.c.number.in_(among)
    )
    return frozenset(E164(number) for number in await connection.scalars(query))


async def counts(connection: Connection) -> dict[NumberState, int]:
    """How many numbers are in each state."""
    query = select(numbers.c.state, func.count()).group_by(numbers.c.state)
    found = {NumberState(state): count for state, count in await connection.execute(query)}
    return {state: found.get(state, 0) for state in NumberState}


async def set_state(connection: Connection, number: E164, state: NumberState) -> None:
    """Move a locked number between free and reserved."""
    mine = numbers.c.number == number
    await connection.execute(numbers.update().where(mine), {"state": state.value})


async def pick(connection: Connection, count: int, *, now: float, dice: Random) -> list[E164]:
    """Up to `count` numbers that may be issued at business time `now`, locked, at random.

    Fewer come back when there are no more. On PostgreSQL the numbers that another order locked
    are passed over, so that orders at once wait for nobody and share nothing.
    """
    found: set[E164] = set()
    for few in _draws(await blocks(connection), count, dice):
        found.update(await _lock(connection, few, now))
        if len(found) >= count:
            # Sorted first: what a set's order is must not decide, the dice alone do.
            return dice.sample(sorted(found), count)
    left = sorted(set((await connection.execute(_issuable(now))).scalars()) - found)
    dice.shuffle(left)
    while left and len(found) < count:
        missing = count - len(found)
        found.update(await _lock(connection, left[:missing], now))
        left = left[missing:]
    return dice.sample(sorted(found), min(count, len(found)))


async def _lock(connection: Connection, some: Sequence[str], now: float) -> list[E164]:
    """Those of `some` that may be issued and that nobody else is taking."""
    fit = _issuable(now).where(numbers.c.number.in_(some))
    rows = await connection.execute(fit.with_for_update(of=numbers, skip_locked=True))
    return [E164(row.number) for row in rows]


def _draws(loaded: Sequence[Block], count: int, dice: Random) -> Iterator[list[str]]:
    """Handfuls of numbers drawn from all blocks: quick while many of them are free."""
    ends = list(accumulate(block.size for block in loaded))
    total = ends[-1] if ends else 0
    for handful in (2 * count, 8 * count):
        if total < 4 * handful:
            return
        drawn = dice.sample(range(total), handful)
        yield [_number_at(place, loaded, ends) for place in drawn]


def _number_at(place: int, loaded: Sequence[Block], ends: Sequence[int]) -> str:
    """The number at `place` when the blocks, which end at `ends`, are laid end to end."""
    index = bisect_right(ends, place)
    return f"+{int(loaded[index].last) + 1 - (ends[index] - place)}"


def _issuable(now: float) -> Select[Any]:
    """Free numbers, past their quarantine even if the clock was set back, that no line has.

    A seed may have made a line, or an account with the number as its user, outside any order.
    """
    user = "0" + func.substr(numbers.c.number, 4)
    return select(numbers.c.number).where(
        _FREE,
        or_(numbers.c.until.is_(None), numbers.c.until <= now),
        ~exists().where(lines.c.number == numbers.c.number),
        ~exists().where(accounts.c.username == user),
    )


async def assign(
    connection: Connection, picked: Sequence[E164], *, contract: str, order: str, now: float
) -> None:
    """Give picked numbers, each with its line already there, to an order of the contract."""
    rows = [
        {"order_id": order, "number": number, "position": position}
        for position, number in enumerate(picked, start=1)
    ]
    await connection.execute(added_numbers.insert(), rows)
    done = await connection.execute(
        numbers.update()
        .where(numbers.c.number.in_(picked), _FREE)
        .values(
            state=step(picked[0], NumberState.FREE, NumberInput.ORDERED).next.value,
            contract=contract,
            order_id=order,
            line=numbers.c.number,
            assigned_at=now,
            cancelled_at=None,
            until=None,
            reference=None,
        )
    )
    if done.rowcount != len(picked):
        raise RuntimeError("a number that was picked is not free: the order is taken back")


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
