"""050番号追加申込 in the browser: one order, whatever is clicked (N050-01 to N050-05)."""

import asyncio
import io
import re
from urllib.parse import quote

import pypdf
import pytest

from provisioning.contract import E164
from provisioning.db.connection import Connection
from provisioning.numbers.model import NumberState
from provisioning.orders import store as orders
from provisioning.orders.model import NumberOrder
from provisioning.portal.once import LIFE_S, Once
from tests.web.browser import Browser, Page
from tests.web.conftest import OPERATOR, Browsers, World, logged_in, portal_app

WRONG = (
    "",
    "0",
    "-1",
    "51",
    "1.5",
    "1e1",
    "abc",
    "0x10",
    "９９",
    "99999",
    "1 OR 1=1",
    "'; --",
    "　",
)
NEW, CONFIRM, ORDERS = "/portal/orders/new", "/portal/orders/confirm", "/portal/orders"


async def confirming(browser: Browser, count: str) -> Page:
    """The page that the input page leads to."""
    form = (await browser.get(NEW)).form(CONFIRM)["form"]
    return await browser.get(f"{CONFIRM}?form={form}&count={count}")


async def ordered(browser: Browser, count: int) -> Page:
    """The result of a whole order."""
    page = await confirming(browser, str(count))
    return await browser.follow(await browser.send(ORDERS, page.form(ORDERS)))


async def assigned(world: World) -> int:
    return (await world.office.numbers.counts()).get(NumberState.ASSIGNED, 0)


@pytest.mark.rule("N050-05")
async def test_input_warns_confirm_asks_and_the_result_shows_all(
    customer: Browser, world: World
) -> None:
    page = await customer.get(NEW)
    for words in ("書面でのお手続き", "解約から半年以上", "ご契約プランに準じます", "重複して追加"):
        assert words in page.text
    page = await confirming(customer, "3")
    assert "3番号 × 300円 ＝ 月額 900円（税抜）" in page.text
    assert await assigned(world) == 0
    page = await customer.follow(await customer.send(ORDERS, page.form(ORDERS)))
    assert page.title == "050番号を追加しました"
    assert len(page.secrets) == 6
    assert page.text.count('class="number"') == 3
    assert await assigned(world) == 3


@pytest.mark.rule("N050-04")
async def test_passwords_are_shown_once(customer: Browser) -> None:
    page = await ordered(customer, 2)
    again = await customer.get(page.response.url.path)
    assert again.secrets == []
    assert "パスワードは一度だけ表示される" in again.text
    assert all(secret not in again.text for secret in page.secrets if len(secret) > 4)


@pytest.mark.rule("N050-04")
async def test_head_leaves_the_passwords_to_whoever_sees_them(customer: Browser) -> None:
    page = await confirming(customer, "1")
    sent = await customer.send(ORDERS, page.form(ORDERS))
    for _ in range(2):
        assert (await customer.client.head(sent.location)).status_code == 200
    assert len((await customer.follow(sent)).secrets) == 2
    assert (await customer.get(sent.location)).secrets == []


@pytest.mark.rule("N050-04")
async def test_another_session_of_the_same_customer_does_not_take_them(
    customer: Browser, browsers: Browsers, world: World
) -> None:
    other = await logged_in(browsers(), world)
    page = await confirming(customer, "1")
    sent = await customer.send(ORDERS, page.form(ORDERS))
    assert (await other.get(sent.location)).secrets == []
    assert len((await customer.follow(sent)).secrets) == 2


@pytest.mark.rule("N050-03")
class TestOnce:
    async def test_twenty_clicks_at_once_are_one_order_whose_passwords_are_seen(
        self, customer: Browser, world: World
    ) -> None:
        form = (await confirming(customer, "3")).form(ORDERS)
        sent = await asyncio.gather(*(customer.send(ORDERS, form) for _ in range(20)))
        assert len({page.location for page in sent}) == 1
        assert await assigned(world) == 3
        assert len((await customer.follow(sent[-1])).secrets) == 6

    async def test_a_form_sent_again_after_a_restart_is_the_same_order(
        self, customer: Browser, world: World, browsers: Browsers
    ) -> None:
        form = (await confirming(customer, "3")).form(ORDERS)
        first = await customer.send(ORDERS, form)
        # Another process knows nothing but the database.
        restarted = browsers(app=portal_app(world))
        restarted.client.cookies.update(customer.client.cookies)
        again = await restarted.send(ORDERS, form)
        assert again.location == first.location
        assert (await restarted.follow(again)).secrets == []
        assert await assigned(world) == 3

    async def test_back_and_again_leads_to_the_same_order(
        self, customer: Browser, world: World
    ) -> None:
        page = await confirming(customer, "2")
        first = await customer.send(ORDERS, page.form(ORDERS))
        assert len((await customer.follow(first)).secrets) == 4
        back = await customer.get(f"{CONFIRM}?form={page.form(ORDERS)['form']}&count=2")
        again = await customer.send(ORDERS, back.form(ORDERS))
        assert again.location == first.location
        assert (await customer.follow(again)).secrets == []
        assert await assigned(world) == 2

    async def test_a_used_form_with_another_count_is_refused(
        self, customer: Browser, world: World
    ) -> None:
        form = (await confirming(customer, "2")).form(ORDERS)
        await customer.send(ORDERS, form)
        page = await customer.send(ORDERS, {**form, "count": "3"})
        assert (page.status, page.title) == (410, "このお申込み画面は使用済みです")
        assert await assigned(world) == 2

    async def test_a_form_of_an_earlier_login_orders_nothing(
        self, customer: Browser, stranger: Browser, world: World
    ) -> None:
        foreign = (await stranger.get(NEW)).form(CONFIRM)["form"]
        page = await customer.get(f"{CONFIRM}?form={foreign}&count=2")
        assert page.status == 410
        mine = (await confirming(customer, "2")).form(ORDERS)
        page = await customer.send(ORDERS, {**mine, "form": foreign})
        assert page.status == 410
        assert await assigned(world) == 0

    def test_a_secret_that_nobody_fetches_is_forgotten(self) -> None:
        once: Once[str] = Once()
        once.put("order", "secret", now=1.0)
        assert once.take("order", 1.1 + LIFE_S) is None


@pytest.mark.rule("N050-01")
class TestCounts:
    async def test_a_wrong_count_is_said_beside_its_field(
        self, customer: Browser, world: World
    ) -> None:
        form = (await confirming(customer, "1")).form(ORDERS)
        for count in WRONG:
            asked = await customer.get(f"{CONFIRM}?form={form['form']}&count={quote(count)}")
            sent = await customer.send(ORDERS, {**form, "count": count})
            for page in (asked, sent):
                assert (page.status, page.errors) == (422, ["count"]), count
        assert await assigned(world) == 0

    async def test_full_width_digits_are_a_count(self, customer: Browser) -> None:
        assert "3番号 ×" in (await confirming(customer, "３")).text

    async def test_beyond_the_cap_the_customer_is_told_what_is_left_and_whom_to_ask(
        self, customer: Browser, world: World
    ) -> None:
        await world.office.customers.set_cap(world.contract, 3, origin=OPERATOR)
        form = (await confirming(customer, "3")).form(ORDERS)
        await ordered(customer, 2)
        for page in (await customer.send(ORDERS, form), await confirming(customer, "3")):
            assert (page.status, page.errors) == (422, ["count"])
            assert "あと1番号まで" in page.text
            assert "support@tokuban.example" in page.text
        await ordered(customer, 1)
        assert "上限（累計3番号）に達しています" in (await customer.get(NEW)).text
        menu = (await customer.get("/portal/menu")).text
        assert "上限（累計3番号）に達しています" in menu
        assert "お客さまセンター（support@tokuban.example）まで" in menu
        assert "入力画面へ" not in menu
        assert await assigned(world) == 3

    async def test_an_empty_inventory_is_said_and_nothing_is_allocated(
        self, customer: Browser, world: World
    ) -> None:
        for last in range(58):
            await world.office.numbers.reserve(E164(f"+81500000{last:04d}"), origin=OPERATOR)
        form = (await confirming(customer, "3")).form(ORDERS)
        page = await customer.send(ORDERS, form)
        assert (page.status, page.errors) == (422, ["count"])
        assert "在庫が足りません" in page.text
        assert await assigned(world) == 0

    async def test_the_page_reckons_while_typing(self, customer: Browser) -> None:
        page = await customer.get("/portal/orders/quote?count=10")
        assert page.text.strip() == "10番号 × 300円 ＝ 月額 3,000円（税抜）"
        page = await customer.get("/portal/orders/quote?count=ten")
        assert page.text.strip() == "1番号あたり 月額 300円（税抜）"


@pytest.mark.rule("N050-04")
class TestLetter:
    async def test_it_is_handed_out_once(self, customer: Browser) -> None:
        result = await ordered(customer, 1)
        path = f"{result.response.url.path}/letter"
        sent = await customer.send(path, result.form(path))
        assert sent.response.headers["content-type"] == "application/pdf"
        assert sent.response.headers["cache-control"] == "no-store"
        letter = pypdf.PdfReader(io.BytesIO(sent.response.content))
        text = "".join(page.extract_text() for page in letter.pages)
        assert all(secret in text for secret in result.secrets)
        again = await customer.send(path, result.form(path))
        assert (again.status, again.title) == (410, "ご案内（PDF）は受け取り済みです")
        assert "受け取り済み" in (await customer.get(result.response.url.path)).text

    async def test_two_clicks_at_once_get_the_same_letter(self, customer: Browser) -> None:
        result = await ordered(customer, 1)
        path = f"{result.response.url.path}/letter"
        both = await asyncio.gather(*(customer.send(path, result.form(path)) for _ in range(2)))
        assert both[0].response.content == both[1].response.content
        assert both[0].response.content.startswith(b"%PDF")


@pytest.mark.rule("N050-01")
async def test_a_closed_contract_orders_nothing(customer: Browser, world: World) -> None:
    form = (await confirming(customer, "1")).form(ORDERS)
    await world.office.customers.close_contract(world.contract, origin=OPERATOR)
    page = await customer.send(ORDERS, form)
    assert page.status == 410
    assert await assigned(world) == 0


async def test_orders_are_listed_newest_first(customer: Browser) -> None:
    assert "お申込みはまだありません" in (await customer.get(ORDERS)).text
    await ordered(customer, 1)
    await ordered(customer, 2)
    page = await customer.get(ORDERS)
    assert page.text.index("N00000002") < page.text.index("N00000001")


async def test_older_orders_are_on_the_next_page(customer: Browser, world: World) -> None:
    ids = [f"N000001{number:02d}" for number in range(56)]

    async def past(connection: Connection) -> None:
        for id in ids:
            order = NumberOrder(id, world.contract, 1, world.time, ())
            await orders.insert(connection, order, f"key-{id}", b"sealed")

    await world.office._database.write(past)
    page = await customer.get(ORDERS)
    older = re.findall(r'href="(/portal/orders[?]before=[^"]+)"', page.text)
    assert re.findall(r'href="/portal/orders/(N[0-9]+)"', page.text) == ids[:5:-1]
    page = await customer.get(older[0])
    assert re.findall(r'href="/portal/orders/(N[0-9]+)"', page.text) == ids[5::-1]
    assert "before=" not in page.text
    for beyond in ("N00000000", "x%00", "%F0%9F%98%80"):
        assert (await customer.get(f"{ORDERS}?before={beyond}")).status == 200


async def test_another_contracts_order_does_not_exist(customer: Browser, stranger: Browser) -> None:
    result = await ordered(customer, 1)
    path = result.response.url.path
    mine = await ordered(stranger, 1)
    for page in (
        await stranger.get(path),
        await stranger.send(f"{path}/letter", mine.form(f"{mine.response.url.path}/letter")),
    ):
        assert (page.status, page.title) == (404, "ページが見つかりません")
    assert "ご案内（PDF）を受け取る" in (await customer.get(path)).text
