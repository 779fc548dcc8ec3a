"""How many calls accounts and trunks have at once, those they make and those they get."""

from collections import Counter


class Occupancy:
    """Counts calls by whose they are: an account's user, or `trunk_key` of a trunk."""

    def __init__(self) -> None:
        self._calls: Counter[str] = Counter()

    def of(self, whose: str) -> int:
        """The calls there are now."""
        return self._calls[whose]

    def take(self, whose: str, most: int) -> bool:
        """Count one call more, if that makes no more than `most`."""
        if self._calls[whose] >= most:
            return False
        self._calls[whose] += 1
        return True

    def leave(self, whose: str) -> None:
        """One of them is over."""
        self._calls[whose] -= 1
        if self._calls[whose] <= 0:
            del self._calls[whose]


def trunk_key(name: str) -> str:
    """The key of a trunk; no account's user has a colon."""
    return f"trunk:{name}"
