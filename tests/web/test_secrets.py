"""Passwords, codes and cookies stay out of addresses, logs and foreign pages (N050-08)."""

import logging

import pytest

from tests.web.browser import Browser
from tests.web.conftest import ID, PASSWORD, Browsers, World, logged_in
from tests.web.test_ordering import ORDERS, confirming, ordered

FRESH = "marker-fresh-password-88"


@pytest.mark.rule("N050-08")
async def test_no_secret_is_in_an_address_a_log_or_a_later_page(
    browsers: Browsers, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    browser = browsers()
    await browser.fill("/portal/login", "/portal/login", selfcare_id=ID, password="marker-wrong")
    await logged_in(browser, world)
    cookies = dict(browser.client.cookies)
    result = await ordered(browser, 2)
    number = result.text.partition("/portal/numbers/")[2][:11]
    reset = f"/portal/numbers/{number}/passwords/line"
    shown = await browser.follow(await browser.fill(reset, reset))
    await browser.fill("/portal/password", "/portal/password", old=PASSWORD, new=FRESH, again=FRESH)
    showing = (result, shown)
    for path in ("menu", "numbers", "orders", "log", f"numbers/{number}"):
        await browser.get(f"/portal/{path}")
    secrets = {
        PASSWORD,
        FRESH,
        "marker-wrong",
        cookies["tokuban-session"],
        cookies["tokuban-device"],
        *(each for page in showing for each in page.secrets if len(each) > 4),
    }
    for secret in secrets:
        assert secret not in caplog.text
        for page in browser.heard:
            assert secret not in str(page.response.url)
            assert secret not in page.response.headers.get("location", "")
            assert page in showing or secret not in page.text


@pytest.mark.rule("N050-08")
async def test_a_failure_logs_no_secret(
    browsers: Browsers,
    world: World,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)

    async def breaks(*_: object, **__: object) -> None:
        raise RuntimeError("the database said no")

    browser = await logged_in(browsers(), world)
    form = (await confirming(browser, "1")).form(ORDERS)
    monkeypatch.setattr(world.office.orders, "place", breaks)
    assert (await browser.send(ORDERS, form)).status == 500
    for secret in (PASSWORD, form["csrf"], browser.client.cookies["tokuban-session"]):
        assert secret not in caplog.text


async def test_a_name_from_the_office_is_text_and_never_code(
    stranger: Browser, customer: Browser
) -> None:
    page = await stranger.get("/portal/menu")
    assert "他社&lt;b&gt;" in page.response.text
    assert "他社" not in (await customer.get("/portal/menu")).text
