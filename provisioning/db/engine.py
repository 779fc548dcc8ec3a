"""Engines for the two databases: SQLite in WAL mode, or PostgreSQL by `postgresql://…`."""

from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError

from provisioning.db.lane import Lane

CONNECT_TIMEOUT_S = 5

SQLITE_WRITERS = 1
SQLITE_READERS = 4
POSTGRESQL_WRITERS = 8
POSTGRESQL_READERS = 4


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
            return parsed.set(drivername="sqlite+pysqlite")
        case "postgresql" | "postgres":
            return parsed.set(drivername="postgresql+psycopg")
        case other:
            raise BadDatabaseUrl(f"{other} is not supported; use sqlite:///… or postgresql://…")


def sqlite_lane(url: URL, wait_s: float, *, writes: bool) -> Lane:
    """One writer, or some readers: in WAL mode a reader never waits for the writer.

    Nobody waits for a lock, or for a place, longer than `wait_s` seconds.
    """
    connections = SQLITE_WRITERS if writes else SQLITE_READERS
    engine = create_engine(
        url,
        hide_parameters=True,
        pool_size=connections,
        max_overflow=0,
        connect_args={"timeout": wait_s},
    )
    # A lock upgrade ignores busy_timeout, so a writer takes its lock at once.
    _prepare_sqlite(engine, wait_s, "BEGIN IMMEDIATE" if writes else "BEGIN")
    return Lane(engine, threads=connections, wait_s=wait_s)


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


def postgresql_lane(url: URL, wait_s: float, *, connections: int = POSTGRESQL_WRITERS) -> Lane:
    """Readers or writers; nobody waits for a lock, or for a place, longer than `wait_s`."""
    wait_ms = int(wait_s * 1000)
    limits = f"-c statement_timeout={2 * wait_ms} -c lock_timeout={wait_ms}"
    engine = create_engine(
        url,
        hide_parameters=True,
        pool_size=connections,
        max_overflow=0,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT_S,
            # Said here, since a server-wide "off" would break the promise of durability.
            "options": f"{limits} -c synchronous_commit=on",
            "tcp_user_timeout": 2 * wait_ms,
            "application_name": "tokuban",
        },
    )
    return Lane(engine, threads=connections, wait_s=wait_s)
