"""What a customer does with the portal, step by step, in a browser."""

import re
from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect

from tests.support.carrier import Carrier

ID, PASSWORD, MAIL = "demo-selfcare", "selfcare-demo0001", "demo@tokuban.example"


@dataclass(frozen=True, slots=True)
class Added:
    """A number as the result page shows it."""

    number: str
    service_password: str
    line_password: str

    @property
    def user(self) -> str:
        return self.number.replace("-", "")


@dataclass(frozen=True, slots=True)
class Desk:
    """The portal of one carrier and the mailbox of its demo customer."""

    carrier: Carrier

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.carrier.http_port}/portal{path}"

    def newest_mail(self) -> int:
        """The id of the newest mail; 0 when there is none."""
        mails = self.carrier.get("/lab/mail?limit=1")["items"]
        return int(mails[0]["id"]) if mails else 0

    def code(self, after: int) -> str:
        """The code in a mail that is newer than `after`; waits until it comes."""
        found = self.carrier.get(f"/lab/mail/latest-code?to={MAIL}&after={after}&wait_s=9")
        return str(found["code"])

    def give_password(self, page: Page) -> int:
        """ID and password; the newest mail of before."""
        before = self.newest_mail()
        page.goto(self.url("/login"))
        page.get_by_label("セルフケアID", exact=True).fill(ID)
        page.get_by_label("セルフケアパスワード").fill(PASSWORD)
        page.get_by_role("button", name="送信").click()
        expect_title(page, "認証コードの入力")
        return before

    def log_in(self, page: Page) -> None:
        """The whole login."""
        before = self.give_password(page)
        page.get_by_label("認証コード", exact=True).fill(self.code(before))
        page.get_by_role("button", name="ログイン").click()
        expect_title(page, "メニュー")

    def confirm(self, page: Page, count: int) -> Locator:
        """From the menu to the confirmation; its button is left to the test."""
        page.goto(self.url("/menu"))
        page.get_by_role("link", name=re.compile("入力画面へ")).click()
        page.get_by_label("追加番号数").fill(str(count))
        page.get_by_role("button", name="送信").click()
        expect(page.get_by_text(f"{count}番号 × 300円")).to_be_visible()
        return page.get_by_role("button", name="実行")


def expect_title(page: Page, title: str) -> None:
    """Wait for the page with this heading."""
    expect(page.get_by_role("heading", level=1)).to_have_text(title)


def added(page: Page) -> list[Added]:
    """The numbers of the result page with both passwords."""
    rows = page.locator("table tbody tr")
    return [
        Added(row.locator(".number").inner_text(), *row.locator(".secret").all_inner_texts())
        for row in rows.all()
    ]
