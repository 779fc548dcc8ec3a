"""Read every row of the office, and put others in their place."""

from sqlalchemy import (
    BigInteger,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    create_engine,
    select,
    text,
)
from sqlalchemy import Connection as Driver
from sqlalchemy.pool import StaticPool

from provisioning.db import migrate, news, schema
from provisioning.db.billing_tables import unrated_records
from provisioning.db.connection import Connection
from provisioning.db.news import Topic
from provisioning.db.record_tables import call_record_erasures, erasing
from provisioning.snapshots.model import BadSnapshot, Rows, Snapshot, Tables

AT_ONCE = 1000
"""Rows an INSERT takes."""


async def read(connection: Connection) -> dict[str, Rows]:
    """Every row of every table, as they stood at one instant."""
    if connection.dialect.name == "postgresql":
        # Else each statement would see what was committed before it.
        await connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
    return await connection.run_sync(_read)


async def replace(connection: Connection, tables: Tables) -> None:
    """Make the rows of the office exactly these, within one unit of work.

    Raises:
        BadSnapshot: a table or column is not of this schema.
    """
    await connection.run_sync(_replace, tables)
    news.tell(connection, Topic.EVERYTHING)


def _read(connection: Driver) -> dict[str, Rows]:
    tables = schema.whole().sorted_tables
    return {table.name: _rows(connection, table) for table in tables}


def _rows(connection: Driver, table: Table) -> Rows:
    query = select(table).order_by(*table.primary_key.columns)
    rows = [tuple(row) for row in connection.execute(query)]
    return Rows(tuple(column.name for column in table.columns), rows)


def _replace(connection: Driver, tables: Tables) -> None:
    metadata = schema.whole()
    _refuse_foreign(metadata, tables)
    ordered = metadata.sorted_tables
    if connection.dialect.name == "postgresql":
        names = ", ".join(table.name for table in ordered)
        # Readers go on; whoever would write waits until all is in its place.
        connection.execute(text(f"LOCK TABLE {names} IN EXCLUSIVE MODE"))
    with erasing(connection):
        for table in reversed(ordered):
            if table is not call_record_erasures:
                connection.execute(table.delete())
    for table in ordered:
        if table is unrated_records:
            connection.execute(table.delete())  # the records that were just put in wait there
        if table.name in tables:
            _insert(connection, table, tables[table.name])
    _count_on(connection, ordered)


def _refuse_foreign(metadata: MetaData, tables: Tables) -> None:
    for name, rows in tables.items():
        known = metadata.tables.get(name)
        if known is None or not set(rows.columns) <= set(known.columns.keys()):
            raise BadSnapshot(f"the snapshot's table {name} is not of this schema")


def _insert(connection: Driver, table: Table, rows: Rows) -> None:
    named = [dict(zip(rows.columns, row, strict=True)) for row in rows.rows]
    for start in range(0, len(named), AT_ONCE):
        connection.execute(table.insert(), named[start : start + AT_ONCE])


def _count_on(connection: Driver, tables: list[Table]) -> None:
    """Let numbers that the database gives go on behind the highest there is."""
    if connection.dialect.name == "sqlite":
        counted = text("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'")
        if connection.execute(counted).first() is None:
            return
        for table in tables:
            key = next(iter(table.primary_key.columns))
            connection.execute(
                text(
                    f"UPDATE sqlite_sequence SET seq = (SELECT coalesce(max({key.name}), 0)"
                    f" FROM {table.name}) WHERE name = '{table.name}'"
                )
            )
        return
    for table in tables:
        for column in table.primary_key.columns:
            if isinstance(column.type, Integer | BigInteger | SmallInteger):
                connection.execute(
                    text(
                        f"SELECT setval(pg_get_serial_sequence('{table.name}', '{column.name}'),"
                        f" (SELECT coalesce(max({column.name}), 0) + 1 FROM {table.name}), false)"
                    )
                )


def modern(snapshot: Snapshot) -> Tables:
    """The rows as this program's schema has them; an older snapshot is brought up to date.

    Raises:
        BadSnapshot: a newer program wrote it, or its rows do not fit the schema it names.
    """
    if snapshot.schema == migrate.known():
        return snapshot.tables
    if snapshot.schema not in migrate.revisions():
        raise BadSnapshot(
            f"a newer tokuban wrote the snapshot (schema {snapshot.schema}, this program knows "
            f"{migrate.known()}): load it with that version"
        )
    engine = create_engine("sqlite://", poolclass=StaticPool, hide_parameters=True)
    try:
        with engine.begin() as connection:
            migrate.upgrade(connection, snapshot.schema)
            old = MetaData()
            old.reflect(connection)
            _refuse_foreign(old, snapshot.tables)
            for table in old.sorted_tables:
                if table.name in snapshot.tables:
                    _insert(connection, table, snapshot.tables[table.name])
            migrate.upgrade(connection)
            return _read(connection)
    finally:
        engine.dispose()
