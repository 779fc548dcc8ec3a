"""Rows of number orders and of the passwords by telephone."""

from collections.abc import Mapping

from sqlalchemy import ColumnElement, select

from provisioning.contract import E164
from provisioning.db.connection import Connection
from provisioning.db.customer_tables import number_orders, service_passwords
from provisioning.db.serials import is_id
from provisioning.numbers import store as numbers
from provisioning.orders.model import AddedNumber, LetterState, NumberOrder, UnknownOrder

_COLUMNS = [column for column in number_orders.columns if column.name != "sealed_letter"]


async def insert(
    connection: Connection, order: NumberOrder, key: str, sealed_letter: bytes
) -> None:
    """Add an order's row, with its letter."""
    row = {
        "id": order.id,
        "contract": order.contract,
        "key": key,
        "count": order.count,
        "placed_at": order.placed_at,
        "letter": LetterState.READY.value,
        "sealed_letter": sealed_letter,
    }
    await connection.execute(number_orders.insert(), row)


async def by_key(connection: Connection, contract: str, key: str) -> NumberOrder | None:
    """The contract's order that was made under this key, without passwords."""
    mine = (number_orders.c.contract == contract) & (number_orders.c.key == key)
    found = await _orders(connection, mine)
    return found[0] if found else None


async def read(connection: Connection, id: str) -> NumberOrder:
    """The order, without passwords."""
    found = await _orders(connection, number_orders.c.id == id) if is_id(id) else []
    if not found:
        raise UnknownOrder(f"no order {id!r:.40}")
    return found[0]


async def list_orders(
    connection: Connection,
    *,
    contract: str | None,
    after: str,
    limit: int,
    newest_first: bool = False,
) -> list[NumberOrder]:
    """Up to `limit` orders by their ids, which grow with time, without passwords."""
    id = number_orders.c.id
    condition = id < after if newest_first and after else id > after
    if contract is not None:
        condition &= number_orders.c.contract == contract
    return await _orders(connection, condition, limit, newest_first=newest_first)


async def sealed_letter(connection: Connection, id: str) -> bytes | None:
    """The sealed letter of an order; None once it was handed out, or there is no such order."""
    query = select(number_orders.c.sealed_letter).where(number_orders.c.id == id)
    sealed: bytes | None = (await connection.execute(query)).scalar()
    return sealed


async def replace_letter(connection: Connection, id: str, sealed: bytes) -> None:
    """Keep another sealed letter in place of the one that waits."""
    ready = (number_orders.c.id == id) & (number_orders.c.letter == LetterState.READY.value)
    await connection.execute(number_orders.update().where(ready), {"sealed_letter": sealed})


async def destroy_letter(connection: Connection, id: str, sealed: bytes) -> bool:
    """Note that this very letter was handed out; whether it was still there."""
    ready = (number_orders.c.id == id) & (number_orders.c.letter == LetterState.READY.value)
    ready &= number_orders.c.sealed_letter == sealed
    gone = {"letter": LetterState.HANDED_OUT.value, "sealed_letter": None}
    done = await connection.execute(number_orders.update().where(ready), gone)
    return done.rowcount == 1


async def add_service_passwords(connection: Connection, sealed: Mapping[E164, bytes]) -> None:
    """Keep the sealed hashes of new lines."""
    rows = [{"line": line, "sealed_hash": hashed} for line, hashed in sealed.items()]
    await connection.execute(service_passwords.insert(), rows)


async def replace_service_password(connection: Connection, line: E164, sealed: bytes) -> None:
    """Keep another sealed hash for a line."""
    mine = service_passwords.c.line == line
    await connection.execute(service_passwords.update().where(mine), {"sealed_hash": sealed})


async def service_password(connection: Connection, line: E164) -> bytes | None:
    """The sealed hash of a line's password by telephone."""
    query = select(service_passwords.c.sealed_hash).where(service_passwords.c.line == line)
    sealed: bytes | None = (await connection.execute(query)).scalar()
    return sealed


async def _orders(
    connection: Connection,
    condition: ColumnElement[bool],
    limit: int = 1,
    *,
    newest_first: bool = False,
) -> list[NumberOrder]:
    order = number_orders.c.id.desc() if newest_first else number_orders.c.id.asc()
    query = select(*_COLUMNS).where(condition).order_by(order).limit(limit)
    rows = (await connection.execute(query)).mappings().all()
    added = await numbers.order_numbers(connection, [row["id"] for row in rows])
    return [
        NumberOrder(
            id=row["id"],
            contract=row["contract"],
            count=row["count"],
            placed_at=row["placed_at"],
            numbers=tuple(AddedNumber(number) for number in added[row["id"]]),
            letter=LetterState(row["letter"]),
        )
        for row in rows
    ]
