"""A business clock without a database, and work that is due at noted instants."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from provisioning.clock import ClockState
from provisioning.contract import StorageUnavailable


class InMemoryClock:
    """The state of a clock, as `StoredClock` keeps it; `unavailable` fails as a locked database."""

    def __init__(self) -> None:
        self.state = ClockState()
        self.unavailable = False

    async def read(self) -> ClockState:
        return self.state

    async def keep(self, state: ClockState) -> None:
        if self.unavailable:
            raise StorageUnavailable("the database is locked; try again later")
        self.state = state


class Diary:
    """Entries due at instants; `done` tells in which order, and when by the clock, each was done.

    `fails` makes it fail as often as it says, with nothing done.
    """

    def __init__(self, name: str, now: Callable[[], float], entries: Iterable[float] = ()) -> None:
        self.name, self._now = name, now
        self.entries = sorted(entries)
        self.done: list[tuple[float, float]] = []
        self.fails = 0

    async def next_due(self) -> float | None:
        return min(self.entries, default=None)

    async def run_due(self, until: float) -> None:
        if self.fails:
            self.fails -= 1
            raise OSError("marker-detail")
        due = [entry for entry in self.entries if entry <= until]
        self.entries = [entry for entry in self.entries if entry > until]
        self.done += [(entry, self._now()) for entry in due]


@dataclass(frozen=True)
class Duty:
    """Due work put together from two functions."""

    name: str
    when: Callable[[], Awaitable[float | None]]
    run: Callable[[float], Awaitable[None]]

    async def next_due(self) -> float | None:
        return await self.when()

    async def run_due(self, until: float) -> None:
        await self.run(until)
