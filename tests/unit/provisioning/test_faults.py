"""Storage that is locked, away, full or killed: said so, and nothing acknowledged is lost."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, text

from provisioning.contract import NumberDisplay, StorageUnavailable
from provisioning.db.folder_lock import FolderLock
from provisioning.lines.sealing import Seal, WrongKey
from provisioning.office import DATABASE_FILE, Office, OfficeSettings
from tests.support import postgres
from tests.support.diversions import unanswered
from tests.support.storage import DOCOMO, FREEPHONE, NTT, REALM, SOMEWHERE, binding, seed


@pytest.fixture
async def on_sqlite(tmp_path: Path) -> AsyncIterator[Office]:
    """An office on SQLite in `tmp_path`."""
    office = await Office.open(OfficeSettings(tmp_path, REALM, wait_s=0.1))
    await office.seed(seed())
    yield office
    await office.close()


class TestLocked:
    """Another program holds SQLite's write lock."""

    @pytest.fixture
    def lock(self, on_sqlite: Office, tmp_path: Path) -> Iterator[sqlite3.Connection]:
        holder = sqlite3.connect(tmp_path / DATABASE_FILE, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        yield holder
        holder.close()

    async def test_changes_fail_and_reads_go_on(
        self, on_sqlite: Office, lock: sqlite3.Connection
    ) -> None:
        for change in (
            on_sqlite.bindings.save("docomo", (binding(),)),
            on_sqlite.forwarding.set_target(DOCOMO, SOMEWHERE),
            on_sqlite.presentation.start(NTT),
            on_sqlite.clock.freeze(),
            on_sqlite.seed(seed()),
        ):
            with pytest.raises(StorageUnavailable, match="locked"):
                await change
        assert await on_sqlite.forwarding.of(DOCOMO) == unanswered()
        assert await on_sqlite.presentation.of(NTT) == NumberDisplay(FREEPHONE, False)
        assert await on_sqlite.bindings.load() == {}
        assert on_sqlite.directory.account("docomo") is not None
        assert on_sqlite.clock.state.frozen_at is None

    async def test_afterwards_changes_are_taken_again(
        self, on_sqlite: Office, lock: sqlite3.Connection
    ) -> None:
        with pytest.raises(StorageUnavailable):
            await on_sqlite.bindings.save("docomo", (binding(),))
        lock.execute("ROLLBACK")
        await on_sqlite.bindings.save("docomo", (binding(cseq=2),))
        assert (await on_sqlite.bindings.load())["docomo"] == (binding(cseq=2),)

    async def test_many_saves_fail_together_not_one_after_the_other(
        self, on_sqlite: Office, lock: sqlite3.Connection
    ) -> None:
        saves = (on_sqlite.bindings.save(user, (binding(),)) for user in ["docomo", "au"] * 50)
        outcomes = await asyncio.gather(*saves, return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} == {StorageUnavailable}


async def test_whoever_writes_waits_for_the_disk(on_sqlite: Office) -> None:
    """What a power cut may not undo: WAL with FULL syncs before a commit is acknowledged."""

    def pragmas(connection: Connection) -> list[object]:
        asked = ("journal_mode", "synchronous")
        return [connection.exec_driver_sql(f"PRAGMA {each}").scalar() for each in asked]

    full = ["wal", 2]
    assert await on_sqlite._database.write(lambda each: each.run_sync(pragmas)) == full
    assert await on_sqlite._database.write_in_thread(pragmas) == full


async def test_a_full_disk_is_said_so(on_sqlite: Office) -> None:
    def leave_no_page(connection: Connection) -> None:
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()
        connection.execute(text(f"PRAGMA max_page_count = {pages}"))

    await on_sqlite._database.write_in_thread(leave_no_page)
    long = replace(binding(), user_agent="x" * 200_000)
    with pytest.raises(StorageUnavailable, match="full"):
        await on_sqlite.bindings.save("docomo", (long,))
    await on_sqlite.bindings.save("au", ())
    assert await on_sqlite.bindings.load() == {}


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / DATABASE_FILE).write_bytes(b"these are no tables" * 100)
    with pytest.raises(StorageUnavailable, match=r"damaged.*--data") as refused:
        await Office.open(OfficeSettings(tmp_path, REALM))
    assert "try again" not in str(refused.value)


async def test_a_file_with_spoilt_pages_is_called_damaged(tmp_path: Path) -> None:
    office = await Office.open(OfficeSettings(tmp_path, REALM))
    await office.seed(seed())
    await office.close()
    file = tmp_path / DATABASE_FILE
    file.write_bytes(file.read_bytes()[:4096] + b"\xff" * (file.stat().st_size - 4096))
    with pytest.raises(StorageUnavailable, match="damaged"):
        await Office.open(OfficeSettings(tmp_path, REALM))


class TestTwoOnOneFolder:
    """Each would answer from its own memory and undo what the other keeps."""

    async def test_the_second_is_refused_until_the_first_is_closed(
        self, on_sqlite: Office, tmp_path: Path
    ) -> None:
        with pytest.raises(StorageUnavailable, match=r"another carrier uses .*--data"):
            await Office.open(OfficeSettings(tmp_path, REALM))
        await on_sqlite.close()
        again = await Office.open(OfficeSettings(tmp_path, REALM))
        assert again.directory.account("docomo") is not None
        await again.close()

    async def test_one_that_could_not_open_leaves_the_folder_free(self, tmp_path: Path) -> None:
        (tmp_path / DATABASE_FILE).write_bytes(b"these are no tables" * 100)
        with pytest.raises(StorageUnavailable, match="damaged"):
            await Office.open(OfficeSettings(tmp_path, REALM))
        (tmp_path / DATABASE_FILE).unlink()
        await (await Office.open(OfficeSettings(tmp_path, REALM))).close()

    def test_a_killed_process_leaves_the_folder_free(self, tmp_path: Path) -> None:
        program = (
            "import sys\n"
            "from pathlib import Path\n"
            "from provisioning.db.folder_lock import FolderLock\n"
            "lock = FolderLock.take(Path(sys.argv[1]))\n"
            "print('held', flush=True)\n"
            "sys.stdin.read()\n"
        )
        command = [sys.executable, "-c", program, str(tmp_path)]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            with pytest.raises(StorageUnavailable, match="another carrier"):
                FolderLock.take(tmp_path)
            holder.send_signal(signal.SIGKILL)
        FolderLock.take(tmp_path).release()


async def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageUnavailable, match="cannot be written"):
        await Office.open(OfficeSettings(tmp_path / "file", REALM))


class TestServerAway:
    """PostgreSQL ends while the office is open."""

    async def test_changes_fail_until_it_is_back(
        self, postgres_server: str, tmp_path: Path
    ) -> None:
        with postgres.database(postgres_server) as url:
            office = await Office.open(OfficeSettings(tmp_path, REALM, database=url, wait_s=0.5))
            await office.seed(seed())
            _administer(postgres_server, url, "ALLOW_CONNECTIONS false")
            with pytest.raises(StorageUnavailable):
                await office.bindings.save("docomo", (binding(),))
            with pytest.raises(StorageUnavailable):
                await office.forwarding.set_ring_time(DOCOMO, 20)
            assert await office.forwarding.of(DOCOMO) == unanswered()
            assert office.directory.account("docomo") is not None
            _administer(postgres_server, url, "ALLOW_CONNECTIONS true")
            await office.bindings.save("docomo", (binding(),))
            assert (await office.bindings.load())["docomo"] == (binding(),)
            await office.close()

    async def test_a_server_that_never_was_is_said_without_the_password(
        self, tmp_path: Path
    ) -> None:
        url = "postgresql://user:marker-secret@127.0.0.1:1/none"
        with pytest.raises(StorageUnavailable) as away:
            await Office.open(OfficeSettings(tmp_path, REALM, database=url))
        assert "marker-secret" not in str(away.value)
        assert "refused" in str(away.value)

    async def test_tables_of_another_program_are_left_alone(
        self, postgres_server: str, tmp_path: Path
    ) -> None:
        with postgres.database(postgres_server) as url:
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("CREATE TABLE lines (poem text)")
            with pytest.raises(StorageUnavailable, match="tokuban's own"):
                await Office.open(OfficeSettings(tmp_path, REALM, database=url))
            with psycopg.connect(url) as connection:
                tables = connection.execute(
                    "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
                ).fetchall()
            assert tables == [("lines",)]

    async def test_a_read_only_server_takes_no_changes(
        self, postgres_server: str, tmp_path: Path
    ) -> None:
        with postgres.database(postgres_server) as url:
            office = await Office.open(OfficeSettings(tmp_path, REALM, database=url))
            await office.seed(seed())
            _administer(postgres_server, url, "SET default_transaction_read_only = on")
            with pytest.raises(StorageUnavailable):
                await office.bindings.save("docomo", (binding(),))
            assert await office.bindings.load() == {}
            await office.close()


def _administer(server: str, url: str, alteration: str) -> None:
    """Alter the database and throw out whoever is connected, so that it counts at once."""
    name = url.rpartition("/")[2]
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} {alteration}".encode())
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
        )


CHILD = """
import asyncio, sys
from pathlib import Path
from provisioning.contract import E164
from provisioning.office import Office, OfficeSettings
from tests.support.storage import DOCOMO, REALM, binding, seed

async def main():
    office = await Office.open(OfficeSettings(Path(sys.argv[1]), REALM, database=sys.argv[2]))
    await office.seed(seed())
    for number in range(1, 100_000):
        await office.bindings.save("docomo", (binding(cseq=number),))
        await office.forwarding.set_target(DOCOMO, E164(f"+813{number:08}"))
        print(number, flush=True)

asyncio.run(main())
"""


@pytest.mark.parametrize("acknowledged", [1, 7, 40])
async def test_what_was_acknowledged_survives_sigkill(
    office_settings: OfficeSettings, acknowledged: int
) -> None:
    last = _killed_after(acknowledged, office_settings)
    again = await Office.open(office_settings)
    (kept,) = (await again.bindings.load())["docomo"]
    target = (await again.forwarding.of(DOCOMO)).no_answer.target
    assert kept.cseq in (last, last + 1)
    assert target is not None
    assert int(target.removeprefix("+813")) in (last, last + 1)
    await again.close()


def _killed_after(acknowledged: int, settings: OfficeSettings) -> int:
    """Kill a process in the midst of its saves; the last one it said was done."""
    command = [sys.executable, "-c", CHILD, str(settings.data), settings.url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if int(line) == acknowledged:
                break
        child.send_signal(signal.SIGKILL)
        return max([acknowledged, *map(int, child.stdout.read().split())])


class TestKey:
    """The key that seals HA1 values lies beside the database, never in it."""

    async def test_it_and_the_database_are_for_their_owner_only(
        self, on_sqlite: Office, tmp_path: Path
    ) -> None:
        for name in ("secret.key", DATABASE_FILE, f"{DATABASE_FILE}-wal"):
            assert os.stat(tmp_path / name).st_mode & 0o777 == 0o600
        assert [name for name in os.listdir(tmp_path) if "key" in name] == ["secret.key"]

    @pytest.mark.parametrize("content", [b"", b"short", b"=" * 44])
    async def test_a_damaged_key_is_refused(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "secret.key").write_bytes(content)
        with pytest.raises(WrongKey, match=r"secret\.key holds no key"):
            await Office.open(OfficeSettings(tmp_path, REALM))

    def test_it_does_not_show(self, tmp_path: Path) -> None:
        settings = OfficeSettings(tmp_path, REALM, key="marker-secret", database="marker-secret")
        assert "marker-secret" not in repr(settings)
        with pytest.raises(WrongKey) as refused:
            Seal("marker-secret", "the key setting")
        assert "marker-secret" not in str(refused.value)
