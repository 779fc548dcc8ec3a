"""The owner's greeting, PIN and what is taken at all, set in the portal."""

import re

import pytest

from ivr.media.g711 import ULAW_SILENCE
from ivr.store.export import SoundFiles
from provisioning.contract import Greeting, PinVerdict, Profile
from tests.web.browser import Page
from tests.web.conftest import Browsers, World
from tests.web.test_voicemail import Boxed, boxed, with_box

__all__ = ["boxed"]

SPOKEN = bytes([ULAW_SILENCE, 0xFF, 0x20, 0x8A]) * 4000
WAV = SoundFiles().wav(SPOKEN)
PIN = "2846"


async def upload(box: Boxed, content: bytes, name: str = "words.wav", **fields: str) -> Page:
    """Choose a file and send the form, as a browser does."""
    path = f"{box.page}/greeting/own"
    form = (await box.browser.get(box.page)).form(path)
    answer = await box.browser.client.post(
        path,
        data={**{name: text for name, text in form.items() if name == "csrf"}, **fields},
        files={"sound": (name, content, "audio/wav")},
        headers={"origin": str(box.browser.client.base_url).rstrip("/")},
    )
    return Page(answer)


@pytest.mark.rule("VM-01")
class TestTheGreeting:
    async def test_a_file_is_used_at_once_and_heard(self, boxed: Boxed) -> None:
        voicemail = boxed.world.office.voicemail
        page = await boxed.browser.follow(await upload(boxed, WAV))
        assert "応答メッセージを登録しました" in page.text
        assert f'src="{boxed.page}/greeting/sound.mp3"' in page.text
        box = await voicemail.of(boxed.line)
        assert box is not None
        assert box.greeting is Greeting.OWN
        assert await voicemail.greeting(boxed.line) == SPOKEN
        heard = await boxed.browser.get(f"{boxed.page}/greeting/sound.wav")
        assert heard.response.content == WAV
        whos = {change.who for change in await boxed.world.office.audit.of(boxed.line, most=1)}
        assert whos == {"box-selfcare"}
        await boxed.set(greeting="plain")
        assert (await boxed.browser.get(f"{boxed.page}/greeting/sound.wav")).status == 404

    @pytest.mark.parametrize(
        ("content", "why"),
        [
            (b"", "音声ファイルを選ぶか、録音してください"),
            (b"RIFF of another kind", "読み取れない音声ファイルです"),
            (WAV[:46], "1～60 秒にしてください"),
            (SoundFiles().wav(SPOKEN * 31), "1～60 秒にしてください"),
        ],
    )
    async def test_what_is_none_is_told_beside_the_field(
        self, boxed: Boxed, content: bytes, why: str
    ) -> None:
        refused = await upload(boxed, content)
        assert (refused.status, refused.errors) == (422, ["sound"])
        assert why in refused.text
        box = await boxed.world.office.voicemail.of(boxed.line)
        assert box is not None
        assert box.greeting is Greeting.NUMBER

    async def test_a_form_without_its_token_or_of_another_kind_is_refused(
        self, boxed: Boxed
    ) -> None:
        assert (await upload(boxed, WAV, csrf="forged")).status == 403
        path = f"{boxed.page}/greeting/own"
        assert (await boxed.browser.send(path, {"sound": "x"})).status == 415
        for media_type, body in (
            ("multipart/form-data", b""),
            ("multipart/form-data; boundary=x", b""),
            ("multipart/form-data; boundary=x", b"--x\r\n\r\nno name\r\n--x--\r\n"),
            ("multipart/form-data; boundary=x", b"preamble\r\n--x--\r\n"),
        ):
            answer = await boxed.browser.client.post(
                path, content=body, headers={"content-type": media_type}
            )
            assert answer.status_code == 400

    async def test_a_file_may_be_long_and_no_longer(self, boxed: Boxed) -> None:
        assert (await upload(boxed, bytes(2_000_000))).status == 422
        assert (await upload(boxed, bytes(12_600_000))).status == 413
        huge = await boxed.browser.send(boxed.page, {"greeting": "x" * 100_000})
        assert huge.status == 413

    async def test_only_the_pages_of_a_box_may_use_the_microphone(self, boxed: Boxed) -> None:
        policy = (await boxed.browser.get(boxed.page)).response.headers["permissions-policy"]
        assert "microphone=(self)" in policy
        for other in ("/portal/voicemail", "/portal/menu"):
            policy = (await boxed.browser.get(other)).response.headers["permissions-policy"]
            assert "microphone=()" in policy

    async def test_strangers_bring_none(self, boxed: Boxed, browsers: Browsers) -> None:
        path = f"{boxed.page}/greeting/own"
        answer = await browsers().client.post(path, files={"sound": ("w.wav", WAV)})
        assert answer.status_code == 410


@pytest.mark.rule("VM-03")
class TestThePin:
    async def test_it_is_set_and_taken_away(self, boxed: Boxed) -> None:
        voicemail, path = boxed.world.office.voicemail, f"{boxed.page}/pin"
        set_ = await boxed.browser.follow(
            await boxed.browser.fill(boxed.page, path, pin="２８４６", again=PIN)
        )
        assert "暗証番号を設定しました" in set_.text
        assert await voicemail.check_pin(boxed.line, PIN) is PinVerdict.RIGHT
        assert not [page for page in boxed.browser.heard if PIN in page.text]
        form = set_.form(path)
        gone = await boxed.browser.follow(
            await boxed.browser.send(path, {"csrf": form["csrf"], "none": "yes"})
        )
        assert "暗証番号をなくしました" in gone.text
        box = await voicemail.of(boxed.line)
        assert box is not None
        assert not box.has_pin

    @pytest.mark.parametrize(
        ("pin", "again", "field"),
        [("284", "284", "pin"), ("28466", "28466", "pin"), ("abcd", "abcd", "pin"),
         ("", "", "pin"), (PIN, "2847", "again"), (PIN, "", "again")],
    )  # fmt: skip
    async def test_what_is_none_changes_nothing(
        self, boxed: Boxed, pin: str, again: str, field: str
    ) -> None:
        path = f"{boxed.page}/pin"
        refused = await boxed.browser.fill(boxed.page, path, pin=pin, again=again)
        assert (refused.status, refused.errors) == (422, [field])
        shown = re.findall(r'name="(?:pin|again)"[^>]*value="([^"]*)"', refused.text)
        assert shown == ["", ""]
        box = await boxed.world.office.voicemail.of(boxed.line)
        assert box is not None
        assert not box.has_pin

    async def test_a_new_one_opens_a_box_that_others_locked(self, boxed: Boxed) -> None:
        voicemail, path = boxed.world.office.voicemail, f"{boxed.page}/pin"
        await voicemail.set_pin(boxed.line, PIN)
        for _ in range(4):
            await voicemail.check_pin(boxed.line, "0000")
        assert "ご利用を停止しています" in (await boxed.browser.get(boxed.page)).text
        await boxed.browser.fill(boxed.page, path, pin="9513", again="9513")
        assert "ご利用を停止しています" not in (await boxed.browser.get(boxed.page)).text
        assert await voicemail.check_pin(boxed.line, "9513") is PinVerdict.RIGHT

    async def test_no_form_is_taken_without_its_token(self, boxed: Boxed) -> None:
        fields = {"pin": PIN, "again": PIN}
        assert (await boxed.browser.send(f"{boxed.page}/pin", fields)).status == 403


@pytest.mark.rule("VM-02")
async def test_an_au_owner_says_that_no_message_is_taken(world: World, browsers: Browsers) -> None:
    boxed = await with_box(world, browsers, Profile.AU)
    page = await boxed.browser.get(boxed.page)
    assert "伝言のお預かり" in page.text
    await boxed.set(takes="no", ring_time="24")
    box = await world.office.voicemail.of(boxed.line)
    assert box is not None
    assert (box.takes_messages, bool(box.conditions)) == (False, True)
    await boxed.set(takes="yes", ring_time="24")
    box = await world.office.voicemail.of(boxed.line)
    assert box is not None
    assert box.takes_messages


async def test_other_carriers_take_them_whenever_voicemail_is_on(boxed: Boxed) -> None:
    assert "伝言のお預かり" not in (await boxed.browser.get(boxed.page)).text
    assert (await boxed.set(takes="no")).status == 409
