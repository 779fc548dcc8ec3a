"""Registrations that end by themselves: found when their time is over, whoever looks (LINE-02)."""

import asyncio
from collections.abc import Callable
from heapq import heappop, heappush

from ivr.net.clock import monotonic


class Expiries:
    """Calls `due` with a user some of whose contacts have expired.

    `due` answers when the next one of theirs does, in monotonic seconds; None when none will.
    One entry a user, however often its phone registers again: that it was prolonged is seen when
    its time has come.
    """

    def __init__(self, due: Callable[[str], float | None]) -> None:
        self._due = due
        self._at: dict[str, float] = {}
        self._heap: list[tuple[float, str]] = []
        self._timer: asyncio.TimerHandle | None = None

    def watch(self, user: str, at: float) -> None:
        """Something of this user's expires at `at`, unless it is prolonged."""
        known = self._at.get(user)
        if known is None or at < known:
            self._at[user] = at
            heappush(self._heap, (at, user))
            if self._heap[0][1] == user:
                self._arm()

    def close(self) -> None:
        """Watch nothing any more."""
        self._at.clear()
        self._heap.clear()
        self._arm()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._heap:
            delay = max(0.0, self._heap[0][0] - monotonic())
            self._timer = asyncio.get_running_loop().call_later(delay, self._look)

    def _look(self) -> None:
        self._timer = None
        now = monotonic()
        while self._heap and self._heap[0][0] <= now:
            at, user = heappop(self._heap)
            if self._at.get(user) == at:
                del self._at[user]
                following = self._due(user)
                if following is not None:
                    self._at[user] = following
                    heappush(self._heap, (following, user))
        self._arm()
