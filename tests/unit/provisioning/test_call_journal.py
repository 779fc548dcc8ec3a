"""A process that is killed, a database that is away: no call record is lost, none doubled."""

import asyncio
import itertools
import os
import signal
import sqlite3
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import event

from provisioning.contract import CallRecord, StorageUnavailable
from provisioning.office import DATABASE_FILE, Office, OfficeSettings
from provisioning.records import journal, model, writer
from provisioning.records.journal import ENDED, GOING_ON, Journal
from tests.contract.leg_contract import eventually
from tests.support.call_records import BEGUN, GoingOn, call_id, record
from tests.support.crash import in_child, run
from tests.support.storage import REALM
from tests.unit.provisioning.test_call_records import all_of

pytestmark = pytest.mark.rule("BILL-01")


def journals(folder: Path) -> list[Path]:
    return list(folder.glob(journal.PATTERN))


def the_journal(folder: Path) -> Path:
    (path,) = journals(folder)
    return path


def length_of_journals(folder: Path) -> int:
    return sum(path.stat().st_size for path in journals(folder))


class TestAway:
    """SQLite's write lock is held by another program, as a database that is away."""

    @pytest.fixture
    async def on_sqlite(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> AsyncIterator[Office]:
        monkeypatch.setattr(writer, "RETRY_S", 0.01)
        office = await Office.open(OfficeSettings(tmp_path, REALM, wait_s=0.05))
        yield office
        await office.close()

    @pytest.fixture
    def lock(self, on_sqlite: Office, tmp_path: Path) -> Iterator[sqlite3.Connection]:
        holder = sqlite3.connect(tmp_path / DATABASE_FILE, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        yield holder
        holder.close()

    async def test_records_wait_and_are_written_when_it_is_back(
        self, on_sqlite: Office, lock: sqlite3.Connection, caplog: pytest.LogCaptureFixture
    ) -> None:
        saving = [on_sqlite.records.append(record(number)) for number in range(20)]
        assert not await on_sqlite.records.settle()
        saving += [on_sqlite.records.append(record(number)) for number in range(20, 30)]
        assert not any(each.done() for each in saving)
        lock.execute("ROLLBACK")
        await asyncio.gather(*saving)
        assert len(await all_of(on_sqlite)) == 30
        assert await on_sqlite.records.settle()
        assert "the database is away" in caplog.text
        assert "the database is back" in caplog.text

    async def test_what_waits_when_the_carrier_ends_is_written_by_the_next(
        self, on_sqlite: Office, lock: sqlite3.Connection, tmp_path: Path
    ) -> None:
        saving = on_sqlite.records.append(record(1))
        await on_sqlite.records.settle()
        await on_sqlite.close()
        assert saving.done()
        lock.execute("ROLLBACK")
        again = await Office.open(OfficeSettings(tmp_path, REALM))
        assert await all_of(again) == [record(1)]
        await again.close()
        assert journals(tmp_path) == []

    async def test_too_many_wait_in_the_journal_alone(
        self,
        on_sqlite: Office,
        lock: sqlite3.Connection,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(writer, "MOST_WAITING", 3)
        for number in range(8):
            on_sqlite.records.append(record(number))
        lock.execute("ROLLBACK")
        assert await on_sqlite.records.settle()
        assert len(await all_of(on_sqlite)) == 3
        await on_sqlite.close()
        again = await Office.open(OfficeSettings(tmp_path, REALM))
        assert len(await all_of(again)) == 8
        await again.close()


class TestKilled:
    """A process that ends without warning leaves a journal."""

    async def test_a_leg_that_went_on_is_recorded_as_interrupted(self, tmp_path: Path) -> None:
        left = Journal(tmp_path)
        going_on = record(1, ended_at=BEGUN)
        left.note(GOING_ON, [record(1, answered_at=None), record(2)])
        left.note(GOING_ON, [going_on])
        left.beat()
        left.close(whole=False)
        path = the_journal(tmp_path)
        seen_at = path.stat().st_mtime
        office = await Office.open(OfficeSettings(tmp_path, REALM))
        one, two = await all_of(office)
        await office.close()
        assert one == model.interrupted(going_on, seen_at)
        assert (one.cause, one.interrupted, one.q850) == ("interrupted", True, 41)
        assert one.seconds == pytest.approx(max(0, seen_at - (BEGUN + 1.5)))
        assert two.call_id == call_id(2)

    @pytest.mark.rule("CALL-02")
    async def test_a_leg_that_was_silent_ended_with_its_last_media(self, tmp_path: Path) -> None:
        left = Journal(tmp_path)
        left.note(GOING_ON, [record(1, ended_at=BEGUN + 4.0)])
        left.beat()
        left.close(whole=False)
        office = await Office.open(OfficeSettings(tmp_path, REALM))
        (one,) = await all_of(office)
        await office.close()
        assert (one.ended_at, one.seconds, one.cause) == (BEGUN + 4.0, 2.5, "interrupted")
        assert one.business_ended_at == one.business_started_at + 4.0

    async def test_a_record_that_was_written_is_not_written_again(self, tmp_path: Path) -> None:
        office = await Office.open(OfficeSettings(tmp_path, REALM))
        await office.records.append(record(1))
        await office.close()
        left = Journal(tmp_path)
        left.note(GOING_ON, [record(1)])
        left.note(ENDED, [record(2)])
        left.close(whole=False)
        again = await Office.open(OfficeSettings(tmp_path, REALM))
        assert await all_of(again) == [record(1), record(2)]
        await again.close()

    async def test_a_line_that_was_cut_off_costs_no_other(self, tmp_path: Path) -> None:
        left = Journal(tmp_path)
        left.note(ENDED, [record(1), record(2)])
        left.close(whole=False)
        path = the_journal(tmp_path)
        path.write_bytes(path.read_bytes()[:-30])
        office = await Office.open(OfficeSettings(tmp_path, REALM))
        assert await all_of(office) == [record(1)]
        await office.close()

    async def test_the_journal_of_a_living_process_is_left_alone(self, tmp_path: Path) -> None:
        living = Journal(tmp_path)
        living.note(ENDED, [record(1)])
        office = await Office.open(OfficeSettings(tmp_path, REALM))
        assert await all_of(office) == []
        await office.close()
        living.close(whole=True)
        assert journals(tmp_path) == []

    @pytest.mark.parametrize("ends", [False, True])
    def test_a_leg_that_was_answered_just_now_is_recorded(self, tmp_path: Path, ends: bool) -> None:
        """However brief: also one that has ended, and whose record is on its way."""

        async def answered(office: Office) -> None:
            for number in (1, 2, 3):
                office.records.open(call_id(number), 1, GoingOn(record(number, answered_at=None)))
            for number in (1, 2):
                office.records.open(call_id(number), 1, GoingOn(record(number)))
            await asyncio.sleep(0)
            if ends:
                office.records.append(record(1))
            os.kill(os.getpid(), signal.SIGKILL)

        assert in_child(lambda: run(tmp_path, answered)) == -signal.SIGKILL
        assert sorted(asyncio.run(_reopened(tmp_path))) == [call_id(1), call_id(2)]

    def test_at_any_statement_none_is_lost_and_none_doubled(self, tmp_path: Path) -> None:
        for at in range(1, STATEMENTS + 1):
            folder = tmp_path / str(at)
            assert in_child(partial(until_killed, folder, at)) == -signal.SIGKILL
            found = asyncio.run(_reopened(folder))
            assert sorted(found) == [call_id(number) for number in range(3)], at


STATEMENTS = 10
"""Three commits of a beginning, a statement and an end each, and the moment after the last."""


def until_killed(folder: Path, at: int) -> None:
    """Three calls of an office that kills itself before its statement `at`."""
    count = itertools.count(1)

    def strike(*_: object) -> None:
        if next(count) == at:
            os.kill(os.getpid(), signal.SIGKILL)

    async def calls(office: Office) -> None:
        for number in range(3):
            office.records.open(call_id(number), 1, GoingOn(record(number)))
        await eventually(lambda: bool(journals(folder)))
        for name in ("begin", "before_cursor_execute", "commit"):
            event.listen(office._database._telephony.engine, name, strike)
        for number in range(3):
            await office.records.append(record(number))
        strike()

    run(folder, calls)


async def _reopened(folder: Path) -> list[str]:
    return [each.call_id for each in await _records_of(folder)]


def secured(folder: Path) -> None:
    """A call of an office that is killed as soon as it is told that its leg is secure."""

    async def call(office: Office) -> None:
        office.records.open(call_id(1), 1, GoingOn(record(1, answered_at=None, ended_at=BEGUN)))
        await office.records.secure(call_id(1), 1)
        office.records.open(call_id(1), 1, GoingOn(record(1, ended_at=BEGUN)))
        os.kill(os.getpid(), signal.SIGKILL)

    run(folder, call)


class TestSecure:
    """A charged service answers only once its record is safe."""

    def test_killed_right_after_it_the_leg_is_recorded_as_answered(self, tmp_path: Path) -> None:
        assert in_child(partial(secured, tmp_path)) == -signal.SIGKILL
        (one,) = asyncio.run(_records_of(tmp_path))
        assert (one.call_id, one.answered_at) == (call_id(1), BEGUN + 1.5)
        assert one.interrupted

    async def test_one_flush_serves_all_who_ask_at_once(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        flushes: list[int] = []
        monkeypatch.setattr(os, "fdatasync", flushes.append)
        office = await Office.open(OfficeSettings(tmp_path, REALM))
        for number in range(100):
            office.records.open(call_id(number), 1, GoingOn(record(number)))
        await asyncio.gather(*(office.records.secure(call_id(n), 1) for n in range(100)))
        assert 1 <= len(flushes) <= 2
        assert the_journal(tmp_path).read_bytes().count(b"\n") == 100
        for number in range(100):
            await office.records.append(record(number))
        await office.close()

    async def test_a_disk_without_space_refuses_and_takes_it_again_later(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        office = await Office.open(OfficeSettings(tmp_path, REALM))
        for number in (1, 2):
            office.records.open(call_id(number), 1, GoingOn(record(number)))
        await office.records.secure(call_id(1), 1)
        before = the_journal(tmp_path).read_bytes()
        write = os.write
        with monkeypatch.context() as full:
            full.setattr(os, "write", lambda file, data: write(file, data[:7]))
            with pytest.raises(StorageUnavailable, match=r"No space left.*data folder"):
                await office.records.secure(call_id(2), 1)
        assert the_journal(tmp_path).read_bytes() == before
        await office.records.secure(call_id(2), 1)
        for number in (1, 2):
            await office.records.append(record(number))
        await office.close()

    async def test_a_flush_that_fails_is_told(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(_file: int) -> None:
            raise OSError(5, "Input/output error")

        office = await Office.open(OfficeSettings(tmp_path, REALM))
        office.records.open(call_id(1), 1, GoingOn(record(1)))
        with monkeypatch.context() as broken:
            broken.setattr(os, "fdatasync", fail)
            with pytest.raises(StorageUnavailable, match="Input/output error"):
                await office.records.secure(call_id(1), 1)
        await office.records.append(record(1))
        await office.close()


async def _records_of(folder: Path) -> list[CallRecord]:
    office = await Office.open(OfficeSettings(folder, REALM))
    try:
        return await all_of(office)
    finally:
        await office.close()


class TestJournal:
    """A file that says only what still counts."""

    async def test_brief_calls_that_nobody_answers_never_touch_it(self, tmp_path: Path) -> None:
        office = await Office.open(OfficeSettings(tmp_path, REALM))
        for number in range(10):
            office.records.open(call_id(number), 1, GoingOn(record(number)))
            await office.records.append(record(number))
        assert journals(tmp_path) == []
        await office.close()

    async def test_it_is_begun_anew_when_it_is_long(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(journal, "LONGEST_BYTES", 2000)
        monkeypatch.setattr(writer, "BEAT_S", 0.005)
        office = await Office.open(OfficeSettings(tmp_path, REALM))
        office.records.open(call_id(0), 1, GoingOn(record(0)))
        lengths = []
        for number in range(1, 30):
            office.records.open(call_id(number), 1, GoingOn(record(number)))
            await eventually(lambda: not office.records._writer._unnoted)
            await office.records.append(record(number))
            lengths.append(length_of_journals(tmp_path))
        assert max(lengths) < 4000
        path = the_journal(tmp_path)
        assert call_id(0) in path.read_text()
        await office.records.append(record(0))
        await office.close()
        assert journals(tmp_path) == []

    def test_one_that_cannot_be_begun_anew_goes_on(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        old = Journal(tmp_path)
        old.note(GOING_ON, [record(1)])
        path, write = the_journal(tmp_path), os.write
        with monkeypatch.context() as full:
            full.setattr(os, "write", lambda file, data: write(file, data[:7]))
            old.begin_anew([record(1)], [])
        assert journals(tmp_path) == [path]
        assert old.note(ENDED, [record(2)])
        assert path.read_bytes().count(b"\n") == 2
        old.close(whole=True)

    def test_a_disk_that_refuses_it_is_told_once(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        gone = Journal(tmp_path / "nowhere")
        gone.note(ENDED, [record(1)])
        gone.note(ENDED, [record(2)])
        gone.close(whole=True)
        assert caplog.text.count("cannot be written") == 1
