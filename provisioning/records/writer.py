"""Group commit of call records: what ends while one commit runs shares the next one.

While the database is away records wait in memory and in the journal, and are written when it is
back; a leg that is answered, or has gone on for a moment, stands in the journal, so that a killed
process leaves a record of it, too.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from itertools import islice

from provisioning.contract import CallRecord, LiveCall, Ongoing, StorageUnavailable
from provisioning.db.unit_of_work import Database
from provisioning.records import store
from provisioning.records.group_flush import GroupFlush
from provisioning.records.journal import ENDED, GOING_ON, Journal
from provisioning.records.model import storable

log = logging.getLogger("tokuban.records")

MOST_A_COMMIT = 250
GATHER_S = 0.05
"""How soon after a commit the next one comes, so that calls which end meanwhile share it: a commit
costs as much as forty rows, and the journal has what a kill would take."""

POLL_S = 0.005
"""How often it is looked whether all is written."""

BEAT_S = 0.25
"""How often legs that go on are noted: one that ends unanswered within it never is."""

RETRY_S = 1.0
"""How long a database that is away is left alone."""

MOST_WAITING = 100_000
"""Records held in memory while the database is away, some 100 MB; what ends beyond it waits in the
journal for the next start."""

Key = tuple[str, int]


class RecordWriter:
    """Writes every record once; lives in the loop's thread."""

    def __init__(self, database: Database, journal: Journal) -> None:
        self._database, self._journal = database, journal
        self._ongoing: dict[Key, Ongoing] = {}
        self._unnoted: dict[Key, Ongoing] = {}
        self._changed: set[Key] = set()
        self._secured: set[Key] = set()
        self._flushed = GroupFlush(journal.flush)
        self._waiting: deque[CallRecord] = deque()
        self._noted = 0
        """How many of those that wait, from the first one, stand in the journal."""
        self._set_aside = 0
        self._appended = self._written = 0
        self._promised: deque[tuple[int, asyncio.Future[None]]] = deque()
        """Who waits until so many records are written."""
        self.watchers: list[Callable[[], None]] = []
        """Told whenever records were written."""
        self._writer: asyncio.Task[None] | None = None
        self._beat: asyncio.TimerHandle | None = None
        self._closing = asyncio.Event()

    def open(self, call_id: str, leg: int, ongoing: Ongoing) -> None:
        """A leg began, or stands differently, as once it is answered: that is noted at once.

        What changes in one turn of the loop is noted together, but legs that are charged.
        """
        key = (call_id, leg)
        is_known = key in self._ongoing
        self._ongoing[key] = self._unnoted[key] = ongoing
        if is_known and not self._changed:
            asyncio.get_running_loop().call_soon(self._note_changed)
        if is_known:
            self._changed.add(key)
        if key in self._secured:
            self._note_changed()
        if self._beat is None:
            self._beat = asyncio.get_running_loop().call_later(BEAT_S, self._on_beat)

    async def secure(self, call_id: str, leg: int) -> None:
        """Return once a leg that goes on stands in the journal for good.

        Raises:
            StorageUnavailable: the journal cannot be written.
        """
        key = (call_id, leg)
        ongoing = self._ongoing.get(key)
        if ongoing is None:
            return
        if not self._journal.note(GOING_ON, _as_they_stand([ongoing])):
            raise StorageUnavailable(_no_journal(self._journal.refusal))
        self._unnoted.pop(key, None)
        try:
            await self._flushed()
        except OSError as error:
            raise StorageUnavailable(_no_journal(error.strerror)) from error
        if key in self._ongoing:
            self._secured.add(key)

    def append(self, record: CallRecord) -> asyncio.Future[None]:
        """A leg ended; done once its record is durable."""
        key = (record.call_id, record.leg)
        self._ongoing.pop(key, None)
        self._unnoted.pop(key, None)
        self._secured.discard(key)
        loop = asyncio.get_running_loop()
        durable: asyncio.Future[None] = loop.create_future()
        if len(self._waiting) >= MOST_WAITING:
            self._put_aside(record)
            durable.set_result(None)
            return durable
        self._waiting.append(record)
        self._appended += 1
        self._promised.append((self._appended, durable))
        if self._writer is None:
            self._writer = loop.create_task(self._write(), name="records-writer")
        return durable

    def live(self) -> list[LiveCall]:
        """Every leg that goes on, the oldest first."""
        return [ongoing.shown() for ongoing in self._ongoing.values()]

    async def settle(self) -> bool:
        """Wait until nothing waits to be written, or the database is away; whether all is."""
        while self._waiting and self._writer is not None and not self._noted:
            await asyncio.wait([self._writer], timeout=POLL_S)
        return not self._waiting

    async def close(self) -> None:
        """Write what waits; what the database does not take is left in the journal."""
        self._closing.set()
        if self._beat is not None:
            self._beat.cancel()
            self._beat = None
        if self._writer is not None:
            await self._writer
        unwritten = len(self._waiting) + self._set_aside
        if unwritten:
            log.error("%d call records wait in the journal for the next start", unwritten)
        self._journal.close(whole=not unwritten and not self._ongoing)

    async def _write(self) -> None:
        try:
            while self._waiting:
                batch = list(islice(self._waiting, MOST_A_COMMIT))
                if await self._commit(batch):
                    self._done(len(batch))
                elif not await self._away():
                    break
                if len(self._waiting) < MOST_A_COMMIT:
                    await self._rest(GATHER_S)
        finally:
            self._writer = None

    def _done(self, count: int) -> None:
        for _ in range(count):
            self._waiting.popleft()
        for watcher in self.watchers:
            watcher()
        self._keep_promises(self._written + count)
        if self._noted:
            self._noted = max(0, self._noted - count)
            if not self._noted:
                log.warning("the database is back: the call records that waited are written")

    def _keep_promises(self, written: int) -> None:
        self._written = written
        while self._promised and self._promised[0][0] <= written:
            _, durable = self._promised.popleft()
            if not durable.done():
                durable.set_result(None)

    async def _away(self) -> bool:
        """The database is away: note in the journal what waits, and try again after a while.

        False when there is no time left to wait.
        """
        if not self._noted:
            log.warning("the database is away: call records wait until it is back")
        self._journal.note(ENDED, islice(self._waiting, self._noted, None))
        self._noted = len(self._waiting)
        with suppress(OSError):
            await self._flushed()
        if self._closing.is_set():
            self._keep_promises(self._appended)
            return False
        await self._rest(RETRY_S)
        return True

    async def _rest(self, seconds: float) -> None:
        """Leave the database alone; not for long when the carrier ends."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closing.wait()

    async def _commit(self, records: list[CallRecord]) -> bool:
        """Write these; False when the database is away. What cannot be written is logged."""
        try:
            await self._database.write_in_thread(partial(store.insert, records=records))
        except StorageUnavailable:
            return False
        except Exception as error:
            if len(records) > 1:
                return await self._one_by_one(records)
            log.error(
                "a call record cannot be written: call %s, leg %d: %s",
                records[0].call_id,
                records[0].leg,
                type(error).__name__,
            )
        return True

    async def _one_by_one(self, records: list[CallRecord]) -> bool:
        """One of them does not fit: it must not spoil the others."""
        for record in records:
            if not await self._commit([record]):
                return False
        return True

    def _put_aside(self, record: CallRecord) -> None:
        if not self._set_aside:
            log.error("too many call records wait: those that follow wait for the next start")
        self._set_aside += 1
        self._journal.note(ENDED, [record])

    def _note_changed(self) -> None:
        """Note legs that were answered, fell silent or were heard again: a kill costs none."""
        changed = [key for key in self._changed if key in self._ongoing]
        self._changed.clear()
        if self._closing.is_set():
            return  # the journal is told the rest by `close`
        if changed and self._journal.note(
            GOING_ON, _as_they_stand(self._ongoing[key] for key in changed)
        ):
            for key in changed:
                self._unnoted.pop(key, None)

    def _on_beat(self) -> None:
        """Note legs that go on, and that the process lives; tidy the journal up."""
        self._beat = None
        unnoted, self._unnoted = self._unnoted, {}
        if unnoted:
            self._journal.note(GOING_ON, _as_they_stand(unnoted.values()))
        if self._ongoing:
            self._journal.beat()
        elif not self._waiting and not self._set_aside:
            self._journal.clear()
            return
        if self._journal.is_long and not self._set_aside:
            noted = islice(self._waiting, self._noted)
            self._journal.begin_anew(_as_they_stand(self._ongoing.values()), noted)
        self._beat = asyncio.get_running_loop().call_later(BEAT_S, self._on_beat)


def _as_they_stand(ongoing: Iterable[Ongoing]) -> list[CallRecord]:
    return [storable(each.record()) for each in ongoing]


def _no_journal(reason: str | None) -> str:
    return (
        f"no record of the call can be kept ({reason}): "
        "make the data folder writable, with space left on its disk"
    )
