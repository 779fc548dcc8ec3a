"""Records become charges by themselves, once each, on both databases (BILL-06)."""

import asyncio
import itertools
import os
import signal
import sqlite3
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError

from provisioning.billing import service
from provisioning.billing.model import Charge, Free, Rated, Reason, rate
from provisioning.billing.store import WantedCharges
from provisioning.contract import CallRecord
from provisioning.db.connection import Connection
from provisioning.office import DATABASE_FILE, Office, OfficeSettings
from provisioning.records.journal import ENDED, GOING_ON, Journal
from tests.contract.leg_contract import eventually
from tests.support.call_records import BEGUN, call_id, record
from tests.support.crash import in_child, run
from tests.support.storage import AU, DOCOMO, REALM, seed

pytestmark = pytest.mark.rule("BILL-06")


def call(number: int = 1, leg: int = 1, **changes: object) -> CallRecord:
    plain = record(number, leg, service="line", destination="+81312345678")
    return plain._replace(**changes)  # type: ignore[arg-type]


async def charges_of(office: Office) -> list[Charge]:
    await office.billing.settle()
    page = await office.billing.search(WantedCharges(), limit=1000)
    return [kept.charge for kept in reversed(page.items)]


async def test_a_record_is_charged_by_itself(office: Office) -> None:
    await office.records.append(call())
    (charge,) = await charges_of(office)
    assert (charge.call_id, charge.leg, charge.line) == (call_id(1), 1, DOCOMO)
    assert (charge.milliseconds, charge.units, charge.net_sen) == (8625, 1, 2000)
    (explained,) = await office.billing.why([call()])
    assert explained == charge


async def test_what_nobody_pays_makes_no_charge(office: Office) -> None:
    await office.records.append(call(1, payer=None))
    await office.records.append(call(2, answered_at=None, seconds=0.0))
    await office.records.append(call(3, service="keys-test"))
    await office.records.append(call(4))
    assert [each.call_id for each in await charges_of(office)] == [call_id(4)]


@pytest.mark.rule("FWD-07")
async def test_each_leg_is_charged_to_its_own_payer(office: Office) -> None:
    await office.records.append(call(1, leg=1, payer=AU, line=AU))
    await office.records.append(call(1, leg=2, service="forwarding"))
    one, two = await charges_of(office)
    assert [(each.line, each.cause.value) for each in (one, two)] == [
        (AU, "dialler"),
        (DOCOMO, "forwarding"),
    ]
    assert one.linked_id == two.linked_id


async def test_rating_everything_again_changes_nothing(office: Office) -> None:
    for number in range(7):
        await office.records.append(call(number))
    before = await charges_of(office)
    for _ in range(2):
        await office.billing.rate_again()
        assert await charges_of(office) == before
    assert len(before) == 7


async def test_the_database_refuses_a_second_charge_and_a_change(office: Office) -> None:
    await office.records.append(call())
    (before,) = await charges_of(office)
    columns = ", ".join(Charge.__dataclass_fields__)

    async def twice(connection: Connection) -> None:
        await connection.execute(
            text(f"INSERT INTO charges ({columns}) SELECT {columns} FROM charges")
        )

    async def cheaper(connection: Connection) -> None:
        await connection.execute(text("UPDATE charges SET net_sen = 0, rounding = 'yen-down'"))

    for work in (twice, cheaper):
        with pytest.raises(IntegrityError):
            await office._database.write(work)
    assert await charges_of(office) == [before]


NONSENSE = {
    "units": "2",
    "unit_s": "0",
    "net_sen": "1",
    "unit_sen": "-1",
    "cause": "'whim'",
    "tax_percent": "101",
}


async def test_the_database_takes_no_charge_that_does_not_add_up(office: Office) -> None:
    await office.records.append(call())
    await charges_of(office)
    columns = list(Charge.__dataclass_fields__)
    for column, value in NONSENSE.items():
        values = ", ".join({column: value, "leg": "9"}.get(each, each) for each in columns)
        insert = f"INSERT INTO charges ({', '.join(columns)}) SELECT {values} FROM charges"

        async def work(connection: Connection, insert: str = insert) -> None:
            await connection.execute(text(insert))

        with pytest.raises(IntegrityError):
            await office._database.write(work)


async def test_a_reset_takes_them_along_and_a_snapshot_brings_them_back(office: Office) -> None:
    await office.records.append(call())
    before = await charges_of(office)
    await office.snapshots.save("with-a-charge")
    await office.snapshots.clear()
    assert await charges_of(office) == []
    await office.snapshots.load("with-a-charge")
    await office.refresh()
    assert await charges_of(office) == before


async def test_a_charge_outlives_its_record(office: Office) -> None:
    await office.records.append(call())
    before = await charges_of(office)
    await office.records.run_due(BEGUN + 400 * 86_400.0)
    assert await charges_of(office) == before


async def test_many_are_rated_in_batches(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MOST_AT_ONCE", 3)
    await asyncio.gather(*(office.records.append(call(number)) for number in range(10)))
    assert len(await charges_of(office)) == 10


async def test_two_offices_on_one_database_charge_each_leg_once(
    office: Office, office_settings: OfficeSettings
) -> None:
    if not office._database.is_postgresql:
        return
    other = await Office.open(office_settings)
    for number in range(20):
        await (office, other)[number % 2].records.append(call(number))
    await other.billing.settle()
    found = await charges_of(office)
    assert sorted(each.call_id for each in found) == [call_id(number) for number in range(20)]
    await other.close()


async def test_a_line_that_memory_has_not_heard_of_yet_is_charged(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as behind:
        behind.setattr(office.directory, "line", lambda _number: None)
        await office.records.append(call())
        (charge,) = await charges_of(office)
    assert (charge.line, charge.net_sen) == (DOCOMO, 2000)


async def test_a_line_that_was_removed_is_told(office: Office) -> None:
    gone = call(payer="+819077777777")
    await office.records.append(gone)
    assert await charges_of(office) == []
    (explained,) = await office.billing.why([gone])
    assert explained == Free(Reason.LINE_GONE)


class TestLeftBehind:
    """What a process left unrated is rated by the next one."""

    async def test_records_of_a_killed_process_are_charged_at_the_start(
        self, tmp_path: Path
    ) -> None:
        office = await Office.open(OfficeSettings(tmp_path, REALM))
        await office.seed(seed())
        await office.close()
        left = Journal(tmp_path)
        left.note(ENDED, [call(1)])
        left.note(GOING_ON, [call(2, ended_at=BEGUN + 41.5)])
        left.close(whole=False)
        again = await Office.open(OfficeSettings(tmp_path, REALM))
        one, two = await charges_of(again)
        await again.close()
        assert (one.units, two.units) == (1, 2)
        assert two.milliseconds == 40_000

    async def test_a_kill_between_record_and_charge_loses_none(self, tmp_path: Path) -> None:
        office = await Office.open(OfficeSettings(tmp_path, REALM))
        await office.seed(seed())
        await office.billing.close()
        for number in range(5):
            await office.records.append(call(number))
        await office.close()
        again = await Office.open(OfficeSettings(tmp_path, REALM))
        found = await charges_of(again)
        await again.close()
        assert [each.call_id for each in found] == [call_id(number) for number in range(5)]

    def test_killed_at_any_statement_of_rating_each_leg_is_charged_once(
        self, tmp_path: Path
    ) -> None:
        for at in range(1, RATING_STATEMENTS + 1):
            folder = tmp_path / str(at)
            assert in_child(partial(until_killed, folder, at)) == -signal.SIGKILL
            assert asyncio.run(_charged_calls(folder)) == [call_id(number) for number in range(3)]

    async def test_a_database_that_is_away_delays_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr(service, "RETRY_S", 0.01)
        office = await Office.open(OfficeSettings(tmp_path, REALM, wait_s=0.5))
        await office.seed(seed())
        await office.records.append(call())
        lock = sqlite3.connect(tmp_path / DATABASE_FILE, isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")
        office.billing.wake()
        await eventually(lambda: "calls are rated when it is back" in caplog.text)
        lock.execute("ROLLBACK")
        lock.close()
        assert len(await charges_of(office)) == 1
        await office.close()


RATING_STATEMENTS = 5
"""What waits, its charges, that it waits no longer, the commit, and the moment after."""


def until_killed(folder: Path, at: int) -> None:
    """Three calls of an office that kills itself before statement `at` of rating them."""
    count = itertools.count(1)
    begun = False

    def strike(*_: object) -> None:
        if begun and next(count) == at:
            os.kill(os.getpid(), signal.SIGKILL)

    def before(_driver: object, _cursor: object, statement: str, *_: object) -> None:
        nonlocal begun
        begun = begun or "unrated_records" in statement
        strike()

    async def calls(office: Office) -> None:
        await office.seed(seed())
        await office.billing.settle()
        event.listen(office._database._telephony.engine, "before_cursor_execute", before)
        event.listen(office._database._telephony.engine, "commit", strike)
        await asyncio.gather(*(office.records.append(call(number)) for number in range(3)))
        await office.billing.settle()
        strike()

    run(folder, calls)


async def _charged_calls(folder: Path) -> list[str]:
    office = await Office.open(OfficeSettings(folder, REALM))
    try:
        return [each.call_id for each in await charges_of(office)]
    finally:
        await office.close()


async def test_one_that_cannot_be_rated_stops_no_other(
    office: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def faulty(record: CallRecord, *rest: Any) -> Rated:
        if record.call_id == call_id(2):
            raise ArithmeticError
        return rate(record, *rest)

    monkeypatch.setattr(service, "rate", faulty)
    await asyncio.gather(*(office.records.append(call(number)) for number in range(5)))
    found = [each.call_id for each in await charges_of(office)]
    assert found == [call_id(number) for number in (0, 1, 3, 4)]
    assert f"call {call_id(2)}, leg 1: ArithmeticError" in caplog.text


@pytest.mark.rule("BILL-02")
async def test_later_tariffs_leave_earlier_calls_alone(tmp_path: Path) -> None:
    own = tmp_path / "tariffs"
    own.mkdir()
    shipped = (Path(service.__file__).parent / "tariffs" / "standard.toml").read_text("utf-8")
    dearer = shipped.replace('name = "standard"', 'name = "dearer"')
    dearer = dearer.replace("2004-04-01", "2028-01-01").replace('yen = "20"', 'yen = "25"')
    (own / "dearer.toml").write_text(dearer, "utf-8")
    settings = OfficeSettings(tmp_path / "data", REALM, tariffs=own)
    office = await Office.open(settings)
    await office.seed(seed())
    new_year = 1_830_265_200.0  # 2028-01-01 in Japan
    await office.records.append(call(1, business_started_at=new_year - 1))
    await office.records.append(call(2, business_started_at=new_year))
    before, after = await charges_of(office)
    await office.close()
    assert (before.tariff, before.unit_sen) == ("standard", 2000)
    assert (after.tariff, after.unit_sen) == ("dearer", 2500)
