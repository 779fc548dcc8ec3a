"""The wheel that paces every stream: 5 ms ticks, four phases, an absolute schedule.

A stream sits in one phase and is due once a round of 20 ms. Tick `k` is due at `start + k * 5 ms`
whatever happened before, so that nothing drifts. After a stall at most `CATCH_UP_TICKS` are made
up for; older ones are skipped and said so, because an unbounded burst would starve signalling.
"""

from collections.abc import Collection, Hashable
from typing import Generic, NamedTuple, TypeVar

TICK_S = 0.005
PHASES = 4
CATCH_UP_TICKS = 2 * PHASES

S = TypeVar("S", bound=Hashable)


class Turn(NamedTuple, Generic[S]):
    """One due tick: the streams to send for, and the rounds each of them missed before it.

    `streams` is the wheel's own: let none join or leave while it is walked through.
    """

    due_at: float
    streams: Collection[S]
    skipped: int


class Wheel(Generic[S]):
    """Streams by phase. A stream is any hashable; `now` is monotonic seconds."""

    def __init__(self) -> None:
        # Dictionaries as ordered sets: joining and leaving cost the same however many there are.
        self._phases: list[dict[S, None]] = [{} for _ in range(PHASES)]
        self._phase_of: dict[S, dict[S, None]] = {}
        self._start = 0.0
        self._tick = 0

    def __len__(self) -> int:
        return len(self._phase_of)

    def start(self, now: float) -> None:
        """Begin the schedule anew: the first tick is due at `now`."""
        self._start, self._tick = now, 0

    def add(self, stream: S) -> None:
        """Put `stream` into the emptiest phase, of those the one due soonest."""
        if stream in self._phase_of:
            return
        due = self._tick % PHASES
        phase = min(self._phases[due:] + self._phases[:due], key=len)
        phase[stream] = None
        self._phase_of[stream] = phase

    def remove(self, stream: S) -> None:
        """Take `stream` out; one that is not there is no error."""
        phase = self._phase_of.pop(stream, None)
        if phase is not None:
            del phase[stream]

    def next_deadline(self) -> float:
        """When the next tick is due."""
        return self._start + self._tick * TICK_S

    def turns(self, now: float) -> list[Turn[S]]:
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

    def _turn(self, tick: int, skipped: int) -> Turn[S]:
        return Turn(self._start + tick * TICK_S, self._phases[tick % PHASES], skipped)
