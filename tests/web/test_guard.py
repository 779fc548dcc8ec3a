"""What holds for every page: hosts, transport, forms, methods, sizes, headers."""

import re
from collections.abc import AsyncIterator

import pytest

from tests.web.browser import HTTPS, Browser
from tests.web.conftest import ID, PASSWORD, PROXY, Browsers, World

PAGES = (
    "/login", "/menu", "/orders/new", "/orders", "/numbers", "/mail", "/mail/code", "/password",
    "/log", "/nowhere",
)  # fmt: skip
LOGIN = "/portal/login"
PLAIN = HTTPS.replace("https:", "http:")
BY_HTTPS = {"x-forwarded-proto": "https"}


class TestPlace:
    @pytest.mark.parametrize(
        "host", ["evil.example", "127.0.0.1.evil.example", "", "tokuban", "[::2]", "192.0.2.1"]
    )
    async def test_a_name_that_is_not_ours_is_refused(self, visitor: Browser, host: str) -> None:
        page = await visitor.get(LOGIN, host=host)
        assert (page.status, page.title) == (421, "このアドレスでは利用できません")

    @pytest.mark.parametrize(
        "host", ["localhost:8080", "127.0.0.1", "127.9.9.9", "[::1]:80", "[::ffff:127.0.0.1]"]
    )
    async def test_this_hosts_names_are_known(self, visitor: Browser, host: str) -> None:
        assert (await visitor.get(LOGIN, host=host)).status == 200

    async def test_plain_http_is_for_this_host_alone(self, browsers: Browsers) -> None:
        page = await browsers("http://carrier.lab", "192.0.2.7").get(LOGIN)
        assert (page.status, page.title) == (403, "暗号化された通信でご利用ください")
        assert (await browsers("http://127.0.0.1", "192.0.2.7").get(LOGIN)).status == 403
        assert (await browsers("https://carrier.lab", "192.0.2.7").get(LOGIN)).status == 200

    @pytest.mark.parametrize("peer", ["192.0.2.7", "127.0.0.1", PROXY])
    async def test_the_public_name_by_plain_http_leads_to_https(
        self, browsers: Browsers, peer: str
    ) -> None:
        browser = browsers(PLAIN, peer)
        page = await browser.get(f"{LOGIN}?ended=1&x=%2F%E3%81%82")
        assert (page.status, page.location) == (307, f"{HTTPS}{LOGIN}?ended=1&x=%2F%E3%81%82")
        assert "set-cookie" not in page.response.headers
        sent = await browser.send(LOGIN, {"selfcare_id": ID, "password": PASSWORD})
        assert (sent.status, sent.title) == (403, "暗号化された通信でご利用ください")

    async def test_a_trusted_proxy_says_https_and_who_asks(
        self, browsers: Browsers, world: World
    ) -> None:
        browser = browsers(PLAIN, PROXY)
        browser.client.headers.update(BY_HTTPS | {"x-forwarded-for": "127.0.0.1, 198.51.100.9"})
        page = await browser.get(LOGIN)
        assert (page.status, "Secure" in page.response.headers["set-cookie"]) == (200, True)
        assert page.response.headers["strict-transport-security"].startswith("max-age=")
        # The test's client speaks plain HTTP and would keep Secure cookies to itself.
        jar = page.response.headers["set-cookie"].partition(";")[0]
        origin = {"cookie": jar, "origin": HTTPS}
        form = {**page.form(LOGIN), "selfcare_id": ID, "password": "marker-wrong"}
        await browser.send(LOGIN, form, **origin)
        entries = await world.office.audit.search(limit=1)
        assert [each.origin for each in entries.items] == ["portal from 198.51.100.9"]

    async def test_anothers_word_for_https_and_for_an_address_counts_nothing(
        self, browsers: Browsers
    ) -> None:
        for said in (BY_HTTPS, {"x-forwarded-for": "127.0.0.1"}, {"forwarded": "proto=https"}):
            for base_url in ("http://127.0.0.1", "http://carrier.lab"):
                stranger = browsers(base_url, "192.0.2.7")
                stranger.client.headers.update(said)
                assert (await stranger.get(LOGIN)).status == 403
        liar = browsers(PLAIN, "192.0.2.7")
        liar.client.headers.update(BY_HTTPS)
        assert (await liar.get(LOGIN)).status == 403
        sent = await liar.send(LOGIN, {"selfcare_id": ID, "password": PASSWORD})
        assert sent.status == 403

    async def test_a_proxy_that_says_no_scheme_is_refused_and_not_sent_round(
        self, browsers: Browsers
    ) -> None:
        browser = browsers(PLAIN, PROXY)
        browser.client.headers.update({"x-forwarded-for": "198.51.100.9"})
        assert (await browser.get(LOGIN)).status == 403
        browser.client.headers.update({"x-forwarded-proto": "http"})
        assert (await browser.get(LOGIN)).location == f"{HTTPS}{LOGIN}"

    async def test_the_bare_address_leads_on(self, visitor: Browser, customer: Browser) -> None:
        for address in ("/", "/portal"):
            page = await visitor.follow(await visitor.get(address))
            assert page.location == LOGIN
        assert (await customer.get("/portal/")).location == "/portal/menu"


CHANGE = {"old": PASSWORD, "new": "marker-new-password", "again": "marker-new-password"}


class TestForms:
    PATH = "/portal/password"

    @pytest.mark.parametrize("token", [None, "", "forged", "0" * 64, "あ"])
    async def test_a_missing_or_forged_token_is_refused(
        self, customer: Browser, browsers: Browsers, world: World, token: str | None
    ) -> None:
        fields = CHANGE if token is None else {**CHANGE, "csrf": token}
        page = await customer.send(self.PATH, fields)
        assert (page.status, page.title) == (403, "この操作は受け付けられません")
        await world.office.selfcare.begin(ID, PASSWORD, address="192.0.2.1")

    async def test_anothers_token_is_refused(self, customer: Browser, stranger: Browser) -> None:
        token = (await stranger.get(self.PATH)).form(self.PATH)["csrf"]
        assert (await customer.send(self.PATH, {**CHANGE, "csrf": token})).status == 403

    @pytest.mark.parametrize(
        "headers",
        [
            {"origin": "https://evil.example"},
            {"origin": "null"},
            {"origin": "http://127.0.0.1:9999"},
            {"origin": "https://127.0.0.1:8080"},
            {"origin": "http://[broken"},
            {"sec_fetch_site": "cross-site"},
            {"sec_fetch_site": "same-site"},
        ],
    )
    async def test_a_form_of_another_place_is_refused(
        self, customer: Browser, headers: dict[str, str]
    ) -> None:
        form = (await customer.get(self.PATH)).form(self.PATH)
        page = await customer.send(self.PATH, {**form, **CHANGE}, **headers)
        assert page.status == 403

    async def test_login_forms_need_the_visitors_own_token_too(
        self, visitor: Browser, browsers: Browsers, world: World
    ) -> None:
        fields = {"selfcare_id": ID, "password": PASSWORD}
        assert (await visitor.send(LOGIN, fields)).status == 403
        foreign = (await browsers().get(LOGIN)).form(LOGIN)["csrf"]
        await visitor.get(LOGIN)
        assert (await visitor.send(LOGIN, {**fields, "csrf": foreign})).status == 403
        assert world.letterbox.mails == []

    @pytest.mark.parametrize(
        ("content", "media_type", "status"),
        [
            (b"{}", "application/json", 415),
            (b"--x\r\n", "multipart/form-data; boundary=x", 415),
            (b"", "", 415),
            (b"csrf=\xff\xfe", "application/x-www-form-urlencoded", 400),
            (b"csrf=%ff%fe", "application/x-www-form-urlencoded", 400),
            (b"&".join([b"a=b"] * 30), "application/x-www-form-urlencoded", 400),
            (b"csrf", "application/x-www-form-urlencoded", 403),
        ],
    )
    async def test_what_is_no_form_is_refused(
        self, customer: Browser, content: bytes, media_type: str, status: int
    ) -> None:
        answer = await customer.client.post(
            self.PATH, content=content, headers={"content-type": media_type}
        )
        assert answer.status_code == status
        assert "<h1>" in answer.text

    async def test_a_huge_body_is_refused_however_it_is_sent(self, customer: Browser) -> None:
        form = (await customer.get(self.PATH)).form(self.PATH)
        page = await customer.send(self.PATH, {**form, "old": "x" * 100_000})
        assert (page.status, page.title) == (413, "送られた内容が大きすぎます")

        async def drops() -> AsyncIterator[bytes]:
            for _ in range(100):
                yield b"x" * 1000

        answer = await customer.client.post(
            self.PATH,
            content=drops(),
            headers={"content-type": "application/x-www-form-urlencoded"},
        )
        assert answer.status_code == 413
        for length in ("-1", "x", "9" * 5000):
            page = await customer.get(LOGIN, content_length=length)
            assert page.status == 413


class TestMethods:
    @pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "OPTIONS", "BREW"])
    async def test_no_page_has_another_method(self, customer: Browser, method: str) -> None:
        for path in PAGES[:-1]:
            answer = await customer.client.request(method, f"/portal{path}")
            assert answer.status_code == 405, path
            assert "GET" in answer.headers["allow"]
            assert "この操作はできません" in answer.text

    async def test_what_changes_something_cannot_be_asked_by_get(self, customer: Browser) -> None:
        for path in ("/logout", "/orders/N00000001/letter", "/login/code/resend"):
            answer = await customer.client.get(f"/portal{path}")
            assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
        assert (await customer.get("/portal/menu")).status == 200

    async def test_head_answers_as_get_without_a_body(self, customer: Browser) -> None:
        answer = await customer.client.head("/portal/menu")
        assert (answer.status_code, answer.content) == (200, b"")


class TestHeaders:
    async def test_every_page_forbids_foreign_code_framing_and_storing(
        self, customer: Browser
    ) -> None:
        for path in PAGES:
            headers = (await customer.get(f"/portal{path}")).response.headers
            policy = headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy
            assert headers["cache-control"] == "no-store"
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "same-origin"
            assert "strict-transport-security" not in headers

    async def test_https_pages_ask_for_https_from_then_on(self, browsers: Browsers) -> None:
        page = await browsers(HTTPS, "192.0.2.7").get(LOGIN)
        assert page.response.headers["strict-transport-security"].startswith("max-age=")

    async def test_pages_have_no_inline_code(self, customer: Browser) -> None:
        for path in PAGES:
            source = (await customer.get(f"/portal{path}")).response.text
            assert not re.search(r"<style|<script(?![^>]*\ssrc=)|\son\w+=|\sstyle=", source)

    async def test_static_files_are_named_by_content_and_kept_for_good(
        self, visitor: Browser
    ) -> None:
        source = (await visitor.get(LOGIN)).response.text
        names = set(re.findall(r'"(/portal/static/[^"]+)"', source))
        assert len(names) == 4
        for name in names:
            headers = (await visitor.get(name)).response.headers
            assert headers["cache-control"] == "public, max-age=31536000, immutable"
            assert re.search(r"\.[0-9a-f]{16}\.", name)
        for name in ("portal.css", "../app.py", "%2e%2e/app.py", "portal.0000000000000000.css"):
            page = await visitor.get(f"/portal/static/{name}")
            assert page.status == 404
            assert page.response.headers["cache-control"] == "no-store"
