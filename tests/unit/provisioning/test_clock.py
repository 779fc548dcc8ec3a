"""Business time (LAB-02)."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import text

from provisioning.db.connection import Connection
from provisioning.office import Office, OfficeSettings
from tests.support.changes import by_people
from tests.support.storage import DOCOMO, SOMEWHERE

pytestmark = pytest.mark.rule("LAB-02")

START = datetime(2026, 7, 25, 0, 0, tzinfo=UTC)
JULY_31 = datetime(2026, 7, 31, 14, 59, tzinfo=UTC)


class Wall:
    """A wall clock that a test turns."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> float:
        return self.at.timestamp()

    def passes(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@pytest.fixture
def wall() -> Wall:
    return Wall()


async def _open(settings: OfficeSettings, wall: Wall) -> Office:
    return await Office.open(settings, wall=wall)


async def test_at_first_it_is_wall_time(office_settings: OfficeSettings, wall: Wall) -> None:
    office = await _open(office_settings, wall)
    wall.passes(5)
    assert office.clock.now() == START + timedelta(seconds=5)
    await office.close()


async def test_frozen_it_stands_until_it_runs_on(
    office_settings: OfficeSettings, wall: Wall
) -> None:
    office = await _open(office_settings, wall)
    await office.clock.freeze()
    wall.passes(3600)
    assert office.clock.now() == START
    await office.clock.run()
    wall.passes(1)
    assert office.clock.now() == START + timedelta(seconds=1)
    await office.close()


async def test_set_while_running_runs_on(office_settings: OfficeSettings, wall: Wall) -> None:
    office = await _open(office_settings, wall)
    await office.clock.set(JULY_31)
    wall.passes(60)
    assert office.clock.now() == JULY_31 + timedelta(seconds=60)
    await office.close()


async def test_set_while_frozen_stands_there(office_settings: OfficeSettings, wall: Wall) -> None:
    office = await _open(office_settings, wall)
    await office.clock.freeze()
    await office.clock.set(JULY_31)
    wall.passes(60)
    assert office.clock.now() == JULY_31
    await office.clock.advance(86_400)
    assert office.clock.now() == JULY_31 + timedelta(days=1)
    await office.close()


async def test_reset_shows_wall_time_again(office_settings: OfficeSettings, wall: Wall) -> None:
    office = await _open(office_settings, wall)
    await office.clock.freeze()
    await office.clock.advance(100)
    await office.clock.reset()
    assert office.clock.now() == START
    await office.close()


@pytest.mark.parametrize("frozen", [True, False])
async def test_a_restart_keeps_it(
    office_settings: OfficeSettings, wall: Wall, frozen: bool
) -> None:
    office = await _open(office_settings, wall)
    await office.clock.set(JULY_31)
    if frozen:
        await office.clock.freeze()
    await office.close()
    wall.passes(60)
    again = await _open(office_settings, wall)
    assert again.clock.now() == JULY_31 + timedelta(seconds=0 if frozen else 60)
    await again.close()


async def test_it_never_goes_back_by_advancing(office_settings: OfficeSettings, wall: Wall) -> None:
    office = await _open(office_settings, wall)
    with pytest.raises(ValueError, match="only advances"):
        await office.clock.advance(-1)
    with pytest.raises(ValueError, match="time zone"):
        await office.clock.set(JULY_31.replace(tzinfo=None))
    assert office.clock.now() == START
    await office.close()


@pytest.mark.parametrize(
    "instant",
    [
        datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC),
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=9))),
        datetime(9999, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone(timedelta(hours=-9))),
    ],
)
@pytest.mark.parametrize("frozen", [True, False])
async def test_it_is_not_set_out_of_range(
    office_settings: OfficeSettings, wall: Wall, instant: datetime, frozen: bool
) -> None:
    office = await _open(office_settings, wall)
    if frozen:
        await office.clock.freeze()
    with pytest.raises(ValueError, match="1970 to 9998"):
        await office.clock.set(instant)
    await office.clock.load()
    assert office.clock.now() == START
    await office.close()


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), 1e308, 8_000 * 366 * 86_400])
async def test_it_does_not_advance_out_of_range(
    office_settings: OfficeSettings, wall: Wall, seconds: float
) -> None:
    office = await _open(office_settings, wall)
    with pytest.raises(ValueError, match="1970 to 9998"):
        await office.clock.advance(seconds)
    await office.clock.load()
    assert office.clock.now() == START
    await office.close()


@pytest.mark.parametrize(
    "instant", [datetime(1970, 1, 1, tzinfo=UTC), datetime(9998, 12, 31, 23, 59, tzinfo=UTC)]
)
async def test_both_ends_can_be_shown_in_japan(
    office_settings: OfficeSettings, wall: Wall, instant: datetime
) -> None:
    office = await _open(office_settings, wall)
    await office.clock.freeze()
    await office.clock.set(instant)
    assert office.clock.now().astimezone(timezone(timedelta(hours=9))) == instant
    await office.close()


@pytest.mark.parametrize("stored", ["1e300, 0", "NULL, 1e300", "-1, 0"])
async def test_a_stored_time_out_of_range_is_left_behind_and_told(
    office_settings: OfficeSettings, wall: Wall, stored: str, caplog: pytest.LogCaptureFixture
) -> None:
    office = await _open(office_settings, wall)

    async def write(connection: Connection) -> None:
        columns = "id, frozen_at, offset_s"
        await connection.execute(
            text(f"INSERT INTO business_clock ({columns}) VALUES (1, {stored})")
        )

    await office._database.write(write)
    await office.close()
    again = await _open(office_settings, wall)
    assert again.clock.now() == START
    assert "out of range" in caplog.text
    await again.clock.advance(60)
    assert again.clock.now() == START + timedelta(seconds=60)
    await again.close()


async def test_changes_are_dated_on_both_clocks(office: Office) -> None:
    await office.clock.freeze()
    await office.clock.set(JULY_31)
    await office.forwarding.set_target(DOCOMO, SOMEWHERE)
    (change,) = await by_people(office, DOCOMO)
    assert change.business_at == JULY_31.timestamp()
    assert change.wall_at != change.business_at
