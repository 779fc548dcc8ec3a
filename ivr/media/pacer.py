"""The wheel that paces every stream: 5 ms ticks, four phases, an absolute schedule.

A stream sits in one phase and is due once a round of 20 ms. Tick `k` is due at `start + k * 5 ms`
whatever happened before, so that nothing drifts. After a stall at most `CATCH_UP_TICKS` are made
up for; older ones are skipped and said so, because an unbounded burst would starve signalling.
"""

from collections.abc import Callable, Sized
from typing import Generic, NamedTuple, TypeVar

TICK_S = 0.005
PHASES = 4
CATCH_UP_TICKS = 5 * PHASES
"""100 ms: what a phone's jitter buffer still takes when it comes late, all at once."""

P = TypeVar("P", bound=Sized)


class Turn(NamedTuple, Generic[P]):
    """One due tick: the phase to send for, and the rounds its streams missed before it."""

    due_at: float
    phase: P
    skipped: int


class Wheel(Generic[P]):
    """The phases in turn, each made by `new_phase`; `now` is monotonic seconds."""

    def __init__(self, new_phase: Callable[[], P]) -> None:
        self._phases = [new_phase() for _ in range(PHASES)]
        self._start = 0.0
        self._tick = 0

    def __len__(self) -> int:
        return sum(len(phase) for phase in self._phases)

    def start(self, now: float) -> None:
        """Begin the schedule anew: the first tick is due at `now`."""
        self._start, self._tick = now, 0

    def emptiest(self) -> P:
        """The phase with the fewest streams, of those the one due soonest."""
        due = self._tick % PHASES
        return min(self._phases[due:] + self._phases[:due], key=len)

    def next_deadline(self) -> float:
        """When the next tick is due."""
        return self._start + self._tick * TICK_S

    def turns(self, now: float) -> list[Turn[P]]:
        """The ticks due by `now`, oldest first, at most `CATCH_UP_TICKS` of them."""
        due = int((now - self._start) / TICK_S + 1e-6) + 1
        behind = due - self._tick
        if behind <= 0:
            return []
        rounds = -(-max(0, behind - CATCH_UP_TICKS) // PHASES)
        self._tick += rounds * PHASES
        turns = []
        for tick in range(self._tick, due):
            skipped = rounds if tick - self._tick < PHASES else 0
            turns.append(self._turn(tick, skipped))
        self._tick = due
        return turns

    def _turn(self, tick: int, skipped: int) -> Turn[P]:
        return Turn(self._start + tick * TICK_S, self._phases[tick % PHASES], skipped)
