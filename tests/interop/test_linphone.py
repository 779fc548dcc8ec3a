"""linphone registers, dials and keys; what it hears is matched against the prompts."""

from pathlib import Path

import pytest

from lab.scenarios.phones.linphone_phone import LinphonePhone
from prompts.catalogue import Prompt, Voice
from tests.interop import lines
from tests.support.carrier import Carrier
from tests.support.ear import Ear

pytestmark = [pytest.mark.interop, pytest.mark.listens]

LINE = lines.LINPHONE


@pytest.mark.rule("LINE-02")
def test_a_wrong_password_is_refused(carrier: Carrier, tmp_path: Path) -> None:
    with LinphonePhone(tmp_path) as phone:
        assert not phone.register(LINE.number, "wrong", carrier.address)


def test_keys_by_info_are_taken(carrier: Carrier, tmp_path: Path, voice: Voice) -> None:
    record = tmp_path / "heard.wav"
    with LinphonePhone(tmp_path, keys_by_info=True) as phone:
        assert phone.register(LINE.number, LINE.password, carrier.address)
        phone.dial(lines.KEYS, record)
        phone.wait_answered()
        phone.keys("246#")
        Ear(lambda: record, voice).hears(Prompt.KEYS_HEARD, "246#")
        phone.hang_up()


@pytest.mark.rule("LINE-05")
def test_an_unassigned_number_has_a_talkie_and_is_refused(
    carrier: Carrier, tmp_path: Path, voice: Voice
) -> None:
    record = tmp_path / "heard.wav"
    with LinphonePhone(tmp_path) as phone:
        assert phone.register(LINE.number, LINE.password, carrier.address)
        phone.dial(lines.UNASSIGNED, record)
        Ear(lambda: record, voice).hears(Prompt.TALKIE_UNASSIGNED)
        assert phone.wait_ended() == "error."
        assert "early media" in phone.program.output()
        assert "connected" not in phone.program.output()
