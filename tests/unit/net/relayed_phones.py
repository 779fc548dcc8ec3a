"""Two phones whose legs are relayed to each other, and what they hear."""

from collections.abc import Callable
from itertools import pairwise

from ivr.media.rtp import Packet
from ivr.net.media_engine import MediaEngine, MediaLeg
from tests.unit.net.media_phone import Phone, locked

Make = Callable[..., Phone]


def word(number: int) -> bytes:
    """Audio that no prompt and no silence is like."""
    return bytes([number]) * 160


def words_in(packets: list[Packet]) -> list[int]:
    """Which words of 1 to 15 were heard, in order."""
    return [p.payload[0] for p in packets if len(p.payload) == 160 and 0 < p.payload[0] < 16]


async def coupled(
    engine: MediaEngine, phones: Make, first: dict[str, object], second: dict[str, object]
) -> tuple[Phone, MediaLeg, Phone, MediaLeg]:
    """Two phones whose legs know them and are relayed to each other."""
    caller, callee = phones(ssrc=1), phones(ssrc=2)
    one, two = engine.open(), engine.open()
    await locked(one, caller, **first)
    await locked(two, callee, **second)
    one.relay_to(two)
    two.relay_to(one)
    return caller, one, callee, two


def assert_seamless(packets: list[Packet]) -> None:
    assert len({packet.ssrc for packet in packets}) == 1
    for before, after in pairwise(packets):
        assert (after.sequence - before.sequence) & 0xFFFF == 1
        assert 0 < (after.timestamp - before.timestamp) & 0xFFFFFFFF < 8000 * 60
