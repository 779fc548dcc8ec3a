"""All media of one process: one pacing wheel inside the loop sends for every leg.

No leg has a task or a timer of its own. A tick sends for the streams of its phase, then looks for
in-band keys in what arrived since the last, all legs in one matrix product.
"""

import asyncio
import secrets
import time
from collections import deque
from dataclasses import dataclass

import numpy as np

from ivr.media.inband import Detector, detect
from ivr.media.pacer import Wheel
from ivr.media.player import Stream
from ivr.net.media_leg import MediaFacts, MediaLeg
from ivr.net.rtp_ports import NoPortsLeft, RtpPorts

__all__ = ["MediaEngine", "MediaFacts", "MediaLeg", "MediaStats", "NoPortsLeft", "RtpPorts"]

SWEEP_S = 0.25
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
        self._wheel: Wheel[MediaLeg] = Wheel()
        self._legs: dict[MediaLeg, Detector] = {}
        self._heard: list[tuple[MediaLeg, bytes, int]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._sweep_at = 0.0
        self._lateness: deque[float] = deque(maxlen=_LATENESS_SAMPLES)
        self._skipped = 0
        self._sent_by_closed = 0

    def open(self) -> MediaLeg:
        """Make a leg on the next free pair of ports; it sends once it was connected.

        Raises:
            NoPortsLeft: every port is taken.
        """
        stream = Stream(secrets.randbits(32), secrets.randbits(15), secrets.randbits(32))
        leg = MediaLeg(self, self._ports.open(), stream)
        self._legs[leg] = Detector()
        self._wheel.add(leg)
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
            streams=len(self._wheel),
            free_ports=self._ports.free,
            sent=self._sent_by_closed + sum(leg.facts().sent for leg in self._legs),
            skipped_rounds=self._skipped,
            lateness_p50_ms=float(np.percentile(late_ms, 50)),
            lateness_p99_ms=float(np.percentile(late_ms, 99)),
        )

    def listen_inband(self, leg: MediaLeg, ulaw: bytes, timestamp: int) -> None:
        """Look for keys in `ulaw` with the next tick."""
        self._heard.append((leg, ulaw, timestamp))

    def forget(self, leg: MediaLeg) -> None:
        """Take a closed leg off the wheel and its ports back."""
        self._wheel.remove(leg)
        if self._legs.pop(leg, None) is not None:
            self._sent_by_closed += leg.facts().sent
            self._ports.close(leg.pair)

    def _tick(self) -> None:
        now = self.loop.time()
        try:
            for turn in self._wheel.turns(now):
                self._skipped = max(self._skipped, turn.skipped)
                for leg in turn.streams:
                    leg.send_due(turn.skipped)
                if turn.streams:
                    # Not the loop's time: uvloop's stands still within a turn of the loop.
                    self._lateness.append(time.monotonic() - turn.due_at)
            if self._heard:
                self._detect()
            if now >= self._sweep_at:
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
        for index, key in detect([(self._legs[leg], ulaw) for leg, ulaw, _ in heard]):
            leg, _, timestamp = heard[index]
            leg.key_heard(key, timestamp)

    def _sweep(self, now: float) -> None:
        self._sweep_at = now + SWEEP_S
        for leg in list(self._legs):
            leg.sweep(now)
