"""Voice messages in a browser: heard, sought in, marked and erased, without scripts as well."""

import asyncio
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin

import numpy as np
import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from prometheus_client import CollectorRegistry

from ivr.media.g711 import encode_ulaw
from lab.areas import packaged
from lab.freephone_preview import Previewer
from provisioning.api.app import create_app
from provisioning.api.probes import Readiness
from provisioning.audit.model import Origin
from provisioning.clock import wall_time
from provisioning.contract import E164, ContractKind, Location, Profile
from provisioning.customers.model import NewContract, NewCustomer
from provisioning.office import Office, OfficeSettings
from provisioning.portal.app import create_portal
from provisioning.portal.settings import PortalSettings
from provisioning.selfcare.service import SelfCare
from provisioning.upkeep.model import LineChanges
from tests.e2e.conftest import Contexts
from tests.e2e.desk import expect_title
from tests.support.ports import LOOPBACK, free_port
from tests.support.selfcare import MemoryLetterbox
from tests.support.storage import listening_to
from tests.support.waiting import until

pytestmark = [pytest.mark.interop, pytest.mark.rule("VM-06")]

ID, PASSWORD = "box-selfcare", "marker-box-5521"
OPERATOR = Origin("operator", "test")
CALLERS = ("+81312345678", None)

DURATION = """async () => {
  const player = document.querySelector("audio");
  player.preload = "auto";
  await new Promise((done, failed) => {
    player.onloadedmetadata = done;
    player.onerror = () => failed(player.error);
    player.load();
  });
  player.currentTime = 2;
  await new Promise((done) => { player.onseeked = done; });
  return [player.duration, player.currentTime];
}"""


@dataclass
class Served:
    """A portal in a thread of its own, one number of which has two messages."""

    folder: Path
    port: int = field(default_factory=free_port)
    letterbox: MemoryLetterbox = field(default_factory=MemoryLetterbox)
    line: E164 = field(init=False)
    failure: BaseException | None = None

    @property
    def box(self) -> str:
        return f"http://{LOOPBACK}:{self.port}/portal/voicemail/0{self.line[3:]}"

    def run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            self.failure = error

    async def _serve(self) -> None:
        office = await Office.open(OfficeSettings(data=self.folder, realm="tokuban"))
        try:
            await self._furnish(office)
            listening = listening_to(office)
            settings = PortalSettings(sip=lambda: "127.0.0.1:5060")
            portal = create_portal(office, listening, settings, Previewer(office, packaged()))
            ready, metrics = (lambda: Readiness(True)), CollectorRegistry()
            app = create_app(office, ready, metrics, listening, portal=portal)
            self.server = uvicorn.Server(
                uvicorn.Config(app, host=LOOPBACK, port=self.port, log_level="warning")
            )
            await self.server.serve()
        finally:
            await office.close()

    async def _furnish(self, office: Office) -> None:
        office.selfcare.close()
        office.selfcare = SelfCare(
            office._database, office.audit, self.letterbox, wall_time, office.clock.seconds
        )
        await office.numbers.load_block(
            E164("+815000000000"), E164("+815000000009"), origin=OPERATOR
        )
        customer = await office.customers.create(
            NewCustomer(
                ContractKind.CORPORATE, "特番デモ商事", "100-0001", "東京都千代田区千代田1-1",
                "03-1234-5678", "demo@tokuban.example",
            ),
            origin=OPERATOR,
        )  # fmt: skip
        contract = await office.customers.open_contract(
            NewContract(customer.id, "standard", Profile.DOCOMO, Location("東京", "東京都")),
            origin=OPERATOR,
        )
        await office.selfcare.create(
            contract.id, selfcare_id=ID, password=PASSWORD, origin=OPERATOR
        )
        order = await office.orders.place(contract.id, 1, key="box", origin=OPERATOR)
        self.line = order.numbers[0].number
        options = LineChanges(options=frozenset({"voicemail"}))
        await office.upkeep.change(self.line, options, origin=OPERATOR)
        instants = np.arange(5 * 8000) / 8000
        sound = encode_ulaw((np.sin(2 * np.pi * 440 * instants) * 9000).astype(np.int16))
        for caller in CALLERS:
            deposit = await office.voicemail.deposit(self.line, caller, f"call {caller}")
            deposit.write(sound)
            await deposit.keep()

    def log_in(self, page: Page) -> None:
        page.goto(self.box)
        page.get_by_label("セルフケアID", exact=True).fill(ID)
        page.get_by_label("セルフケアパスワード").fill(PASSWORD)
        page.get_by_role("button", name="送信").click()
        expect_title(page, "認証コードの入力")
        page.get_by_label("認証コード", exact=True).fill(self.letterbox.code_seen)
        page.get_by_role("button", name="ログイン").click()
        expect_title(page, "メニュー")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    made = Served(tmp_path / "data")
    thread = threading.Thread(target=made.run)
    thread.start()
    try:
        until(lambda: made.failure or getattr(made, "server", None), "the portal")
        until(lambda: made.failure or made.server.started, "the portal listening")
        assert made.failure is None
        yield made
    finally:
        if hasattr(made, "server"):
            made.server.should_exit = True
        thread.join()
    assert made.failure is None


def test_a_message_is_heard_sought_marked_and_erased(page: Page, served: Served) -> None:
    served.log_in(page)
    page.get_by_role("link", name="留守番電話").first.click()
    expect(page.get_by_text("2件")).to_be_visible()
    page.locator("tbody a").click()
    voices = page.locator(".voice")
    expect(voices).to_have_count(2)
    assert page.evaluate(DURATION) == [pytest.approx(5.0, abs=0.2), 2]
    voices.first.get_by_role("button", name="保存済みにする").click()
    expect(page.get_by_role("status").first).to_contain_text("保存済みにしました")
    expect(voices.last.locator(".tag")).to_have_text("保存済み")
    voices.last.get_by_role("link", name="伝言の消去").click()
    expect_title(page, "伝言の消去")
    page.get_by_role("button", name="消去する").click()
    expect(voices).to_have_count(1)
    expect(page.get_by_text("非通知・不明").first).to_be_visible()


@pytest.mark.rule("VM-01")
def test_a_greeting_is_spoken_into_the_browser(page: Page, served: Served) -> None:
    served.log_in(page)
    page.goto(served.box)
    page.get_by_role("button", name="この端末で録音する").click()
    expect(page.locator("[data-speaking]")).to_contain_text("録音しています")
    expect(page.locator("[data-seconds]")).to_have_text(re.compile("[2-9]"))
    page.get_by_role("button", name="録音を終える").click()
    expect(page.locator("[data-speaking]")).to_contain_text("録音しました")
    page.get_by_role("button", name="登録する").click()
    expect(page.get_by_text("応答メッセージを登録しました。")).to_be_visible()
    expect(page.get_by_label("ご自分で録音したもの")).to_be_checked()
    length_s = page.evaluate(DURATION.replace('querySelector("audio")', 'querySelector(".own")'))[0]
    assert length_s > 1


def test_everybody_can_use_it(contexts: Contexts, served: Served) -> None:
    plain = contexts(viewport={"width": 1200, "height": 800}, java_script_enabled=False).new_page()
    served.log_in(plain)
    plain.goto(served.box)
    plain.get_by_label("呼び出し時間（秒）").fill("121")
    plain.get_by_role("button", name="設定する", exact=True).click()
    expect(plain.get_by_role("alert")).to_contain_text("0～120")
    plain.get_by_label("呼び出し時間（秒）").fill("20")
    plain.get_by_label("停止").check()
    plain.get_by_role("button", name="設定する", exact=True).click()
    expect(plain.get_by_text("設定を変更しました。")).to_be_visible()
    expect(plain.get_by_label("停止")).to_be_checked()
    page = contexts(viewport={"width": 320, "height": 640}).new_page()
    served.log_in(page)
    page.goto(served.box)
    erasing = (
        page.locator(".voice").first.get_by_role("link", name="伝言の消去").get_attribute("href")
    )
    found = {}
    for title, place in {"伝言の消去": str(erasing), "留守番電話": served.box}.items():
        for scheme in ("dark", "light"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.goto(urljoin(served.box, place))
            expect(page.get_by_role("heading", level=1)).to_contain_text(title)
            faults = [each["id"] for each in Axe().run(page).response["violations"]]
            wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            found[title, scheme] = (faults, wide)
    assert all(each == ([], 0) for each in found.values()), found
    page.locator(".voice audio").first.focus()
    assert page.evaluate("document.activeElement.tagName") == "AUDIO"
