"""Every page for everybody: screen readers, dark rooms, phones, English."""

from collections.abc import Iterator
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, ViewportSize, expect

from tests.e2e.conftest import Contexts
from tests.e2e.desk import Desk, added, expect_title

pytestmark = pytest.mark.interop

PHONE: ViewportSize = {"width": 320, "height": 640}
SCREEN: ViewportSize = {"width": 1200, "height": 800}
LIGHT: Literal["light"] = "light"
DARK: Literal["dark"] = "dark"


def pages(page: Page, desk: Desk) -> Iterator[str]:
    """Go through every page there is, and stop at each."""
    page.goto(desk.url("/login"))
    yield "login"
    page.get_by_role("button", name="送信").click()
    expect(page.get_by_role("alert")).to_be_visible()
    yield "login with errors"
    desk.give_password(page)
    yield "code"
    desk.log_in(page)
    yield "menu"
    page.goto(desk.url("/orders/new"))
    yield "order: input"
    page.get_by_label("追加番号数").fill("99")
    page.get_by_role("button", name="送信").click()
    expect(page.get_by_role("alert")).to_be_visible()
    yield "order: input with an error"
    button = desk.confirm(page, 1)
    yield "order: confirm"
    button.click()
    expect_title(page, "050番号を追加しました")
    (number,) = added(page)
    yield "order: result"
    page.reload()
    yield "order: masked"
    page.goto(desk.url(f"/numbers/{number.user}/passwords/line"))
    yield "reset"
    page.get_by_role("button", name="再設定する").click()
    expect_title(page, "パスワードを再設定しました")
    yield "reset: done"
    for path in (f"/numbers/{number.user}", "/numbers", "/orders", "/mail", "/mail/code"):
        page.goto(desk.url(path))
        yield path
    for path in ("/password", "/voicemail", "/calls", "/log", "/nowhere"):
        page.goto(desk.url(path))
        yield path


def test_nothing_serious_stands_in_the_way_of_anybody(page: Page, desk: Desk) -> None:
    axe, found = Axe(), {}
    for name in pages(page, desk):
        for size, scheme in ((PHONE, DARK), (SCREEN, LIGHT)):
            page.set_viewport_size(size)
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            faults = [told(each) for each in axe.run(page).response["violations"]]
            width = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            if faults or width > 0:
                found[name, scheme] = (faults, width)
    assert not found


def told(violation: dict[str, Any]) -> str:
    places = [node["html"][:120] for node in violation["nodes"]]
    return f"{violation['impact']}: {violation['id']} at {places}"


def test_dark_rooms_get_dark_pages_and_phones_get_cards(contexts: Contexts, desk: Desk) -> None:
    page = contexts(viewport=PHONE, color_scheme="dark").new_page()
    desk.log_in(page)
    shade = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g)[0]")
    assert int(shade) < 40
    page.goto(desk.url("/log"))
    expect(page.locator("table tbody tr").first).to_have_css("display", "block")


def test_a_long_entry_leaves_room_for_its_neighbours(contexts: Contexts, desk: Desk) -> None:
    page = contexts(viewport={"width": 900, "height": 700}).new_page()
    desk.log_in(page)
    page.goto(desk.url("/log"))
    page.locator("tbody td").first.evaluate("cell => cell.append(' 05000000000'.repeat(50))")
    row = page.locator("tbody tr").first.locator("td, th")
    widths = row.evaluate_all("cells => cells.map(each => each.getBoundingClientRect().width)")
    assert min(widths) > 100


def test_english_reads_on_every_page(contexts: Contexts, desk: Desk) -> None:
    page = contexts(viewport=SCREEN).new_page()
    desk.log_in(page)
    page.get_by_role("link", name="English").click()
    expect_title(page, "Menu")
    for path in (
        "/orders/new",
        "/numbers",
        "/orders",
        "/voicemail",
        "/calls",
        "/mail",
        "/password",
        "/nowhere",
    ):
        page.goto(desk.url(path))
        text = page.locator("main").inner_text()
        assert not [letter for letter in text if "぀" <= letter <= "ヿ"], path
