"""Units of work: each is whole or has not happened, whoever is cancelled meanwhile."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol, Self, TypeVar

from sqlalchemy import Connection, Engine, exc, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from provisioning.contract import StorageUnavailable
from provisioning.db import engine

T = TypeVar("T")
Work = Callable[[AsyncConnection], Awaitable[T]]
BlockingWork = Callable[[Connection], T]

OFFICE_LOCK = 0x746F6B75
"""The advisory lock under which whole sets of rows change on PostgreSQL ("toku")."""


class Companion(Protocol):
    """A row that must be kept together with whatever the present request changes first."""

    kept: bool

    async def write(self, connection: AsyncConnection) -> None: ...


companion: ContextVar[Companion | None] = ContextVar("companion", default=None)
"""What the next unit of work that writes in this context takes along, once."""


class Database:
    """One database; each unit of work runs on a connection of its own.

    All raise `StorageUnavailable` when the database cannot be reached, is locked for
    too long, is read-only or is full. Nothing was changed then, except that a server lost
    during COMMIT itself may have kept the change: every change may be repeated safely.
    """

    def __init__(self, reader: AsyncEngine, writer: AsyncEngine, blocking: Engine) -> None:
        self._reader, self._writer, self._blocking = reader, writer, blocking
        self._thread = ThreadPoolExecutor(1, "database")
        self._running: set[asyncio.Task[Any]] = set()

    @classmethod
    def at(cls, url: str, *, wait_s: float = 3.0) -> Self:
        """The database at `url`; a lock is waited for at most `wait_s` seconds."""
        parsed = engine.parse(url)
        blocking = engine.create_blocking(parsed, wait_s=wait_s)
        return cls(*engine.create(parsed, wait_s=wait_s), blocking)

    @property
    def is_postgresql(self) -> bool:
        """Whether several processes may share this database over the network."""
        return self._writer.dialect.name == "postgresql"

    async def read(self, work: Work[T]) -> T:
        """What `work` answers."""
        return await self._shielded(_run(self._reader, work))

    async def write(self, work: Work[T], *, alone: bool = False) -> T:
        """What `work` answers, once its changes are durable; `alone` excludes other such work."""
        along = companion.get()

        async def locked(connection: AsyncConnection) -> T:
            if alone and self.is_postgresql:
                await connection.execute(
                    text("SELECT pg_advisory_xact_lock(:key)"), {"key": OFFICE_LOCK}
                )
            if along is not None and not along.kept:
                await along.write(connection)
            return await work(connection)

        answer = await self._shielded(_run(self._writer, locked))
        if along is not None:
            along.kept = True
        return answer

    async def write_in_thread(self, work: BlockingWork[T]) -> T:
        """What `work` answers, once its changes are durable; it runs in a thread, one at a time.

        The loop waits once for the whole of it; `write` goes to the driver's thread and back a
        dozen times, which at a small unit of work is most of its cost.
        """
        return await self._shielded(self._in_thread(work))

    async def close(self) -> None:
        """Finish what runs, then close every connection."""
        await asyncio.gather(*self._running, return_exceptions=True)
        self._thread.shutdown()
        self._blocking.dispose()
        await self._reader.dispose()
        await self._writer.dispose()

    async def _in_thread(self, work: BlockingWork[T]) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, _run_blocking, self._blocking, work)

    async def _shielded(self, work: Coroutine[Any, Any, T]) -> T:
        """Let a unit of work end by itself: a caller who hangs up must not tear it."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # whoever still waits has it; nobody else needs to hear of it


def once_durable(connection: AsyncConnection, act: Callable[[], None]) -> None:
    """Call `act` as soon as the unit of work of `connection` is durable; never when it fails."""
    connection.info[_ACTS].append(act)


_ACTS = "once_durable"


async def _run(source: AsyncEngine, work: Work[T]) -> T:
    acts: list[Callable[[], None]] = []
    with _storage_errors():
        async with source.begin() as connection:
            connection.info[_ACTS] = acts
            answer = await work(connection)
    for act in acts:
        act()
    return answer


def _run_blocking(source: Engine, work: BlockingWork[T]) -> T:
    with _storage_errors(), source.begin() as connection:
        return work(connection)


@contextmanager
def _storage_errors() -> Iterator[None]:
    """Say `StorageUnavailable` where the storage is at fault, not what was stored."""
    try:
        yield
    except (exc.IntegrityError, exc.DataError, exc.ProgrammingError):
        raise
    except (exc.DBAPIError, exc.TimeoutError, OSError) as error:
        if _is_damaged(error):
            raise StorageUnavailable(
                f"the database file is damaged ({_reason(error)}): put a copy of it back, or "
                "start anew with another folder (--data FOLDER)"
            ) from error
        raise StorageUnavailable(
            f"the database cannot be used now ({_reason(error)}); try again later"
        ) from error


def _is_damaged(error: Exception) -> bool:
    """Whether SQLite found no database, or one that does not hold together."""
    code = getattr(getattr(error, "orig", None), "sqlite_errorcode", 0)
    return code & 0xFF in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)


def _reason(error: Exception) -> str:
    """What the driver says, where that names no row: a server's details may quote them."""
    if not isinstance(error, exc.DBAPIError) or error.orig is None:
        return type(error).__name__
    if getattr(error.orig, "sqlstate", None):
        return type(error.orig).__name__
    return str(error.orig).partition("\n")[0]


def is_foreign_key(error: exc.IntegrityError) -> bool:
    """Whether a row refers to one that is not there (SQLSTATE 23503)."""
    return getattr(error.orig, "sqlstate", "") == "23503" or "FOREIGN KEY" in str(error.orig)
