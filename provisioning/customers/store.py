"""Rows of customers and contracts, and the file of plans."""

import tomllib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy import Row, func, select

from provisioning.contract import ContractKind, Language, Location, Profile
from provisioning.customers.model import (
    Contract,
    ContractStatus,
    Customer,
    Plan,
    UnknownContract,
    UnknownCustomer,
    plans,
)
from provisioning.db.connection import Connection
from provisioning.db.customer_tables import contracts, customers, numbers
from provisioning.db.freephone_tables import freephones
from provisioning.db.serials import is_id

PLANS = Path(__file__).with_name("plans.toml")


def read_plans(path: Path = PLANS) -> Mapping[str, Plan]:
    """Every plan by name."""
    return plans(tomllib.loads(path.read_text("utf-8")))


async def customer(connection: Connection, id: str, *, to_change: bool = False) -> Customer:
    """The customer, locked until the unit of work ends when it is `to_change`."""
    query = select(customers).where(customers.c.id == id)
    if to_change:
        query = query.with_for_update()
    row = (await connection.execute(query)).one_or_none() if is_id(id) else None
    if row is None:
        raise UnknownCustomer(f"no customer {id!r:.40}")
    return _customer(row)


async def list_customers(
    connection: Connection,
    *,
    after: str,
    limit: int,
    name: str | None,
    kind: ContractKind | None,
) -> list[Customer]:
    """Up to `limit` customers in order of their ids, whose name holds `name`."""
    query = select(customers).where(customers.c.id > after).order_by(customers.c.id).limit(limit)
    if name is not None:
        query = query.where(customers.c.name.contains(name, autoescape=True))
    if kind is not None:
        query = query.where(customers.c.kind == kind.value)
    return [_customer(row) for row in await connection.execute(query)]


async def insert_customer(connection: Connection, customer: Customer) -> None:
    """Add a customer's row."""
    await connection.execute(customers.insert(), _row(customer))


async def update_customer(connection: Connection, customer: Customer) -> None:
    """Bring a customer's row to what `customer` says."""
    await connection.execute(
        customers.update().where(customers.c.id == customer.id), _row(customer)
    )


async def contract(connection: Connection, id: str, *, to_change: bool = False) -> Contract:
    """The contract, locked until the unit of work ends when it is `to_change`."""
    query = select(contracts).where(contracts.c.id == id)
    if to_change:
        query = query.with_for_update()
    row = (await connection.execute(query)).one_or_none() if is_id(id) else None
    if row is None:
        raise UnknownContract(f"no contract {id!r:.40}")
    return _contract(row)


async def list_contracts(
    connection: Connection, *, customer: str | None, after: str, limit: int
) -> list[Contract]:
    """Up to `limit` contracts in order of their ids."""
    query = select(contracts).where(contracts.c.id > after).order_by(contracts.c.id).limit(limit)
    if customer is not None:
        query = query.where(contracts.c.customer == customer)
    return [_contract(row) for row in await connection.execute(query)]


async def insert_contract(connection: Connection, contract: Contract) -> None:
    """Add a contract's row."""
    row = {
        "id": contract.id,
        "customer": contract.customer,
        "plan": contract.plan,
        "profile": contract.profile.value,
        "ma": contract.location.ma,
        "prefecture": contract.location.prefecture,
        "status": contract.status.value,
        "number_cap": contract.number_cap,
        "numbers_added": contract.numbers_added,
    }
    await connection.execute(contracts.insert(), row)


async def update_contract(connection: Connection, contract: Contract) -> None:
    """Bring what may change of a contract's row to what `contract` says."""
    await connection.execute(
        contracts.update().where(contracts.c.id == contract.id),
        {
            "status": contract.status.value,
            "number_cap": contract.number_cap,
            "numbers_added": contract.numbers_added,
        },
    )


async def numbers_held(connection: Connection, contract: str) -> int:
    """How many numbers the contract uses now."""
    used = (numbers.c.contract == contract) & (numbers.c.state == "assigned")
    query = select(func.count()).select_from(numbers).where(used)
    return (await connection.execute(query)).scalar_one()


async def freephones_held(connection: Connection, contract: str) -> tuple[str, ...]:
    """The freephone numbers that the contract pays for."""
    query = select(freephones.c.number).where(freephones.c.contract == contract)
    return tuple((await connection.execute(query.order_by(freephones.c.number))).scalars())


def _row(customer: Customer) -> dict[str, Any]:
    words = {"kind": customer.kind.value, "language": customer.language.value}
    return {**asdict(customer), **words}


def _customer(row: Row[Any]) -> Customer:
    return Customer(
        id=row.id,
        kind=ContractKind(row.kind),
        name=row.name,
        postal_code=row.postal_code,
        address=row.address,
        phone=row.phone,
        mail=row.mail,
        contact=row.contact,
        language=Language(row.language),
    )


def _contract(row: Row[Any]) -> Contract:
    return Contract(
        id=row.id,
        customer=row.customer,
        plan=row.plan,
        profile=Profile(row.profile),
        location=Location(row.ma, row.prefecture),
        status=ContractStatus(row.status),
        number_cap=row.number_cap,
        numbers_added=row.numbers_added,
    )
