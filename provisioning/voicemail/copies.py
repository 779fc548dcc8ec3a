"""The sound of snapshots: files that they and the boxes share while both have them (LAB-03)."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

from provisioning.contract import StorageUnavailable
from provisioning.db.connection import Connection
from provisioning.snapshots.model import Tables
from provisioning.voicemail import store
from provisioning.voicemail.disk import Disk

Settle = Callable[[Connection], Awaitable[None]]


class SoundCopies:
    """Keeps the files that a snapshot's rows name in a folder of their own.

    `tidy` brings files and rows together afterwards.
    """

    def __init__(self, disk: Disk, tidy: Callable[[], Awaitable[None]]) -> None:
        self._disk, self._tidy = disk, tidy

    async def save(self, place: Path, read: Callable[[], Awaitable[Tables]]) -> Tables:
        """What `read` answers, once the files that it names are in `place`."""
        folder = self._disk.folder
        try:
            # A message that comes or goes while the rows are read is there before or after it.
            await self._disk.run(folder.copy_to, place)
            tables = await read()
            await self._disk.run(folder.copy_to, place)
        except OSError as error:
            raise StorageUnavailable(
                f"the sound of the snapshot cannot be written ({error.strerror})"
            ) from error
        return tables

    async def saved(self, place: Path, tables: Tables) -> None:
        """Leave in `place` only what the snapshot that was written names."""
        await self._disk.run(_prune, place, _named(tables))

    @asynccontextmanager
    async def load(self, place: Path | None) -> AsyncIterator[Settle]:
        """Give the boxes the files of a snapshot, or none; within, its rows are put in place."""
        folder = self._disk.folder
        found: list[str] = []

        async def settle(connection: Connection) -> None:
            await store.settle_in(connection, found, folder.store)

        async with self._disk.alone():
            if place is not None:
                found = await self._disk.run(folder.copy_from, place)
            yield settle
        await self._tidy()

    async def forget(self, place: Path) -> None:
        """Remove the files of a snapshot; the boxes keep theirs."""
        await self._disk.run(shutil.rmtree, place, True)


def _named(tables: Tables) -> set[str]:
    """The ids of all messages and greetings."""
    found: set[str] = set()
    for table, column in (("voicemail_messages", "id"), ("voicemail_boxes", "own")):
        if table in tables:
            at = tables[table].columns.index(column)
            found.update(str(row[at]) for row in tables[table].rows if row[at] is not None)
    return found


def _prune(place: Path, named: Iterable[str]) -> None:
    wanted = set(named)
    for path in place.glob("*"):
        if path.stem not in wanted:
            path.unlink()
    if not wanted:
        shutil.rmtree(place, ignore_errors=True)
