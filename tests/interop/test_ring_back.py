"""What a caller's phone receives from a running carrier before anybody answers."""

import time
from collections.abc import Iterator

import pytest

from ivr.media import tones
from tests.interop import lines
from tests.interop.wired import registered
from tests.support.carrier import Carrier
from tests.support.wire import WireCall, WirePhone

pytestmark = [pytest.mark.interop, pytest.mark.listens]

CALLER, CALLED = lines.CROWD[-23], lines.CROWD[-24]
BEAT = 8000
"""Bytes of a second: ring-back sounds for one, and the busy tone begins anew each."""


@pytest.fixture
def caller(carrier: Carrier) -> Iterator[WirePhone]:
    with WirePhone(carrier.address, CALLER.number, CALLER.password) as phone:
        yield phone


@pytest.fixture
def called(carrier: Carrier) -> Iterator[WirePhone]:
    with registered(carrier, CALLED) as phone:
        yield phone


def hears(call: WireCall, sound: bytes, within_s: float = 15.0) -> bool:
    """Whether the call's early media brings just these bytes of µ-law in time."""
    heard = b""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        packet = call.rtp.receive(1.0)
        heard += packet.payload if packet else b""
        if sound in heard:
            return True
    return False


@pytest.mark.rule("CALL-01")
@pytest.mark.rule("CALL-03")
@pytest.mark.rule("LINE-05")
def test_ring_back_then_the_busy_tone_then_486(caller: WirePhone, called: WirePhone) -> None:
    with WireCall(caller, CALLED.number) as call:
        branch = "z9hG4bKringback"
        caller.send(call.invite(branch))
        invite = called.expect_request("INVITE")
        called.answer(invite, "180 Ringing")
        ringing = caller.expect(180, method="INVITE")
        call.rtp.peer_from(ringing.body)
        assert hears(call, tones.ring_back()[:BEAT])
        called.answer(invite, "486 Busy Here")
        assert hears(call, tones.busy()[:BEAT])
        assert call.wait_final(branch).status == 486
