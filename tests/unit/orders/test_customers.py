"""Customers and contracts."""

from dataclasses import replace

import pytest

from provisioning.contract import ContractKind, Location, Profile
from provisioning.customers.model import (
    BadField,
    ContractClosed,
    ContractInUse,
    ContractStatus,
    CustomerChanges,
    NewContract,
    TakenId,
    UnknownContract,
    UnknownCustomer,
    UnknownPlan,
    customer,
)
from provisioning.office import Office
from tests.support.orders import NEW_CUSTOMER, OPERATOR, contract, order, ordered

NEW_CONTRACT = NewContract("C00000001", "standard", Profile.NTT, Location("東京", "東京都"))


async def test_a_customer_is_kept_and_changed(shop: Office) -> None:
    made = await shop.customers.create(NEW_CUSTOMER, origin=OPERATOR)
    assert made.id == "C00000001"
    changed = await shop.customers.update(
        made.id, CustomerChanges(mail="new@tokuban.example"), origin=OPERATOR
    )
    assert changed == replace(made, mail="new@tokuban.example")
    assert await shop.customers.get(made.id) == changed
    change, creation = (await shop.audit.search(subject=made.id)).items
    assert (change.before, change.after) == (
        "mail demo@tokuban.example",
        "mail new@tokuban.example",
    )
    assert creation.what == "customer created"


async def test_a_change_that_changes_nothing_is_no_change(shop: Office) -> None:
    made = await shop.customers.create(NEW_CUSTOMER, origin=OPERATOR)
    await shop.customers.update(made.id, CustomerChanges(name=made.name), origin=OPERATOR)
    assert len((await shop.audit.search(subject=made.id)).items) == 1


async def test_customers_are_found_by_name_and_kind(shop: Office) -> None:
    for name, kind in (("100%社", ContractKind.CORPORATE), ("山田", ContractKind.CONSUMER)):
        await shop.customers.create(replace(NEW_CUSTOMER, name=name, kind=kind), origin=OPERATOR)

    async def names(**wanted: object) -> list[str]:
        return [c.name for c in (await shop.customers.list(**wanted)).items]  # type: ignore[arg-type]

    assert await names() == ["100%社", "山田"]
    assert await names(name="%") == ["100%社"]
    assert await names(name="_") == []
    assert await names(kind=ContractKind.CONSUMER) == ["山田"]
    assert await names(limit=1) == ["100%社"]
    assert await names(after="C00000001") == ["山田"]


async def test_a_seed_may_choose_ids_and_none_is_drawn_twice(shop: Office) -> None:
    chosen = replace(NEW_CUSTOMER, id="C00000007")
    assert (await shop.customers.create(chosen, origin=OPERATOR)).id == "C00000007"
    assert (await shop.customers.create(NEW_CUSTOMER, origin=OPERATOR)).id == "C00000008"
    with pytest.raises(TakenId):
        await shop.customers.create(chosen, origin=OPERATOR)
    earlier = replace(NEW_CUSTOMER, id="C00000003")
    assert (await shop.customers.create(earlier, origin=OPERATOR)).id == "C00000003"
    assert (await shop.customers.create(NEW_CUSTOMER, origin=OPERATOR)).id == "C00000009"


async def test_a_contract_needs_a_customer_and_a_plan(shop: Office) -> None:
    with pytest.raises(UnknownCustomer):
        await shop.customers.open_contract(NEW_CONTRACT, origin=OPERATOR)
    await shop.customers.create(NEW_CUSTOMER, origin=OPERATOR)
    with pytest.raises(UnknownPlan, match="standard or business"):
        await shop.customers.open_contract(replace(NEW_CONTRACT, plan="x"), origin=OPERATOR)
    nowhere = replace(NEW_CONTRACT, location=Location("", "東京都"))
    with pytest.raises(BadField):
        await shop.customers.open_contract(nowhere, origin=OPERATOR)
    made = await shop.customers.open_contract(NEW_CONTRACT, origin=OPERATOR)
    assert await shop.customers.contract(made.id) == made
    page = await shop.customers.contracts(customer="C00000001")
    assert (page.items, page.next) == ((made,), None)
    assert (await shop.customers.contracts(customer="C00000002")).items == ()


async def test_a_contract_ends_once_it_holds_no_number(shop: Office) -> None:
    owner = await contract(shop)
    (mine,) = ordered([await order(shop, owner.id)])
    with pytest.raises(ContractInUse, match="1 numbers"):
        await shop.customers.close_contract(owner.id, origin=OPERATOR)
    await shop.orders.cancel(mine, form_reference="F-1", origin=OPERATOR)
    closed = await shop.customers.close_contract(owner.id, origin=OPERATOR)
    assert closed.status is ContractStatus.CLOSED
    with pytest.raises(ContractClosed):
        await shop.customers.set_cap(owner.id, 60, origin=OPERATOR)


@pytest.mark.rule("N050-01")
async def test_a_cap_is_never_below_what_was_added(shop: Office) -> None:
    owner = await contract(shop)
    await order(shop, owner.id, 3)
    with pytest.raises(BadField):
        await shop.customers.set_cap(owner.id, 2, origin=OPERATOR)
    with pytest.raises(UnknownContract):
        await shop.customers.set_cap("K99999999", 2, origin=OPERATOR)
    assert (await shop.customers.set_cap(owner.id, 3, origin=OPERATOR)).numbers_left == 0
    change = (await shop.audit.of_contract(owner.id))[0]
    assert (change.what, change.before, change.after) == (
        "number cap set",
        "up to 50 numbers",
        "up to 3 numbers",
    )


async def test_the_audit_is_read_page_by_page(shop: Office) -> None:
    owner = await contract(shop)
    for cap in range(51, 56):
        await shop.customers.set_cap(owner.id, cap, origin=OPERATOR)
    first = await shop.audit.of_contract(owner.id, most=4)
    rest = await shop.audit.of_contract(owner.id, before_id=first[-1].id)
    assert [c.after for c in (*first, *rest)][:5] == [
        f"up to {n} numbers" for n in range(55, 50, -1)
    ]
    page = await shop.audit.search(who="operator", limit=3)
    again = await shop.audit.search(who="operator", after=page.next or "")
    assert page.items[-1].id == again.items[0].id + 1
    assert (await shop.audit.search(after="no position")).items == ()
    assert (await shop.audit.search(who="nobody")).items == ()


def test_a_person_is_not_shown_by_repr() -> None:
    assert "特番" not in repr(customer("C00000001", NEW_CUSTOMER))
