"""The customer control of a freephone number in a real browser (FREE-12)."""

import json
import urllib.request
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, ViewportSize, expect

from tests.e2e.conftest import Contexts
from tests.e2e.desk import Desk, expect_title
from tests.e2e.test_pages import DARK, LIGHT, PHONE, SCREEN, told

pytestmark = [pytest.mark.interop, pytest.mark.rule("FREE-12")]

DIALLED, LINE, OTHER = "0120000003", "0300000003", "09000000001"
PATH = f"/v1/freephones/{DIALLED}"
OFF_HOURS = f"/control/schedules/off-hours/{LINE}"
SETUP: dict[str, Any] = {
    "options": [
        "several-lines", "share-split", "off-hours", "destination-change", "customer-control",
    ],
    "groups": [
        {"name": "全国", "areas": [{"level": "nation"}],
         "shares": {"lines": [LINE, OTHER], "weights": [2, 1]}}
    ],
    "receptions": [{"line": LINE}, {"line": OTHER}],
}  # fmt: skip
TALL: ViewportSize = {"width": 1200, "height": 1000}


@pytest.fixture
def password(desk: Desk) -> str:
    """The password of the number, which is set up anew and unlocked."""
    carrier = desk.carrier
    carrier.send("PUT", PATH, {"setup": SETUP})
    request = carrier.request(f"{PATH}/control/password", "POST", {})
    request.add_header("Idempotency-Key", str(uuid.uuid4()))
    with urllib.request.urlopen(request, timeout=10) as answer:
        return str(json.load(answer)["password"])


def give(page: Page, desk: Desk, password: str) -> None:
    """Number and password, without waiting for what comes of them."""
    page.goto(desk.url("/control/login"))
    page.get_by_label("着信課金番号", exact=True).fill(DIALLED)
    page.get_by_label("カスタマコントロールのパスワード").fill(password)
    page.get_by_role("button", name="ログイン").click()


def enter(page: Page, desk: Desk, password: str) -> None:
    give(page, desk, password)
    expect_title(page, "0120-000-003")


def schedule(desk: Desk) -> Any:
    return desk.carrier.get(PATH)["setup"]["receptions"][0]["off_hours"]


def test_three_errors_lock_it_and_a_request_unlocks_it(
    page: Page, desk: Desk, password: str
) -> None:
    for _ in range(3):
        give(page, desk, "wrong")
        expect(page.get_by_role("alert")).to_be_visible()
    give(page, desk, password)
    expect_title(page, "カスタマコントロールのロック")
    expect(page.get_by_text("2,000円(税抜)")).to_be_visible()
    desk.log_in(page)
    page.get_by_role("link", name="着信課金番号").click()
    page.get_by_role("link", name="ロック解除の申し込み").click()
    expect(page.get_by_text("2,000円(税抜)")).to_be_visible()
    page.get_by_role("button", name="申し込む").dblclick()
    expect(page.get_by_text("ロックを解除しました。")).to_be_visible()
    fees = [each for each in desk.carrier.get(f"{PATH}/fees")["items"] if each["item"] == "unlock"]
    assert [each["yen"] for each in fees] == [2000]
    enter(page, desk, password)


def test_a_schedule_is_edited_by_keyboard_alone(page: Page, desk: Desk, password: str) -> None:
    enter(page, desk, password)
    page.goto(desk.url(OFF_HOURS))
    keys = page.keyboard
    page.locator("#week [data-day=mon]").first.focus()
    for _ in range(5):
        keys.press("Space")
        keys.press("Tab")
    for _ in range(3):
        keys.press("Tab")
    keys.type("1800")
    keys.press("Tab")
    keys.type("24:00")
    expect(page.locator("#blocks rect")).to_have_count(5)
    keys.press("Enter")
    expect(page.get_by_role("status").get_by_text("変更しました")).to_be_visible()
    days = schedule(desk)["days"]
    closed = {"begins": "18:00", "ends": "24:00", "value": True}
    assert [day for day, bands in days.items() if closed in bands] == [
        "mon", "tue", "wed", "thu", "fri",
    ]  # fmt: skip


def test_a_schedule_is_drawn_with_the_mouse(page: Page, desk: Desk, password: str) -> None:
    page.set_viewport_size(TALL)
    enter(page, desk, password)
    page.goto(desk.url(OFF_HOURS))
    grid = page.locator("#grid")
    grid.scroll_into_view_if_needed()
    box = grid.bounding_box()
    assert box is not None
    left, top, column, hour, wide = (
        int(page.locator("#week").get_attribute(f"data-{name}") or 0)
        for name in ("left", "top", "column", "hour", "wide")
    )
    scale = box["width"] / wide

    def point(day: float, hours: float) -> tuple[float, float]:
        across, down = left + column * day, top + hour * hours
        return box["x"] + across * scale, box["y"] + down * scale

    def drag(start: tuple[float, float], end: tuple[float, float]) -> None:
        page.mouse.move(*start)
        page.mouse.down()
        page.mouse.move(*end, steps=4)
        page.mouse.up()

    drag(point(0.5, 9.0), point(2.5, 12.0))
    expect(page.locator("#blocks rect")).to_have_count(3)
    assert (page.input_value("#w0-from"), page.input_value("#w0-to")) == ("09:00", "12:00")
    drag(point(1.5, 10.5), point(1.5, 12.5))
    assert (page.input_value("#w0-from"), page.input_value("#w0-to")) == ("11:00", "14:00")
    page.get_by_role("button", name="スケジュールを変更する").last.click()
    expect(page.get_by_role("status").get_by_text("変更しました")).to_be_visible()
    assert schedule(desk)["days"]["tue"][1] == {"begins": "11:00", "ends": "14:00", "value": True}


def test_without_scripts_a_row_is_typed_and_what_is_wrong_is_told(
    contexts: Contexts, desk: Desk, password: str
) -> None:
    page = contexts(viewport=SCREEN, java_script_enabled=False).new_page()
    enter(page, desk, password)
    page.goto(desk.url(OFF_HOURS))
    page.get_by_label("日", exact=True).first.check()
    page.locator("#w0-from").fill("25:00")
    page.locator("#w0-to").fill("26:00")
    page.locator("#w0-to").press("Enter")
    expect(
        page.get_by_role("link", name="時刻は0:00から24:00で入力してください。例: 9:30")
    ).to_have_count(2)
    page.locator("#w0-from").fill("0:00")
    page.locator("#w0-to").fill("24:00")
    page.locator("#w0-to").press("Enter")
    expect(page.get_by_text("スケジュールを変更しました")).to_be_visible()
    assert schedule(desk)["days"]["sun"] == [{"begins": "00:00", "ends": "24:00", "value": True}]


def test_the_chart_has_a_table_twin(page: Page, desk: Desk, password: str) -> None:
    enter(page, desk, password)
    page.goto(desk.url("/control/usage"))
    chart = page.get_by_role("img", name="積み上げ棒グラフ")
    expect(chart).to_have_attribute("aria-describedby", "chart-twin")
    by_number = page.get_by_role("img", name="番号別の着信")
    expect(by_number).to_have_attribute("aria-describedby", "numbers-chart-twin")
    rows = page.get_by_role("table", name="ご利用状況: 時").locator("tbody tr")
    expect(rows).to_have_count(24)
    expect(rows.last.get_by_role("rowheader")).to_have_text("23:00")


def pages(page: Page, desk: Desk, password: str) -> Iterator[str]:
    """Go through every page of the customer control, and stop at each."""
    give(page, desk, "")
    yield "login with errors"
    page.goto(desk.url("/control/locked"))
    yield "locked"
    enter(page, desk, password)
    yield "home"
    for path in (
        "/usage", "/ratios", "/schedules", "/schedules/ratio/0",
        f"/schedules/change/{LINE}", "/preview?caller=0312345678&at=2026-11-02T12:00", "/history",
    ):  # fmt: skip
        page.goto(desk.url(f"/control{path}"))
        yield path
    page.goto(desk.url(OFF_HOURS))
    page.locator("#w0-from").fill("25:00")
    page.locator("#w0-from").press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    yield "schedule with errors"
    page.goto(desk.url(OFF_HOURS))
    page.get_by_role("button", name="変更する前に確かめる").click()
    expect_title(page, "変更する前の確認")
    yield "schedule that is tried"
    desk.log_in(page)
    for path in ("", f"/{DIALLED}/unlock", f"/{DIALLED}/password"):
        page.goto(desk.url(f"/freephones{path}"))
        yield f"self-care {path}"


def test_nothing_serious_stands_in_the_way_of_anybody(
    page: Page, desk: Desk, password: str
) -> None:
    axe, found = Axe(), {}
    for name in pages(page, desk, password):
        for size, scheme in ((PHONE, DARK), (SCREEN, LIGHT)):
            page.set_viewport_size(size)
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            faults = [told(each) for each in axe.run(page).response["violations"]]
            width = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            if faults or width > 0:
                found[name, scheme] = (faults, width)
    assert not found
