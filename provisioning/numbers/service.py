"""The inventory as the operator sees it, and the end of every quarantine."""

from collections.abc import Callable, Collection, Mapping

from provisioning.audit.model import Note, Origin
from provisioning.audit.store import Audit
from provisioning.contract import E164
from provisioning.db import serials
from provisioning.db.connection import Connection
from provisioning.db.paging import Page, page_size, paged
from provisioning.db.unit_of_work import Database
from provisioning.numbers import model, store
from provisioning.numbers.model import (
    Block,
    BlockOverlap,
    NumberInput,
    NumberRecord,
    NumberState,
    national,
)

CALENDAR = Origin("business clock", "calendar")
"""Who ends a quarantine: nobody but the passing of time."""


class Numbers:
    """The 050 numbers of the carrier; `clock` tells business time, UTC epoch seconds."""

    name = "quarantines"

    def __init__(self, database: Database, audit: Audit, clock: Callable[[], float]) -> None:
        self._database, self._audit, self._clock = database, audit, clock

    async def load_block(self, first: E164, last: E164, *, origin: Origin) -> Block:
        """Take a run of numbers into the inventory, all free.

        Raises:
            BadBlock: these are no 050 numbers in their order, or too many at once.
            BlockOverlap: some of them are loaded already.
        """
        return await self._database.write(
            lambda connection: self.load_within(connection, first, last, origin=origin), alone=True
        )

    async def load_within(
        self, connection: Connection, first: E164, last: E164, *, origin: Origin
    ) -> Block:
        """The same in somebody's unit of work that is alone."""
        model.check_block(first, last)
        other = await store.overlapping(connection, first, last)
        if other is not None:
            raise BlockOverlap(
                f"block {other.id} ({national(other.first)} to {national(other.last)}) "
                "has some of these numbers already"
            )
        id = await serials.draw(connection, "B")
        block = Block(id, first, last, self._clock())
        await store.insert_block(connection, block)
        span = f"{national(first)} to {national(last)}"
        await self._audit.note(connection, id, "block loaded", after=span, origin=origin)
        return block

    async def blocks(self) -> tuple[Block, ...]:
        """Every block, by its first number."""
        return tuple(await self._database.read(store.blocks))

    async def get(self, number: E164) -> NumberRecord:
        """The number's record; `UnknownNumber` when no block has it."""
        return await self._database.read(lambda connection: store.read(connection, number))

    async def list(
        self,
        *,
        state: NumberState | None = None,
        contract: str | None = None,
        block: str | None = None,
        after: str = "",
        limit: int = 100,
    ) -> Page[NumberRecord]:
        """Numbers in their order; `contract` includes those it cancelled, until they are free."""
        limit = page_size(limit)
        found = await self._database.read(
            lambda connection: store.list_numbers(
                connection,
                state=state,
                contract=contract,
                block=block,
                after=after,
                limit=limit + 1,
            )
        )
        return paged(found, limit, lambda record: record.number)

    async def held(self, contract: str, among: Collection[E164]) -> frozenset[E164]:
        """Which of these are the contract's, or were until their quarantine ends."""
        return await self._database.read(lambda connection: store.held(connection, contract, among))

    async def counts(self) -> Mapping[NumberState, int]:
        """How many numbers are in each state."""
        return await self._database.read(store.counts)

    async def reserve(self, number: E164, *, origin: Origin) -> NumberRecord:
        """Hold a free number back from orders; `UnknownNumber`, `WrongNumberState`."""
        return await self._move(number, NumberInput.HELD_BACK, origin)

    async def release(self, number: E164, *, origin: Origin) -> NumberRecord:
        """Give a number that was held back to the orders; `UnknownNumber`, `WrongNumberState`."""
        return await self._move(number, NumberInput.LET_GO, origin)

    async def next_due(self) -> float | None:
        """When the next quarantine ends, business time; None when there is none."""
        return await self._database.read(store.next_quarantine_end)

    async def run_due(self, until: float) -> None:
        """End every quarantine that is over at business time `until`."""
        await self.end_quarantines(until)

    async def end_quarantines(self, until: float) -> int:
        """Free the numbers whose quarantine is over at business time `until`; how many."""

        async def work(connection: Connection) -> int:
            freed = await store.free_after_quarantine(connection, until)
            notes = [Note(n, "quarantine ended", "quarantined", "free") for n in freed]
            await self._audit.note_all(connection, notes, origin=CALENDAR)
            return len(freed)

        total = 0
        while some := await self._database.write(work):
            total += some
        return total

    async def _move(self, number: E164, input: NumberInput, origin: Origin) -> NumberRecord:
        async def work(connection: Connection) -> NumberRecord:
            old = await store.read(connection, number, to_change=True)
            step = model.step(number, old.state, input)
            await store.set_state(connection, old, step.next)
            await self._audit.note(
                connection, number, step.do, before=old.state, after=step.next, origin=origin
            )
            return await store.read(connection, number)

        return await self._database.write(work)
