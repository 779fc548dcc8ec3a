"""What bad phones do after the tone, by plain sockets: nothing of it is a message, or harms one."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from prompts.catalogue import Prompt
from tests.interop import lines
from tests.support.carrier import Carrier
from tests.support.waiting import until
from tests.support.wire import WireCall, WirePhone

pytestmark = pytest.mark.interop

OWNER, CALLER = lines.CROWD[90], lines.WIRE
PACKETS_A_SECOND = 50
LOUD = bytes([0x10, 0x90] * 80)


@pytest.fixture(autouse=True, scope="module")
def voicemail(carrier: Carrier) -> Iterator[None]:
    """The line has it, for this module."""
    carrier.send("PATCH", f"/v1/lines/{OWNER.number}", {"options": ["voicemail"]})
    carrier.send("PUT", f"/v1/voicemail/{OWNER.number}/ring-time", {"seconds": 0})
    yield
    carrier.send("PATCH", f"/v1/lines/{OWNER.number}", {"options": []})


def box(carrier: Carrier) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = carrier.get(f"/v1/voicemail/{OWNER.number}/messages")["items"]
    return found


def leave(carrier: Carrier, speak: Callable[[WireCall], None]) -> None:
    """Pass the greeting over, let the tone go by, speak, hang up; returns once that is recorded."""
    calls = len(records(carrier))
    with (
        WirePhone(carrier.address, CALLER.number, CALLER.password) as phone,
        WireCall(phone, OWNER.number) as call,
    ):
        assert call.dial().status == 200
        call.rtp.key("1")
        at_pace(call, 1.5, lambda: None)
        speak(call)
        call.bye()
    until(lambda: len(records(carrier)) > calls, "the record of the call")


def records(carrier: Carrier) -> list[dict[str, Any]]:
    rows = carrier.get("/v1/cdrs?limit=1000")["items"]
    return [row for row in rows if row["called"] == OWNER.number and row["leg"] == 1]


def at_pace(call: WireCall, seconds: float, send: Callable[[], None]) -> None:
    """Send as fast as what is heard comes."""
    for _ in range(round(seconds * PACKETS_A_SECOND)):
        assert call.rtp.receive() is not None
        send()


@pytest.mark.rule("VM-01")
def test_packets_of_another_payload_type_are_no_message(carrier: Carrier) -> None:
    before = len(box(carrier))

    def speak(call: WireCall) -> None:
        at_pace(call, 2.0, lambda: call.rtp.send(LOUD, payload_type=18))

    leave(carrier, speak)
    assert len(box(carrier)) == before


@pytest.mark.rule("VM-01")
def test_who_hangs_up_at_the_tone_leaves_none(carrier: Carrier) -> None:
    before = len(box(carrier))
    leave(carrier, lambda call: None)
    assert len(box(carrier)) == before


@pytest.mark.rule("VM-08")
def test_a_flood_of_keys_takes_nothing_from_a_message(carrier: Carrier) -> None:
    before = len(box(carrier))

    def speak(call: WireCall) -> None:
        def both() -> None:
            call.rtp.send(LOUD)
            for key in "5A*0":
                call.rtp.key(key)

        at_pace(call, 2.0, both)

    leave(carrier, speak)
    until(lambda: len(box(carrier)) > before, "the message being in the box")
    assert box(carrier)[-1]["seconds"] > 1.5
    carrier.assert_untroubled()


@pytest.mark.rule("VM-03")
def test_two_phones_in_one_box_see_one_state(carrier: Carrier) -> None:
    """What one erases is gone for the other, which is told so and goes on."""
    before = len(box(carrier)) + 1
    leave(carrier, lambda call: at_pace(call, 1.5, lambda: call.rtp.send(LOUD)))
    until(lambda: len(box(carrier)) == before, "the message being in the box")
    with (
        WirePhone(carrier.address, OWNER.number, OWNER.password) as one,
        WirePhone(carrier.address, OWNER.number, OWNER.password) as other,
        WireCall(one, "1417") as first,
        WireCall(other, "1417") as second,
    ):
        for call in (first, second):
            assert call.dial().status == 200
        first.rtp.key("3")
        until(lambda: len(box(carrier)) == before - 1, "one message being erased")
        second.rtp.key("3")
        told = Prompt.VOICEMAIL_GONE.value
        until(
            lambda: any(told in call["prompts"] for call in carrier.get("/v1/calls")["items"]),
            "the other phone being told",
        )
        assert len(box(carrier)) == before - 1
        for call in (first, second):
            assert call.bye().status == 200
