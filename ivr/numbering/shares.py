"""Splitting calls by integer weights: smooth weighted round robin (FREE-08).

Each call adds to every number its weight and goes to the one that has most, which gives back the
sum of all weights. After as many calls as the weights sum up to, each number had exactly its share
and the state is what it was; a number's calls come as evenly as they can.
"""

from collections.abc import Sequence


def next_turn(weights: Sequence[int], saved: Sequence[int] = ()) -> tuple[int, tuple[int, ...]]:
    """Which number, by its place, receives the next call, and what each has saved up then.

    Args:
        weights: of each number.
        saved: what this answered for the call before under the same weights; nothing at first.
    Raises:
        ValueError: no weight is above zero, or one is below.
    """
    if min(weights, default=0) < 0 or not any(weights):
        raise ValueError(f"weights {tuple(weights)}: none below 0, and not all of them 0")
    had = saved or (0,) * len(weights)
    after = [before + weight for before, weight in zip(had, weights, strict=True)]
    chosen = max(range(len(after)), key=lambda at: (after[at], -at))
    after[chosen] -= sum(weights)
    return chosen, tuple(after)
