"""One leg's packets as another's stream: what one side of a call says, the other hears at once.

Only the header is rewritten. The listener sees one stream without a seam: one SSRC, numbers that
go on from what its leg said before, and from there the speaker's own steps of sequence and
timestamp, so that what was lost or swapped on the way looks lost or swapped to the listener too.
"""

from struct import Struct
from typing import NamedTuple

from ivr.media.g711 import FRAME_SAMPLES, SAMPLE_RATE, Law, translation
from ivr.media.player import Stream
from ivr.media.rtp import (
    ANEW,
    COMFORT_NOISE,
    HEADER,
    MARKER,
    MOST_AHEAD,
    VERSION,
    Packet,
    Reception,
)

QUIET_S = 0.5
"""Once a speaker said nothing for so long the leg says silence itself: a phone that hears nothing
takes the call for dead, and a NAT forgets it."""

MOST_A_SECOND = 200
"""Packets a second: four times what a phone sends; more is a flood, or goes round in a circle."""
MOST_AT_ONCE = 400
"""What a network may hold back and let go together."""

_WORDS = Struct("!III")
"""The header as three words: version to sequence number, timestamp, SSRC (RFC 3550 §5.1)."""
_NOBODY = -1


class Format(NamedTuple):
    """What a leg negotiated: the law, and the payload types of audio and of keys."""

    law: Law = "PCMU"
    payload_type: int | None = None
    event_payload_type: int | None = None


class Relay:
    """Carries on in `stream` what the sender says that `reception` counts.

    It flows from the first packet that finds the stream with nothing to say, until `rest`. While
    it flows the stream's numbers are the relay's. `excess` counts what was more than `allow`
    allows. `now` is monotonic seconds.
    """

    __slots__ = (
        "_allowance",
        "_allowed_at",
        "_clock",
        "_from",
        "_highest_word",
        "_moved_at",
        "_newest",
        "_numbers",
        "_oldest",
        "_reception",
        "_seconds",
        "_sender",
        "_ssrc",
        "_stream",
        "_table",
        "_told_at",
        "_word",
        "_word_change",
        "excess",
    )

    def __init__(self, reception: Reception, stream: Stream) -> None:
        self._reception, self._stream, self._ssrc = reception, stream, stream.ssrc
        self._from = Format()
        self._table: bytes | None = None
        self._seconds: dict[int | None, int | None] = {}
        self._sender = _NOBODY
        # By how much our sequence numbers and timestamps are ahead of the sender's.
        self._numbers = self._clock = 0
        self._oldest = self._newest = 0
        self._word = self._highest_word = self._word_change = 0
        self._moved_at = self._told_at = self._allowed_at = 0.0
        self._allowance, self.excess = MOST_AT_ONCE, 0

    @property
    def flowing(self) -> bool:
        """Whether the stream's packets are the relay's."""
        return self._sender != _NOBODY

    @property
    def heard_at(self) -> float:
        """When the last packet came that was carried on."""
        return max(self._moved_at, self._told_at)

    def tune(self, given: Format, wanted: Format) -> None:
        """Translate from what the speaker sends into what the listener takes."""
        self._from = given
        self._table = translation(given.law, wanted.law)
        self._seconds = {
            given.event_payload_type: wanted.event_payload_type,
            given.payload_type: wanted.payload_type,
        }
        self._expect(self._word & 0xFFFF)

    def quick(self, datagram: bytes, now: float) -> bytes | None:
        """The packet to send for what nearly every datagram is: the sender's next audio.

        None for any other, which `forward` is for; nothing was counted then. A packet without
        marker, of the same type and later by its number differs from the one before in nothing but
        a larger first word, until a number wraps: one subtraction tells all that. It saves three
        quarters of what `forward` costs with the parsing and counting before it.
        """
        if len(datagram) < _WORDS.size:
            return None
        word, timestamp, sender = _WORDS.unpack_from(datagram)
        ahead = word - self._word
        if sender != self._sender or not 0 < ahead <= MOST_AHEAD or word > self._highest_word:
            return None
        if not self._allowance:
            return None
        self._allowance -= 1
        self._word, self._newest, self._moved_at = word, timestamp, now
        self._reception.advance(ahead, timestamp, now)
        payload = datagram[12:]
        if self._table is not None:
            payload = payload.translate(self._table)
        timestamp = (timestamp + self._clock) & 0xFFFFFFFF
        return _WORDS.pack(word + self._word_change, timestamp, self._ssrc) + payload

    def forward(self, packet: Packet, ahead: int, now: float) -> bytes | None:
        """The packet to send for any packet, or None; `ahead` is what `Reception.note` said."""
        if ahead == ANEW:
            self.rest(now)
        second = self._seconds.get(packet.payload_type)
        if second is None:
            self._leave_out(packet, ahead, now)
            return None
        if not self._allowance:
            self._exceed(packet, ahead)
            return None
        if not self.flowing:
            if not self._begin(packet, ahead, now):
                return None
            second |= MARKER
        if self._reception.highest + min(ahead, 0) < self._oldest:
            return None  # astray, or its number was another packet's before the relay flowed
        return self._rewritten(packet, second, ahead, now)

    def rest(self, now: float) -> None:
        """Give the stream its numbers back, as far as time went on; again is no error."""
        if not self.flowing:
            return
        sequence = (self._word + self._word_change + 1) & 0xFFFF
        self._stream.resume(sequence, self.timestamp(now))
        self._sender = _NOBODY

    def allow(self, now: float) -> None:
        """Let pass what time allows, to be called every second or oftener.

        Two phones that send back all they hear, or say that they are at ports of ours, would have
        a packet go round for ever, as fast as it can be carried.
        """
        passed = int((now - self._allowed_at) * MOST_A_SECOND)
        self._allowance = min(MOST_AT_ONCE, self._allowance + passed)
        self._allowed_at = now

    def timestamp(self, now: float) -> int:
        """The stream's RTP timestamp: while it flows at least a frame after the last packet's."""
        if not self.flowing:
            return self._stream.timestamp
        passed = round((now - self._moved_at) * SAMPLE_RATE)
        return (self._newest + self._clock + max(FRAME_SAMPLES, passed)) & 0xFFFFFFFF

    def _begin(self, packet: Packet, ahead: int, now: float) -> bool:
        """Flow from this packet on, unless the stream has its own to say.

        Neither a late packet is a beginning, nor the middle of a key.
        """
        audible = packet.marker or packet.payload_type == self._from.payload_type
        if ahead <= 0 or not audible or self._stream.busy:
            return False
        sequence, timestamp = self._stream.lend()
        self._newest, self._moved_at = packet.timestamp, now
        self._numbers, self._clock = sequence - packet.sequence, timestamp - packet.timestamp
        self._sender, self._oldest = packet.ssrc, self._reception.highest
        return True

    def _expect(self, sequence: int) -> None:
        """Let `quick` carry what comes after this one, until its number or ours wraps."""
        given, wanted = self._from.payload_type or 0, self._seconds[self._from.payload_type] or 0
        said = (sequence + self._numbers) & 0xFFFF
        self._word = (VERSION << 8 | given) << 16 | sequence
        self._word_change = ((VERSION << 8 | wanted) << 16 | said) - self._word
        self._highest_word = self._word + 0xFFFF - max(sequence, said)

    def _leave_out(self, packet: Packet, ahead: int, now: float) -> None:
        """Close the gap of a packet that the listener cannot take: it is no loss."""
        if packet.payload_type == COMFORT_NOISE:
            self.rest(now)  # from here on there is silence, which the leg can say
        elif 0 < ahead <= MOST_AHEAD:
            self._numbers -= 1
            self._expect(packet.sequence)

    def _exceed(self, packet: Packet, ahead: int) -> None:
        self.excess += 1
        if 0 < ahead <= MOST_AHEAD:
            self._expect(packet.sequence)

    def _rewritten(self, packet: Packet, second: int, ahead: int, now: float) -> bytes:
        sequence = (packet.sequence + self._numbers) & 0xFFFF
        timestamp = (packet.timestamp + self._clock) & 0xFFFFFFFF
        self._told_at = now
        if ahead > 0:
            self._expect(packet.sequence)
            if packet.timestamp != self._newest:  # all packets of a key have its beginning's
                self._newest, self._moved_at = packet.timestamp, now
        self._allowance -= 1
        payload = packet.payload
        if packet.marker:
            second |= MARKER
        if self._table is not None and packet.payload_type == self._from.payload_type:
            payload = payload.translate(self._table)
        return HEADER.pack(VERSION, second, sequence, timestamp, self._ssrc) + payload
