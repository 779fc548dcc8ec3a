"""135, 1351 and 1350 on NTT lines; pjsua2 listens and keys (SHOW-01)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.scenarios.phones.pjsua2_phone import Pjsua2Phone
from prompts.catalogue import Prompt, Voice
from provisioning.contract import E164
from tests.interop import journeys, lines
from tests.interop.dialled import Dialled, registered
from tests.support.carrier import Carrier

pytestmark = [pytest.mark.interop, pytest.mark.listens, pytest.mark.rule("SHOW-01")]

FREEPHONE = E164("+81120000003")


@pytest.fixture
def phone(carrier: Carrier, tmp_path: Path) -> Iterator[Pjsua2Phone]:
    with registered(tmp_path, lines.NTT_DEMO, carrier) as phone:
        yield phone


def test_1351_starts_and_1350_stops_showing_the_freephone_number(
    carrier: Carrier, phone: Pjsua2Phone, tmp_path: Path, voice: Voice
) -> None:
    start = Dialled(phone, "1351", tmp_path / "start.wav", voice)
    start.ear.hears(Prompt.DISPLAY_STARTED, FREEPHONE)
    assert start.call.wait_ended() == 200
    assert journeys.shows_freephone(carrier, lines.NTT_DEMO)
    stop = Dialled(phone, "1350", tmp_path / "stop.wav", voice)
    stop.ear.hears(Prompt.DISPLAY_STOPPED)
    assert stop.call.wait_ended() == 200
    assert not journeys.shows_freephone(carrier, lines.NTT_DEMO)


def test_135_asks_for_1_or_0(
    carrier: Carrier, phone: Pjsua2Phone, tmp_path: Path, voice: Voice
) -> None:
    on = Dialled(phone, "135", tmp_path / "on.wav", voice)
    on.ear.hears(Prompt.DISPLAY_MENU)
    on.call.keys("1")
    on.ear.hears(Prompt.DISPLAY_STARTED, FREEPHONE)
    assert on.call.wait_ended() == 200
    assert journeys.shows_freephone(carrier, lines.NTT_DEMO)
    off = Dialled(phone, "135", tmp_path / "off.wav", voice)
    off.call.wait_answered()
    off.call.keys("0")
    off.ear.hears(Prompt.DISPLAY_STOPPED)
    assert off.call.wait_ended() == 200
    assert not journeys.shows_freephone(carrier, lines.NTT_DEMO)


def test_without_the_contract_a_talkie_refuses(
    carrier: Carrier, tmp_path: Path, voice: Voice
) -> None:
    with registered(tmp_path, lines.NTT_PLAIN, carrier) as phone:
        dialled = Dialled(phone, "1351", tmp_path / "heard.wav", voice)
        dialled.ear.hears(Prompt.DISPLAY_NOT_CONTRACTED)
        assert dialled.call.wait_ended() == 403
        assert "CONFIRMED" not in dialled.call.states
