"""Sessions of the customer control: how long they live, and what ends them."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from provisioning.contract import NATION, Freephone, FreephoneOption, Group, Reception
from provisioning.freephone.document import FreephoneDocument
from provisioning.freephone.sessions import ControlSessions, Lives
from provisioning.office import Office
from tests.support.freephones import NUMBER
from tests.support.orders import OPERATOR, OWNER, contract
from tests.support.storage import NTT

LIVES = Lives(idle_s=900.0, life_s=3600.0, touch_s=30.0)


def plain(*options: FreephoneOption) -> FreephoneDocument:
    groups = (Group("all", (NATION,), NTT),)
    return FreephoneDocument.of(Freephone(NUMBER, groups, (Reception(NTT),), frozenset(options)))


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """SQLite: how long a session lives does not depend on the database."""
    return f"sqlite:///{tmp_path}/tokuban.sqlite3"


@dataclass
class Desk:
    """Sessions, and the wall clock that they go by."""

    office: Office
    time: float = 1_800_000_000.0

    def __post_init__(self) -> None:
        self.sessions = ControlSessions(
            self.office._database,
            self.office.freephones,
            self.office.audit,
            lambda: self.time,
            LIVES,
        )

    async def begin(self, former: str = "") -> str:
        return await self.sessions.begin(NUMBER, origin=OWNER, former=former)

    async def lives(self, cookie: str, later_s: float = 0.0) -> bool:
        self.time += later_s
        return await self.sessions.of(cookie) is not None


@pytest.fixture
async def desk(office: Office) -> Desk:
    payer = await contract(office)
    setup = plain(FreephoneOption.CUSTOMER_CONTROL)
    await office.freephones.create(NUMBER, payer.id, setup, origin=OPERATOR)
    return Desk(office)


async def test_it_lives_while_it_is_used_but_not_for_ever(desk: Desk) -> None:
    cookie = await desk.begin()
    used = [await desk.lives(cookie, 850.0) for _ in range(5)]
    assert used == [True, True, True, True, False]
    idle = await desk.begin()
    assert await desk.lives(idle, 899.0)
    assert not await desk.lives(idle, 900.0)


async def test_a_clock_that_is_set_back_ends_it(desk: Desk) -> None:
    cookie = await desk.begin()
    assert await desk.lives(cookie, -59.0)
    assert not await desk.lives(cookie, -2.0)


async def test_what_ends_it(desk: Desk) -> None:
    first, second, third = await desk.begin(), await desk.begin(), await desk.begin()
    another = await desk.begin(former=first)
    await desk.sessions.end(second, origin=OWNER)
    await desk.sessions.end(second, origin=OWNER)
    found = [await desk.lives(each) for each in (first, second, third, another, "", "no")]
    assert found == [False, False, True, True, False, False]
    await desk.office.freephones.change(NUMBER, plain(), origin=OPERATOR)
    assert not await desk.lives(third)
    notes = [each.what for each in await desk.office.audit.of(NUMBER)]
    assert notes.count("control logged in") == 4
    assert notes.count("control logged out") == 1


async def test_what_is_stored_opens_nothing(desk: Desk) -> None:
    cookie = await desk.begin()
    found = await desk.sessions.of(cookie)
    assert found is not None
    assert found.csrf not in repr(found)
    assert not await desk.lives(found.csrf)
