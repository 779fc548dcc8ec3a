"""Call records, whoever keeps them (BILL-01)."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from provisioning.contract import CallRecord, CallRecords, LiveCall
from provisioning.office import Office, OfficeSettings
from provisioning.records.store import Wanted
from tests.support import postgres
from tests.support.call_records import GoingOn, call_id, record
from tests.support.fake_records import InMemoryRecords
from tests.support.storage import REALM

pytestmark = pytest.mark.rule("BILL-01")


class Keeper(CallRecords, Protocol):
    def live(self) -> list[LiveCall]: ...


@dataclass(frozen=True)
class Kept:
    """A store of records, and a way to read them all in the order they were written."""

    records: Keeper
    all: Callable[[], Awaitable[list[CallRecord]]]


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
async def kept(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Kept]:
    if request.param == "memory":
        records = InMemoryRecords()

        async def remembered() -> list[CallRecord]:
            return records.all

        yield Kept(records, remembered)
    elif request.param == "sqlite":
        async for stored in _stored(OfficeSettings(tmp_path, REALM)):
            yield stored
    else:
        with postgres.database(request.getfixturevalue("postgres_server")) as url:
            async for stored in _stored(OfficeSettings(tmp_path, REALM, database=url)):
                yield stored


async def _stored(settings: OfficeSettings) -> AsyncIterator[Kept]:
    office = await Office.open(settings)

    async def found() -> list[CallRecord]:
        page = await office.records.search(Wanted(), limit=1000)
        return [each.record for each in reversed(page.items)]

    try:
        yield Kept(office.records, found)
    finally:
        await office.close()


async def test_an_appended_record_is_there_in_every_field(kept: Kept) -> None:
    await kept.records.append(record())
    assert await kept.all() == [record()]


async def test_one_of_which_little_is_known(kept: Kept) -> None:
    bare = record(
        calling=None,
        destination=None,
        line=None,
        access=None,
        payer=None,
        answered_at=None,
        business_answered_at=None,
        seconds=0.0,
        sip_status=None,
        q850=None,
        trunk=None,
        interrupted=True,
    )
    await kept.records.append(bare)
    assert await kept.all() == [bare]


async def test_the_same_leg_again_changes_nothing(kept: Kept) -> None:
    await kept.records.append(record())
    await kept.records.append(record(cause="failed"))
    assert await kept.all() == [record()]


async def test_each_leg_of_a_call_has_its_own(kept: Kept) -> None:
    for leg in (1, 2):
        kept.records.append(record(leg=leg))
    await kept.records.append(record(leg=3))
    assert [each.leg for each in await kept.all()] == [1, 2, 3]


async def test_many_at_once_are_all_kept_in_their_order(kept: Kept) -> None:
    saving = [kept.records.append(record(number)) for number in range(2500)]
    for each in saving:
        await each
    page = await kept.all()
    assert [each.call_id for each in page] == [call_id(number) for number in range(2500)][
        -len(page) :
    ]


async def test_a_leg_is_live_until_its_record_is_appended(kept: Kept) -> None:
    kept.records.open(call_id(1), 1, GoingOn(record(1)))
    kept.records.open(call_id(2), 1, GoingOn(record(2)))
    kept.records.open(call_id(1), 1, GoingOn(record(1, service="later")))
    assert [(live.call_id, live.service) for live in kept.records.live()] == [
        (call_id(1), "later"),
        (call_id(2), "forwarding-menu"),
    ]
    await kept.records.append(record(1))
    assert [live.call_id for live in kept.records.live()] == [call_id(2)]
    await kept.records.append(record(2))
    assert kept.records.live() == []


async def test_a_leg_is_secured_while_it_goes_on_and_recorded_once(kept: Kept) -> None:
    kept.records.open(call_id(1), 1, GoingOn(record(1)))
    await kept.records.secure(call_id(1), 1)
    await kept.records.secure(call_id(1), 1)
    await kept.records.append(record(1))
    await kept.records.secure(call_id(1), 1)
    assert await kept.all() == [record(1)]
    assert kept.records.live() == []


@pytest.mark.parametrize("text", ["\0", "特番\ud800", "=1+1\x1b[31m", "7" * 5000])
async def test_what_a_phone_may_send_loses_no_record(kept: Kept, text: str) -> None:
    kept.records.append(record(1))
    await kept.records.append(record(2, called=text, sip_call_id=text))
    assert [each.call_id for each in await kept.all()] == [call_id(1), call_id(2)]
