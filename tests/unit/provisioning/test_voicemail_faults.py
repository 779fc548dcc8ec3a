"""No message that a caller finished is lost: kills, full disks, databases that are away (VM-08)."""

import asyncio
import errno
import os
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from provisioning.contract import Counts, Deposit, Greeting, NoRoom, StorageUnavailable
from provisioning.db import unit_of_work
from provisioning.office import DATABASE_FILE, Office, OfficeSettings
from provisioning.records.store import Wanted
from provisioning.voicemail.model import Limits
from provisioning.voicemail.writer import Recording
from tests.support import postgres
from tests.support.boxes import SECOND, files, leave, seeds, voicemail_office
from tests.support.call_records import record
from tests.support.crash import fork, run
from tests.support.killed_boxes import kill_often
from tests.support.storage import DOCOMO, REALM
from tests.support.waiting import until

pytestmark = pytest.mark.rule("VM-08")

KILLS = 20


def test_killed_at_any_moment_nothing_is_lost_and_nothing_left_over(tmp_path: Path) -> None:
    ledger = kill_often(tmp_path, KILLS, seed=8)
    assert len(ledger.kept) > KILLS
    assert ledger.erased


def test_the_same_on_postgresql(tmp_path: Path, postgres_server: str) -> None:
    with postgres.database(postgres_server) as url:
        assert kill_often(tmp_path, 3, seed=9, database=url).kept


def test_what_was_heard_until_the_kill_is_kept(tmp_path: Path) -> None:
    """Fault 1: of 8 s at least 7 s are in the box, marked as interrupted, once."""

    async def record_without_end(office: Office) -> None:
        await office.seed(seeds())
        deposit = await office.voicemail.deposit(DOCOMO, "+819012345678", "call")
        deposit.write(SECOND * 8)
        await asyncio.Event().wait()

    child = fork(lambda: run(tmp_path, record_without_end))
    try:
        until(lambda: _octets(tmp_path) >= 7 * 8000, "seven seconds are on disk")
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)

    async def look(office: Office) -> object:
        (message,) = await office.voicemail.messages(DOCOMO)
        return message.interrupted, message.caller, message.seconds

    assert run(tmp_path, look) == (True, "+819012345678", 8.0)
    assert run(tmp_path, look) == (True, "+819012345678", 8.0)


def _octets(folder: Path) -> int:
    return sum(path.stat().st_size for path in (folder / "voicemail").glob("*.au"))


async def test_a_note_that_is_damaged_loses_no_sound(tmp_path: Path) -> None:
    async with voicemail_office(tmp_path) as office:
        message = await leave(office.voicemail)
    folder = tmp_path / "voicemail"
    note = folder / "00000000-0000-4000-8000-000000000000.open"
    note.write_text("{")
    note.with_suffix(".au").write_bytes(b"sound")
    (folder / "11111111-0000-4000-8000-000000000000.au").write_bytes(b"nobody's")
    async with voicemail_office(tmp_path) as office:
        assert await office.voicemail.messages(DOCOMO) == (message,)
        assert files(tmp_path) == {message.id, note.stem}


async def test_a_row_whose_file_is_gone_goes_too(tmp_path: Path) -> None:
    async with voicemail_office(tmp_path) as office:
        gone, kept = await leave(office.voicemail), await leave(office.voicemail)
    (tmp_path / "voicemail" / f"{gone.id}.au").unlink()
    async with voicemail_office(tmp_path) as office:
        assert await office.voicemail.messages(DOCOMO) == (kept,)
        assert await office.voicemail.counts(DOCOMO) == Counts(1, 0)


async def test_sound_that_the_disk_does_not_give_is_out_of_reach_and_no_failure(
    tmp_path: Path,
) -> None:
    """Callers then hear another greeting, and 1417 goes on: neither knows an OSError."""
    async with voicemail_office(tmp_path) as office:
        boxes, message = office.voicemail, await leave(office.voicemail)
        await boxes.set_greeting(DOCOMO, Greeting.OWN, SECOND * 2)
        for path in (tmp_path / "voicemail").glob("*.au"):
            path.unlink()
            path.mkdir()
        for asked in (boxes.greeting(DOCOMO), boxes.sound(DOCOMO, message.id)):
            with pytest.raises(StorageUnavailable, match="the disk gives no sound"):
                await asked
        assert await boxes.messages(DOCOMO) == (message,)


class SmallDisk:
    """A disk under the boxes that a test fills and frees."""

    def __init__(self, fill: Callable[[], None], free: Callable[[], None]) -> None:
        self.fill, self.free = fill, free


@pytest.fixture
def small_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallDisk]:
    """A file system of 2 MiB where one may be mounted; else what the writer meets on a full one."""
    folder = tmp_path / "voicemail"
    folder.mkdir(mode=0o700)
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode == 0:
        junk = folder / "junk"
        try:
            yield SmallDisk(lambda: _fill(junk), junk.unlink)
        finally:
            subprocess.run(["umount", str(folder)], check=True)
        return

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    yield SmallDisk(lambda: monkeypatch.setattr(Recording, "_write", full), monkeypatch.undo)


def _fill(junk: Path) -> None:
    with junk.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4096)):
            pass


async def test_a_disk_that_fills_up_keeps_what_it_took(
    tmp_path: Path, small_disk: SmallDisk
) -> None:
    """The recording is told, its beginning is a message, nothing is left over, and it goes on."""
    async with voicemail_office(tmp_path, limits=Limits(reserve_bytes=0)) as office:
        failed = asyncio.Event()
        deposit = await office.voicemail.deposit(DOCOMO, None, "call")
        deposit.on_failed = failed.set
        deposit.write(SECOND * 3)
        assert await deposit.sound() == SECOND * 3
        small_disk.fill()
        deposit.write(SECOND * 100)
        await asyncio.wait_for(failed.wait(), 30)
        deposit.write(SECOND)
        kept = await deposit.keep()
        assert kept is not None
        assert 3.0 <= kept.seconds < 100.0
        sound = await office.voicemail.sound(DOCOMO, kept.id)
        assert sound == (SECOND * 103)[: len(sound)]
        assert len(sound) == kept.seconds * 8000
        small_disk.free()
        again = await leave(office.voicemail)
        assert files(tmp_path) == {kept.id, again.id}
        names = {path.suffix for path in (tmp_path / "voicemail").iterdir()}
        assert names == {".au", ".keeper", ""}


async def test_a_full_disk_is_told_before_the_tone(tmp_path: Path) -> None:
    async with voicemail_office(tmp_path, limits=Limits(reserve_bytes=2**60)) as office:
        for _ in range(30):
            with pytest.raises(NoRoom):
                await office.voicemail.deposit(DOCOMO, None, "call")
        assert files(tmp_path) == set()


async def _finished_meanwhile(office: Office) -> tuple[Deposit, "asyncio.Future[None]"]:
    """A message and a call that end while the database is away."""
    deposit = await office.voicemail.deposit(DOCOMO, None, "call")
    deposit.write(SECOND)
    kept = await deposit.keep()
    assert kept is not None
    written = office.records.append(record())
    return deposit, written


async def _comes_back(office: Office, written: "asyncio.Future[None]") -> None:
    """Both are there, once, soon after the database is."""
    async with asyncio.timeout(30):
        await written
        told = asyncio.Event()
        office.voicemail.watchers.append(lambda *_: told.set())
        if not sum(await office.voicemail.counts(DOCOMO)):
            await told.wait()
    assert await office.voicemail.counts(DOCOMO) == Counts(1, 0)
    assert len((await office.records.search(Wanted())).items) == 1


async def test_a_locked_database_loses_neither_message_nor_record(tmp_path: Path) -> None:
    async with voicemail_office(tmp_path, limits=Limits(retry_s=0.05)) as office:
        other = sqlite3.connect(tmp_path / DATABASE_FILE, isolation_level=None)
        try:
            other.execute("BEGIN IMMEDIATE")
            deposit, written = await _finished_meanwhile(office)
            assert await office.voicemail.messages(DOCOMO) == ()
            assert not written.done()
            other.execute("ROLLBACK")
        finally:
            other.close()
        await _comes_back(office, written)
        assert await deposit.keep() == (await office.voicemail.messages(DOCOMO))[0]


async def test_a_stopped_postgresql_loses_neither_message_nor_record(tmp_path: Path) -> None:
    with postgres.stoppable() as server:
        url = postgres.lasting_database(server.url)
        async with voicemail_office(tmp_path, url, limits=Limits(retry_s=0.05)) as office:
            server.stop()
            _, written = await _finished_meanwhile(office)
            with pytest.raises(StorageUnavailable):
                await office.voicemail.messages(DOCOMO)
            server.start()
            await _comes_back(office, written)


async def test_what_waits_for_the_database_outlives_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was finished, so nothing marks it as interrupted."""
    async with voicemail_office(tmp_path) as office:

        async def away(*_: object, **__: object) -> None:
            raise StorageUnavailable("the database is away")

        with monkeypatch.context() as patched:
            patched.setattr(unit_of_work.Database, "write", away)
            kept = await leave(office.voicemail)
    async with voicemail_office(tmp_path) as office:
        assert await office.voicemail.messages(DOCOMO) == (kept,)
        assert not kept.interrupted


async def test_what_is_being_left_while_the_carrier_ends_is_there_after_its_start(
    tmp_path: Path,
) -> None:
    async with voicemail_office(tmp_path) as office:
        deposit = await office.voicemail.deposit(DOCOMO, None, "call")
        deposit.write(SECOND)
    async with voicemail_office(tmp_path) as office:
        (message,) = await office.voicemail.messages(DOCOMO)
        assert (message.interrupted, message.seconds) == (True, 1.0)
        assert await office.voicemail.sound(DOCOMO, message.id) == SECOND


async def test_a_caller_who_hangs_up_while_a_place_is_made_leaves_none(tmp_path: Path) -> None:
    async with voicemail_office(tmp_path) as office:
        for turns in range(25):
            coming = asyncio.create_task(office.voicemail.deposit(DOCOMO, None, "call"))
            for _ in range(turns):
                await asyncio.sleep(0)
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)
        await leave(office.voicemail)
    settings = OfficeSettings(tmp_path, REALM)
    office = await Office.open(settings)
    try:
        assert len(files(tmp_path)) == 1
    finally:
        await office.close()
