"""Call records as the office offers them: written, found, and erased when their time is over."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path

from provisioning.contract import CallRecord, LiveCall, Ongoing, StorageUnavailable
from provisioning.db.paging import Page, page_size, paged
from provisioning.db.unit_of_work import Database
from provisioning.records import store
from provisioning.records.journal import Journal, LeftBehind, left_behind
from provisioning.records.model import Kept, UnknownRecord
from provisioning.records.store import Wanted
from provisioning.records.writer import MOST_A_COMMIT, RecordWriter

log = logging.getLogger("tokuban.records")

DAY_S = 86_400.0


class StoredRecords:
    """Every leg of every call (BILL-01); kept for `keep_days` of business time."""

    name = "call records"

    def __init__(
        self, database: Database, folder: Path, clock: Callable[[], float], keep_days: int
    ) -> None:
        self._database, self._folder, self._clock = database, folder, clock
        self._keep_s = keep_days * DAY_S
        self._writer = RecordWriter(database, Journal(folder))

    @property
    def watchers(self) -> list[Callable[[], None]]:
        """Who is told whenever records were written."""
        return self._writer.watchers

    async def inherit(self) -> int:
        """Write what killed processes left in the folder; how many records that was."""
        found = 0
        for left in await asyncio.to_thread(lambda: list(left_behind(self._folder))):
            records = await asyncio.to_thread(left.records)
            if await self._take_over(left, records):
                found += len(records)
        if found:
            log.warning("a carrier ended without warning: %d call records were taken over", found)
        return found

    def open(self, call_id: str, leg: int, ongoing: Ongoing) -> None:
        """A leg began, or stands differently."""
        self._writer.open(call_id, leg, ongoing)

    async def secure(self, call_id: str, leg: int) -> None:
        """Return once the leg that goes on leaves its record whatever becomes of process and power.

        Raises:
            StorageUnavailable: the journal cannot be written.
        """
        await self._writer.secure(call_id, leg)

    def append(self, record: CallRecord) -> asyncio.Future[None]:
        """A leg ended; done once its record is durable."""
        return self._writer.append(record)

    def live(self) -> list[LiveCall]:
        """Every leg that goes on, the oldest first."""
        return self._writer.live()

    async def settle(self) -> bool:
        """Wait until what waits is written; False when the database is away."""
        return await self._writer.settle()

    async def search(self, wanted: Wanted, *, after: str = "", limit: int = 100) -> Page[Kept]:
        """Records that fit, newest first; `after` is an earlier page's `next`."""
        limit = page_size(limit)
        below = int(after) if after else None
        found = await self._database.read(
            lambda connection: store.read(connection, wanted, below=below, limit=limit + 1)
        )
        return paged(found, limit, lambda kept: str(kept.id))

    async def get(self, id: int) -> Kept:
        """One record.

        Raises:
            UnknownRecord: there is none with this id.
        """
        kept = await self._database.read(lambda connection: store.one(connection, id))
        if kept is None:
            raise UnknownRecord(f"there is no call record {id}")
        return kept

    async def next_due(self) -> float | None:
        """When the oldest record's time is over, business time."""
        oldest = await self._database.read(store.oldest)
        return None if oldest is None else oldest + self._keep_s

    async def run_due(self, until: float) -> None:
        """Erase every record whose time is over at business time `until`."""
        before = until - self._keep_s
        # The instant itself is over, too.
        while await self._database.write(lambda c: store.erase(c, before + 0.001)):
            pass

    async def close(self) -> None:
        """Write what waits."""
        await self._writer.close()

    async def _take_over(self, left: LeftBehind, records: list[CallRecord]) -> bool:
        try:
            for start in range(0, len(records), MOST_A_COMMIT):
                part = records[start : start + MOST_A_COMMIT]
                await self._database.write_in_thread(partial(store.insert, records=part))
        except StorageUnavailable as error:
            log.error("call records of a killed carrier wait for the next start: %s", error)
            await asyncio.to_thread(left.leave)
            return False
        await asyncio.to_thread(left.forget)
        return True
