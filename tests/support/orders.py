"""A carrier with a customer who may order 050 numbers, for tests."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from provisioning.audit.model import Origin
from provisioning.contract import E164, ContractKind, Location, Profile
from provisioning.customers.model import Contract, NewContract, NewCustomer
from provisioning.numbers.model import Block
from provisioning.office import Office
from provisioning.orders.model import NumberOrder

OPERATOR = Origin("operator", "test")
OWNER = Origin("demo-selfcare", "portal")
FIRST = E164("+815000000000")

NEW_CUSTOMER = NewCustomer(
    kind=ContractKind.CORPORATE,
    name="特番デモ商事株式会社",
    postal_code="100-0001",
    address="東京都千代田区千代田1-1",
    phone="03-1234-5678",
    mail="demo@tokuban.example",
    contact="山田太郎",
)


def number(index: int) -> E164:
    """The number at `index` of the lab's inventory."""
    return E164(f"+8150{index:08}")


async def stock(office: Office, count: int, first: int = 0) -> Block:
    """Load so many numbers."""
    last = number(first + count - 1)
    return await office.numbers.load_block(number(first), last, origin=OPERATOR)


async def contract(office: Office, cap: int = 50, plan: str = "standard") -> Contract:
    """A contract of a customer of its own."""
    customer = await office.customers.create(NEW_CUSTOMER, origin=OPERATOR)
    new = NewContract(customer.id, plan, Profile.NTT, Location("東京", "東京都"), number_cap=cap)
    return await office.customers.open_contract(new, origin=OPERATOR)


async def order(office: Office, contract_id: str, count: int = 1, key: str = "form") -> NumberOrder:
    """Order as the owner of the contract."""
    return await office.orders.place(contract_id, count, key=key, origin=OWNER)


def ordered(orders: Iterable[NumberOrder]) -> list[E164]:
    """Every number of these orders."""
    return [added.number for each in orders for added in each.numbers]


@contextmanager
def before_each_statement(office: Office, act: Callable[[str], None]) -> Iterator[None]:
    """Call `act` with each statement that the office's writer is about to run, commits too."""
    engine = office._database._writer.engine

    def execute(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        act(statement)

    def commit(_connection: Any) -> None:
        act("COMMIT")

    event.listen(engine, "before_cursor_execute", execute)
    event.listen(engine, "commit", commit)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", execute)
        event.remove(engine, "commit", commit)
