"""The customer's numbers and new passwords for them (N050-04, N050-06)."""

import asyncio

import pytest

from provisioning.contract import E164, Access, Account, Binding
from tests.web.browser import Browser
from tests.web.conftest import OPERATOR, World
from tests.web.test_ordering import ordered

NUMBERS = "/portal/numbers"


async def a_number(customer: Browser) -> str:
    """The national digits of a number just ordered."""
    page = await ordered(customer, 1)
    return page.text.partition(f"{NUMBERS}/")[2][:11]


def e164(digits: str) -> E164:
    return E164(f"+81{digits[1:]}")


def account_of(world: World, digits: str) -> Account:
    (account,) = world.office.directory.accounts_of(e164(digits))
    return account


async def test_the_list_shows_state_and_registered_phones(customer: Browser, world: World) -> None:
    assert "追加した番号はまだありません" in (await customer.get(NUMBERS)).text
    digits = await a_number(customer)
    page = await customer.get(NUMBERS)
    assert "利用中" in page.text
    assert "未登録" in page.text
    binding = Binding("sip:x@192.0.2.1", "id", 1, 4_000_000_000.0, "udp:192.0.2.1:5060")
    await world.office.bindings.save(account_of(world, digits).user, (binding,))
    assert "登録中" in (await customer.get(NUMBERS)).text
    page = await customer.get(f"{NUMBERS}/{digits}")
    assert f"<code>{digits}</code>" in page.text
    assert "127.0.0.1:5060" in page.text
    assert account_of(world, digits).access is Access.OS


async def test_a_long_list_goes_on_over_the_page(customer: Browser, world: World) -> None:
    await world.office.customers.set_cap(world.contract, 60, origin=OPERATOR)
    await world.office.orders.place(world.contract, 50, key="first", origin=OPERATOR)
    await world.office.orders.place(world.contract, 2, key="second", origin=OPERATOR)
    page = await customer.get(NUMBERS)
    assert page.text.count('scope="row"') == 50
    following = page.text.partition('href="/portal/numbers?after=')[2][:11]
    page = await customer.get(f"{NUMBERS}?after={following}")
    assert page.text.count('scope="row"') == 2


@pytest.mark.rule("N050-06")
async def test_cancelling_is_not_on_the_web_and_a_cancelled_number_is_shown_so(
    customer: Browser, world: World
) -> None:
    digits = await a_number(customer)
    page = await customer.get(f"{NUMBERS}/{digits}")
    assert "書面でのお手続きが必要" in page.text
    assert "解約する" not in page.text
    await world.office.orders.cancel(e164(digits), form_reference="F-1", origin=OPERATOR)
    page = await customer.get(f"{NUMBERS}/{digits}")
    assert "解約済み" in page.text
    assert "再設定" not in page.text
    for path in ("line", "service"):
        assert (await customer.get(f"{NUMBERS}/{digits}/passwords/{path}")).status == 404


async def test_an_order_links_no_number_that_was_freed(customer: Browser, world: World) -> None:
    digits = await a_number(customer)
    order = (await customer.get("/portal/orders")).text.partition("/portal/orders/N")[2][:8]
    path, link = f"/portal/orders/N{order}", f'href="{NUMBERS}/{digits}"'
    await world.office.orders.cancel(e164(digits), form_reference="F-1", origin=OPERATOR)
    assert link in (await customer.get(path)).text
    until = (await world.office.numbers.get(e164(digits))).until
    assert until is not None
    await world.office.numbers.run_due(until)
    page = await customer.get(path)
    assert page.status == 200
    assert f"{digits[:3]}-{digits[3:7]}-{digits[7:]}" in page.text
    assert link not in page.text


@pytest.mark.rule("N050-04")
class TestReset:
    @pytest.mark.parametrize("kind", ["line", "service"])
    async def test_head_leaves_the_new_one_to_whoever_sees_it(
        self, customer: Browser, kind: str
    ) -> None:
        path = f"{NUMBERS}/{await a_number(customer)}/passwords/{kind}"
        sent = await customer.fill(path, path)
        assert sent.location == f"{path}/done"
        for _ in range(2):
            assert (await customer.client.head(sent.location)).status_code == 200
        assert len((await customer.follow(sent)).secrets) == 1
        assert (await customer.get(sent.location)).secrets == []

    @pytest.mark.parametrize(("kind", "length"), [("line", 12), ("service", 4)])
    async def test_it_asks_first_and_shows_the_new_one_once(
        self, customer: Browser, world: World, kind: str, length: int
    ) -> None:
        digits = await a_number(customer)
        before = account_of(world, digits).ha1
        path = f"{NUMBERS}/{digits}/passwords/{kind}"
        page = await customer.get(path)
        assert "すぐに使えなくなります" in page.text
        assert account_of(world, digits).ha1 == before
        sent = await customer.send(path, page.form(path))
        shown = await customer.follow(sent)
        assert [len(each) for each in shown.secrets] == [length]
        assert (account_of(world, digits).ha1 == before) is (kind == "service")
        again = await customer.get(f"{path}/done")
        assert again.secrets == []
        assert "もう一度再設定してください" in again.text

    async def test_two_clicks_are_one_reset_whose_password_is_the_one_shown(
        self, customer: Browser, world: World
    ) -> None:
        digits = await a_number(customer)
        path = f"{NUMBERS}/{digits}/passwords/line"
        form = (await customer.get(path)).form(path)
        first, second = await asyncio.gather(*(customer.send(path, form) for _ in range(2)))
        assert first.location == second.location
        assert len((await customer.follow(second)).secrets) == 1
        after = account_of(world, digits).ha1
        await customer.send(path, form)
        assert account_of(world, digits).ha1 == after

    async def test_a_form_of_nobody_resets_nothing(self, customer: Browser, world: World) -> None:
        digits = await a_number(customer)
        before = account_of(world, digits).ha1
        path = f"{NUMBERS}/{digits}/passwords/line"
        form = (await customer.get(path)).form(path)
        assert (await customer.send(path, {**form, "form": "forged"})).status == 410
        assert account_of(world, digits).ha1 == before


async def test_another_contracts_number_does_not_exist(
    customer: Browser, stranger: Browser, world: World
) -> None:
    digits = await a_number(customer)
    before = account_of(world, digits).ha1
    mine = await a_number(stranger)
    own = f"{NUMBERS}/{mine}/passwords/line"
    form = (await stranger.get(own)).form(own)
    for page in (
        await stranger.get(f"{NUMBERS}/{digits}"),
        await stranger.get(f"{NUMBERS}/{digits}/passwords/line"),
        await stranger.get(f"{NUMBERS}/{digits}/passwords/line/done"),
        await stranger.send(f"{NUMBERS}/{digits}/passwords/line", form),
    ):
        assert page.status == 404
    assert account_of(world, digits).ha1 == before
    assert digits not in (await stranger.get(NUMBERS)).text


async def test_paths_that_are_no_numbers_are_not_found(customer: Browser) -> None:
    digits = await a_number(customer)
    for path in (
        "05099999999",
        "0500000000a",
        "' OR '1'='1",
        "%27%20OR%201=1--",
        "..%2f..%2fetc%2fpasswd",
        "%00",
        "０５０００００００００",
        f"{digits}/passwords/other",
        f"{digits}/passwords/line;drop",
    ):
        assert (await customer.get(f"{NUMBERS}/{path}")).status == 404, path
