"""Where the state of the business clock is kept: in memory, on SQLite, on PostgreSQL."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from provisioning.clock import ClockRows, ClockState, StoredClock
from provisioning.db.migrate import migrate
from provisioning.db.unit_of_work import Database
from tests.support import postgres
from tests.support.diary import InMemoryClock

pytestmark = pytest.mark.rule("LAB-02")


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
async def rows(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[ClockRows]:
    if request.param == "memory":
        yield InMemoryClock()
    elif request.param == "sqlite":
        async for stored in _stored(f"sqlite:///{tmp_path}/clock.sqlite3"):
            yield stored
    else:
        with postgres.database(request.getfixturevalue("postgres_server")) as url:
            async for stored in _stored(url):
                yield stored


async def _stored(url: str) -> AsyncIterator[ClockRows]:
    database = Database.at(url)
    try:
        await migrate(database)
        yield StoredClock(database)
    finally:
        await database.close()


async def test_the_last_state_is_read_again(rows: ClockRows) -> None:
    assert await rows.read() == ClockState()
    for state in (ClockState(offset_s=-3600.25), ClockState(frozen_at=1_784_937_600.5)):
        await rows.keep(state)
        await rows.keep(state)
        assert await rows.read() == state
