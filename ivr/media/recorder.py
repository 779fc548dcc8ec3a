"""Audio as it was spoken: packets put in order by timestamp, gaps filled with silence."""

from collections.abc import Callable

from ivr.media.g711 import SAMPLE_RATE, ULAW_SILENCE
from ivr.media.rtp import TIMESTAMPS, Packet

Write = Callable[[bytes], None]

REORDER_SAMPLES = 800
"""A packet may be 100 ms late before its place is taken by silence."""
LONGEST_GAP_SAMPLES = 60 * SAMPLE_RATE
"""A longer jump is a sender's clock that leapt, not a pause of the speaker."""


class Timeline:
    """Places a sender's packets on the recording's line of samples."""

    __slots__ = ("_base", "_ssrc", "_start")

    def __init__(self) -> None:
        self._ssrc: int | None = None
        self._base, self._start = 0, 0.0

    def place(self, packet: Packet, now: float) -> int:
        """Samples between the first packet and this one; `now` is monotonic seconds.

        A new SSRC has a new beginning: it goes on where the clock stands (RFC 3550 §5.1).
        """
        if packet.ssrc != self._ssrc:
            if self._ssrc is None:
                self._start = now
            self._ssrc = packet.ssrc
            self._base = packet.timestamp - int((now - self._start) * SAMPLE_RATE)
        offset = (packet.timestamp - self._base) % TIMESTAMPS
        return offset if offset < TIMESTAMPS // 2 else offset - TIMESTAMPS


class Recorder:
    """Writes contiguous µ-law to `write`; `feed` fits `MediaLeg.record`.

    What is written is the call's timeline: sample `n` of the output was spoken `n / 8000` seconds
    after the first packet, whatever the network did on the way.
    """

    def __init__(self, write: Write) -> None:
        self._write = write
        self._waiting: dict[int, bytes] = {}
        self._shift = 0
        self._newest = 0
        self.samples = 0
        """How many samples were written."""

    def feed(self, offset: int, ulaw: bytes) -> None:
        """Take a packet that begins `offset` samples after the recording's beginning."""
        at = offset + self._shift
        ahead = at - max(self._newest, self.samples)
        if abs(ahead) > LONGEST_GAP_SAMPLES:
            self.flush()
            self._shift = self.samples - offset
            at = self.samples
        if not ulaw or at + len(ulaw) <= self.samples:
            return
        self._waiting.setdefault(at, ulaw)
        self._newest = max(self._newest, at + len(ulaw))
        self._write_ready()

    def fill(self, samples: int) -> None:
        """Write what waits, then silence up to `samples`: the speaker said nothing since."""
        self.flush()
        self._silence_to(samples)

    def flush(self) -> None:
        """Write all that waits for packets before it."""
        for at in sorted(self._waiting):
            self._put(at, self._waiting[at])
        self._waiting.clear()

    def _write_ready(self) -> None:
        """Write whatever is next in turn, or has waited long enough for what is missing."""
        while self._waiting:
            at = min(self._waiting)
            if at > self.samples and self._newest - at < REORDER_SAMPLES:
                return
            self._put(at, self._waiting.pop(at))

    def _put(self, at: int, ulaw: bytes) -> None:
        self._silence_to(at)
        fresh = ulaw[self.samples - at :]
        if fresh:
            self._write(fresh)
            self.samples += len(fresh)

    def _silence_to(self, at: int) -> None:
        if at > self.samples:
            self._write(bytes([ULAW_SILENCE]) * (at - self.samples))
            self.samples = at
