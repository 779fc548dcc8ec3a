"""A key stops the prompt: what still comes of it afterwards is counted packet by packet."""

from collections.abc import Iterator
from itertools import pairwise

import pytest

from prompts.catalogue import Prompt, Voice
from tests.interop import lines
from tests.support.carrier import Carrier
from tests.support.wire import WireCall, WirePhone
from tests.support.wire_rtp import RtpPacket

pytestmark = [pytest.mark.interop, pytest.mark.listens]

LINE = lines.WIRE
FRAME = 160
MOST_PACKETS_AFTER_A_KEY = 3
"""40 ms are two packets of 20 ms; a third may have been on its way when the key was sent."""


@pytest.fixture
def call(carrier: Carrier) -> Iterator[WireCall]:
    with WirePhone(carrier.address, LINE.number, LINE.password) as phone:
        assert phone.register().status == 200
        with WireCall(phone, "1429") as call:
            assert call.dial().status == 200
            yield call
            call.bye()


def frames_of(voice: Voice, prompt: Prompt) -> set[bytes]:
    """The frames of a prompt that are not silence, as they travel in PCMU."""
    ulaw = voice.speech(prompt).ulaw
    frames = {ulaw[i : i + FRAME] for i in range(0, len(ulaw) - FRAME + 1, FRAME)}
    return {frame for frame in frames if len(set(frame)) > 4}


def hear(call: WireCall, frames: set[bytes], count: int) -> None:
    """Receive until `count` frames of the prompt have come, speaking silence all the while."""
    heard = 0
    for _ in range(3000):
        packet = call.rtp.receive()
        assert packet is not None, f"no packet for 5 s after {heard} of the prompt"
        heard += packet.payload in frames
        call.rtp.silence()
        if heard >= count:
            return
    raise AssertionError(f"only {heard} frames of the prompt in 3000 packets")


def after_key(call: WireCall, frames: set[bytes], packets: int = 60) -> list[RtpPacket]:
    """The packets of the prompt among the next ones."""
    following = [call.rtp.receive() for _ in range(packets)]
    return [packet for packet in following if packet and packet.payload in frames]


def test_an_event_stops_the_menu(call: WireCall, voice: Voice) -> None:
    menu = frames_of(voice, Prompt.FORWARDING_MENU)
    hear(call, menu, 40)
    call.rtp.waiting()
    call.rtp.key("3")
    assert len(after_key(call, menu)) <= MOST_PACKETS_AFTER_A_KEY
    hear(call, frames_of(voice, Prompt.FORWARDING_ENTER_TARGET), 10)


def test_an_info_stops_the_menu(call: WireCall, voice: Voice) -> None:
    menu = frames_of(voice, Prompt.FORWARDING_MENU)
    hear(call, menu, 40)
    call.rtp.waiting()
    assert call.info("3").status == 200
    assert len(after_key(call, menu)) <= MOST_PACKETS_AFTER_A_KEY
    hear(call, frames_of(voice, Prompt.FORWARDING_ENTER_TARGET), 10)


def test_a_prompt_is_one_unbroken_stream(call: WireCall, voice: Voice) -> None:
    """Sequence numbers and timestamps go on by 1 and 160; only one source speaks.

    A marker begins a talkspurt (RFC 3551 §4.1): silence may come before it, speech may not, unless
    the machine stood still for longer than is made up for. The frames of that time are left out
    then: the timestamp goes on by all of them, and the marker says so.
    """
    packets: list[RtpPacket] = []
    while len(packets) < 150:
        packet = call.rtp.receive()
        assert packet is not None
        packets.append(packet)
        call.rtp.silence()
    for before, after in pairwise(packets):
        assert (after.sequence - before.sequence) & 0xFFFF == 1
        frames, rest = divmod((after.timestamp - before.timestamp) & 0xFFFFFFFF, FRAME)
        assert rest == 0
        assert after.ssrc == before.ssrc
        silent = len(set(before.payload)) == 1
        assert after.marker if frames > 1 else frames == 1 and (silent or not after.marker)
    assert {packet.payload_type for packet in packets} == {0}
    assert packets[0].marker


def test_a_strangers_packets_are_not_keys(call: WireCall, voice: Voice) -> None:
    """250 packets of another source, keys among them, change nothing (RTP injection)."""
    menu = frames_of(voice, Prompt.FORWARDING_MENU)
    hear(call, menu, 20)
    with WireCall(call.phone, "1429") as stranger:
        stranger.rtp.peer = call.rtp.peer
        for _ in range(50):
            stranger.rtp.key("2")
    hear(call, menu, 40)
