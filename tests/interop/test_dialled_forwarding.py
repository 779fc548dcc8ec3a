"""Forwarding is set by dialling, as each carrier has it; pjsua2 listens and keys."""

from pathlib import Path

import pytest

from prompts.catalogue import Prompt, Voice
from tests.interop import journeys, lines
from tests.interop.dialled import Dialled, registered
from tests.support.carrier import Carrier

pytestmark = [pytest.mark.interop, pytest.mark.listens]


@pytest.mark.rule("FWD-01")
def test_1421_and_1420_start_and_stop(carrier: Carrier, tmp_path: Path, voice: Voice) -> None:
    line = lines.CODES
    with registered(tmp_path, line, carrier) as phone:
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
    with registered(tmp_path, line, carrier) as phone:
        always = Dialled(phone, f"1424{journeys.TARGET_KEYS}", tmp_path / "always.wav", voice)
        refused = Dialled(phone, "1423110", tmp_path / "refused.wav", voice)
        always.ear.hears(Prompt.FORWARDING_ALWAYS, target)
        assert always.call.wait_ended() == 200
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
    with registered(tmp_path, line, carrier) as phone:
        menu = Dialled(phone, "142", tmp_path / "menu.wav", voice)
        menu.ear.hears_beginning(Prompt.VOICEWARP_MENU)
        menu.call.keys(f"2{journeys.TARGET_KEYS}#")
        menu.ear.hears(Prompt.VOICEWARP_CONFIRM_TARGET, target)
        menu.call.keys("1")
        menu.ear.hears(Prompt.FORWARDING_TARGET_SET, target)
        menu.call.keys("1")
        menu.ear.hears_beginning(Prompt.VOICEWARP_WAYS)
        menu.call.keys("4")
        menu.ear.hears(Prompt.FORWARDING_BUSY, target)
        menu.ear.hears(Prompt.FORWARDING_NO_ANSWER, journeys.DEFAULT_RING_TIME_S, target)
        on, off = {"active": True, "target": target}, {"active": False, "target": target}
        assert journeys.forwarding(carrier, line) == {"always": off, "busy": on, "no_answer": on}
        menu.call.keys("0")
        menu.ear.hears(Prompt.FORWARDING_ENDED)
        menu.call.hang_up()


@pytest.mark.rule("FWD-06")
def test_a_refused_destination_is_explained(carrier: Carrier, tmp_path: Path, voice: Voice) -> None:
    reasons = {
        "110": Prompt.TARGET_SHORT_CODE,
        "0120123456": Prompt.TARGET_FREEPHONE,
        "0570000111": Prompt.TARGET_PREMIUM,
    }
    with registered(tmp_path, lines.PJSUA2, carrier) as phone:
        calls = {keys: Dialled(phone, "1429", tmp_path / f"{keys}.wav", voice) for keys in reasons}
        for keys, dialled in calls.items():
            dialled.call.wait_answered()
            dialled.call.keys(f"3{keys}#")
        for keys, dialled in calls.items():
            dialled.ear.hears(reasons[keys])
            dialled.call.hang_up()
