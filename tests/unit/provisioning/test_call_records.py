"""Call records on both databases: never changed, found again, erased when their time is over."""

import asyncio
from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from provisioning.contract import CallRecord
from provisioning.db.connection import Connection
from provisioning.office import Office
from provisioning.records import model
from provisioning.records.store import Wanted
from tests.support.call_records import BEGUN, call_id, record
from tests.support.storage import AU, DOCOMO

pytestmark = pytest.mark.rule("BILL-01")

DAY_S = 86_400


async def all_of(office: Office, wanted: Wanted | None = None) -> list[CallRecord]:
    page = await office.records.search(wanted or Wanted(), limit=1000)
    return [kept.record for kept in reversed(page.items)]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE call_records SET seconds = 1",
        "UPDATE call_records SET line = NULL",
        "DELETE FROM call_records",
        "DELETE FROM call_records WHERE id = 1",
    ],
)
async def test_the_database_itself_keeps_what_was_written(office: Office, statement: str) -> None:
    await office.records.append(record())

    async def work(connection: Connection) -> None:
        await connection.execute(text(statement))

    with pytest.raises(IntegrityError, match=r"never changed|retention alone"):
        await office._database.write(work)
    assert await all_of(office) == [record()]


async def test_postgresql_s_truncate_is_refused_too(office: Office) -> None:
    if not office._database.is_postgresql:
        return
    await office.records.append(record())

    async def work(connection: Connection) -> None:
        await connection.execute(text("TRUNCATE call_records CASCADE"))

    with pytest.raises(IntegrityError, match="never changed"):
        await office._database.write(work)


async def test_they_are_erased_when_business_time_says_so(office: Office) -> None:
    begun = BEGUN + DAY_S
    await office.clock.set(datetime.fromtimestamp(begun + 366 * DAY_S - 60, UTC))
    await office.clock.freeze()
    await office.records.append(record(1))
    await office.records.append(record(2, business_started_at=begun + 3600))
    ran = await office.clock.advance(61)
    assert [each.work for each in ran if each.error is None] == ["call records"]
    assert [each.call_id for each in await all_of(office)] == [call_id(2)]
    await office.clock.advance(3600)
    assert await all_of(office) == []
    assert (await office.clock.upcoming() or ("",))[0] != "call records"


async def test_records_are_found_by_every_filter(office: Office) -> None:
    await office.records.append(record(1))
    await office.records.append(record(2, line=AU, service="talkie"))
    await office.records.append(record(3, business_started_at=BEGUN + 2 * DAY_S))

    async def found(wanted: Wanted) -> list[int]:
        return [int(each.call_id[-3:]) for each in await all_of(office, wanted)]

    assert await found(Wanted(line=DOCOMO)) == [1, 3]
    assert await found(Wanted(service="talkie")) == [2]
    assert await found(Wanted(call_id=call_id(3))) == [3]
    assert await found(Wanted(begun_from=BEGUN + 2 * DAY_S)) == [3]
    assert await found(Wanted(begun_before=BEGUN + 2 * DAY_S)) == [1, 2]
    assert await found(Wanted(line=AU, begun_from=BEGUN + 2 * DAY_S)) == []


async def test_pages_follow_one_another_newest_first(office: Office) -> None:
    for number in range(7):
        await office.records.append(record(number))
    after, seen = "", []
    while True:
        page = await office.records.search(Wanted(), after=after, limit=3)
        seen += [int(kept.record.call_id[-3:]) for kept in page.items]
        if page.next is None:
            break
        after = page.next
    assert seen == [6, 5, 4, 3, 2, 1, 0]


async def test_a_reset_takes_them_along_and_a_snapshot_brings_them_back(office: Office) -> None:
    await office.records.append(record())
    await office.snapshots.save("with-a-call")
    await office.snapshots.clear()
    assert await all_of(office) == []
    await office.snapshots.load("with-a-call")
    assert await all_of(office) == [record()]


async def test_one_that_no_database_takes_spoils_no_other(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    saving = [office.records.append(record(number)) for number in range(5)]
    saving.insert(2, office.records.append(record(5, seconds=-1.0)))
    await asyncio.gather(*saving)
    assert len(await all_of(office)) == 5
    assert call_id(5) in caplog.text


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("+819000000001", "'+819000000001"),
        ("-1", "'-1"),
        ("@SUM", "'@SUM"),
        ("＝1+1", "'＝1+1"),
        (" =1", "' =1"),
        ("\t=1", "\ufffd=1"),
        ("a\x1b[31mb\r\nc\0", "a\ufffd[31mb\ufffd\ufffdc\ufffd"),
        ("転送", "転送"),
        ("", ""),
    ],
)
def test_a_cell_runs_nowhere(given: str, shown: str) -> None:
    assert model.cell(given) == shown
