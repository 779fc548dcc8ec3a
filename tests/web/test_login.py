"""Login, code, logout, language (N050-05)."""

import pytest

from provisioning.contract import Language
from provisioning.customers.model import CustomerChanges
from provisioning.selfcare.model import Limits
from provisioning.selfcare.service import SelfCare
from tests.support.selfcare import wrong
from tests.web.browser import HTTPS, Browser, Page
from tests.web.conftest import ID, MAIL, OPERATOR, PASSWORD, Browsers, World, logged_in

LOGIN, CODE, RESEND = "/portal/login", "/portal/login/code", "/portal/login/code/resend"


async def asked(browser: Browser, selfcare_id: str = ID, password: str = PASSWORD) -> Page:
    """The page behind the form of ID and password."""
    sent = await browser.fill(LOGIN, LOGIN, selfcare_id=selfcare_id, password=password)
    return await browser.follow(sent)


@pytest.mark.rule("N050-05")
class TestLogin:
    async def test_id_password_and_mailed_code_lead_to_the_menu(
        self, visitor: Browser, world: World
    ) -> None:
        page = await asked(visitor)
        assert page.title == "認証コードの入力"
        assert world.letterbox.mails[-1].to == MAIL
        sent = await visitor.send(CODE, {**page.form(CODE), "code": world.code})
        page = await visitor.follow(sent)
        assert page.title == "メニュー"
        for words in ("特番デモ商事 様", "各種サービス設定・変更", "050番号追加申込", "入力画面へ"):
            assert words in page.text

    async def test_unknown_id_wrong_password_and_right_ones_get_the_same_answer(
        self, browsers: Browsers, world: World
    ) -> None:
        answers = []
        for name, password in ((ID, PASSWORD), (ID, "wrong"), ("nobody", PASSWORD)):
            sent = await browsers().fill(LOGIN, LOGIN, selfcare_id=name, password=password)
            cookie = sent.response.headers["set-cookie"]
            answers.append((sent.status, sent.location, len(cookie)))
        assert len(set(answers)) == 1
        assert len(world.letterbox.mails) == 1

    async def test_full_width_letters_are_taken(self, visitor: Browser, world: World) -> None:
        page = await asked(visitor, "ｄｅｍｏ－ｓｅｌｆｃａｒｅ")
        wide = world.code.translate({ord(str(n)): chr(0xFF10 + n) for n in range(10)})
        sent = await visitor.send(CODE, {**page.form(CODE), "code": f" {wide} "})
        assert sent.location == "/portal/menu"

    async def test_a_wrong_code_says_how_many_tries_are_left_and_the_fifth_ends_the_login(
        self, visitor: Browser, world: World
    ) -> None:
        page = await asked(visitor)
        for left in (4, 3, 2, 1):
            page = await visitor.send(CODE, {**page.form(CODE), "code": wrong(world.code)})
            assert page.status == 422
            assert page.errors == ["code"]
            assert f"あと{left}回" in page.text
        page = await visitor.send(CODE, {**page.form(CODE), "code": wrong(world.code)})
        assert page.status == 410
        assert page.title == "認証コードの入力回数の上限に達しました"
        assert 'href="/portal/login"' in page.text
        assert (await visitor.get(CODE)).location == LOGIN

    async def test_another_code_voids_the_one_before(self, visitor: Browser, world: World) -> None:
        page = await asked(visitor)
        first = world.code
        page = await visitor.follow(await visitor.send(RESEND, page.form(RESEND)))
        assert "新しい認証コードをお送りしました" in page.text
        assert (await visitor.send(CODE, {**page.form(CODE), "code": first})).status == 422
        sent = await visitor.send(CODE, {**page.form(CODE), "code": world.code})
        assert sent.location == "/portal/menu"

    async def test_empty_fields_are_named(self, visitor: Browser) -> None:
        page = await visitor.fill(LOGIN, LOGIN, selfcare_id=" ", password="")
        assert (page.status, page.errors) == (422, ["selfcare_id", "password"])
        page = await asked(visitor)
        page = await visitor.send(CODE, {**page.form(CODE), "code": ""})
        assert (page.status, page.errors) == (422, ["code"])

    async def test_what_was_typed_comes_back_as_text_and_the_password_does_not(
        self, visitor: Browser
    ) -> None:
        page = await visitor.fill(LOGIN, LOGIN, selfcare_id='"><script>x', password="")
        assert "<script>x" not in page.response.text
        page = await visitor.fill(LOGIN, LOGIN, selfcare_id="", password=PASSWORD)
        assert PASSWORD not in page.text

    async def test_who_fails_too_often_waits_and_is_told_how_long(
        self, visitor: Browser, world: World
    ) -> None:
        for _ in range(5):
            await visitor.fill(LOGIN, LOGIN, selfcare_id=ID, password="wrong")
        page = await visitor.fill(LOGIN, LOGIN, selfcare_id=ID, password="wrong")
        assert page.status == 429
        wait_s = page.response.headers["retry-after"]
        assert f"{wait_s}秒" in page.text
        assert "ログイン画面へ" in page.text
        assert "メニューへ" not in page.text
        world.passes(int(wait_s))
        await asked(visitor)


class TestSession:
    async def test_logout_ends_it_for_the_cookie_too(self, customer: Browser) -> None:
        page = await customer.get("/portal/menu")
        cookie = customer.client.cookies["tokuban-session"]
        page = await customer.follow(
            await customer.send("/portal/logout", page.form("/portal/logout"))
        )
        assert "ログアウトしました" in page.text
        customer.client.cookies.set("tokuban-session", cookie)
        assert (await customer.get("/portal/menu")).location == "/portal/login?ended=1"

    async def test_an_idle_session_ends_with_a_way_on(
        self, customer: Browser, world: World
    ) -> None:
        form = (await customer.get("/portal/password")).form("/portal/password")
        world.passes(901)
        sent = await customer.send("/portal/password", {**form, "old": PASSWORD})
        assert (sent.status, sent.title) == (410, "ログインの有効時間が過ぎました")
        assert 'href="/portal/login"' in sent.text
        assert (await customer.get("/portal/menu")).location == LOGIN

    async def test_each_login_has_a_new_cookie_and_the_old_one_is_dead(
        self, customer: Browser, world: World
    ) -> None:
        old = customer.client.cookies["tokuban-session"]
        world.passes(900)  # the session has idled out; its cookie is still there
        await logged_in(customer, world)
        assert customer.client.cookies["tokuban-session"] != old

    @pytest.mark.parametrize(
        "path", ["/menu", "/orders/new", "/orders", "/numbers", "/mail", "/password", "/log"]
    )
    async def test_without_one_every_page_leads_to_the_login(
        self, visitor: Browser, path: str
    ) -> None:
        assert (await visitor.get(f"/portal{path}")).location == LOGIN

    async def test_a_part_of_a_page_sends_the_whole_page_to_the_login(
        self, visitor: Browser
    ) -> None:
        page = await visitor.get("/portal/orders/quote?count=3", HX_Request="true")
        assert (page.status, page.response.headers["hx-redirect"]) == (200, LOGIN)

    async def test_cookies_are_bound_as_tightly_as_the_transport_allows(
        self, browsers: Browsers, world: World
    ) -> None:
        browser = await logged_in(browsers(HTTPS, "192.0.2.7"), world)
        cookies = [
            each
            for page in browser.heard
            for each in page.response.headers.get_list("set-cookie")
            if "Max-Age=0" not in each
        ]
        assert {each.partition("=")[0] for each in cookies} == {
            f"__Host-tokuban-{name}"
            for name in ("visit", "ticket", "session", "device", "language")
        }
        for each in cookies:
            assert {"HttpOnly", "Path=/", "Secure"} <= set(each.split("; "))
            assert "SameSite=" in each.replace("SameSite=none", "")
            assert "Domain=" not in each

    async def test_the_browser_stays_known_as_long_as_is_set(
        self, browsers: Browsers, world: World
    ) -> None:
        days = 400
        office, limits = world.office, Limits(device_life_s=days * 86_400.0)
        office.selfcare.close()
        office.selfcare = SelfCare(
            office._database,
            office.audit,
            world.letterbox,
            world.now,
            office.clock.seconds,
            limits,
        )
        browser = await logged_in(browsers(), world)
        (cookie,) = (
            each
            for page in browser.heard
            for each in page.response.headers.get_list("set-cookie")
            if each.startswith("tokuban-device=")
        )
        assert f"Max-Age={days * 86_400}" in cookie.split("; ")


class TestLanguage:
    async def test_english_is_one_link_away_and_stays(self, visitor: Browser) -> None:
        page = await visitor.get("/portal/login")
        assert 'lang="ja"' in page.text
        assert "/portal/language?to=en&back=/portal/login" in page.text
        page = await visitor.follow(await visitor.get("/portal/language?to=en&back=/portal/login"))
        assert page.title == "Log in"
        assert '<html lang="en">' in page.text
        assert (await visitor.get("/portal/nowhere")).title == "There is no such page"

    @pytest.mark.parametrize(
        "back", ["https://evil.example/", "//evil.example", "/portal//evil", "/portal/../v1", "x"]
    )
    async def test_it_leads_to_pages_of_the_portal_alone(self, visitor: Browser, back: str) -> None:
        page = await visitor.get(f"/portal/language?to=en&back={back}")
        assert page.location == "/portal/menu"

    async def test_a_customer_of_another_language_begins_in_it(
        self, visitor: Browser, world: World
    ) -> None:
        contract = await world.office.customers.contract(world.contract)
        await world.office.customers.update(
            contract.customer, CustomerChanges(language=Language.EN), origin=OPERATOR
        )
        await logged_in(visitor, world)
        assert (await visitor.get("/portal/menu")).title == "Menu"
