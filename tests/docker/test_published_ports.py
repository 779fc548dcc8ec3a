"""A phone on the host, which reaches the carrier by its published ports alone."""

from lab.scenarios.hearing import to_8_khz, tone_level
from lab.scenarios.phones.handset import Handset
from lab.scenarios.phones.waiting import until
from lab.scenarios.wavefile import parse_wav
from tests.docker.conftest import HOST_HERTZ
from tests.docker.engine import StandingPhone

LINPHONE_HERTZ = 900
"""What a standing phone speaks."""


def hears(wav: bytes, hertz: int) -> bool:
    """Whether the last half second that was heard is little but that tone."""
    sound = parse_wav(wav) if wav else None
    if sound is None or len(sound.samples) < sound.rate_hz:
        return False
    latest = sound.samples[-sound.rate_hz // 2 :]
    return tone_level(to_8_khz(latest, sound.rate_hz), hertz) > 0.5


def test_it_calls_in_and_hears_itself(host_phone: Handset) -> None:
    host_phone.dial("000001")
    until(host_phone.answered, "the echo test answering")
    until(lambda: hears(host_phone.heard(), HOST_HERTZ), "the phone's own tone coming back")
    host_phone.hang_up()
    until(host_phone.ended, "the call's end")


def test_it_speaks_with_a_phone_in_a_container(host_phone: Handset) -> None:
    called = StandingPhone("linphone")
    host_phone.dial("09000000002")
    assert "0300000003" in until(lambda: called.ask("ringing"), "linphone ringing")
    called.ask("answer")
    until(host_phone.answered, "linphone answering")
    until(lambda: hears(host_phone.heard(), LINPHONE_HERTZ), "linphone's tone on the host")
    until(lambda: hears(called.heard(), HOST_HERTZ), "the host's tone in linphone")
    host_phone.hang_up()
    until(host_phone.ended, "the call's end")


def test_it_is_called_from_a_container(host_phone: Handset) -> None:
    calling = StandingPhone("linphone")
    calling.ask("dial", number="0300000003")
    assert "09000000002" in str(until(host_phone.ringing, "the host's phone ringing"))
    host_phone.answer()
    until(lambda: calling.ask("answered"), "the host's phone answering")
    until(lambda: hears(host_phone.heard(), LINPHONE_HERTZ), "linphone's tone on the host")
    calling.ask("hang_up")
    until(host_phone.ended, "the call's end")
