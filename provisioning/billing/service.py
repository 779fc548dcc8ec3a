"""Charges as the office offers them: made of records by themselves, found, explained, quoted."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import NamedTuple

from sqlalchemy import Connection as Driver

from provisioning.billing import store
from provisioning.billing.book import TariffBook
from provisioning.billing.model import Charge, Rated, Reason, national, rate
from provisioning.billing.money import yen
from provisioning.billing.quoting import Question, record_of
from provisioning.billing.store import KeptCharge, WantedCharges
from provisioning.contract import (
    E164,
    CallRecord,
    CarrierProfile,
    Directory,
    Events,
    Freephones,
    Profile,
    Profiles,
    StorageUnavailable,
    UnknownLine,
)
from provisioning.db.paging import Page, page_size, paged
from provisioning.db.unit_of_work import Database

log = logging.getLogger("tokuban.billing")

MOST_AT_ONCE = 200
"""Records a unit of work rates: it holds up nobody who writes for long."""

GATHER_S = 0.2
"""Records that are written within it are rated together."""

RETRY_S = 1.0
"""How long a database that is away is left alone."""


class Billing:
    """Rates every record once (BILL-06); `start` begins with what an earlier run left.

    A database trigger says which records wait, so that none is forgotten whoever wrote it.
    """

    def __init__(
        self,
        database: Database,
        directory: Directory,
        profiles: Profiles,
        freephones: Freephones,
        book: TariffBook,
        events: Events,
    ) -> None:
        self._database, self._directory, self._profiles = database, directory, profiles
        self._freephones = freephones
        self.book = book
        self._events = events
        self._woken = asyncio.Event()
        self._closing = asyncio.Event()
        self._idle = asyncio.Event()
        self._is_away = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """From now on rate what waits."""
        if self._task is None:
            self.wake()
            self._task = asyncio.create_task(self._run(), name="billing")

    def wake(self) -> None:
        """Records were written."""
        self._idle.clear()
        self._woken.set()

    async def settle(self) -> None:
        """Wait until nothing waits to be rated."""
        await self._idle.wait()

    async def rate_again(self) -> None:
        """Rate every record that is there: legs that are charged stay as they are (BILL-06)."""
        await self._database.write(store.await_again)
        self.wake()

    async def close(self) -> None:
        """Finish what is being rated; the rest waits for the next start."""
        self._closing.set()
        self._woken.set()
        if self._task is not None:
            await self._task
            self._task = None

    async def search(
        self, wanted: WantedCharges, *, after: str = "", limit: int = 100
    ) -> Page[KeptCharge]:
        """Charges that fit, newest first; `after` is an earlier page's `next`."""
        limit = page_size(limit)
        below = int(after) if after else None
        found = await self._database.read(
            lambda connection: store.read(connection, wanted, below=below, limit=limit + 1)
        )
        return paged(found, limit, lambda kept: str(kept.id))

    async def why(self, records: Sequence[CallRecord]) -> list[Rated]:
        """What each leg was charged, or why it costs nothing (LINK-04)."""
        legs = [(record.call_id, record.leg) for record in records]
        kept = await self._database.read(lambda connection: store.of_legs(connection, legs))
        return [kept.get((each.call_id, each.leg)) or self._rate(each) for each in records]

    def quote(self, question: Question) -> Rated:
        """What a call would cost its caller, by the same function that rates it.

        Raises:
            UnknownLine: no such line calls.
        """
        line = self._directory.line(question.line)
        if line is None:
            raise UnknownLine(f"there is no line {question.line}")
        voicemail = (self._profiles.of(each).voicemail for each in Profile)
        remote = {national(each.remote_number) for each in voicemail if each and each.remote_number}
        return self._rate(record_of(question, self._profiles.of(line.profile), remote))

    def _rate(self, record: CallRecord) -> Rated:
        return rate(record, self._profile(record), self.book.in_force)

    def _profile(self, record: CallRecord) -> CarrierProfile | None:
        if record.payer is None:
            return None
        line = self._directory.line(self._line_of(record.payer))
        return self._profiles.of(line.profile) if line else None

    def _line_of(self, payer: E164) -> E164:
        """The line itself; of a freephone number the first one that receives (FREE-01)."""
        contract = self._freephones.of(payer)
        return contract.receptions[0].line if contract and contract.receptions else payer

    async def _run(self) -> None:
        while not self._closing.is_set():
            self._woken.clear()
            try:
                while await self._rate_some() and not self._closing.is_set():
                    pass
            except StorageUnavailable:
                await self._away()
            else:
                self._is_away = False
            if not self._woken.is_set():
                self._idle.set()
            await self._woken.wait()
            await self._rest(GATHER_S)

    async def _away(self) -> None:
        """The database is away: try again after a while."""
        if not self._is_away:
            log.warning("the database is away: calls are rated when it is back")
            self._is_away = True
        await self._rest(RETRY_S)
        self._woken.set()

    async def _rest(self, seconds: float) -> None:
        """Leave the database alone; not when the carrier ends."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closing.wait()

    async def _rate_some(self) -> bool:
        """Rate some of what waits; whether more may wait."""
        try:
            batch = await self._rate_at_once(MOST_AT_ONCE)
        except StorageUnavailable:
            raise
        except Exception:
            batch = await self._past_a_faulty_one()
        for charge in batch.charges:
            self._events.tell(
                "call.charged",
                call_id=charge.call_id,
                leg=charge.leg,
                line=charge.line,
                cause=charge.cause,
                yen=yen(charge.net_sen),
            )
        return batch.more

    async def _past_a_faulty_one(self) -> "_Batch":
        """Rate one by one, and pass over the record that cannot be: it must not stop the others."""
        made: list[Charge] = []
        while True:
            try:
                batch = await self._rate_at_once(1)
            except StorageUnavailable:
                raise
            except Exception as error:
                passed = await self._database.write_in_thread(_pass_over)
                log.error("a call cannot be rated: %s: %s", passed, type(error).__name__)
                return _Batch(made, True)
            made += batch.charges
            if not batch.more:
                return _Batch(made, False)

    async def _rate_at_once(self, most: int) -> "_Batch":
        work = partial(_rate_waiting, rated=self._rate_within, most=most)
        return await self._database.write_in_thread(work)

    def _rate_within(self, connection: Driver, record: CallRecord) -> Rated:
        """Rate within a unit of work: another node may have made the line a moment ago."""
        rated = self._rate(record)
        if isinstance(rated, Charge) or rated.reason is not Reason.LINE_GONE:
            return rated
        assert record.payer is not None
        profile = store.profile_of(connection, record.payer)
        if profile is None:
            return rated
        return rate(record, self._profiles.of(profile), self.book.in_force)


class _Batch(NamedTuple):
    """What one unit of work charged, and whether more records may wait."""

    charges: list[Charge]
    more: bool


def _rate_waiting(
    connection: Driver, rated: Callable[[Driver, CallRecord], Rated], most: int
) -> _Batch:
    """Rate the oldest records that wait, in a thread."""
    found = store.waiting(connection, most)
    if not found:
        return _Batch([], False)
    judged = [rated(connection, each.record) for each in found]
    made = [each for each in judged if isinstance(each, Charge)]
    store.settle(connection, [each.id for each in found], made)
    return _Batch(made, len(found) == most)


def _pass_over(connection: Driver) -> str:
    """Let the oldest record that waits wait no longer; names it."""
    found = store.waiting(connection, 1)
    store.settle(connection, [each.id for each in found], [])
    return ", ".join(f"call {each.record.call_id}, leg {each.record.leg}" for each in found)
