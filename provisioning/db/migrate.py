"""Bring the schema to what this program knows, one process at a time."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.exc import ProgrammingError

from provisioning.contract import StorageUnavailable
from provisioning.db.unit_of_work import Database

SCRIPTS = Path(__file__).parent / "migrations"


class SchemaTooNew(Exception):
    """A newer program wrote these data; this one must not touch them."""


async def migrate(database: Database) -> None:
    """Upgrade in one transaction, under a lock that a second process waits for.

    Raises:
        SchemaTooNew: the schema has a revision that this program does not know.
        StorageUnavailable: the database cannot be reached, stays locked or is not ours.
    """
    try:
        if await present(database) == known():
            return
        await database.write(lambda connection: connection.run_sync(upgrade), alone=True)
    except ProgrammingError as error:
        raise StorageUnavailable(
            f"the schema cannot be brought up to date ({type(error.orig).__name__}): the database "
            "must be empty or tokuban's own, and its user must be allowed to create tables"
        ) from error


async def present(database: Database) -> str | None:
    """The revision of the schema that is there; None in an empty database."""

    def revision(connection: Connection) -> str | None:
        return MigrationContext.configure(connection).get_current_revision()

    return await database.read(lambda connection: connection.run_sync(revision))


@cache
def known() -> str:
    """The newest schema revision this program knows."""
    head = ScriptDirectory(str(SCRIPTS)).get_current_head()
    assert head is not None, "the package lost its migrations"
    return head


@cache
def revisions() -> frozenset[str]:
    """Every schema revision this program knows."""
    scripts = ScriptDirectory(str(SCRIPTS)).walk_revisions()
    return frozenset(script.revision for script in scripts)


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Bring the schema of this connection's database to a revision; `SchemaTooNew`."""
    present = MigrationContext.configure(connection).get_current_revision()
    if present is not None and present not in revisions():
        raise SchemaTooNew(
            f"a newer tokuban wrote these data (schema {present}, this program knows {known()}): "
            "start that version, or give this one another data folder"
        )
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
