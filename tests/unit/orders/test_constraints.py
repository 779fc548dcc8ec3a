"""The database keeps what must always hold, whatever a program writes."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from provisioning.db.connection import Connection
from provisioning.office import Office
from tests.support.orders import OPERATOR, contract, number, order, ordered

TWICE = "INSERT INTO added_numbers (order_id, number, position) VALUES (:other_order, :taken, 9)"

BROKEN_RULES = {
    "a number with a second order": TWICE,
    "a quarantined number with a second order": TWICE.replace(":taken", ":quarantined"),
    "an assigned number without a contract": (
        "UPDATE numbers SET contract = NULL, order_id = NULL WHERE number = :taken"
    ),
    "an assigned number without a line": "UPDATE numbers SET line = NULL WHERE number = :taken",
    "a number with another's line": (
        "UPDATE numbers SET line = :other_taken WHERE number = :taken"
    ),
    "a number whose order is another contract's": (
        "UPDATE numbers SET contract = :other_contract WHERE number = :taken"
    ),
    "a free number with a contract": (
        "UPDATE numbers SET contract = :contract, order_id = :order WHERE number = :free"
    ),
    "a contract without an order": (
        "UPDATE numbers SET state = 'quarantined', contract = :contract WHERE number = :free"
    ),
    "a quarantine without an end": "UPDATE numbers SET until = NULL WHERE number = :quarantined",
    "a quarantine that ends before it began": (
        "UPDATE numbers SET until = cancelled_at WHERE number = :quarantined"
    ),
    "an assigned number in quarantine": (
        "UPDATE numbers SET until = 2000000000 WHERE number = :taken"
    ),
    "a state nobody knows": "UPDATE numbers SET state = 'lost' WHERE number = :free",
    "a number twice": "INSERT INTO numbers (number, block, state) VALUES (:free, :block, 'free')",
    "a number of no block": (
        "INSERT INTO numbers (number, block, state) VALUES ('+815099999999', 'B9', 'free')"
    ),
    "a number with letters": (
        "INSERT INTO numbers (number, block, state) VALUES ('+81509999X999', :block, 'free')"
    ),
    "a line that goes while its number is assigned": "DELETE FROM lines WHERE number = :taken",
    "more numbers than the cap": "UPDATE contracts SET numbers_added = number_cap + 1",
    "a cap below what was added": "UPDATE contracts SET number_cap = numbers_added - 1",
    "a contract of nobody": "UPDATE contracts SET customer = 'C99999999'",
    "a customer who goes with a contract": "DELETE FROM customers",
    "an order of 51": "UPDATE number_orders SET count = 51 WHERE id = :order",
    "an order of none": "UPDATE number_orders SET count = 0 WHERE id = :order",
    "a key used twice": (
        "INSERT INTO number_orders (id, contract, key, count, placed_at, letter)"
        " VALUES ('N99999999', :contract, 'form', 1, 0, 'handed-out')"
    ),
    "a letter that was handed out and is still there": (
        "UPDATE number_orders SET letter = 'handed-out' WHERE id = :order"
    ),
    "a letter that waits and is not there": (
        "UPDATE number_orders SET sealed_letter = NULL WHERE id = :order"
    ),
    "a block whose end is before its start": "UPDATE number_blocks SET last = '+815000000000', "
    "first = '+815000000001'",
    "a customer of an unknown kind": "UPDATE customers SET kind = 'robot'",
}


@pytest.mark.rule("N050-02")
async def test_the_database_itself_refuses(shop: Office) -> None:
    one, other = await contract(shop), await contract(shop)
    first, second = await order(shop, one.id, 2), await order(shop, other.id)
    taken, quarantined = ordered([first])
    free = next(n for n in map(number, range(100)) if n not in ordered([first, second]))
    for change in (shop.numbers.reserve, shop.numbers.release):
        await change(free, origin=OPERATOR)  # it has a row from now on
    await shop.orders.cancel(quarantined, form_reference="F-1", origin=OPERATOR)
    values = {
        "taken": taken,
        "other_taken": ordered([second])[0],
        "quarantined": quarantined,
        "free": free,
        "order": first.id,
        "other_order": second.id,
        "contract": one.id,
        "other_contract": other.id,
        "block": "B00000001",
    }
    allowed = [
        what
        for what, statement in BROKEN_RULES.items()
        if not await _is_refused(shop, statement, values)
    ]
    assert allowed == []


async def _is_refused(shop: Office, statement: str, values: dict[str, str]) -> bool:
    needed = {name: value for name, value in values.items() if f":{name}" in statement}

    async def work(connection: Connection) -> None:
        await connection.execute(text(statement), needed)
        raise _Undo

    try:
        await shop._database.write(work)
    except IntegrityError:
        return True
    except _Undo:
        pass
    return False


class _Undo(Exception):
    """The statement was allowed; take it back."""
