"""The carrier's container dies in the middle of a call, and comes back with all it knew."""

from typing import Any

from lab.scenarios.phones.handset import Handset
from lab.scenarios.phones.waiting import until
from lab.scenarios.wavefile import parse_wav
from tests.docker import engine
from tests.docker.engine import StandingPhone

OWNER, FORWARDING, TARGET = "09000000001", "09000000004", "+81312345678"
MESSAGE_S = 20
"""Longer than the greeting: what follows is a message."""


def kept() -> list[Any]:
    """What must outlive the container's end."""
    return [
        engine.get("/v1/lines/09000000002/registrations"),
        engine.get(f"/v1/lines/{FORWARDING}/forwarding"),
        engine.get(f"/v1/voicemail/{OWNER}/messages"),
        engine.get(f"/v1/voicemail/{OWNER}"),
    ]


def leave_message(phone: Handset) -> None:
    """Call a line whose phone is away, and speak."""

    def seconds_heard() -> float:
        wav = phone.heard()
        sound = parse_wav(wav) if wav else None
        return len(sound.samples) / sound.rate_hz if sound else 0.0

    phone.dial(OWNER)
    until(phone.answered, "the voicemail answering")
    until(lambda: seconds_heard() > MESSAGE_S, "the greeting and a message", 60)
    phone.hang_up()
    until(phone.ended, "the call's end")
    until(lambda: engine.get(f"/v1/voicemail/{OWNER}")["new"] == 1, "the message being kept")


def test_registrations_settings_and_messages_are_kept(host_phone: Handset) -> None:
    leave_message(host_phone)
    engine.put(
        f"/v1/lines/{FORWARDING}/forwarding", {"no_answer": {"active": True, "target": TARGET}}
    )
    before = kept()
    host_phone.dial("000001")
    until(host_phone.answered, "the echo test answering")

    engine.docker("kill", engine.container("carrier"))
    engine.docker("start", engine.container("carrier"))
    engine.wait_ready()

    assert kept() == before
    assert before[0]
    assert TARGET in str(before[1])
    cut = engine.get("/v1/cdrs")["items"]
    assert any(each["called"] == "000001" and each["interrupted"] for each in cut)

    called = StandingPhone("linphone")
    host_phone.dial("09000000002")
    until(lambda: called.ask("ringing"), "linphone ringing, which did not register anew")
    host_phone.hang_up()
