"""Deadlines of the protocol core: one heap, cancelled entries dropped when they surface."""

from collections.abc import Callable
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

Fire = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Timing:
    """The base values of RFC 3261 Table 4, in seconds; every lettered timer derives from them."""

    t1_s: float = 0.5
    """Estimated round trip."""
    t2_s: float = 4.0
    """Longest interval between retransmissions."""
    t4_s: float = 5.0
    """Longest time a message stays in the network."""
    trying_s: float = 0.2
    """How long the user above may think before 100 goes out (RFC 3261 §17.2.1)."""
    timer_c_s: float = 185.0
    """Longest wait after a provisional response; more than three minutes (RFC 3261 §16.6)."""

    @property
    def transaction_s(self) -> float:
        """64*T1: Timers B, F, H, J, L, M, and the wait for an ACK or a PRACK."""
        return 64 * self.t1_s

    @property
    def late_trying_s(self) -> float:
        """When a client's Timer E has reached T2, and 100 may answer it (RFC 4320 §4.1)."""
        interval, waited = self.t1_s, 0.0
        while interval < self.t2_s:
            waited += interval
            interval *= 2
        return waited


class Timer:
    """One deadline; `cancel` is O(1) and lets go of whatever it would have called."""

    __slots__ = ("_fire", "_timers", "at")

    def __init__(self, timers: "Timers", at: float, fire: Fire) -> None:
        self.at = at
        self._fire: Fire | None = fire
        self._timers = timers

    @property
    def active(self) -> bool:
        return self._fire is not None

    def cancel(self) -> None:
        if self._fire is not None:
            self._fire = None
            self._timers.note_cancelled()

    def take(self) -> Fire | None:
        """What to call, once."""
        fire, self._fire = self._fire, None
        return fire


class Timers:
    """All deadlines of one endpoint, soonest first; equal deadlines keep their order."""

    __slots__ = ("_cancelled", "_heap", "_sequence")

    _COMPACT_ABOVE = 4096

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Timer]] = []
        self._sequence = 0
        self._cancelled = 0

    def __len__(self) -> int:
        return len(self._heap) - self._cancelled

    def set(self, at: float, fire: Fire) -> Timer:
        """Call `fire(now)` once `at` (monotonic seconds) has come."""
        timer = Timer(self, at, fire)
        self._sequence += 1
        heappush(self._heap, (at, self._sequence, timer))
        return timer

    def next_deadline(self) -> float | None:
        heap = self._heap
        while heap:
            if heap[0][2].active:
                return heap[0][0]
            heappop(heap)
            self._cancelled -= 1
        return None

    def fire_due(self, now: float) -> None:
        """Call everything due by `now`; what that sets for `now` or earlier is called too."""
        heap = self._heap
        while heap and heap[0][0] <= now:
            fire = heappop(heap)[2].take()
            if fire is None:
                self._cancelled -= 1
            else:
                fire(now)

    def note_cancelled(self) -> None:
        """Rebuild the heap once cancelled entries are most of it: memory follows live timers."""
        self._cancelled += 1
        if self._cancelled > self._COMPACT_ABOVE and self._cancelled * 2 > len(self._heap):
            self._heap[:] = [entry for entry in self._heap if entry[2].active]
            heapify(self._heap)
            self._cancelled = 0
