"""pjsua2 registers, dials and keys; what it hears is matched against the prompts."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from lab.scenarios.phones.pjsua2_phone import KeyMethod, Pjsua2Phone
from prompts.catalogue import Prompt, Voice
from tests.interop import journeys, lines
from tests.interop.dialled import Dialled, registered
from tests.support.carrier import Carrier
from tests.support.waiting import until

pytestmark = [pytest.mark.interop, pytest.mark.listens]


@pytest.fixture
def phone(carrier: Carrier, tmp_path: Path) -> Iterator[Pjsua2Phone]:
    with registered(tmp_path, lines.PJSUA2, carrier) as phone:
        yield phone


@pytest.mark.rule("LINE-02")
@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_registers_and_unregisters(carrier: Carrier, tmp_path: Path, tcp: bool) -> None:
    line = lines.CROWD[0]
    with registered(tmp_path, line, carrier, tcp=tcp):
        assert len(journeys.registrations(carrier, line)) == 1
    until(lambda: not journeys.registrations(carrier, line), "unregistration")


@pytest.mark.rule("LINE-02")
def test_a_wrong_password_is_refused(carrier: Carrier, tmp_path: Path) -> None:
    with Pjsua2Phone(tmp_path) as phone:
        assert phone.register(lines.PJSUA2.number, "wrong", carrier.address) in (401, 403)


@pytest.mark.rule("LINE-04")
@pytest.mark.rule("LINE-05")
def test_an_unassigned_number_has_a_free_talkie_and_404(
    phone: Pjsua2Phone, tmp_path: Path, voice: Voice
) -> None:
    numbers = (lines.UNASSIGNED, "1351")
    for dialled in [Dialled(phone, each, tmp_path / f"{each}.wav", voice) for each in numbers]:
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


def test_keys_are_taken_however_they_are_sent(
    carrier: Carrier, tmp_path: Path, voice: Voice
) -> None:
    ways: tuple[KeyMethod, ...] = ("rfc4733", "info", "inband")
    with ExitStack() as stack:
        calls = []
        for by in ways:
            folder, events = tmp_path / by, by != "inband"
            phone = stack.enter_context(registered(folder, lines.CROWD[1], carrier, events=events))
            calls.append(Dialled(phone, lines.KEYS, folder / "heard.wav", voice))
        for by, dialled in zip(ways, calls, strict=True):
            dialled.call.wait_answered()
            dialled.call.keys("0558*1#", by=by)
        for dialled in calls:
            dialled.ear.hears(Prompt.KEYS_HEARD, "0558*1#")
            dialled.call.hang_up()


def test_a_phone_that_has_a_law_alone_hears_the_menu(
    carrier: Carrier, tmp_path: Path, voice: Voice
) -> None:
    with registered(tmp_path, lines.CROWD[2], carrier, codecs=("PCMA",)) as phone:
        dialled = Dialled(phone, "1429", tmp_path / "heard.wav", voice)
        dialled.ear.hears_beginning(Prompt.FORWARDING_MENU)
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
    with registered(tmp_path, lines.CROWD[3], carrier, tcp=True) as phone:
        dialled = Dialled(phone, lines.KEYS, tmp_path / "heard.wav", voice)
        dialled.call.wait_answered()
        dialled.call.keys("42#")
        dialled.ear.hears(Prompt.KEYS_HEARD, "42#")
        dialled.call.hang_up()
