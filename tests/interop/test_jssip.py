"""A JavaScript phone in Chromium registers, calls and is called by WebSocket (RFC 7118)."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.e2e.conftest import ARGUMENTS, CHROMIUM
from tests.interop import journeys, lines
from tests.interop.secure_carrier import SecureCarrier
from tests.interop.wired import registered
from tests.support.open_phone import Ringing
from tests.support.phones.jssip_phone import JsSipPhone
from tests.support.ports import LOOPBACK
from tests.support.waiting import until
from tests.support.wire import WireCall, WirePhone, token
from tests.support.wire_rtp import RtpEnd

pytestmark = [pytest.mark.interop, pytest.mark.rule("LINE-02")]

LINE, OTHER = lines.CROWD[70], lines.CROWD[71]
HELLO, ANSWER = bytes(range(1, 161)), bytes(range(160, 0, -1))


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield browser.new_page()
        browser.close()


def phone_in(page: Page, carrier: SecureCarrier) -> JsSipPhone:
    site, url = (
        f"http://{LOOPBACK}:{carrier.http_port}/health",
        f"ws://{LOOPBACK}:{carrier.ws_port}",
    )
    return JsSipPhone(page, site, url, LINE.number, LINE.password)


@pytest.fixture
def phone(secure: SecureCarrier, page: Page) -> Iterator[JsSipPhone]:
    with phone_in(page, secure) as phone:
        assert phone.registers()
        yield phone


@pytest.fixture
def other(secure: SecureCarrier) -> Iterator[WirePhone]:
    with registered(secure, OTHER) as phone:
        yield phone


def come_over(said: bytes, speaker: RtpEnd, listener: RtpEnd) -> bool:
    """Say it once more; whether it was heard."""
    speaker.send(said)
    return any(packet.payload == said for packet in listener.waiting())


def both_hear(one: RtpEnd, another: RtpEnd) -> None:
    until(lambda: come_over(HELLO, one, another), "one hearing the other")
    until(lambda: come_over(ANSWER, another, one), "the other hearing the one")


def test_it_registers_and_leaves(secure: SecureCarrier, page: Page) -> None:
    with phone_in(page, secure) as phone:
        assert phone.registers()
        (binding,) = journeys.registrations(secure, LINE)
        assert ";transport=ws" in binding["contact"]
    assert journeys.registrations(secure, LINE) == []


@pytest.mark.rule("CALL-01")
def test_it_calls_a_line_and_hangs_up(phone: JsSipPhone, other: WirePhone) -> None:
    phone.dial(OTHER.number)
    with Ringing(other) as ringing:
        assert f"sip:{LINE.number}@" in ringing.invite.get("From")
        ringing.respond("180 Ringing")
        assert phone.wait("progress")["status"] == 180
        ringing.accept()
        phone.wait_answered()
        both_hear(phone.rtp, ringing.rtp)
        phone.hang_up()
        other.answer(other.expect_request("BYE"))


@pytest.mark.rule("CALL-01")
def test_it_is_called_and_hung_up_on(
    secure: SecureCarrier, phone: JsSipPhone, other: WirePhone
) -> None:
    with WireCall(other, LINE.number) as call:
        branch = token("z9hG4bK")
        other.send(call.invite(branch))
        assert phone.wait("incoming")["caller"] == OTHER.number
        phone.answer()
        assert call.wait_final(branch).status == 200
        both_hear(call.rtp, phone.rtp)
        assert call.bye().status == 200
    assert phone.wait("ended")["by"] == "remote"


def test_its_keys_are_taken(secure: SecureCarrier, phone: JsSipPhone) -> None:
    phone.dial(lines.KEYS)
    phone.wait_answered()
    phone.key("7")
    until(lambda: "pressed=7" in secure.log, "the key being taken")
    phone.hang_up()
