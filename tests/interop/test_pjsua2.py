"""pjsua2 registers, dials and keys; what it hears is matched against the prompts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from prompts.catalogue import Prompt, Voice
from provisioning.contract import E164
from tests.interop import journeys, lines
from tests.support.carrier import Carrier
from tests.support.ear import Ear
from tests.support.phones.pjsua2_phone import KeyMethod, Pjsua2Call, Pjsua2Phone
from tests.support.waiting import until

pytestmark = pytest.mark.interop


@pytest.fixture
def phone(carrier: Carrier, tmp_path: Path) -> Iterator[Pjsua2Phone]:
    with Pjsua2Phone(tmp_path / "phone") as phone:
        line = lines.PJSUA2
        assert phone.register(line.number, line.password, carrier.address) == 200
        yield phone


@pytest.fixture
def ntt_phone(carrier: Carrier, tmp_path: Path) -> Iterator[Pjsua2Phone]:
    with Pjsua2Phone(tmp_path / "ntt") as phone:
        line = lines.NTT_DEMO
        assert phone.register(line.number, line.password, carrier.address) == 200
        yield phone


class Dialled:
    """A call and the ear that follows it."""

    def __init__(self, phone: Pjsua2Phone, number: str, record: Path, voice: Voice) -> None:
        self.call: Pjsua2Call = phone.dial(number, record)
        self.ear = Ear(lambda: record, voice)


@pytest.mark.rule("LINE-02")
@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_registers_and_unregisters(carrier: Carrier, tmp_path: Path, tcp: bool) -> None:
    line = lines.CROWD[0]
    with Pjsua2Phone(tmp_path, tcp=tcp) as phone:
        assert phone.register(line.number, line.password, carrier.address) == 200
        assert len(journeys.registrations(carrier, line)) == 1
    until(lambda: not journeys.registrations(carrier, line), "unregistration")


@pytest.mark.rule("LINE-02")
def test_a_wrong_password_is_refused(carrier: Carrier, tmp_path: Path) -> None:
    with Pjsua2Phone(tmp_path) as phone:
        assert phone.register(lines.PJSUA2.number, "wrong", carrier.address) in (401, 403)


@pytest.mark.rule("FWD-01")
def test_1421_and_1420_start_and_stop(carrier: Carrier, tmp_path: Path, voice: Voice) -> None:
    line = lines.CODES
    with Pjsua2Phone(tmp_path / "phone") as phone:
        phone.register(line.number, line.password, carrier.address)
        none_yet = Dialled(phone, "1421", tmp_path / "none.wav", voice)
        none_yet.ear.hears(Prompt.FORWARDING_NO_TARGET)
        assert none_yet.call.wait_ended() == 200

        menu = Dialled(phone, "1429", tmp_path / "menu.wav", voice)
        menu.call.wait_answered()
        menu.call.keys(f"3{journeys.TARGET_KEYS}#")
        menu.ear.hears(Prompt.FORWARDING_CONFIRM_TARGET, journeys.TARGET)
        menu.call.keys("#")
        menu.ear.hears(Prompt.FORWARDING_TARGET_SET, journeys.TARGET)
        menu.call.hang_up()

        start = Dialled(phone, "1421", tmp_path / "start.wav", voice)
        start.ear.hears(Prompt.FORWARDING_STARTED, journeys.TARGET)
        assert start.call.wait_ended() == 200
        journeys.assert_forwarding(carrier, line, active=True)

        stop = Dialled(phone, "1420", tmp_path / "stop.wav", voice)
        stop.ear.hears(Prompt.FORWARDING_STOPPED)
        assert stop.call.wait_ended() == 200
        journeys.assert_forwarding(carrier, line, active=False)


@pytest.mark.rule("FWD-02")
@pytest.mark.rule("FWD-06")
def test_one_string_sets_au_s_forwarding_and_1420_clears_it(
    carrier: Carrier, tmp_path: Path, voice: Voice
) -> None:
    line, target = lines.AU, journeys.TARGET
    with Pjsua2Phone(tmp_path / "phone") as phone:
        phone.register(line.number, line.password, carrier.address)
        always = Dialled(phone, f"1424{journeys.TARGET_KEYS}", tmp_path / "always.wav", voice)
        always.ear.hears(Prompt.FORWARDING_ALWAYS, target)
        assert always.call.wait_ended() == 200
        refused = Dialled(phone, "1423110", tmp_path / "refused.wav", voice)
        refused.ear.hears(Prompt.TARGET_SHORT_CODE)
        assert refused.call.wait_ended() == 200
        assert journeys.forwarding(carrier, line) == {"always": {"active": True, "target": target}}
        clear = Dialled(phone, "1420", tmp_path / "clear.wav", voice)
        clear.ear.hears(Prompt.FORWARDING_ENDED)
        assert clear.call.wait_ended() == 200
        assert journeys.forwarding(carrier, line) == {"always": {"active": False, "target": target}}


@pytest.mark.rule("FWD-03")
def test_142_sets_the_destination_and_starts_on_busy_and_no_answer(
    carrier: Carrier, tmp_path: Path, voice: Voice
) -> None:
    line, target = lines.VOICEWARP, journeys.TARGET
    with Pjsua2Phone(tmp_path / "phone") as phone:
        phone.register(line.number, line.password, carrier.address)
        menu = Dialled(phone, "142", tmp_path / "menu.wav", voice)
        menu.ear.hears(Prompt.VOICEWARP_MENU)
        menu.call.keys(f"2{journeys.TARGET_KEYS}#")
        menu.ear.hears(Prompt.VOICEWARP_CONFIRM_TARGET, target)
        menu.call.keys("1")
        menu.ear.hears(Prompt.FORWARDING_TARGET_SET, target)
        menu.call.keys("1")
        menu.ear.hears(Prompt.VOICEWARP_WAYS)
        menu.call.keys("4")
        menu.ear.hears(Prompt.FORWARDING_BUSY, target)
        menu.ear.hears(Prompt.FORWARDING_NO_ANSWER, journeys.DEFAULT_RING_TIME_S, target)
        on, off = {"active": True, "target": target}, {"active": False, "target": target}
        assert journeys.forwarding(carrier, line) == {"always": off, "busy": on, "no_answer": on}
        menu.call.keys("0")
        menu.ear.hears(Prompt.FORWARDING_ENDED)
        menu.call.hang_up()


@pytest.mark.rule("FWD-06")
@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ("110", Prompt.TARGET_SHORT_CODE),
        ("0120123456", Prompt.TARGET_FREEPHONE),
        ("0570000111", Prompt.TARGET_PREMIUM),
    ],
)
def test_a_refused_destination_is_explained(
    phone: Pjsua2Phone, tmp_path: Path, voice: Voice, keys: str, reason: Prompt
) -> None:
    dialled = Dialled(phone, "1429", tmp_path / "heard.wav", voice)
    dialled.call.wait_answered()
    dialled.call.keys(f"3{keys}#")
    dialled.ear.hears(reason)
    dialled.call.hang_up()


@pytest.mark.rule("SHOW-01")
def test_1351_starts_and_1350_stops_showing_the_freephone_number(
    carrier: Carrier, ntt_phone: Pjsua2Phone, tmp_path: Path, voice: Voice
) -> None:
    start = Dialled(ntt_phone, "1351", tmp_path / "start.wav", voice)
    start.ear.hears(Prompt.DISPLAY_STARTED, E164("+81120000003"))
    assert start.call.wait_ended() == 200
    assert journeys.shows_freephone(carrier, lines.NTT_DEMO)
    stop = Dialled(ntt_phone, "1350", tmp_path / "stop.wav", voice)
    stop.ear.hears(Prompt.DISPLAY_STOPPED)
    assert stop.call.wait_ended() == 200
    assert not journeys.shows_freephone(carrier, lines.NTT_DEMO)


@pytest.mark.rule("SHOW-01")
def test_135_asks_for_1_or_0(
    carrier: Carrier, ntt_phone: Pjsua2Phone, tmp_path: Path, voice: Voice
) -> None:
    on = Dialled(ntt_phone, "135", tmp_path / "on.wav", voice)
    on.ear.hears(Prompt.DISPLAY_MENU)
    on.call.keys("1")
    on.ear.hears(Prompt.DISPLAY_STARTED, E164("+81120000003"))
    assert on.call.wait_ended() == 200
    assert journeys.shows_freephone(carrier, lines.NTT_DEMO)
    off = Dialled(ntt_phone, "135", tmp_path / "off.wav", voice)
    off.call.wait_answered()
    off.call.keys("0")
    off.ear.hears(Prompt.DISPLAY_STOPPED)
    assert off.call.wait_ended() == 200
    assert not journeys.shows_freephone(carrier, lines.NTT_DEMO)


@pytest.mark.rule("SHOW-01")
def test_without_the_contract_a_talkie_refuses(
    carrier: Carrier, tmp_path: Path, voice: Voice
) -> None:
    line = lines.NTT_PLAIN
    with Pjsua2Phone(tmp_path / "phone") as phone:
        phone.register(line.number, line.password, carrier.address)
        dialled = Dialled(phone, "1351", tmp_path / "heard.wav", voice)
        dialled.ear.hears(Prompt.DISPLAY_NOT_CONTRACTED)
        assert dialled.call.wait_ended() == 403
        assert "CONFIRMED" not in dialled.call.states


@pytest.mark.rule("LINE-04")
@pytest.mark.rule("LINE-05")
@pytest.mark.parametrize("number", [lines.UNASSIGNED, "1351"])
def test_an_unassigned_number_has_a_free_talkie_and_404(
    phone: Pjsua2Phone, tmp_path: Path, voice: Voice, number: str
) -> None:
    dialled = Dialled(phone, number, tmp_path / "heard.wav", voice)
    dialled.ear.hears(Prompt.TALKIE_UNASSIGNED)
    assert dialled.call.wait_ended() == 404
    assert "EARLY" in dialled.call.states
    assert "CONFIRMED" not in dialled.call.states


def test_the_echo_brings_back_ones_own_tone(
    phone: Pjsua2Phone, tmp_path: Path, voice: Voice
) -> None:
    dialled = Dialled(phone, lines.ECHO, tmp_path / "heard.wav", voice)
    dialled.ear.hears(Prompt.ECHO_TEST)
    dialled.call.tone(700, 3000)
    dialled.ear.hears_tone(700)
    dialled.call.hang_up()


@pytest.mark.rule("CALL-03")
def test_the_tone_test_is_400_hertz(phone: Pjsua2Phone, tmp_path: Path, voice: Voice) -> None:
    dialled = Dialled(phone, lines.TONE, tmp_path / "heard.wav", voice)
    dialled.ear.hears_tone(400, seconds=2.0)
    dialled.call.hang_up()


@pytest.mark.parametrize("by", ["rfc4733", "info", "inband"])
def test_keys_are_taken_however_they_are_sent(
    carrier: Carrier, tmp_path: Path, voice: Voice, by: KeyMethod
) -> None:
    line = lines.CROWD[1]
    with Pjsua2Phone(tmp_path / "phone", events=by != "inband") as phone:
        phone.register(line.number, line.password, carrier.address)
        dialled = Dialled(phone, lines.KEYS, tmp_path / "heard.wav", voice)
        dialled.call.wait_answered()
        dialled.call.keys("0558*1#", by=by)
        dialled.ear.hears(Prompt.KEYS_HEARD, "0558*1#")
        dialled.call.hang_up()


def test_a_phone_that_has_a_law_alone_hears_the_menu(
    carrier: Carrier, tmp_path: Path, voice: Voice
) -> None:
    line = lines.CROWD[2]
    with Pjsua2Phone(tmp_path / "phone", codecs=("PCMA",)) as phone:
        phone.register(line.number, line.password, carrier.address)
        dialled = Dialled(phone, "1429", tmp_path / "heard.wav", voice)
        dialled.ear.hears(Prompt.FORWARDING_MENU)
        dialled.call.hang_up()


def test_hold_and_resume_leave_the_menu_working(
    phone: Pjsua2Phone, tmp_path: Path, voice: Voice
) -> None:
    dialled = Dialled(phone, lines.KEYS, tmp_path / "heard.wav", voice)
    dialled.ear.hears(Prompt.KEYS_TEST)
    dialled.call.hold()
    phone.wait(lambda e: e["type"] == "media" and not e["active"], "media on hold", 20)
    before = len(dialled.call.events("media"))
    dialled.call.resume()
    until(lambda: len(dialled.call.events("media")) > before, "media again")
    dialled.call.keys("7#")
    dialled.ear.hears(Prompt.KEYS_HEARD, "7#")
    dialled.call.hang_up()


def test_calls_over_tcp_as_over_udp(carrier: Carrier, tmp_path: Path, voice: Voice) -> None:
    line = lines.CROWD[3]
    with Pjsua2Phone(tmp_path / "phone", tcp=True) as phone:
        phone.register(line.number, line.password, carrier.address)
        dialled = Dialled(phone, lines.KEYS, tmp_path / "heard.wav", voice)
        dialled.call.wait_answered()
        dialled.call.keys("42#")
        dialled.ear.hears(Prompt.KEYS_HEARD, "42#")
        dialled.call.hang_up()
