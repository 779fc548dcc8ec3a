"""Business time: one clock that a lab can freeze, set and advance (LAB-02).

Schedules, retention and billing follow it; SIP and RTP timers never do.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from provisioning.db.tables import business_clock
from provisioning.db.unit_of_work import Database

Wall = Callable[[], float]
"""A source of wall time: UTC epoch seconds."""

wall_time: Wall = time.time  # noqa: TID251 - the one place where the office meets real time


EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(9999, 1, 1, tzinfo=UTC)
"""Business time lies in the years 1970 to 9998: any time zone can show it then."""

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


class BusinessClock:
    """The carrier's calendar; every change is in the store before it shows.

    A change raises `ValueError` when it leads out of the years 1970 to 9998, and
    `StorageUnavailable` when it cannot be kept; it then changes nothing.
    """

    def __init__(self, database: Database, wall: Wall) -> None:
        self._database, self._wall = database, wall
        self._state = ClockState()

    async def load(self) -> None:
        """Take up the state that an earlier run left; one that cannot be shown is left behind."""
        stored = await self._database.read(_read)
        if stored.can_be_shown(self._wall()):
            self._state = stored
        else:
            log.error("the stored business time is out of range; wall time is shown")

    @property
    def state(self) -> ClockState:
        """Whether business time stands, and how far it is from wall time."""
        return self._state

    def now(self) -> datetime:
        """Business time, in UTC."""
        return datetime.fromtimestamp(self.seconds(), UTC)

    def seconds(self) -> float:
        """Business time, UTC epoch seconds."""
        return self._state.at(self._wall())

    async def freeze(self) -> None:
        """Stand still."""
        await self._keep(self._state.frozen(self._wall()))

    async def run(self) -> None:
        """Run on from the instant shown."""
        await self._keep(self._state.running(self._wall()))

    async def set(self, instant: datetime) -> None:
        """Show `instant` (with a time zone), standing or running as before."""
        if instant.tzinfo is None:
            raise ValueError("an instant needs its time zone, as 2026-07-25T09:00:00+09:00")
        await self._keep(self._state.moved_to(instant.timestamp(), self._wall()))

    async def advance(self, seconds: float) -> None:
        """Show a time `seconds` later."""
        if seconds < 0:
            raise ValueError("business time only advances; use set to go back")
        wall = self._wall()
        await self._keep(self._state.moved_to(self._state.at(wall) + seconds, wall))

    async def reset(self) -> None:
        """Show wall time again."""
        await self._keep(ClockState())

    async def _keep(self, state: ClockState) -> None:
        if not state.can_be_shown(self._wall()):
            raise ValueError("business time must stay within the years 1970 to 9998")

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(business_clock.delete())
            await connection.execute(
                business_clock.insert(),
                {"id": 1, "frozen_at": state.frozen_at, "offset_s": state.offset_s},
            )

        await self._database.write(work, alone=True)
        self._state = state


async def _read(connection: AsyncConnection) -> ClockState:
    row = (await connection.execute(select(business_clock))).one_or_none()
    return ClockState(row.frozen_at, row.offset_s) if row else ClockState()
