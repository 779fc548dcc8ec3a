"""Keys as RTP events (RFC 4733): hearing presses and sending them."""

from collections.abc import Iterator
from struct import Struct
from typing import NamedTuple

from ivr.media.g711 import FRAME_MS, FRAME_SAMPLES
from ivr.media.rtp import Packet, sequence_distance

KEYS = "0123456789*#ABCD"
"""The keys in order of their event codes 0 to 15 (RFC 4733 §3.2)."""

_EVENT = Struct("!BBH")
_END = 0x80
_VOLUME = 10
_LONGEST = 0xFFFF
_END_REPEATS = 2


class Event(NamedTuple):
    """One telephone-event payload; `duration` in samples (RFC 4733 §2.3)."""

    code: int
    end: bool
    duration: int


def parse_event(payload: bytes) -> Event | None:
    """Read an event payload; `None` when it is shorter than four octets (RFC 4733 §2.3)."""
    if len(payload) < _EVENT.size:
        return None
    code, flags, duration = _EVENT.unpack_from(payload)
    return Event(code, bool(flags & _END), duration)


class KeyEar:
    """Hears each press once, whatever the network lost, doubled or swapped.

    A press is one RTP timestamp (RFC 4733 §2.5.1.2). The first packet of it that arrives is the
    press, be it the start, an update or an end; the sequence number tells a late packet of an old
    press from the first of a new one, also with senders that never change the timestamp.
    """

    __slots__ = ("_event", "_sequence", "_ssrc", "_timestamp")

    def __init__(self) -> None:
        self._ssrc = -1
        self._sequence = 0
        self._timestamp = 0
        self._event = Event(-1, True, 0)

    def hear(self, packet: Packet) -> str | None:
        """Take a telephone-event packet; answer the key when it is a new press."""
        event = parse_event(packet.payload)
        if event is None or event.code >= len(KEYS):
            return None
        if packet.ssrc == self._ssrc:
            if sequence_distance(packet.sequence, self._sequence) <= 0:
                return None
            fresh = not self._continues(packet, event)
        else:
            self._ssrc, fresh = packet.ssrc, True
        self._sequence, self._timestamp, self._event = packet.sequence, packet.timestamp, event
        return KEYS[event.code] if fresh else None

    def _continues(self, packet: Packet, event: Event) -> bool:
        last = self._event
        if event.code != last.code:
            return False
        if packet.timestamp == self._timestamp:
            return event.end or not last.end
        # RFC 4733 §2.5.1.3: a press too long for its duration field goes on as a new segment.
        segment = (self._timestamp + _LONGEST) & 0xFFFFFFFF
        return not (packet.marker or last.end) and packet.timestamp == segment


class EventSlot(NamedTuple):
    """What to send in one 20 ms slot of a press; `start` takes a new timestamp."""

    start: bool
    payload: bytes


def event_slots(keys: str, duration_ms: int, gap_ms: int) -> Iterator[EventSlot | None]:
    """Spread `keys` over 20 ms slots; `None` is a slot without an event.

    The last packet of a press is repeated twice (RFC 4733 §2.5.1.4), inside the gap.

    Raises:
        ValueError: a character that is no key (`0-9 * # A-D`).
    """
    codes = [key_code(key) for key in keys]
    slots = max(1, duration_ms // FRAME_MS)
    rests = max(0, gap_ms // FRAME_MS - _END_REPEATS)
    return _slots(codes, slots, rests)


def _slots(codes: list[int], slots: int, rests: int) -> Iterator[EventSlot | None]:
    for code in codes:
        for slot in range(1, slots):
            update = _EVENT.pack(code, _VOLUME, min(slot * FRAME_SAMPLES, _LONGEST))
            yield EventSlot(slot == 1, update)
        ending = _EVENT.pack(code, _END | _VOLUME, min(slots * FRAME_SAMPLES, _LONGEST))
        for repeat in range(1 + _END_REPEATS):
            yield EventSlot(slots == 1 and repeat == 0, ending)
        yield from [None] * rests


def key_code(key: str) -> int:
    """The event code of a key.

    Raises:
        ValueError: no such key.
    """
    code = KEYS.find(key.upper())
    if len(key) != 1 or code < 0:
        raise ValueError(f"{key!r} is no telephone key: use 0-9, *, #, A-D")
    return code
