"""Due work: what the office does by itself once business time reaches an instant (LAB-02)."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from provisioning.contract import ContractError

log = logging.getLogger("tokuban.clock")


class DueWork(Protocol):
    """One kind of due work, as the ends of quarantines; instants are UTC epoch seconds."""

    @property
    def name(self) -> str: ...

    async def next_due(self) -> float | None:
        """The earliest instant (business time) at which something is due; None when nothing is."""

    async def run_due(self, until: float) -> None:
        """Do everything due at or before `until`, once.

        What is not done when this fails or the process ends is due still.
        """


@dataclass(frozen=True, slots=True)
class Ran:
    """Work that was due at `due_at` and was done, or why it was not."""

    work: str
    due_at: float
    error: str | None = None


@dataclass(frozen=True, slots=True)
class _Next:
    work: DueWork
    at: float


class Sweep:
    """One way through time: the next work due, again and again; `ran` tells what was done.

    The earliest comes first, of two at once the one that was named first. Work that failed is
    left alone for the rest of the sweep, so that it neither holds up the others nor is tried
    without end.
    """

    def __init__(self, works: Iterable[DueWork]) -> None:
        self._left = list(works)
        self._done: dict[DueWork, float] = {}
        self.ran: list[Ran] = []

    @property
    def failed(self) -> bool:
        """Whether work is left undone."""
        return any(ran.error is not None for ran in self.ran)

    async def next(self, until: float) -> _Next | None:
        """The earliest work that is due at or before `until`."""
        found = [due for work in self._left[:] if (due := await self._due(work)) is not None]
        first = min(found, key=lambda due: due.at, default=None)
        return first if first is not None and first.at <= until else None

    async def run(self, due: _Next) -> None:
        """Do the work, and note how it went."""
        try:
            await due.work.run_due(due.at)
        except Exception as error:
            self._give_up(due.work, due.at, error)
        else:
            self._done[due.work] = due.at
            self.ran.append(Ran(due.work.name, due.at))

    async def _due(self, work: DueWork) -> _Next | None:
        try:
            at = await work.next_due()
        except Exception as error:
            self._give_up(work, self._done.get(work, 0.0), error)
            return None
        if at is None:
            return None
        if work in self._done and at <= self._done[work]:
            self._give_up(work, at, RuntimeError("it was run and is due still"))
            return None
        return _Next(work, at)

    def _give_up(self, work: DueWork, at: float, error: Exception) -> None:
        log.error("due work failed: %s", work.name, exc_info=error)
        # Another exception's text may quote rows.
        told = str(error) if isinstance(error, ContractError) else type(error).__name__
        self.ran.append(Ran(work.name, at, told))
        self._left.remove(work)


class Ticker:
    """Takes a turn when it is time; a turn answers in how many seconds the next one is."""

    def __init__(self, turn: Callable[[], Awaitable[float | None]]) -> None:
        self._turn = turn
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Take the first turn now."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="business-clock")

    def wake(self) -> None:
        """Take a turn now, whenever the next one was to be."""
        self._woken.set()

    async def close(self) -> None:
        """Take no further turn."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _run(self) -> None:
        while True:
            self._woken.clear()
            rest_s = await self._turn()
            with suppress(TimeoutError):
                async with asyncio.timeout(rest_s):
                    await self._woken.wait()
