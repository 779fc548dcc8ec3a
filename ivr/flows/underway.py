"""Forwarded calls that nobody has answered yet, of all callers at once (FWD-06).

A call that another carrier sends back to us, and of whose way it tells nothing, neither who
forwarded nor how many networks it went through, is a new call by all that it says. But each round
leaves one more call of the same caller waiting to be answered at the same forwarder: those are
counted, against the same limit.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from provisioning.contract import E164

Key = tuple[E164, E164 | None]
"""Who forwards, and whose call; nobody's number where none was told."""


class Underway:
    """One call's forwardings, among those of all calls."""

    def __init__(self, calls: Counter[Key], caller: E164 | None) -> None:
        self._all = calls
        self._caller = caller
        self._mine: list[Key] = []

    def rounds(self, forwarder: E164) -> int:
        """How many calls of the caller wait for an answer where this line forwarded them."""
        return self._all[forwarder, self._caller]

    def add(self, forwarder: E164) -> None:
        """The call waits for an answer there now, too."""
        key = (forwarder, self._caller)
        self._mine.append(key)
        self._all[key] += 1

    def answered(self) -> None:
        """It waits no more."""
        mine, self._mine = self._mine, []
        for key in mine:
            self._all[key] -= 1
            if self._all[key] <= 0:
                del self._all[key]

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count what is added until the call is answered, or over."""
        try:
            yield
        finally:
            self.answered()
