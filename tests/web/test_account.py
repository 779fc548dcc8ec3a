"""Password, mail address and the log of own actions."""

import pytest

from provisioning.seeding import BY_SEED
from tests.support.selfcare import wrong
from tests.web.browser import Browser
from tests.web.conftest import ID, MAIL, OPERATOR, PASSWORD, Browsers, World, logged_in

PASSWORDS, MAILS, CODE = "/portal/password", "/portal/mail", "/portal/mail/code"
LOGIN = "/portal/login"
FRESH = "marker-fresh-password-88"
NEW_MAIL = "new.address@tokuban.example"


@pytest.mark.rule("N050-08")
class TestPassword:
    async def test_it_is_changed_and_every_other_browser_is_logged_out(
        self, customer: Browser, browsers: Browsers, world: World
    ) -> None:
        other = await logged_in(browsers(), world)
        old_cookie = customer.client.cookies["tokuban-session"]
        sent = await customer.fill(PASSWORDS, PASSWORDS, old=PASSWORD, new=FRESH, again=FRESH)
        page = await customer.follow(sent)
        assert "パスワードを変更しました" in page.text
        assert customer.client.cookies["tokuban-session"] != old_cookie
        assert (await other.get("/portal/menu")).status == 303
        assert world.letterbox.mails[-1].kind == "password changed"
        await logged_in(browsers(), world, password=FRESH)

    @pytest.mark.parametrize(
        ("old", "new", "again", "fields"),
        [
            ("", "", "", ["old", "new"]),
            ("wrong", FRESH, FRESH, ["old"]),
            (PASSWORD, FRESH, FRESH + "x", ["again"]),
            (PASSWORD, PASSWORD, PASSWORD, ["new"]),
            (PASSWORD, "short", "short", ["new"]),
            (PASSWORD, "aaaaaaaaaaaa", "aaaaaaaaaaaa", ["new"]),
            (PASSWORD, f"{ID}-1", f"{ID}-1", ["new"]),
            (PASSWORD, "x" * 129, "x" * 129, ["new"]),
            (PASSWORD, "pass\x00word-12345", "pass\x00word-12345", ["new"]),
            ("p" * 5000, FRESH, FRESH, ["old"]),
        ],
    )
    async def test_bad_input_is_named_and_changes_nothing(
        self,
        customer: Browser,
        browsers: Browsers,
        world: World,
        old: str,
        new: str,
        again: str,
        fields: list[str],
    ) -> None:
        page = await customer.fill(PASSWORDS, PASSWORDS, old=old, new=new, again=again)
        assert (page.status, page.errors) == (422, fields)
        assert all(secret not in page.text for secret in (PASSWORD, FRESH))
        await logged_in(browsers(), world)

    async def test_the_present_one_again_is_refused_by_its_name(self, customer: Browser) -> None:
        page = await customer.fill(PASSWORDS, PASSWORDS, old=PASSWORD, new=PASSWORD, again=PASSWORD)
        assert "現在のパスワードと同じです" in page.text


class TestMail:
    async def present(self, customer: Browser) -> str:
        return (await customer.get(MAILS)).text

    async def test_the_new_address_counts_once_its_code_came_back(
        self, customer: Browser, world: World
    ) -> None:
        sent = await customer.fill(MAILS, MAILS, mail=NEW_MAIL, password=PASSWORD)
        page = await customer.follow(sent)
        assert world.letterbox.mails[-1].to == NEW_MAIL
        assert MAIL in await self.present(customer)
        page = await customer.send(CODE, {**page.form(CODE), "code": wrong(world.code)})
        assert (page.status, page.errors) == (422, ["code"])
        page = await customer.send(CODE, {**page.form(CODE), "code": world.code})
        page = await customer.follow(page)
        assert "メールアドレスを変更しました" in page.text
        assert NEW_MAIL in page.text
        assert world.letterbox.mails[-1].to == MAIL

    @pytest.mark.parametrize(
        ("mail", "password", "fields"),
        [
            ("", "", ["mail", "password"]),
            ("nobody", PASSWORD, ["mail"]),
            ("a@b@c.example", PASSWORD, ["mail"]),
            ("a@example.jp\r\nBcc: x@evil.example", PASSWORD, ["mail"]),
            ("x" * 300 + "@example.jp", PASSWORD, ["mail"]),
            ("' OR 1=1 --@x", PASSWORD, ["mail"]),
            (NEW_MAIL, "wrong", ["password"]),
        ],
    )
    async def test_bad_input_is_named_and_changes_nothing(
        self, customer: Browser, world: World, mail: str, password: str, fields: list[str]
    ) -> None:
        mails = len(world.letterbox.mails)
        page = await customer.fill(MAILS, MAILS, mail=mail, password=password)
        assert (page.status, page.errors) == (422, fields)
        assert PASSWORD not in page.text
        assert len(world.letterbox.mails) == mails
        assert MAIL in await self.present(customer)

    async def test_a_code_without_a_change_leads_back_to_the_address(
        self, customer: Browser
    ) -> None:
        assert "お送りしました" not in (await customer.get(CODE)).text
        page = await customer.fill(CODE, CODE, code="123456")
        assert (page.status, page.errors) == (410, ["mail"])
        page = await customer.fill(CODE, CODE, code="")
        assert (page.status, page.errors) == (422, ["code"])


class TestLog:
    async def test_it_tells_what_was_done_in_the_readers_words(
        self, customer: Browser, world: World
    ) -> None:
        await customer.fill(PASSWORDS, PASSWORDS, old="wrong", new=FRESH, again=FRESH)
        await world.office.orders.place(world.contract, 1, key="k", origin=OPERATOR)
        page = await customer.get("/portal/log")
        for words in ("ログイン", "現在のパスワードの誤り", "050番号の追加申込", "ご契約"):
            assert words in page.text
        assert "セルフケア（127.0.0.1）" in page.text
        assert "numbers ordered" not in page.text

    async def test_who_failed_the_password_is_not_known(
        self, customer: Browser, visitor: Browser
    ) -> None:
        await visitor.fill(LOGIN, LOGIN, selfcare_id=ID, password="wrong-password-1")
        page = await customer.get("/portal/log")
        row = page.text.partition("ログインの失敗")[2].partition("</tr>")[0]
        assert ">不明<" in row

    async def test_what_the_carrier_did_is_told_in_the_readers_words(
        self, customer: Browser, world: World
    ) -> None:
        await world.office.customers.set_cap(world.contract, 60, origin=BY_SEED)
        page = await customer.get("/portal/log")
        row = page.text.partition("追加上限の変更")[2].partition("</tr>")[0]
        assert ">事業者<small>初期設定<" in row

    async def test_another_contract_is_not_in_it(
        self, customer: Browser, stranger: Browser
    ) -> None:
        page = await customer.get("/portal/log")
        assert "other-selfcare" not in page.text

    async def test_it_goes_on_over_the_page(self, customer: Browser, world: World) -> None:
        for cap in range(51, 91):
            await world.office.customers.set_cap(world.contract, cap, origin=OPERATOR)
        page = await customer.get("/portal/log")
        assert page.text.count('scope="row"') == 30
        older = page.text.partition('href="/portal/log?before=')[2].partition('"')[0]
        following = await customer.get(f"/portal/log?before={older}")
        assert 10 < following.text.count('scope="row"') <= 30
        for odd in ("x", "-1", "9" * 30, "1 OR 1=1"):
            assert (await customer.get(f"/portal/log?before={odd}")).status == 200
