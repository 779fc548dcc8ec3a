"""The schema: built by migrations, one process at a time, and guarding what must always hold."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection as Driver
from sqlalchemy import inspect, text
from sqlalchemy.exc import IntegrityError

from provisioning.contract import OutOfRange
from provisioning.db import tables
from provisioning.db.connection import Connection
from provisioning.db.engine import BadDatabaseUrl
from provisioning.db.migrate import SCRIPTS, SchemaTooNew, known, migrate, present
from provisioning.db.unit_of_work import Database
from provisioning.lines.store import LineOrigin, read_lines
from provisioning.numbers.model import NumberState
from provisioning.numbers.store import counts
from provisioning.office import Office, OfficeSettings
from tests.support.schema import Upgrade
from tests.support.storage import DOCOMO, NTT, SOMEWHERE


@pytest.fixture(autouse=True)
def migrations_themselves(real_upgrade: Upgrade, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here is sent again from memory."""
    monkeypatch.setattr("provisioning.db.migrate.upgrade", real_upgrade)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A migrated database without rows."""
    opened = Database.at(database_url, wait_s=0.5)
    try:
        await migrate(opened)
        yield opened
    finally:
        await opened.close()


async def test_the_migrations_build_what_the_stores_expect(database: Database) -> None:
    def differences(connection: Driver) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, tables.metadata))

    assert await database.read(lambda connection: connection.run_sync(differences)) == []


async def test_the_migrations_check_what_the_tables_check(database_url: str) -> None:
    """Autogenerate does not compare checks, so each named one is looked for."""
    database = Database.at(database_url)
    await migrate(database)
    expected = {
        str(check.name)
        for table in tables.metadata.sorted_tables
        for check in table.constraints
        if str(check.name).startswith("ck_")
    }

    def checks(connection: Driver) -> set[str]:
        inspector = inspect(connection)
        return {
            str(check["name"])
            for table in inspector.get_table_names()
            for check in inspector.get_check_constraints(table)
        }

    assert await database.read(lambda connection: connection.run_sync(checks)) == expected
    await database.close()


async def test_an_empty_database_has_no_revision(database_url: str) -> None:
    database = Database.at(database_url)
    assert await present(database) is None
    await database.close()


async def test_migrating_again_changes_nothing(database: Database) -> None:
    await migrate(database)
    assert await present(database) == known()


async def test_lines_from_before_their_origin_was_noted_count_as_seeded(
    database_url: str,
) -> None:
    database = await _at_schema(database_url, "0001")
    columns = "number, profile, ma, prefecture, kind, status, language"
    row = f"'{DOCOMO}', 'docomo', '東京', '東京都', 'consumer', 'active', 'ja'"
    await _execute(database, f"INSERT INTO lines ({columns}) VALUES ({row})")
    await migrate(database)
    lines = await database.read(read_lines)
    assert {line.number: origin for line, origin in lines.items()} == {DOCOMO: LineOrigin.SEED}
    await database.close()


@pytest.mark.rule("N050-02")
async def test_numbers_that_nobody_ordered_need_no_row_any_more(database_url: str) -> None:
    database = await _at_schema(database_url, "0016")
    row = "'B00000001', '+815000000000', '+815000000009', 0"
    await _execute(database, f"INSERT INTO number_blocks VALUES ({row})")
    for last, state, until in ((0, "free", "NULL"), (1, "reserved", "NULL"), (2, "free", "7")):
        row = f"'+81500000000{last}', 'B00000001', '{state}', {until}"
        await _execute(
            database, f"INSERT INTO numbers (number, block, state, until) VALUES ({row})"
        )
    await migrate(database)
    counted = await database.read(counts)
    assert (counted[NumberState.FREE], counted[NumberState.RESERVED]) == (9, 1)
    query = text("SELECT number FROM numbers ORDER BY number")
    kept = await database.read(lambda connection: connection.scalars(query))
    assert kept.all() == ["+815000000001", "+815000000002"]
    await database.close()


async def test_a_newer_schema_is_refused_and_left_alone(
    office: Office, office_settings: OfficeSettings
) -> None:
    database = Database.at(office_settings.url)
    await _execute(database, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SchemaTooNew, match=f"9999.*{known()}"):
        await Office.open(office_settings)
    assert await present(database) == "9999"
    await database.close()


@pytest.mark.parametrize("url", ["mysql://host/name", "no address at all", ""])
def test_an_unknown_database_is_refused(url: str) -> None:
    with pytest.raises(BadDatabaseUrl):
        Database.at(url)


def test_a_refused_address_does_not_show_its_password() -> None:
    with pytest.raises(BadDatabaseUrl) as refused:
        Database.at("mysql://user:marker-secret@host/name")
    assert "marker-secret" not in str(refused.value)


def test_processes_that_start_together_do_not_race(database_url: str, tmp_path: Path) -> None:
    program = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from provisioning.office import Office, OfficeSettings\n"
        "from tests.support.storage import seed\n"
        "async def main():\n"
        "    settings = OfficeSettings(Path(sys.argv[1]), 'tokuban', database=sys.argv[2],"
        " wait_s=30)\n"
        "    office = await Office.open(settings)\n"
        "    await office.seed(seed())\n"
        "    print(len(office.directory.lines()))\n"
        "    await office.close()\n"
        "asyncio.run(main())\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "shared"), database_url]
    started = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    ended = [(*process.communicate(timeout=60), process.returncode) for process in started]
    assert ended == [("4\n", "", 0)] * 4


BROKEN_RULES = {
    "forwarding without a target": "UPDATE diversions SET target = NULL",
    "forwarding on an unknown condition": "UPDATE diversions SET condition = 'sometimes'",
    "forwarding twice on a condition": "INSERT INTO diversions SELECT * FROM diversions",
    "forwarding to itself": "UPDATE diversions SET target = line",
    "a target that is no number": "UPDATE diversions SET target = '0312345678'",
    "a target with letters": "UPDATE diversions SET target = '+81312E45678'",
    "a ring time below zero": "UPDATE ring_times SET seconds = -1",
    "an unknown profile": "UPDATE lines SET profile = 'softbank'",
    "an unknown status": "UPDATE lines SET status = 'lost'",
    "an account of no line": "UPDATE accounts SET line = '+819099999999'",
    "an origin nobody knows": "UPDATE lines SET origin = 'found'",
    "an access nobody has": "UPDATE accounts SET access = 'wifi'",
    "a display of a number the line lacks": (
        "UPDATE number_displays SET freephone = '+81120999999'"
    ),
    "a display of a line without the option": (
        "INSERT INTO line_options (line, name) VALUES ('+819000000001', 'other');"
        "UPDATE number_displays SET option_name = 'other'"
    ),
    "a second business clock": "INSERT INTO business_clock (id, offset_s) VALUES (2, 0)",
}


@pytest.mark.parametrize("statement", BROKEN_RULES.values(), ids=BROKEN_RULES.keys())
async def test_the_database_itself_refuses(office: Office, statement: str) -> None:
    async def work(connection: Connection) -> None:
        for part in statement.split(";"):
            await connection.execute(text(part))

    await office.forwarding.set_target(DOCOMO, SOMEWHERE)
    with pytest.raises(IntegrityError):
        await office._database.write(work)


async def test_a_line_that_goes_takes_everything_along(office: Office) -> None:
    await office.forwarding.set_target(DOCOMO, SOMEWHERE)
    await office.presentation.start(NTT)
    await _execute(office._database, "DELETE FROM lines")

    async def count(connection: Connection) -> list[int]:
        counts = []
        for table in (
            "accounts",
            "bindings",
            "diversions",
            "ring_times",
            "number_displays",
            "line_options",
        ):
            rows = await connection.execute(text(f"SELECT count(*) FROM {table}"))
            counts.append(rows.scalar_one())
        return counts

    assert await office._database.read(count) == [0] * 6


async def test_a_unit_of_work_that_fails_leaves_nothing(office: Office) -> None:
    async def work(connection: Connection) -> None:
        await connection.execute(text("UPDATE ring_times SET seconds = 99"))
        raise OutOfRange("after the change")

    with pytest.raises(OutOfRange):
        await office._database.write(work)
    assert (await office.forwarding.of(DOCOMO)).ring_time_s == 15


async def test_a_caller_who_hangs_up_does_not_tear_a_change(office: Office) -> None:
    """The change runs to its end, and the connection stays fit for the next one."""
    for _ in range(20):
        change = asyncio.create_task(office.forwarding.set_target(DOCOMO, SOMEWHERE))
        await asyncio.sleep(0)
        change.cancel()
        await asyncio.wait([change])
    await office.forwarding.set_ring_time(DOCOMO, 30)
    diversions = await office.forwarding.of(DOCOMO)
    assert (diversions.ring_time_s, diversions.no_answer.target) in {(30, SOMEWHERE), (30, None)}


async def _at_schema(url: str, revision: str) -> Database:
    """A database with the schema of an older program."""

    def build(connection: Driver) -> None:
        config = Config()
        config.set_main_option("script_location", str(SCRIPTS))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)

    database = Database.at(url)
    await database.write(lambda connection: connection.run_sync(build))
    return database


async def _execute(database: Database, statement: str) -> None:
    async def work(connection: Connection) -> None:
        await connection.execute(text(statement))

    await database.write(work)
