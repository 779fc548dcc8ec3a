"""RTP packets (RFC 3550 §5) and what a receiver counts (§6.4.1, A.1, A.8)."""

from struct import Struct
from typing import NamedTuple

HEADER = Struct("!BBHII")
VERSION = 0x80
MARKER = 0x80
SEQUENCES = 1 << 16
TIMESTAMPS = 1 << 32

MOST_AHEAD, MOST_BEHIND = 3000, 100
"""Steps beyond these are no loss and no delay (RFC 3550 A.1: MAX_DROPOUT and MAX_MISORDER)."""

COMFORT_NOISE = 13
"""The payload type of what stands for silence (RFC 3389 §4)."""

ANEW = SEQUENCES
"""The step of a packet with which its sender began anew."""
ASTRAY = -TIMESTAMPS
"""The step of a packet far from where its sender was: the next one tells whether it began anew."""


class Packet(NamedTuple):
    """One RTP packet; `timestamp` in samples at the payload's clock rate."""

    marker: bool
    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes


def parse(datagram: bytes) -> Packet | None:
    """Read an RTP packet, or answer `None` when the octets are not one (RFC 3550 §5.1, A.1)."""
    if len(datagram) < HEADER.size:
        return None
    first, second, sequence, timestamp, ssrc = HEADER.unpack_from(datagram)
    if first == VERSION:
        payload = datagram[12:]
    elif first & 0xC0 == VERSION:
        body = _body(datagram, first)
        if body is None:
            return None
        payload = body
    else:
        return None
    return Packet(second >= MARKER, second & 0x7F, sequence, timestamp, ssrc, payload)


def _body(datagram: bytes, first: int) -> bytes | None:
    """The payload behind CSRCs and an extension, without padding (RFC 3550 §5.1, §5.3.1)."""
    start, end = HEADER.size + 4 * (first & 0x0F), len(datagram)
    if first & 0x10:
        if start + 4 > end:
            return None
        start += 4 + 4 * int.from_bytes(datagram[start + 2 : start + 4], "big")
    if first & 0x20:
        padding = datagram[-1]
        if padding == 0:
            return None
        end -= padding
    return datagram[start:end] if start <= end else None


def build(packet: Packet) -> bytes:
    """Write `packet` without CSRCs, extension or padding."""
    second = packet.payload_type | (MARKER if packet.marker else 0)
    head = HEADER.pack(VERSION, second, packet.sequence, packet.timestamp, packet.ssrc)
    return head + packet.payload


def sequence_distance(later: int, earlier: int) -> int:
    """How far `later` is ahead of `earlier`, modulo 2**16, in -32768..32767."""
    return ((later - earlier + 0x8000) & 0xFFFF) - 0x8000


class Reception:
    """The counters of one received stream; restarts by itself when the SSRC changes."""

    __slots__ = (
        "_base",
        "_expected",
        "_last_transit",
        "highest",
        "jitter",
        "received",
        "sampled",
        "ssrc",
    )

    def __init__(self) -> None:
        self.ssrc: int | None = None
        self.received = 0
        self.highest = 0
        self.jitter = 0.0
        self._base = 0
        self._last_transit = 0.0
        self._expected: int | None = None
        self.sampled = False

    def note(self, packet: Packet, now: float) -> int:
        """Count a packet that arrived at `now` (monotonic seconds).

        Answer how many steps it is ahead of the newest before it, 0 or less for one that is
        doubled or late, or else `ANEW` or `ASTRAY`.
        """
        if packet.ssrc != self.ssrc:
            self._restart(packet, now)
            return ANEW
        ahead = sequence_distance(packet.sequence, self.highest & 0xFFFF)
        if not (-MOST_BEHIND <= ahead <= MOST_AHEAD or self.sampled):
            return self._stray(packet, now)
        if ahead > 0:
            self.advance(ahead, packet.timestamp, now)
        else:
            self.received += 1
            self._last_transit = now * 8000 - packet.timestamp
        return ahead

    def advance(self, ahead: int, timestamp: int, now: float) -> None:
        """Count a packet `ahead` steps after the newest before it."""
        self.received += 1
        self.highest += ahead
        transit = now * 8000 - timestamp
        if not self.sampled:
            change = abs(transit - self._last_transit)
            if change < SEQUENCES:
                self.jitter += (change - self.jitter) / 16
        self._last_transit = transit

    def sample(self) -> None:
        """From here on only some packets are seen: loss and jitter stay as they are."""
        self.sampled = True

    def whole(self) -> None:
        """From here on every packet is seen again: count anew from the next."""
        if self.sampled:
            self.sampled, self.ssrc = False, None

    def _stray(self, packet: Packet, now: float) -> int:
        """Believe in a new beginning once two packets follow each other there (RFC 3550 A.1)."""
        if packet.sequence == self._expected:
            self._restart(packet, now)
            return ANEW
        self._expected = (packet.sequence + 1) & 0xFFFF
        return ASTRAY

    def _restart(self, packet: Packet, now: float) -> None:
        self.ssrc, self._expected = packet.ssrc, None
        self.received = 1
        self._base = self.highest = packet.sequence
        self._last_transit = now * 8000 - packet.timestamp
        self.jitter = 0.0

    @property
    def newest(self) -> tuple[int, int]:
        """The SSRC and sequence number of the newest packet; zeros before the first."""
        return self.ssrc or 0, self.highest & 0xFFFF

    @property
    def expected(self) -> int:
        """How many packets the peer sent since its first that came, by their numbers."""
        return 0 if self.ssrc is None else self.highest - self._base + 1

    @property
    def lost(self) -> int:
        """Packets expected but not received; negative when duplicates came (RFC 3550 §6.4.1)."""
        if self.ssrc is None or self.sampled:
            return 0
        return self.expected - self.received

    @property
    def jitter_ms(self) -> float:
        """Inter-arrival jitter in milliseconds (RFC 3550 §6.4.1)."""
        return self.jitter / 8
