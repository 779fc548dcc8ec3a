"""Save the whole state of the office under a name, and put it back (LAB-03)."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

from sqlalchemy.exc import DataError, IntegrityError, ProgrammingError, StatementError

from provisioning.db import migrate
from provisioning.db.connection import Connection
from provisioning.db.unit_of_work import Database
from provisioning.snapshots import model, rows
from provisioning.snapshots.files import SnapshotFolder
from provisioning.snapshots.model import BadSnapshot, Snapshot, SnapshotInfo, Tables

FOLDER = "snapshots"

Clocks = Callable[[], tuple[float, float]]
"""(wall time, business time), UTC epoch seconds."""

Check = Callable[[Connection], Awaitable[object]]
"""Raises when the rows that were put in are not to stay."""


class Files(Protocol):
    """Keeps the files that rows name, for each snapshot in a folder of its own."""

    async def save(self, place: Path, read: Callable[[], Awaitable[Tables]]) -> Tables:
        """What `read` answers, once the files that it names are in `place`, too."""

    async def saved(self, place: Path, tables: Tables) -> None:
        """Leave in `place` only what the snapshot that was written names."""

    def load(self, place: Path | None) -> AbstractAsyncContextManager[Check]:
        """Put back those of `place`, or none; within, the rows that name them, and what it yields.

        Files that no row names afterwards are removed.
        """

    async def forget(self, place: Path) -> None: ...


class Snapshots:
    """The snapshots of one data folder; what SQLite saved, PostgreSQL loads, and back.

    Whoever loads one brings up to date what memory knows of the rows.
    """

    def __init__(
        self, database: Database, data: Path, clocks: Clocks, check: Check, files: Files
    ) -> None:
        self._database, self._clocks, self._check = database, clocks, check
        self._files, self._places = files, data / FOLDER
        self._folder = SnapshotFolder(data / FOLDER)

    async def save(self, name: str) -> SnapshotInfo:
        """Save every row, as they stand at one instant; an older snapshot of the name goes.

        Raises:
            OutOfRange: the name.
            StorageUnavailable: nothing was saved.
        """
        model.checked_name(name)
        wall_at, business_at = self._clocks()
        tables = await self._files.save(self._place(name), lambda: self._database.read(rows.read))
        snapshot = Snapshot(migrate.known(), wall_at, business_at, tables)
        info = await asyncio.to_thread(self._folder.save, name, model.written(snapshot))
        await self._files.saved(self._place(name), tables)
        return info

    async def load(self, name: str) -> SnapshotInfo:
        """Make the rows those of the snapshot, in one transaction.

        Raises:
            UnknownSnapshot, BadSnapshot: nothing was changed.
            WrongKey: its secrets were sealed with another key; nothing was changed.
        """
        tables = await asyncio.to_thread(self._modern, name)

        try:
            async with self._files.load(self._place(name)) as settle:

                async def work(connection: Connection) -> None:
                    await rows.replace(connection, tables)
                    await settle(connection)
                    await self._check(connection)

                await self._database.write(work, alone=True)
        except (IntegrityError, DataError, ProgrammingError, StatementError) as error:
            raise _unfit(error) from error
        return next(info for info in await self.all() if info.name == name)

    async def delete(self, name: str) -> None:
        """Remove a snapshot; `UnknownSnapshot` when there is none."""
        await asyncio.to_thread(self._folder.delete, name)
        await self._files.forget(self._place(name))

    async def all(self) -> tuple[SnapshotInfo, ...]:
        """Every snapshot, by name."""
        return await asyncio.to_thread(self._folder.all)

    async def clear(self) -> None:
        """Remove every row of the office; snapshots stay."""
        async with self._files.load(None):
            await self._database.write(lambda connection: rows.replace(connection, {}), alone=True)

    def _place(self, name: str) -> Path:
        return self._places / f"{name}.sound"

    def _modern(self, name: str) -> model.Tables:
        try:
            return rows.modern(self._folder.load(name))
        except StatementError as error:
            raise _unfit(error) from error


def _unfit(error: Exception) -> BadSnapshot:
    return BadSnapshot(f"the snapshot's rows do not fit their schema ({type(error).__name__})")
