"""Diversions in the office: memory as the rows are, audit, and what they stop beside them."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import Connection as Driver
from sqlalchemy import event, text

from provisioning.audit.model import Origin
from provisioning.contract import (
    E164,
    Condition,
    ContractError,
    Diversion,
    Diversions,
    OutOfRange,
    StorageUnavailable,
    UnknownLine,
)
from provisioning.db.connection import Connection
from provisioning.db.migrate import upgrade
from provisioning.db.unit_of_work import Database
from provisioning.forwarding import store
from provisioning.forwarding.store import MemoryDiversions
from provisioning.office import Office, OfficeSettings
from tests.support.changes import by_people
from tests.support.diversions import unanswered
from tests.support.storage import AU, DOCOMO, NTT, RAKUTEN, SOMEWHERE, TOKYO, seed

BY_TEST = Origin("tester", "test")
ELSEWHERE = E164("+81612345678")


async def rows(office: Office, line: E164) -> Diversions:
    """What the database says, whatever memory holds."""
    return await office._database.read(lambda connection: store.read(connection, line))


@pytest.mark.rule("FWD-05")
async def test_memory_is_as_the_rows_after_every_change(office: Office) -> None:
    forwarding = office.forwarding
    await forwarding.forward(AU, Condition.CFB, SOMEWHERE)
    await forwarding.set_target(DOCOMO, SOMEWHERE)
    await forwarding.start(DOCOMO)
    await forwarding.set_ring_time(NTT, 30)
    await forwarding.put(RAKUTEN, Diversions(always=Diversion(True, ELSEWHERE)))
    await forwarding.by(BY_TEST).stop(DOCOMO)
    for line in (AU, DOCOMO, NTT, RAKUTEN):
        assert await forwarding.of(line) == await rows(office, line)
    before = [await forwarding.of(line) for line in (AU, DOCOMO, NTT, RAKUTEN)]
    await office.refresh()
    assert [await forwarding.of(line) for line in (AU, DOCOMO, NTT, RAKUTEN)] == before


async def test_asking_asks_no_database(office: Office) -> None:
    asked: list[str] = []

    def note(_c: Driver, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    engine = office._database._reader.engine
    event.listen(engine, "before_cursor_execute", note)
    assert await office.forwarding.of(AU) == Diversions(ring_time_s=24)
    assert asked == []
    await rows(office, AU)
    assert asked != []


async def test_memory_outlives_a_restart_through_the_rows(office_settings: OfficeSettings) -> None:
    office = await Office.open(office_settings)
    await office.seed(seed())
    await office.forwarding.forward(AU, Condition.CFU, SOMEWHERE)
    await office.close()
    again = await Office.open(office_settings)
    assert (await again.forwarding.of(AU)).always == Diversion(True, SOMEWHERE)
    await again.close()


async def test_changes_at_once_end_in_memory_as_in_the_rows(
    office_settings: OfficeSettings,
) -> None:
    office = await Office.open(replace(office_settings, wait_s=60.0))
    await office.seed(seed())
    conditions = [Condition.CFU, Condition.CFB, Condition.CFNR, Condition.CFNRC]
    targets = [E164(f"+8131234{number:04}") for number in range(20)]
    asked = (
        office.forwarding.forward(AU, conditions[n % 4], target) for n, target in enumerate(targets)
    )
    await asyncio.gather(*asked, office.refresh(), office.refresh())
    assert await office.forwarding.of(AU) == await rows(office, AU)
    assert (await office.forwarding.of(AU)).active == tuple(Condition)
    await office.close()


def test_a_change_told_late_does_not_undo_a_later_one() -> None:
    memory = MemoryDiversions()
    first, second = memory.ticket(), memory.ticket()
    memory.put(AU, unanswered(ring_time_s=30), second)
    memory.put(AU, unanswered(ring_time_s=20), first)
    assert memory.get(AU) == unanswered(ring_time_s=30)


async def test_a_line_made_anew_has_nothing_of_the_one_before(office: Office) -> None:
    await office.forwarding.set_target(DOCOMO, SOMEWHERE)
    line = office.directory.line(DOCOMO)
    assert line is not None
    await office.upkeep.remove(DOCOMO, origin=BY_TEST)
    with pytest.raises(UnknownLine):
        await office.forwarding.of(DOCOMO)
    await office.upkeep.create(line, origin=BY_TEST)
    assert await office.forwarding.of(DOCOMO) == unanswered() == await rows(office, DOCOMO)


async def test_a_loaded_snapshot_is_known_at_once(office: Office) -> None:
    await office.forwarding.forward(AU, Condition.CFU, SOMEWHERE)
    await office.snapshots.save("before")
    await office.forwarding.stop(AU)
    await office.snapshots.load("before")
    await office.refresh()
    assert (await office.forwarding.of(AU)).active == (Condition.CFU,)


@pytest.mark.rule("FWD-02")
async def test_every_change_is_audited(office: Office) -> None:
    await office.forwarding.by(BY_TEST).forward(AU, Condition.CFB, SOMEWHERE)
    await office.forwarding.by(BY_TEST).stop(AU)
    stopped, started = await by_people(office, AU)
    assert (started.what, started.who) == ("forwarding started", "tester")
    assert started.before == "off; rings 24 s"
    assert started.after == stopped.before == f"busy on, to {SOMEWHERE}; rings 24 s"
    assert (stopped.what, stopped.after) == (
        "forwarding stopped",
        f"busy off, to {SOMEWHERE}; rings 24 s",
    )


class Voicemail:
    """A service beside forwarding that keeps who stopped it, in the rows of the audit."""

    def __init__(self, office: Office, *, fails: bool = False) -> None:
        self._office, self.fails = office, fails
        office.forwarding.rivals["voicemail"] = self.stop

    async def stop(self, connection: Connection, line: E164, origin: Origin) -> None:
        await self._office.audit.note(
            connection, line, "voicemail stopped", before="on", after="off", origin=origin
        )
        if self.fails:
            raise StorageUnavailable("the box is locked")

    async def stopped(self, line: E164) -> int:
        """How often it was stopped on a line."""
        return [each.what for each in await self._office.audit.of(line)].count("voicemail stopped")


@pytest.mark.rule("FWD-09")
async def test_what_starts_stops_the_other_where_the_carrier_says_so(office: Office) -> None:
    voicemail = Voicemail(office)
    for line in (DOCOMO, NTT):
        await office.forwarding.set_target(line, SOMEWHERE)
        await office.forwarding.by(BY_TEST).start(line)
    assert (await voicemail.stopped(DOCOMO), await voicemail.stopped(NTT)) == (1, 0)
    await office.forwarding.stop(DOCOMO)
    await office.forwarding.set_ring_time(DOCOMO, 20)
    assert await voicemail.stopped(DOCOMO) == 1
    await office.forwarding.put(DOCOMO, unanswered(True, SOMEWHERE))
    await office.forwarding.put(DOCOMO, unanswered(True, ELSEWHERE))
    assert await voicemail.stopped(DOCOMO) == 2


@pytest.mark.rule("FWD-02")
async def test_1420_of_au_stops_voicemail_too(office: Office) -> None:
    voicemail = Voicemail(office)
    await office.forwarding.stop(AU)
    await office.forwarding.stop(DOCOMO)
    assert (await voicemail.stopped(AU), await voicemail.stopped(DOCOMO)) == (1, 0)


@pytest.mark.rule("FWD-09")
async def test_both_change_or_neither(office: Office) -> None:
    voicemail = Voicemail(office, fails=True)
    await office.forwarding.set_target(DOCOMO, SOMEWHERE)
    with pytest.raises(ContractError):
        await office.forwarding.start(DOCOMO)
    assert await voicemail.stopped(DOCOMO) == 0
    assert await office.forwarding.of(DOCOMO) == unanswered(False, SOMEWHERE)
    assert await rows(office, DOCOMO) == unanswered(False, SOMEWHERE)


@pytest.mark.rule("FWD-09")
async def test_another_service_stops_forwarding_in_its_own_unit_of_work(office: Office) -> None:
    await office.forwarding.set_target(DOCOMO, SOMEWHERE)
    await office.forwarding.start(DOCOMO)

    async def start(connection: Connection) -> None:
        await office.forwarding.stop_within(connection, DOCOMO, BY_TEST)

    async def fail(connection: Connection) -> None:
        await start(connection)
        raise OutOfRange("the box cannot start")

    with pytest.raises(OutOfRange):
        await office._database.write(fail)
    assert (await office.forwarding.of(DOCOMO)).active
    await office._database.write(start)
    assert await office.forwarding.of(DOCOMO) == unanswered(False, SOMEWHERE)
    assert (await office.audit.of(DOCOMO))[0].what == "forwarding stopped"


OLD_LINES = [
    ("+819000000001", "docomo", "true", "'+81312345678'", 20),
    ("+819000000002", "rakuten", "false", "NULL", 15),
    ("+81300000003", "ntt", "true", "'+81612345678'", 30),
]


async def test_what_was_set_before_conditions_is_kept(database_url: str) -> None:
    database = Database.at(database_url)
    try:
        await database.write(lambda connection: connection.run_sync(upgrade, "0007"))
        for number, profile, active, target, seconds in OLD_LINES:
            await _execute(
                database,
                "INSERT INTO lines (number, profile, ma, prefecture, kind, status, language)"
                f" VALUES ('{number}', '{profile}', '{TOKYO.ma}', '{TOKYO.prefecture}',"
                " 'consumer', 'active', 'ja')",
            )
            await _execute(
                database,
                "INSERT INTO diversions (line, active, target, ring_time_s)"
                f" VALUES ('{number}', {active}, {target}, {seconds})",
            )
        await database.write(lambda connection: connection.run_sync(upgrade))
        found = await database.read(store.read_all)
    finally:
        await database.close()
    there = Diversion(False, ELSEWHERE)
    assert found == {
        DOCOMO: unanswered(True, SOMEWHERE, 20),
        RAKUTEN: unanswered(),
        NTT: Diversions(
            always=there, busy=there, no_answer=Diversion(True, ELSEWHERE), ring_time_s=30
        ),
    }


async def _execute(database: Database, statement: str) -> None:
    await database.write(lambda connection: connection.execute(text(statement)))
