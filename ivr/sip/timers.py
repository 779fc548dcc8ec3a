"""Deadlines of the protocol core: a heap, fed by lanes of equal delays."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

Fire = Callable[[float], object]


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

    __slots__ = ("_fire", "_timers", "at", "lane", "turn")

    def __init__(
        self, timers: "Timers", at: float, turn: int, fire: Fire, lane: "deque[Timer] | None"
    ) -> None:
        self.at = at
        self.turn = turn
        self.lane = lane
        self._fire: Fire | None = fire
        self._timers = timers

    @property
    def active(self) -> bool:
        return self._fire is not None

    def cancel(self) -> None:
        if self._fire is not None:
            self._fire = None
            self._timers.note_cancelled(self)

    def take(self) -> Fire | None:
        """What to call, once."""
        fire, self._fire = self._fire, None
        return fire


class Timers:
    """All deadlines of one endpoint, soonest first; equal deadlines keep their order.

    Nearly all deadlines are one of a few delays from now (RFC 3261 Table 4), and those of one
    delay come due in the order they are set. Each delay has a lane, of which only the first
    timer stands in the heap: the heap stays at a few dozen entries where it would hold 100 000.
    """

    __slots__ = ("_cancelled", "_heap", "_lanes", "_live", "_turn")

    _COMPACT_ABOVE = 4096

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Timer]] = []
        self._lanes: dict[float, deque[Timer]] = {}
        self._turn = 0
        self._live = 0
        self._cancelled = 0

    def __len__(self) -> int:
        return self._live

    def set(self, at: float, fire: Fire) -> Timer:
        """Call `fire(now)` once `at` (monotonic seconds) has come."""
        self._turn += 1
        self._live += 1
        timer = Timer(self, at, self._turn, fire, None)
        heappush(self._heap, (at, self._turn, timer))
        return timer

    def after(self, delay_s: float, now: float, fire: Fire) -> Timer:
        """As `set` for `now + delay_s`, where few different delays are ever used."""
        at = now + delay_s
        lane = self._lanes.get(delay_s)
        if lane is None:
            lane = self._lanes[delay_s] = deque()
        if lane and lane[-1].at > at:
            return self.set(at, fire)  # set late, with the instant of an earlier event
        self._turn += 1
        self._live += 1
        timer = Timer(self, at, self._turn, fire, lane)
        if not lane:
            heappush(self._heap, (at, self._turn, timer))
        lane.append(timer)
        return timer

    def next_deadline(self) -> float | None:
        heap = self._heap
        while heap:
            if heap[0][2].active:
                return heap[0][0]
            self._pop()
        return None

    def fire_due(self, now: float) -> None:
        """Call everything due by `now`; what that sets for `now` or earlier is called too."""
        heap = self._heap
        while heap and heap[0][0] <= now:
            fire = self._pop().take()
            if fire is not None:
                self._live -= 1
                fire(now)

    def _pop(self) -> Timer:
        """Take the heap's first, and let the next of its lane follow it."""
        timer = heappop(self._heap)[2]
        lane = timer.lane
        if lane is None:
            if not timer.active:
                self._cancelled -= 1
            return timer
        lane.popleft()
        while lane and not lane[0].active:
            lane.popleft()
        if lane:
            heappush(self._heap, (lane[0].at, lane[0].turn, lane[0]))
        return timer

    def note_cancelled(self, timer: Timer) -> None:
        """Rebuild the heap once cancelled entries are most of it: memory follows live timers.

        In a lane a cancelled timer keeps its place, and nothing else, until its time has come.
        """
        self._live -= 1
        if timer.lane is not None:
            return
        self._cancelled += 1
        if self._cancelled > self._COMPACT_ABOVE and self._cancelled * 2 > len(self._heap):
            self._heap[:] = [entry for entry in self._heap if entry[2].active or entry[2].lane]
            heapify(self._heap)
            self._cancelled = 0
