"""050 numbers, from the login in a browser to a phone that registers with them."""

import io
import re
from pathlib import Path

import pypdf
import pytest
from playwright.sync_api import Page, expect

from lab.scenarios.phones.pjsua2_phone import Pjsua2Phone
from tests.e2e.conftest import Contexts
from tests.e2e.desk import PASSWORD, Desk, added, expect_title
from tests.support.carrier import Carrier
from tests.support.selfcare import wrong

pytestmark = pytest.mark.interop


def numbers_of(page: Page, desk: Desk) -> int:
    """How many numbers the customer has."""
    page.goto(desk.url("/numbers"))
    return page.locator("table tbody tr").count()


@pytest.mark.rule("N050-01")
@pytest.mark.rule("N050-03")
@pytest.mark.rule("N050-04")
@pytest.mark.rule("N050-05")
@pytest.mark.rule("N050-08")
def test_three_numbers_and_a_phone_that_registers(
    page: Page, desk: Desk, carrier: Carrier, tmp_path: Path
) -> None:
    before = desk.give_password(page)
    code = desk.code(before)
    page.get_by_label("認証コード", exact=True).fill(wrong(code))
    page.get_by_role("button", name="ログイン").click()
    expect(page.get_by_role("alert")).to_contain_text("あと4回")
    page.get_by_label("認証コード", exact=True).fill(code)
    page.get_by_role("button", name="ログイン").click()
    expect_title(page, "メニュー")

    had = numbers_of(page, desk)
    desk.confirm(page, 3).dblclick()
    expect_title(page, "050番号を追加しました")
    numbers = added(page)
    assert len({each.number for each in numbers}) == 3

    page.emulate_media(media="print")
    expect(page.get_by_role("navigation").first).to_be_hidden()
    expect(page.get_by_text(numbers[0].line_password)).to_be_visible()
    printed = pypdf.PdfReader(io.BytesIO(page.pdf()))
    text = "".join(each.extract_text() for each in printed.pages)
    assert all(each.line_password in text for each in numbers)
    page.emulate_media(media="screen")

    with Pjsua2Phone(tmp_path / "phone") as phone:
        chosen = numbers[0]
        assert phone.register(chosen.user, chosen.line_password, carrier.address) == 200
        assert numbers_of(page, desk) == had + 3
        row = page.get_by_role("row").filter(has_text=chosen.number)
        expect(row).to_contain_text("登録中")

    assert not carrier.tells(code)
    assert all(each.line_password not in carrier.log for each in numbers)
    assert page.context.cookies()[0]["value"] not in carrier.log


@pytest.mark.rule("N050-03")
def test_reload_and_back_order_nothing_and_show_nothing_again(page: Page, desk: Desk) -> None:
    desk.log_in(page)
    had = numbers_of(page, desk)
    desk.confirm(page, 1).click()
    expect_title(page, "050番号を追加しました")
    result = page.url
    page.reload()
    expect_title(page, re.sub(".*/", "お申込み ", result))
    expect(page.locator(".secret")).to_have_count(0)
    page.go_back()
    page.get_by_role("button", name="実行").click()
    expect(page).to_have_url(result)
    expect(page.locator(".secret")).to_have_count(0)
    page.go_back()
    page.go_forward()
    expect(page.locator(".secret")).to_have_count(0)
    assert numbers_of(page, desk) == had + 1


@pytest.mark.rule("N050-04")
def test_the_letter_comes_once_and_then_a_reset_helps(
    page: Page, desk: Desk, carrier: Carrier, tmp_path: Path
) -> None:
    desk.log_in(page)
    desk.confirm(page, 1).click()
    expect_title(page, "050番号を追加しました")
    (number,) = added(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="ご案内（PDF）を受け取る").click()
    download.value.save_as(tmp_path / "letter.pdf")
    text = "".join(each.extract_text() for each in pypdf.PdfReader(tmp_path / "letter.pdf").pages)
    assert number.line_password in text
    page.reload()
    expect(page.get_by_text("ご案内（PDF）は受け取り済みです")).to_be_visible()

    page.get_by_role("link", name=number.number).click()
    page.get_by_role("link", name="再設定 (IP加入電話パスワード)").click()
    page.get_by_role("button", name="再設定する").dblclick()
    expect_title(page, "パスワードを再設定しました")
    fresh = page.locator(".secret").inner_text()
    with Pjsua2Phone(tmp_path / "old") as phone:
        assert phone.register(number.user, number.line_password, carrier.address) in (401, 403)
    with Pjsua2Phone(tmp_path / "new") as phone:
        assert phone.register(number.user, fresh, carrier.address) == 200


@pytest.mark.rule("N050-03")
def test_without_scripts_everything_works_a_double_click_too(
    contexts: Contexts, desk: Desk
) -> None:
    page = contexts(java_script_enabled=False).new_page()
    desk.log_in(page)
    had = numbers_of(page, desk)
    page.goto(desk.url("/orders/new"))
    page.get_by_label("追加番号数").fill("99")
    page.get_by_role("button", name="送信").click()
    page.get_by_role("alert").get_by_role("link").click()
    page.get_by_label("追加番号数").fill("2")
    page.get_by_role("button", name="送信").click()
    page.get_by_role("button", name="実行").dblclick()
    expect_title(page, "050番号を追加しました")
    assert len(added(page)) == 2
    assert numbers_of(page, desk) == had + 2


def test_the_code_can_be_read_on_the_laboratorys_own_mail_page(page: Page, desk: Desk) -> None:
    before = desk.give_password(page)
    code = desk.code(before)
    page.get_by_role("link", name="受信箱を開く").click()
    expect(page.get_by_text(code).first).to_be_visible()


def test_by_keyboard_alone(page: Page, desk: Desk) -> None:
    before = desk.newest_mail()
    page.goto(desk.url("/login"))
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="本文へ移動")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # nothing entered yet
    expect(page.get_by_role("alert")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_label("セルフケアID", exact=True)).to_be_focused()
    page.keyboard.type("demo-selfcare")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect_title(page, "認証コードの入力")
    _tab_to(page, "code")
    page.keyboard.type(desk.code(before))
    page.keyboard.press("Enter")
    expect_title(page, "メニュー")
    _tab_to_link(page, "/portal/orders/new")
    page.keyboard.press("Enter")
    expect_title(page, "050番号追加申込")
    _tab_to(page, "count")
    page.keyboard.type("1")
    expect(page.locator("#quote")).to_have_text("1番号 × 300円 ＝ 月額 300円（税抜）")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="実行")).to_be_visible()
    while page.evaluate("document.activeElement.textContent") != "実行":
        page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect_title(page, "050番号を追加しました")
    assert len(added(page)) == 1


def _tab_to(page: Page, name: str) -> None:
    """Tab until the field has the focus; a page has fewer than 60 stops."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == name:
            return
    raise AssertionError(f"the keyboard does not reach {name}")


def _tab_to_link(page: Page, path: str) -> None:
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.getAttribute('href')") == path:
            return
    raise AssertionError(f"the keyboard does not reach {path}")
