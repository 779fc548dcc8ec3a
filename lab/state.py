"""The state of a running carrier as a whole: seeded anew, reset, saved and loaded (LAB-03)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from provisioning.office import Office
from provisioning.seeds import Seed
from provisioning.snapshots.model import SnapshotInfo

HANG_UP_WITHIN_S = 5.0


class Telephony(Protocol):
    """What must hold still while the rows below it are exchanged."""

    async def pause(self, grace_s: float) -> int: ...
    async def resume(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Exchanged:
    """The office's rows were exchanged; so many calls were hung up for it."""

    calls_ended: int


class CarrierState:
    """One exchange at a time; memory and phones follow before it is said to be done."""

    def __init__(self, office: Office, seed: Seed) -> None:
        self._office, self._seed = office, seed
        self._telephony: Telephony | None = None
        self._changing = asyncio.Lock()

    def serves(self, telephony: Telephony) -> None:
        """From now on an exchange hangs up the calls of `telephony`."""
        self._telephony = telephony

    async def plant(self, seed: Seed) -> None:
        """Make the running carrier what `seed` says; `reset` goes back to this one.

        Raises:
            ContractError: the seed contradicts what is there.
        """
        async with self._changing:
            await self._office.plant(seed)
            self._seed = seed

    async def reset(self) -> Exchanged:
        """Go back to the seed: everything else is gone, business time shows wall time again."""

        async def work() -> None:
            await self._office.snapshots.clear()
            await self._office.plant(self._seed)

        return await self._exchange(work)

    async def save(self, name: str) -> SnapshotInfo:
        """Save everything under a name."""
        async with self._changing:
            return await self._office.snapshots.save(name)

    async def load(self, name: str) -> Exchanged:
        """Make everything what was saved; the clock, too.

        Raises:
            UnknownSnapshot, BadSnapshot, WrongKey: nothing was changed.
        """
        return await self._exchange(lambda: self._office.snapshots.load(name))

    async def delete(self, name: str) -> None:
        """Forget a snapshot."""
        async with self._changing:
            await self._office.snapshots.delete(name)

    async def all(self) -> tuple[SnapshotInfo, ...]:
        """Every snapshot, by name."""
        return await self._office.snapshots.all()

    async def _exchange(self, work: Callable[[], Awaitable[object]]) -> Exchanged:
        async with self._changing, self._hushed() as calls_ended:
            await self._office.outbox.stop(HANG_UP_WITHIN_S)
            await self._office.records.settle()
            try:
                await work()
            finally:
                self._office.outbox.resume()
                # Also when only half of it succeeded: memory must not tell of rows that are gone.
                await self._office.refresh()
        return Exchanged(calls_ended)

    @asynccontextmanager
    async def _hushed(self) -> AsyncIterator[int]:
        """No calls within."""
        if self._telephony is None:
            yield 0
            return
        ended = await self._telephony.pause(HANG_UP_WITHIN_S)
        try:
            yield ended
        finally:
            await self._telephony.resume()
