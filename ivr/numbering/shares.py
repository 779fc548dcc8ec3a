"""Splitting calls by integer weights: smooth weighted round robin (FREE-08).

Each call adds to every number its weight and goes to the one that has most, which gives back the
sum of all weights. After as many calls as the weights sum up to, each number had exactly its share
and the state is what it was; a number's calls come as evenly as they can.
"""

from collections.abc import Sequence
from typing import NamedTuple


class Turn(NamedTuple):
    """Where a split stands: what each number has saved up, under which weights.

    Other weights begin anew: what was saved up under old ones would send calls to a number that
    receives none any more.
    """

    weights: tuple[int, ...]
    saved: tuple[int, ...]


def next_turn(weights: Sequence[int], turn: Turn | None = None) -> tuple[int, Turn]:
    """Which number, by its place, receives the next call, and where the split stands then.

    Raises:
        ValueError: no weight is above zero, or one is below.
    """
    weights = tuple(weights)
    if min(weights, default=0) < 0 or not any(weights):
        raise ValueError(f"weights {weights}: none below 0, and not all of them 0")
    before = turn.saved if turn is not None and turn.weights == weights else (0,) * len(weights)
    saved = [had + weight for had, weight in zip(before, weights, strict=True)]
    chosen = max(range(len(saved)), key=lambda at: (weights[at] > 0, saved[at], -at))
    saved[chosen] -= sum(weights)
    return chosen, Turn(weights, tuple(saved))
