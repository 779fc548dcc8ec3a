"""Engines for the two databases: SQLite in WAL mode, or PostgreSQL by `postgresql://…`."""

from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

CONNECT_TIMEOUT_S = 5


class BadDatabaseUrl(ValueError):
    """The setting names no database this program speaks to."""


def parse(url: str) -> URL:
    """The address of a database; `BadDatabaseUrl` says what is wrong without repeating it.

    The address may carry a password, so no message quotes it.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise BadDatabaseUrl(
            "the database setting is no address; write sqlite:///file or postgresql://host/name"
        ) from None
    match parsed.get_backend_name():
        case "sqlite":
            return parsed.set(drivername="sqlite+aiosqlite")
        case "postgresql" | "postgres":
            return parsed.set(drivername="postgresql+psycopg")
        case other:
            raise BadDatabaseUrl(f"{other} is not supported; use sqlite:///… or postgresql://…")


def create(url: URL, *, wait_s: float) -> tuple[AsyncEngine, AsyncEngine]:
    """(reader, writer) engines; nobody waits for a lock longer than `wait_s` seconds."""
    if url.get_backend_name() == "postgresql":
        both = _postgresql(url, wait_s)
        return both, both
    return _sqlite(url, wait_s, writes=False), _sqlite(url, wait_s, writes=True)


def create_blocking(url: URL, *, wait_s: float) -> Engine:
    """A writing engine for a thread of its own."""
    if url.get_backend_name() == "postgresql":
        return create_engine(url, **_postgresql_arguments(wait_s))
    blocking = url.set(drivername="sqlite+pysqlite")
    engine = create_engine(blocking, **_sqlite_arguments(wait_s, writes=True))
    _prepare_sqlite(engine, wait_s, "BEGIN IMMEDIATE")
    return engine


def _sqlite(url: URL, wait_s: float, *, writes: bool) -> AsyncEngine:
    """One writer, some readers: in WAL mode a reader never waits for the writer."""
    engine = create_async_engine(url, **_sqlite_arguments(wait_s, writes=writes))
    # A lock upgrade ignores busy_timeout, so a writer takes its lock at once.
    _prepare_sqlite(engine.sync_engine, wait_s, "BEGIN IMMEDIATE" if writes else "BEGIN")
    return engine


def _sqlite_arguments(wait_s: float, *, writes: bool) -> dict[str, Any]:
    return {
        "hide_parameters": True,
        "pool_size": 1 if writes else 4,
        "max_overflow": 0,
        "pool_timeout": wait_s,
        "connect_args": {"timeout": wait_s},
    }


def _prepare_sqlite(engine: Engine, wait_s: float, begin: str) -> None:
    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute(f"PRAGMA busy_timeout = {int(wait_s * 1000)}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)


def _postgresql(url: URL, wait_s: float) -> AsyncEngine:
    return create_async_engine(url, **_postgresql_arguments(wait_s))


def _postgresql_arguments(wait_s: float) -> dict[str, Any]:
    wait_ms = int(wait_s * 1000)
    limits = f"-c statement_timeout={2 * wait_ms} -c lock_timeout={wait_ms}"
    return {
        "hide_parameters": True,
        "pool_size": 8,
        "max_overflow": 0,
        "pool_timeout": wait_s,
        "pool_pre_ping": True,
        "connect_args": {
            "connect_timeout": CONNECT_TIMEOUT_S,
            # Said here, since a server-wide "off" would break the promise of durability.
            "options": f"{limits} -c synchronous_commit=on",
            "tcp_user_timeout": 2 * wait_ms,
            "application_name": "tokuban",
        },
    }
