"""Customers and contracts: made, changed, listed and closed, each with its audit row."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import TypeVar

from sqlalchemy.exc import IntegrityError

from provisioning.audit.model import Origin
from provisioning.audit.store import Audit
from provisioning.contract import ContractKind, Geography
from provisioning.customers import model, store
from provisioning.customers.model import (
    Contract,
    ContractClosed,
    ContractInUse,
    ContractStatus,
    Customer,
    CustomerChanges,
    NewContract,
    NewCustomer,
    Plan,
    TakenId,
    UnknownPlan,
)
from provisioning.db import serials
from provisioning.db.connection import Connection
from provisioning.db.paging import Page, page_size, paged
from provisioning.db.unit_of_work import Database

T = TypeVar("T")


class Customers:
    """The customers of the office and their contracts; `geography`: where these can be."""

    def __init__(
        self,
        database: Database,
        audit: Audit,
        geography: Geography = Geography({}, {}),  # noqa: B008 - a frozen value
    ) -> None:
        self._database, self._audit, self._geography = database, audit, geography
        self.plans: Mapping[str, Plan] = store.read_plans()

    async def create(self, new: NewCustomer, *, origin: Origin) -> Customer:
        """Take on a customer.

        Raises:
            BadField: a value cannot be kept.
            TakenId: the id that a seed chose is another's.
        """
        return await self._write_new(lambda c: self.create_within(c, new, origin=origin))

    async def create_within(
        self, connection: Connection, new: NewCustomer, *, origin: Origin
    ) -> Customer:
        """The same in somebody's unit of work; IntegrityError for a taken id."""
        draft = model.customer("", new)
        customer = replace(draft, id=await _id(connection, "C", new.id))
        await store.insert_customer(connection, customer)
        await self._audit.note(
            connection, customer.id, "customer created", after=customer.name, origin=origin
        )
        return customer

    async def update(self, id: str, changes: CustomerChanges, *, origin: Origin) -> Customer:
        """Change what `changes` names; `UnknownCustomer`, `BadField`."""

        async def work(connection: Connection) -> Customer:
            old = await store.customer(connection, id, to_change=True)
            new = model.changed(old, changes)
            if new != old:
                before, after = model.difference(old, new)
                await store.update_customer(connection, new)
                await self._audit.note(
                    connection, id, "customer changed", before=before, after=after, origin=origin
                )
            return new

        return await self._database.write(work)

    async def get(self, id: str) -> Customer:
        """The customer with this id; `UnknownCustomer`."""
        return await self._database.read(lambda connection: store.customer(connection, id))

    async def list(
        self,
        *,
        after: str = "",
        limit: int = 100,
        name: str | None = None,
        kind: ContractKind | None = None,
    ) -> Page[Customer]:
        """Customers in order of their ids, those whose name holds `name`."""
        limit = page_size(limit)
        found = await self._database.read(
            lambda connection: store.list_customers(
                connection, after=after, limit=limit + 1, name=name, kind=kind
            )
        )
        return paged(found, limit, lambda customer: customer.id)

    async def open_contract(self, new: NewContract, *, origin: Origin) -> Contract:
        """Open a contract for a customer.

        Raises:
            UnknownCustomer, UnknownPlan: there is none.
            BadField: the location or the cap cannot be kept.
            TakenId: the id that a seed chose is another's.
        """
        return await self._write_new(lambda c: self.open_within(c, new, origin=origin))

    async def open_within(
        self, connection: Connection, new: NewContract, *, origin: Origin
    ) -> Contract:
        """The same in somebody's unit of work; IntegrityError for a taken id."""
        if new.plan not in self.plans:
            raise UnknownPlan(f"no plan {new.plan!r:.40}: choose {' or '.join(self.plans)}")
        where = model.location(new.location, self._geography)
        cap = model.cap(new.number_cap)
        await store.customer(connection, new.customer)
        id = await _id(connection, "K", new.id)
        contract = Contract(id, new.customer, new.plan, new.profile, where, number_cap=cap)
        await store.insert_contract(connection, contract)
        await self._audit.note(
            connection,
            id,
            "contract opened",
            after=f"{new.customer}, plan {new.plan}, {new.profile}, up to {cap} numbers",
            origin=origin,
            contract=id,
        )
        return contract

    async def contract(self, id: str) -> Contract:
        """The contract with this id; `UnknownContract`."""
        return await self._database.read(lambda connection: store.contract(connection, id))

    async def signed(self, id: str) -> tuple[Contract, Customer]:
        """The contract with this id, and who signed it; `UnknownContract`."""

        async def work(connection: Connection) -> tuple[Contract, Customer]:
            contract = await store.contract(connection, id)
            return contract, await store.customer(connection, contract.customer)

        return await self._database.read(work)

    async def contracts(
        self, *, customer: str | None = None, after: str = "", limit: int = 100
    ) -> Page[Contract]:
        """Contracts in order of their ids, of all customers or of one."""
        limit = page_size(limit)
        found = await self._database.read(
            lambda connection: store.list_contracts(
                connection, customer=customer, after=after, limit=limit + 1
            )
        )
        return paged(found, limit, lambda contract: contract.id)

    async def set_cap(self, contract_id: str, cap: int, *, origin: Origin) -> Contract:
        """Let the contract add up to `cap` numbers over its life (N050-01).

        Raises:
            UnknownContract, ContractClosed: nothing can be added there.
            BadField: more numbers than `cap` were added already, or no contract may have as many.
        """

        def change(old: Contract) -> tuple[Contract, str, str]:
            new = replace(old, number_cap=model.cap(cap, old.numbers_added))
            return new, f"up to {old.number_cap} numbers", f"up to {cap} numbers"

        return await self._change(contract_id, "number cap set", change, origin)

    async def close_contract(self, id: str, *, origin: Origin) -> Contract:
        """End a contract; `ContractInUse` while it holds numbers: these are cancelled first."""

        def change(old: Contract) -> tuple[Contract, str, str]:
            return replace(old, status=ContractStatus.CLOSED), "active", "closed"

        return await self._change(id, "contract closed", change, origin, unused=True)

    async def monthly_fee_yen(self, contract_id: str) -> int:
        """What the contract's added numbers cost a month, without tax (N050-07)."""

        async def work(connection: Connection) -> int:
            contract = await store.contract(connection, contract_id)
            held = await store.numbers_held(connection, contract_id)
            return held * self.plans[contract.plan].monthly_fee_yen

        return await self._database.read(work)

    async def _change(
        self,
        id: str,
        what: str,
        change: Callable[[Contract], tuple[Contract, str, str]],
        origin: Origin,
        *,
        unused: bool = False,
    ) -> Contract:
        async def work(connection: Connection) -> Contract:
            old = await store.contract(connection, id, to_change=True)
            if old.status is ContractStatus.CLOSED:
                raise ContractClosed(f"contract {id} is closed")
            if unused and (held := await store.numbers_held(connection, id)):
                raise ContractInUse(f"contract {id} holds {held} numbers: cancel them first")
            if unused and (paid := await store.freephones_held(connection, id)):
                raise ContractInUse(f"contract {id} pays for {', '.join(paid)}: give them up first")
            new, before, after = change(old)
            await store.update_contract(connection, new)
            await self._audit.note(
                connection, id, what, before=before, after=after, origin=origin, contract=id
            )
            return new

        return await self._database.write(work)

    async def _write_new(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        try:
            return await self._database.write(work)
        except IntegrityError as error:
            raise TakenId("another one has this id already") from error


async def _id(connection: Connection, letter: str, chosen: str | None) -> str:
    """The id that a seed chose, or the next one."""
    if chosen is None:
        return await serials.draw(connection, letter)
    await serials.pass_over(connection, model.given_id(letter, chosen))
    return chosen
