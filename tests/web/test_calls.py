"""The customer's calls, what each cost and why, in both languages (LINK-04)."""

import pytest

from provisioning.contract import E164, CallRecord
from tests.support.call_records import record
from tests.web.browser import Browser
from tests.web.conftest import OPERATOR, World

pytestmark = pytest.mark.rule("LINK-04")

CALLS = "/portal/calls"


def call(line: E164, at: float, number: int = 1, **changes: object) -> CallRecord:
    mine = record(number, service="line", line=line, payer=line, called="0312345678")
    mine = mine._replace(business_started_at=at, seconds=31.0)
    return mine._replace(**changes)  # type: ignore[arg-type]


async def a_line(world: World, contract: str) -> E164:
    order = await world.office.orders.place(contract, 1, key="calls", origin=OPERATOR)
    return order.numbers[0].number


async def test_each_call_is_shown_with_its_charge_and_why(customer: Browser, world: World) -> None:
    assert "通話はまだありません" in (await customer.get(CALLS)).text
    line, now = await a_line(world, world.contract), world.office.clock.seconds()
    await world.office.records.append(call(line, now))
    await world.office.records.append(call(line, now, 2, service="forwarding", leg=2))
    await world.office.records.append(
        call(line, now, 3, called="0120000003", destination="0120000003")
    )
    await world.office.records.append(call(line, now, 4, answered_at=None, seconds=0.0))
    await world.office.records.append(call(line, now, 5, payer=None))
    await world.office.billing.settle()
    page = await customer.get(CALLS)
    assert page.title == "通話と料金"
    assert page.text.count('scope="row"') == 3
    assert page.text.count("税込44円 (税抜40円)") == 2
    assert "標準の電話アプリから発信した通話です" in page.text
    assert "着信転送の区間です" in page.text
    assert "この番号への通話は発信者に課金されません" in page.text
    await customer.get(f"/portal/language?to=en&back={CALLS}")
    page = await customer.get(CALLS)
    assert "44 yen with tax (40 before tax)" in page.text
    assert "31 s = 2 started × 30 s at 20 yen" in page.text


async def test_nobody_sees_another_s_calls(
    customer: Browser, stranger: Browser, world: World
) -> None:
    line, now = await a_line(world, world.contract), world.office.clock.seconds()
    await world.office.records.append(call(line, now))
    await world.office.records.append(call(line, now - 86_400.0, 2, called="0399999999"))
    assert (await customer.get(CALLS)).text.count('scope="row"') == 1
    assert "0399999999" not in (await customer.get(CALLS)).text, "before the number was theirs"
    assert (await stranger.get(CALLS)).text.count('scope="row"') == 0
    await a_line(world, world.other_contract)
    assert (await stranger.get(CALLS)).text.count('scope="row"') == 0


async def test_a_long_list_goes_on_over_the_page(customer: Browser, world: World) -> None:
    line, now = await a_line(world, world.contract), world.office.clock.seconds()
    for number in range(31):
        await world.office.records.append(call(line, now, number))
    page = await customer.get(CALLS)
    assert page.text.count('scope="row"') == 30
    older = page.text.partition(f'href="{CALLS}?before=')[2].partition('"')[0]
    assert (await customer.get(f"{CALLS}?before={older}")).text.count('scope="row"') == 1
    hostile = await customer.get(f"{CALLS}?before=1;DROP")
    assert hostile.text.count('scope="row"') == 30


async def test_a_dialled_string_runs_nowhere(customer: Browser, world: World) -> None:
    line, now = await a_line(world, world.contract), world.office.clock.seconds()
    await world.office.records.append(call(line, now, called="<script>alert(1)</script>"))
    assert "<script>alert" not in (await customer.get(CALLS)).response.text
