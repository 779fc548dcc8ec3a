"""Business time: one clock that a lab can freeze, set and advance (LAB-02).

Schedules, retention and billing follow it; SIP and RTP timers never do.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import inf
from typing import Protocol

from sqlalchemy import select

from provisioning.db import news
from provisioning.db.connection import Connection
from provisioning.db.news import Topic
from provisioning.db.tables import business_clock
from provisioning.db.unit_of_work import Database
from provisioning.due import DueWork, Ran, Sweep, Ticker
from provisioning.instants import utc

Wall = Callable[[], float]
"""A source of wall time: UTC epoch seconds."""

wall_time: Wall = time.time  # noqa: TID251 - the one place where the office meets real time


EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(9999, 1, 1, tzinfo=UTC)
"""Business time lies in the years 1970 to 9998: any time zone can show it then."""

RETRY_S = 30.0
"""Wall seconds until work that failed is tried again."""

LOOK_AGAIN_S = 60.0
"""Wall seconds after which due work is looked for though none was known: another process may have
made some, and the wall may have leapt."""

log = logging.getLogger("tokuban.clock")


@dataclass(frozen=True, slots=True)
class ClockState:
    """How business time relates to wall time: standing still, or running `offset_s` ahead."""

    frozen_at: float | None = None
    offset_s: float = 0.0

    def at(self, wall: float) -> float:
        """Business time, UTC epoch seconds, when the wall shows `wall`."""
        return self.frozen_at if self.frozen_at is not None else wall + self.offset_s

    def frozen(self, wall: float) -> "ClockState":
        """Stand still at this instant."""
        return replace(self, frozen_at=self.at(wall))

    def running(self, wall: float) -> "ClockState":
        """Run on from this instant."""
        return ClockState(offset_s=self.at(wall) - wall)

    def moved_to(self, instant: float, wall: float) -> "ClockState":
        """Show `instant`, standing or running as before."""
        if self.frozen_at is not None:
            return ClockState(frozen_at=instant)
        return ClockState(offset_s=instant - wall)

    def can_be_shown(self, wall: float) -> bool:
        """Whether business time lies between `EARLIEST` and `LATEST`; NaN and infinity do not."""
        return EARLIEST.timestamp() <= self.at(wall) < LATEST.timestamp()


class ClockRows(Protocol):
    """Where the state of the clock is kept."""

    async def read(self) -> ClockState: ...
    async def keep(self, state: ClockState) -> None: ...


class BusinessClock:
    """The carrier's calendar; every change is in the store before it shows.

    What `does` was told runs when business time reaches it, whether time passes or is moved:
    a change that leads forward runs everything that falls due on the way, each at its instant
    and in order, and returns what ran once it is there. Changes happen one after the other.

    A change raises `ValueError` when it leads out of the years 1970 to 9998, and changes nothing
    then. It raises `StorageUnavailable` when it cannot be kept; the clock then stands at the last
    instant whose work is done.
    """

    def __init__(self, rows: ClockRows, wall: Wall) -> None:
        self._rows, self._wall = rows, wall
        self._state = ClockState()
        self._works: list[DueWork] = []
        self._changing = asyncio.Lock()
        self._ticker = Ticker(self._turn)
        self.watchers: list[Callable[[], None]] = []
        """Told after every change; what falls due on the way to it is part of it."""

    def does(self, work: DueWork) -> None:
        """Run `work` whenever it is due; call this before `start`."""
        self._works.append(work)

    def due_changed(self) -> None:
        """Look anew for what is due next; work that became due earlier is then not late."""
        self._ticker.wake()

    async def load(self) -> None:
        """Take up the stored state, as an earlier run left it; one out of range is left behind."""
        async with self._changing:
            stored = await self._rows.read()
            if not stored.can_be_shown(self._wall()):
                log.error("the stored business time is out of range; wall time is shown")
                stored = ClockState()
            self._state = stored
        self._ticker.wake()

    def start(self) -> None:
        """From now on run what is due, beginning with what fell due while nobody ran it."""
        self._ticker.start()

    async def close(self) -> None:
        """Finish the change that is being made, and run nothing more."""
        async with self._changing:
            await self._ticker.close()

    @property
    def state(self) -> ClockState:
        """Whether business time stands, and how far it is from wall time."""
        return self._state

    def now(self) -> datetime:
        """Business time, in UTC."""
        return utc(self.seconds())

    def wall(self) -> datetime:
        """Wall time, in UTC."""
        return utc(self._wall())

    def seconds(self) -> float:
        """Business time, UTC epoch seconds."""
        return self._state.at(self._wall())

    async def upcoming(self) -> tuple[str, float] | None:
        """Which work is due next, and when; None when nothing is."""
        following = await Sweep(self._works).next(inf)
        return (following.work.name, following.at) if following else None

    async def freeze(self) -> tuple[Ran, ...]:
        """Stand still."""
        return await self._go(ClockState.frozen)

    async def run(self) -> tuple[Ran, ...]:
        """Run on from the instant shown."""
        return await self._go(ClockState.running)

    async def set(self, instant: datetime) -> tuple[Ran, ...]:
        """Show `instant` (with a time zone), standing or running as before.

        Going back runs nothing: what is due again later runs again later.
        """
        if instant.tzinfo is None:
            raise ValueError("an instant needs its time zone, as 2026-07-25T09:00:00+09:00")
        return await self._go(lambda state, wall: state.moved_to(instant.timestamp(), wall))

    async def advance(self, seconds: float) -> tuple[Ran, ...]:
        """Show a time `seconds` later."""
        if seconds < 0:
            raise ValueError("business time only advances; use set to go back")
        return await self._go(lambda state, wall: state.moved_to(state.at(wall) + seconds, wall))

    async def reset(self) -> tuple[Ran, ...]:
        """Show wall time again."""
        return await self._go(lambda _state, _wall: ClockState())

    async def _go(self, change: Callable[[ClockState, float], ClockState]) -> tuple[Ran, ...]:
        """Make a change, running on the way to it what is due before it."""
        async with self._changing:
            goal = change(self._state, self._wall())
            if not goal.can_be_shown(self._wall()):
                raise ValueError("business time must stay within the years 1970 to 9998")
            sweep = Sweep(self._works)
            try:
                while due := await sweep.next(goal.at(self._wall())):
                    await self._reach(due.at)
                    await sweep.run(due)
                await self._keep(goal)
            finally:
                self._ticker.wake()
                for watcher in self.watchers:
                    watcher()
            return tuple(sweep.ran)

    async def _reach(self, instant: float) -> None:
        """Go on to `instant`; work that is overdue runs at the time that is shown already."""
        if instant > self.seconds():
            await self._keep(self._state.moved_to(instant, self._wall()))

    async def _keep(self, state: ClockState) -> None:
        await self._rows.keep(state)
        self._state = state

    async def _turn(self) -> float | None:
        """Run what is due now; answers in how many seconds to look again, None when frozen."""
        async with self._changing:
            sweep = Sweep(self._works)
            while due := await sweep.next(self.seconds()):
                await sweep.run(due)
            if sweep.failed:
                return RETRY_S
            if self._state.frozen_at is not None:
                return None
            following = await sweep.next(self.seconds() + LOOK_AGAIN_S)
            return following.at - self.seconds() if following else LOOK_AGAIN_S


class StoredClock:
    """The state of the clock in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self) -> ClockState:
        """The state that was kept last; running with wall time when none was."""

        async def work(connection: Connection) -> ClockState:
            row = (await connection.execute(select(business_clock))).one_or_none()
            return ClockState(row.frozen_at, row.offset_s) if row else ClockState()

        return await self._database.read(work)

    async def keep(self, state: ClockState) -> None:
        """Return once `state` is durable."""

        async def work(connection: Connection) -> None:
            await connection.execute(business_clock.delete())
            await connection.execute(
                business_clock.insert(),
                {"id": 1, "frozen_at": state.frozen_at, "offset_s": state.offset_s},
            )
            news.tell(connection, Topic.CLOCK)

        await self._database.write(work, alone=True)
