"""Units of work: each is whole or has not happened, whoever is cancelled meanwhile."""

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol, Self, TypeVar

from sqlalchemy import Connection as Driver
from sqlalchemy import exc, text

from provisioning.contract import StorageUnavailable
from provisioning.db import connection as connections
from provisioning.db import engine, news
from provisioning.db.connection import Connection
from provisioning.db.lane import Lane

log = logging.getLogger("tokuban.storage")

T = TypeVar("T")
Work = Callable[[Connection], Awaitable[T]]
BlockingWork = Callable[[Driver], T]

OFFICE_LOCK = 0x746F6B75
"""The advisory lock under which whole sets of rows change on PostgreSQL ("toku")."""


class Companion(Protocol):
    """A row that must be kept together with whatever the present request changes first."""

    kept: bool

    async def write(self, connection: Connection) -> None: ...


companion: ContextVar[Companion | None] = ContextVar("companion", default=None)
"""What the next unit of work that writes in this context takes along, once."""


class Database:
    """One database; each unit of work runs in one go, on a connection and a thread of its own.

    All raise `StorageUnavailable` when the database cannot be reached, is locked for
    too long, is read-only or is full. Nothing was changed then, except that a server lost
    during COMMIT itself may have kept the change: every change may be repeated safely.
    `node` names this process among those that share the database.
    """

    def __init__(self, reader: Lane, writer: Lane, telephony: Lane) -> None:
        self._reader, self._writer, self._telephony = reader, writer, telephony
        self._running: set[asyncio.Task[Any]] = set()

    @classmethod
    def at(cls, url: str, *, wait_s: float = 3.0) -> Self:
        """The database at `url`; a lock is waited for at most `wait_s` seconds."""
        parsed = engine.parse(url)
        if parsed.get_backend_name() == "postgresql":
            return cls(
                engine.postgresql_lane(parsed, wait_s, connections=engine.POSTGRESQL_READERS),
                engine.postgresql_lane(parsed, wait_s),
                engine.postgresql_lane(parsed, wait_s, connections=1),
            )
        writer = engine.sqlite_lane(parsed, wait_s, writes=True)
        return cls(engine.sqlite_lane(parsed, wait_s, writes=False), writer, writer)

    @property
    def is_postgresql(self) -> bool:
        """Whether several processes may share this database over the network."""
        return self._writer.engine.dialect.name == "postgresql"

    @property
    def address(self) -> dict[str, Any]:
        """What the driver connects with; it may hold a password."""
        engine = self._writer.engine
        return dict(engine.dialect.create_connect_args(engine.url)[1])

    async def read(self, work: Work[T]) -> T:
        """What `work` answers."""
        return await self._shielded(_run(self._reader, work))

    async def write(self, work: Work[T], *, alone: bool = False, escorted: bool = True) -> T:
        """What `work` answers, once its changes are durable; `alone` excludes other such work.

        Not `escorted`, it leaves the companion to a later one: what it changes means nothing yet.
        """
        along = companion.get() if escorted else None

        async def locked(connection: Connection) -> T:
            if alone and self.is_postgresql:
                await connection.execute(
                    text("SELECT pg_advisory_xact_lock(:key)"), {"key": OFFICE_LOCK}
                )
            if along is not None and not along.kept:
                await along.write(connection)
            answer = await work(connection)
            if self.is_postgresql:
                await news.send(connection)
            return answer

        answer = await self._shielded(_run(self._writer, locked))
        if along is not None:
            along.kept = True
        return answer

    async def write_in_thread(self, work: BlockingWork[T]) -> T:
        """What `work` answers, once its changes are durable: a unit of work of telephony's.

        One runs at a time, and none takes a companion along. On PostgreSQL it waits for no
        other kind of work.
        """
        return await self._shielded(_run_blocking(self._telephony, work))

    async def close(self) -> None:
        """Finish what runs, then close every connection."""
        await asyncio.gather(*self._running, return_exceptions=True)
        for lane in {self._reader, self._writer, self._telephony}:
            lane.close()

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


def once_durable(connection: Connection, act: Callable[[], None]) -> None:
    """Call `act`, in the loop, as soon as the unit of work of `connection` is durable.

    It is never called when that fails. What memory knows is changed here alone: the unit of work
    itself runs in a thread. Units of work that commit one after the other have their acts called in
    that order.
    """
    connection.acts.append(act)


async def _run(lane: Lane, work: Work[T]) -> T:
    acts: list[Callable[[], None]] = []

    def unit(driver: Driver) -> T:
        connection = Connection(driver, acts)
        return connections.run(work(connection))

    with _storage_errors():
        return await lane.run(unit, acts, _perform)


def _perform(acts: Collection[Callable[[], None]]) -> None:
    """The change is durable whatever one of them does: the others are to happen all the same."""
    for act in acts:
        try:
            act()
        except Exception:
            log.exception("a change is durable, and what was to follow it failed")


async def _run_blocking(lane: Lane, work: BlockingWork[T]) -> T:
    with _storage_errors():
        return await lane.run(work)


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
