"""All media of one process: one pacing wheel inside the loop sends for every leg.

No leg has a task or a timer of its own. A tick sends for the streams of its phase, then looks for
in-band keys in what arrived since the last, all legs in one matrix product.
"""

import asyncio
import secrets
import time
from collections import deque
from dataclasses import dataclass
from struct import Struct

import numpy as np

from ivr.media.inband import Detector, detect
from ivr.media.pacer import Wheel
from ivr.media.player import Stream
from ivr.media.songbook import Songbook
from ivr.net.media_facts import MediaFacts
from ivr.net.media_leg import MediaLeg
from ivr.net.rtp_out import Phase, send_due
from ivr.net.rtp_ports import NoPortsLeft, RtpPorts

__all__ = ["MediaEngine", "MediaFacts", "MediaLeg", "MediaStats", "NoPortsLeft", "RtpPorts"]

SWEEP_S = 0.5
SWEEP_TICKS = 80
"""A sweep is spread over as many ticks, so that none is long for it."""
_BEGINNING = Struct("!IHI")
_LATENESS_SAMPLES = 4096


@dataclass(frozen=True, slots=True)
class MediaStats:
    """The engine's state: lateness is how long after its due instant a phase was all sent."""

    streams: int
    free_ports: int
    sent: int
    skipped_rounds: int
    lateness_p50_ms: float
    lateness_p99_ms: float


class MediaEngine:
    """Makes legs and paces them; `packet_filter` lets the kernel drop audio nobody listens to."""

    def __init__(
        self,
        ports: RtpPorts,
        loop: asyncio.AbstractEventLoop | None = None,
        *,
        packet_filter: bool = True,
    ) -> None:
        self.loop = loop or asyncio.get_running_loop()
        self.packet_filter = packet_filter
        self._ports = ports
        songbook = Songbook()
        self._wheel = Wheel(lambda: Phase(songbook))
        self._legs: dict[MediaLeg, None] = {}
        self._detectors: dict[MediaLeg, Detector] = {}
        self._heard: list[tuple[MediaLeg, bytes, int]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._sweep_at = 0.0
        self._unswept: list[MediaLeg] = []
        self._sweep_share = 1
        self._lateness: deque[float] = deque(maxlen=_LATENESS_SAMPLES)
        self._skipped = 0
        self._sent_by_closed = 0

    def open(self) -> MediaLeg:
        """Make a leg on the next free pair of ports; it sends once it was connected.

        Raises:
            NoPortsLeft: every port is taken.
        """
        ssrc, sequence, timestamp = _BEGINNING.unpack(secrets.token_bytes(_BEGINNING.size))
        stream = Stream(ssrc, sequence & 0x7FFF, timestamp)
        leg = MediaLeg(self, self._ports.open(), stream, self._wheel.emptiest())
        self._legs[leg] = None
        if self._timer is None:
            now = self.loop.time()
            self._wheel.start(now)
            self._sweep_at = now + SWEEP_S
            self._timer = self.loop.call_at(now, self._tick)
        return leg

    def close(self) -> None:
        """Close every leg and stop the wheel."""
        for leg in list(self._legs):
            leg.close()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def stats(self) -> MediaStats:
        """The engine's figures; lateness over the last few thousand phases."""
        late_ms = np.asarray(self._lateness or [0.0]) * 1000
        return MediaStats(
            streams=len(self._legs),
            free_ports=self._ports.free,
            sent=self._sent_by_closed + sum(leg.out.sent for leg in self._legs),
            skipped_rounds=self._skipped,
            lateness_p50_ms=float(np.percentile(late_ms, 50)),
            lateness_p99_ms=float(np.percentile(late_ms, 99)),
        )

    def listen_inband(self, leg: MediaLeg, ulaw: bytes, timestamp: int) -> None:
        """Look for keys in `ulaw` with the next tick."""
        self._heard.append((leg, ulaw, timestamp))

    def forget(self, leg: MediaLeg) -> None:
        """Take a closed leg off the wheel and its ports back."""
        if leg in self._legs:
            del self._legs[leg]
            self._detectors.pop(leg, None)
            leg.out.leave()
            self._sent_by_closed += leg.out.sent
            self._ports.close(leg.pair)

    def _tick(self) -> None:
        now = self.loop.time()
        try:
            for turn in self._wheel.turns(now):
                self._skipped = max(self._skipped, turn.skipped)
                turn.phase.ears.hear()
                if len(turn.phase):
                    send_due(turn.phase, turn.skipped)
                    # Not the loop's time: uvloop's stands still within a turn of the loop.
                    self._lateness.append(time.monotonic() - turn.due_at)
            if self._heard:
                self._detect()
            self._sweep(now)
        finally:
            self._rearm()

    def _rearm(self) -> None:
        if self._legs:
            self._timer = self.loop.call_at(self._wheel.next_deadline(), self._tick)
        else:
            self._timer = None

    def _detect(self) -> None:
        heard, self._heard = self._heard, []
        heard = [piece for piece in heard if piece[0] in self._legs]
        batch = [(self._detectors.setdefault(leg, Detector()), ulaw) for leg, ulaw, _ in heard]
        for index, key in detect(batch):
            leg, _, timestamp = heard[index]
            leg.key_heard(key, timestamp)

    def _sweep(self, now: float) -> None:
        """Look after one share of the legs; begin again once all had their turn."""
        if not self._unswept:
            if now < self._sweep_at:
                return
            self._sweep_at = now + SWEEP_S
            self._unswept = list(self._legs)
            self._sweep_share = -(-len(self._unswept) // SWEEP_TICKS)
        share = slice(-self._sweep_share, None)
        legs = self._unswept[share]
        del self._unswept[share]
        for leg in legs:
            if not leg.closed:
                leg.sweep(now)
