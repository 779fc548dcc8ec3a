"""The schema of a test's empty database, made in a tenth of the time that the migrations take.

What the migrations send to a database is written down when the first test has them run; later
empty databases are sent the same.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, event

from provisioning.db import migrate

Upgrade = Callable[[Connection, str], None]
Sent = list[tuple[str, Any]]

_LOOKS = ("SELECT", "PRAGMA", "WITH")
"""How statements begin that change nothing."""


@contextmanager
def repeated_migrations() -> Iterator[Upgrade]:
    """Have each kind of empty database migrated once, and later ones sent the same statements.

    Yields the real upgrade.
    """
    real = migrate.upgrade
    sent: dict[str, Sent] = {}

    def upgrade(connection: Connection, revision: str = "head") -> None:
        kind = connection.dialect.name
        if revision != "head" or _is_migrated(connection):
            real(connection, revision)
        elif kind in sent:
            for statement, values in sent[kind]:
                connection.exec_driver_sql(statement, values)
        else:
            with _noted(connection) as noted:
                real(connection, revision)
            sent[kind] = noted

    migrate.upgrade = upgrade
    try:
        yield real
    finally:
        migrate.upgrade = real


def _is_migrated(connection: Connection) -> bool:
    return connection.dialect.has_table(connection, "alembic_version")


@contextmanager
def _noted(connection: Connection) -> Iterator[Sent]:
    """What is sent to change something, in the driver's own words."""
    noted: Sent = []

    def note(*said: Any) -> None:
        _, _, statement, values, _, _ = said
        if not statement.lstrip().upper().startswith(_LOOKS):
            noted.append((statement, values))

    event.listen(connection, "before_cursor_execute", note)
    try:
        yield noted
    finally:
        event.remove(connection, "before_cursor_execute", note)
