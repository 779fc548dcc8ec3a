"""Fifty orders at once: disjoint sets, on one office and on several that share a database."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from provisioning.numbers.model import NumberState
from provisioning.office import Office, OfficeSettings
from provisioning.orders.model import InventoryEmpty, NumberOrder
from tests.support import postgres
from tests.support.orders import contract, order, ordered, stock
from tests.support.storage import REALM

pytestmark = pytest.mark.rule("N050-02")

ORDERS, EACH = 50, 4


@pytest.fixture
def office_settings(office_settings: OfficeSettings) -> OfficeSettings:
    """Settings with patience: fifty orders wait for one connection each, on any machine."""
    return replace(office_settings, wait_s=30)


async def test_fifty_at_once_share_no_number(shop: Office) -> None:
    """They take the last number there is, and one more order gets none."""
    await stock(shop, ORDERS * EACH - 100, first=100)
    owners = [await contract(shop) for _ in range(ORDERS)]
    placed = await asyncio.gather(*(order(shop, owner.id, EACH) for owner in owners))
    assert len(set(ordered(placed))) == ORDERS * EACH
    assert len({each.id for each in placed}) == ORDERS
    assert (await shop.numbers.counts())[NumberState.FREE] == 0
    for owner, each in zip(owners, placed, strict=True):
        page = await shop.numbers.list(contract=owner.id)
        assert {record.number for record in page.items} == set(ordered([each]))
        assert {record.order for record in page.items} == {each.id}
    with pytest.raises(InventoryEmpty):
        await order(shop, owners[0].id, key="one more")


async def test_offices_that_share_a_database_share_no_number(
    postgres_server: str, tmp_path: Path
) -> None:
    """Five processes' worth of offices on one PostgreSQL server, ten orders in each."""
    with postgres.database(postgres_server) as url:
        settings = OfficeSettings(tmp_path / "0", REALM, database=url, wait_s=10)
        async with AsyncExitStack() as stack:
            offices = []
            for index in range(5):
                own = replace(settings, data=tmp_path / str(index))
                office = await Office.open(own)
                stack.push_async_callback(office.close)
                offices.append(office)
            await stock(offices[0], 10_000)
            owners = [await contract(offices[0]) for _ in range(ORDERS)]
            placed = await asyncio.gather(
                *(order(offices[n % 5], owner.id, EACH) for n, owner in enumerate(owners))
            )
    assert len(set(ordered(placed))) == ORDERS * EACH


@pytest.mark.rule("N050-03")
async def test_offices_that_share_a_database_keep_one_key_to_one_order(
    postgres_server: str, tmp_path: Path
) -> None:
    """Two offices, one contract, one key and a cap that one order fills."""
    with postgres.database(postgres_server) as url:
        settings = OfficeSettings(tmp_path / "one", REALM, database=url, wait_s=10)
        one = await Office.open(settings)
        other = await Office.open(replace(settings, data=tmp_path / "other"))
        try:
            await stock(one, 100)
            owner = await contract(one, cap=EACH)
            placed = await asyncio.gather(
                *(order(office, owner.id, EACH) for office in (one, other))
            )
            kept = await one.orders.get(placed[0].id)
            added = (await one.customers.contract(owner.id)).numbers_added
        finally:
            await one.close()
            await other.close()
    assert placed[0].id == placed[1].id
    assert sorted(map(_is_masked, placed)) == [False, True]
    assert ordered([kept]) == ordered(placed[:1]) == ordered(placed[1:])
    assert added == EACH


def _is_masked(order: NumberOrder) -> bool:
    return order.numbers[0].line_password is None
