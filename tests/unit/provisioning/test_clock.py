"""Business time (LAB-02)."""

from datetime import UTC, datetime, timedelta

import pytest

from provisioning.office import Office, OfficeSettings
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


async def test_changes_are_dated_on_both_clocks(office: Office) -> None:
    await office.clock.freeze()
    await office.clock.set(JULY_31)
    await office.forwarding.set_target(DOCOMO, SOMEWHERE)
    (change,) = await office.audit.of(DOCOMO)
    assert change.business_at == JULY_31.timestamp()
    assert change.wall_at != change.business_at
