"""How many calls accounts and trunks have at once, and lines that forward.

Those an account makes and gets count for it, and those it sends others on to (REFER); a forwarded
leg counts for the line that pays for it.
"""

from collections import Counter

from provisioning.contract import E164


class Occupancy:
    """Counts calls by whose they are: a user, `trunk_key` or `line_key`."""

    def __init__(self) -> None:
        self._calls: Counter[str] = Counter()

    def __len__(self) -> int:
        """What is counted now, of everybody."""
        return self._calls.total()

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


def line_key(number: E164) -> str:
    """The key of a line, for the calls that it forwards."""
    return f"line:{number}"
