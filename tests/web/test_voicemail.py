"""The customer's voice messages: heard free of charge, marked and erased, boxes set (VM-06)."""

from dataclasses import dataclass

import pytest

from ivr.media.g711 import ULAW_SILENCE
from ivr.store.export import SoundFiles
from provisioning.contract import E164, Condition, Greeting, Location, MessageMark, Profile
from provisioning.customers.model import NewContract
from provisioning.records.store import Wanted
from provisioning.upkeep.model import LineChanges
from tests.web.browser import Browser, Page
from tests.web.conftest import OPERATOR, Browsers, World, logged_in

BOXES = "/portal/voicemail"
SOUND = bytes([ULAW_SILENCE, 0x7F, 0x20]) * 8000
NOBODYS = "00000000-0000-4000-8000-000000000000"


@dataclass
class Boxed:
    """A customer with one number that has voicemail, and what is in its box."""

    world: World
    browser: Browser
    line: E164

    @property
    def page(self) -> str:
        return f"{BOXES}/0{self.line[3:]}"

    def message(self, id: str) -> str:
        return f"{self.page}/messages/{id}"

    async def leave(self, caller: str | None = "+81312345678") -> str:
        deposit = await self.world.office.voicemail.deposit(self.line, caller, "a call")
        deposit.write(SOUND)
        kept = await deposit.keep()
        assert kept is not None
        return kept.id

    async def set(self, **fields: str) -> Page:
        page = await self.browser.get(self.page)
        wanted = {"active": "yes", "ring_time": "15", "greeting": "number", **fields}
        return await self.browser.send(self.page, {**page.form(self.page), **wanted})


@pytest.fixture
async def boxed(world: World, browsers: Browsers) -> Boxed:
    return await with_box(world, browsers, Profile.DOCOMO)


async def with_box(world: World, browsers: Browsers, profile: Profile) -> Boxed:
    """A customer of a carrier, logged in, whose one number has voicemail."""
    office = world.office
    customer = (await office.customers.contract(world.contract)).customer
    contract = await office.customers.open_contract(
        NewContract(customer, "standard", profile, Location("東京", "東京都")),
        origin=OPERATOR,
    )
    await office.selfcare.create(
        contract.id, selfcare_id="box-selfcare", password="marker-box-88aa", origin=OPERATOR
    )
    order = await office.orders.place(contract.id, 2, key="boxes", origin=OPERATOR)
    line = order.numbers[0].number
    await office.upkeep.change(line, LineChanges(options=frozenset({"voicemail"})), origin=OPERATOR)
    browser = await logged_in(browsers(), world, "box-selfcare", "marker-box-88aa")
    return Boxed(world, browser, line)


async def test_who_has_no_voicemail_is_told_how_to_get_it(customer: Browser) -> None:
    page = await customer.get(BOXES)
    assert page.title == "留守番電話"
    assert "ご契約の番号はありません" in page.text


async def test_numbers_with_voicemail_are_listed_with_their_counts(boxed: Boxed) -> None:
    await boxed.leave()
    page = await boxed.browser.get(BOXES)
    assert page.text.count('scope="row"') == 1
    assert boxed.page in page.text
    assert '<strong class="tag fresh">1件</strong>' in page.text


@pytest.mark.rule("VM-06")
async def test_a_message_is_shown_heard_marked_and_erased(boxed: Boxed) -> None:
    office, browser = boxed.world.office, boxed.browser
    message = await boxed.leave()
    page = await browser.get(boxed.page)
    assert "0312345678" in page.text
    assert f'src="{boxed.message(message)}/sound.mp3"' in page.text
    assert "media-src 'self'" in page.response.headers["content-security-policy"]
    heard = await browser.get(f"{boxed.message(message)}/sound.wav", range="bytes=0-43")
    assert (heard.status, heard.response.content) == (206, SoundFiles().wav(SOUND)[:44])
    mp3 = await browser.get(f"{boxed.message(message)}/sound.mp3")
    assert mp3.response.headers["content-type"] == "audio/mpeg"
    assert (await office.voicemail.message(boxed.line, message)).mark is MessageMark.NEW
    assert (await office.records.search(Wanted())).items == ()
    mark = f"{boxed.message(message)}/mark"
    marked = await browser.follow(await browser.send(mark, page.form(mark)))
    assert "伝言を保存済みにしました" in marked.text
    assert (await office.voicemail.message(boxed.line, message)).mark is MessageMark.SAVED
    again = await browser.follow(await browser.send(mark, marked.form(mark)))
    assert "新着に戻しました" in again.text
    erase = f"{boxed.message(message)}/erase"
    erased = await browser.follow(await browser.fill(erase, erase))
    assert "伝言を消去しました" in erased.text
    assert "伝言はありません" in erased.text
    assert await office.voicemail.counts(boxed.line) == (0, 0)
    twice = await browser.follow(await browser.send(erase, {"csrf": page.form(mark)["csrf"]}))
    assert twice.status == 200
    whos = {change.who for change in await office.audit.of(boxed.line, most=4)}
    assert "box-selfcare" in whos


async def test_a_caller_that_is_withheld_has_no_number(boxed: Boxed) -> None:
    await boxed.leave(caller=None)
    assert "非通知・不明" in (await boxed.browser.get(boxed.page)).text


async def test_settings_are_changed_and_what_is_wrong_is_told(boxed: Boxed) -> None:
    voicemail = boxed.world.office.voicemail
    page = await boxed.browser.follow(await boxed.set(ring_time="３０", greeting="plain"))
    assert "設定を変更しました" in page.text
    box = await voicemail.of(boxed.line)
    assert box is not None
    assert (box.ring_time_s, box.greeting) == (30, Greeting.PLAIN)
    for wrong in ("121", "-1", "", "abc", "1.5"):
        refused = await boxed.set(ring_time=wrong)
        assert (refused.status, refused.errors) == (422, ["ring_time"])
    refused = await boxed.set(greeting="own", ring_time="40")
    assert (refused.status, refused.errors) == (422, ["greeting"])
    assert "転送でんわは停止します" in refused.text
    assert (await boxed.set(greeting="rude")).status == 400
    assert await voicemail.of(boxed.line) == box
    await boxed.set(active="no", ring_time="30", greeting="plain")
    stopped = await voicemail.of(boxed.line)
    assert stopped is not None
    assert not stopped.conditions
    await boxed.set(ring_time="30", greeting="plain")
    started = await voicemail.of(boxed.line)
    assert started is not None
    assert Condition.CFB in started.conditions


async def test_strangers_find_nothing_and_tampering_is_noted(
    boxed: Boxed, stranger: Browser, visitor: Browser
) -> None:
    office = boxed.world.office
    message = await boxed.leave()
    paths = [boxed.page, *(f"{boxed.message(message)}/{end}" for end in ("sound.wav", "erase"))]
    for path in paths:
        assert (await stranger.get(path)).status == 404
        assert (await visitor.get(path)).location.startswith("/portal/login")
    form = (await stranger.get("/portal/password")).form("/portal/password")
    for end in ("erase", "mark"):
        sent = await stranger.send(f"{boxed.message(message)}/{end}", {**form, "mark": "saved"})
        assert sent.status == 404
    for end in ("sound.wav", "erase"):
        assert (await boxed.browser.get(f"{boxed.message(NOBODYS)}/{end}")).status == 404
        assert (await boxed.browser.get(f"{boxed.page}/messages/1/{end}")).status == 404
    own = (await boxed.browser.get("/portal/password")).form("/portal/password")
    assert (await boxed.browser.send(f"{boxed.message(NOBODYS)}/erase", own)).status == 404
    assert (await boxed.browser.get(f"{boxed.message(message)}/sound.ogg")).status == 404
    changes = await office.audit.of(boxed.line)
    assert [(each.what, each.after, each.who) for each in changes[:3]] == [
        ("unknown voice message asked for", NOBODYS, "box-selfcare")
    ] * 3
    assert (await office.voicemail.message(boxed.line, message)).mark is MessageMark.NEW


async def test_no_form_is_taken_without_its_token(boxed: Boxed) -> None:
    message = await boxed.leave()
    for path in (boxed.page, f"{boxed.message(message)}/mark", f"{boxed.message(message)}/erase"):
        assert (await boxed.browser.send(path, {"mark": "saved", "active": "no"})).status == 403
    assert await boxed.world.office.voicemail.counts(boxed.line) == (1, 0)


async def test_a_number_without_voicemail_has_no_box(boxed: Boxed, world: World) -> None:
    page = await world.office.numbers.list(limit=100)
    other = next(each.number for each in page.items if each.number != boxed.line and each.contract)
    assert (await boxed.browser.get(f"{BOXES}/0{other[3:]}")).status == 404
