"""baresip registers, dials and keys; what it hears is matched against the prompts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.scenarios.phones import sounds
from lab.scenarios.phones.baresip_phone import BaresipPhone
from prompts.catalogue import Prompt, Voice
from tests.interop import journeys, lines
from tests.support.carrier import Carrier
from tests.support.ear import Ear
from tests.support.ports import free_range

pytestmark = [pytest.mark.interop, pytest.mark.listens]

LINE = lines.BARESIP


def ear_of(phone: BaresipPhone, voice: Voice) -> Ear:
    return Ear(lambda: next(iter(phone.recordings()), None), voice)


@pytest.fixture
def phone(carrier: Carrier, tmp_path: Path) -> Iterator[BaresipPhone]:
    with BaresipPhone(
        tmp_path / "phone", LINE.number, LINE.password, carrier.address, rtp_ports=free_range(16)
    ) as phone:
        assert phone.wait_registered()
        yield phone


@pytest.mark.rule("LINE-02")
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_registers(carrier: Carrier, tmp_path: Path, transport: str) -> None:
    line = lines.CROWD[10]
    with BaresipPhone(
        tmp_path,
        line.number,
        line.password,
        carrier.address,
        rtp_ports=free_range(16),
        transport=transport,
    ) as phone:
        assert phone.wait_registered()
        contacts = [binding["contact"] for binding in journeys.registrations(carrier, line)]
        assert any(f":{phone.port}" in contact or "tcp" in contact for contact in contacts)


@pytest.mark.rule("LINE-02")
def test_a_wrong_password_is_refused(carrier: Carrier, tmp_path: Path) -> None:
    with BaresipPhone(
        tmp_path, LINE.number, "wrong", carrier.address, rtp_ports=free_range(16)
    ) as phone:
        assert not phone.wait_registered()


@pytest.mark.rule("LINE-05")
def test_an_unassigned_number_has_a_talkie_and_404(phone: BaresipPhone, voice: Voice) -> None:
    phone.dial(lines.UNASSIGNED)
    ear_of(phone, voice).hears(Prompt.TALKIE_UNASSIGNED)
    assert phone.wait_ended().startswith("404")


def test_the_echo_brings_back_ones_own_tone(carrier: Carrier, tmp_path: Path, voice: Voice) -> None:
    tone = sounds.tone(tmp_path / "tone.wav", 700, seconds=300)
    with BaresipPhone(
        tmp_path / "phone",
        LINE.number,
        LINE.password,
        carrier.address,
        rtp_ports=free_range(16),
        voice=tone,
    ) as phone:
        assert phone.wait_registered()
        phone.dial(lines.ECHO)
        ear = ear_of(phone, voice)
        ear.hears(Prompt.ECHO_TEST)
        ear.hears_tone(700)
        phone.hang_up()
