"""One exchange of the whole state at a time, and calls taken again whatever became of it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from lab.state import CarrierState
from provisioning.contract import ContractError
from provisioning.office import Office, OfficeSettings
from provisioning.snapshots.model import UnknownSnapshot
from tests.support.storage import REALM, seed
from tests.support.whole_seed import CUSTOMER, whole

pytestmark = pytest.mark.rule("LAB-03")


class Switchboard:
    """Notes when calls were held off, and that nobody holds them off twice."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.is_paused = False

    async def pause(self, grace_s: float) -> int:
        assert not self.is_paused
        self.is_paused = True
        self.notes.append("paused")
        return 3

    async def resume(self) -> None:
        self.is_paused = False
        self.notes.append("resumed")


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    opened = await Office.open(OfficeSettings(tmp_path / "data", REALM))
    try:
        await opened.plant(whole())
        yield opened
    finally:
        await opened.close()


@pytest.fixture
def switchboard() -> Switchboard:
    return Switchboard()


@pytest.fixture
def state(office: Office, switchboard: Switchboard) -> CarrierState:
    made = CarrierState(office, whole())
    made.serves(switchboard)
    return made


async def test_calls_are_held_off_while_rows_are_exchanged(
    state: CarrierState, switchboard: Switchboard
) -> None:
    assert (await state.reset()).calls_ended == 3
    assert switchboard.notes == ["paused", "resumed"]


async def test_exchanges_at_once_follow_each_other(
    state: CarrierState, switchboard: Switchboard
) -> None:
    await state.save("one")
    await asyncio.gather(state.reset(), state.load("one"), state.reset(), state.save("two"))
    assert switchboard.notes == ["paused", "resumed"] * 3
    assert [info.name for info in await state.all()] == ["one", "two"]


async def test_a_failed_load_changes_nothing_and_takes_calls_again(
    state: CarrierState, switchboard: Switchboard, office: Office
) -> None:
    with pytest.raises(UnknownSnapshot):
        await state.load("nothing")
    assert switchboard.notes == ["paused", "resumed"]
    assert len(office.directory.users()) == 5


async def test_a_reset_that_fails_half_way_leaves_no_memory_of_what_is_gone(
    office: Office, switchboard: Switchboard
) -> None:
    twice = tuple(seed()[:1]) * 2
    state = CarrierState(office, replace(whole(), lines=twice))
    state.serves(switchboard)
    with pytest.raises(ContractError, match="stands twice"):
        await state.reset()
    assert office.directory.users() == ()
    assert switchboard.notes == ["paused", "resumed"]


async def test_a_refused_seed_is_not_what_a_reset_goes_back_to(
    state: CarrierState, office: Office
) -> None:
    made = await office.customers.get(CUSTOMER.id)
    clash = replace(CUSTOMER, id="C00000006")
    await state.plant(whole())
    with pytest.raises(ContractError):
        await state.plant(replace(whole(), lines=tuple(seed()[:1]) * 2, customers=(clash,)))
    await state.reset()
    assert await office.customers.get(made.id) == made
    assert len(office.directory.users()) == 5
