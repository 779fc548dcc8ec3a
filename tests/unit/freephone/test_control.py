"""The customer control's login: three wrong passwords lock it, unlocking costs work."""

import asyncio
from collections import Counter

import pytest

from provisioning.audit.model import Origin
from provisioning.contract import (
    NATION,
    Freephone,
    FreephoneOption,
    Group,
    NotContracted,
    Reception,
)
from provisioning.freephone.control import Control, NotLocked, Verdict
from provisioning.freephone.document import FreephoneDocument
from provisioning.office import Office
from tests.support.freephones import NUMBER
from tests.support.orders import contract
from tests.support.storage import NTT

OWNER, OPERATOR = Origin("demo-selfcare", "portal"), Origin("operator", "the desk")


def plain(*options: FreephoneOption) -> FreephoneDocument:
    groups = (Group("all", (NATION,), NTT),)
    return FreephoneDocument.of(Freephone(NUMBER, groups, (Reception(NTT),), frozenset(options)))


@pytest.fixture
async def control(office: Office) -> Control:
    payer = await contract(office)
    setup = plain(FreephoneOption.CUSTOMER_CONTROL)
    await office.freephones.create(NUMBER, payer.id, setup, origin=OPERATOR)
    return office.control


async def judged(control: Control, password: str) -> Verdict:
    return await control.judge(NUMBER, password, origin=OWNER)


async def test_a_password_is_shown_once_and_known_by_its_hash(
    office: Office, control: Control
) -> None:
    assert await judged(control, "") is Verdict.WRONG
    password = await control.set_password(NUMBER, origin=OPERATOR)
    assert await judged(control, password) is Verdict.RIGHT
    again = await control.set_password(NUMBER, origin=OPERATOR)
    assert await judged(control, password) is Verdict.WRONG
    assert await judged(control, again) is Verdict.RIGHT
    changes = await office.audit.of(NUMBER)
    assert password not in repr(changes)
    assert [each.what for each in changes][:3] == [
        "control login refused",
        "control password reset",
        "control password reset",
    ]


@pytest.mark.rule("FREE-12")
async def test_three_wrong_ones_lock_it_and_calls_go_on(office: Office, control: Control) -> None:
    password = await control.set_password(NUMBER, origin=OPERATOR)
    for left in (2, 1, 0):
        assert await judged(control, "wrong") is Verdict.WRONG
        assert (await control.state(NUMBER)).tries_left == left
    assert await judged(control, password) is Verdict.LOCKED
    assert (await control.state(NUMBER)).locked_at is not None
    assert (await office.audit.of(NUMBER))[0].what == "control locked"
    assert office.freephones.of(NUMBER) is not None


@pytest.mark.rule("FREE-12")
async def test_a_right_one_forgets_the_wrong_ones_before_it(control: Control) -> None:
    password = await control.set_password(NUMBER, origin=OPERATOR)
    for _ in range(2):
        assert await judged(control, "wrong") is Verdict.WRONG
        assert await judged(control, "wrong") is Verdict.WRONG
        assert await judged(control, password) is Verdict.RIGHT
    assert (await control.state(NUMBER)).tries_left == 3


@pytest.mark.rule("FREE-12")
async def test_of_many_at_once_three_are_judged(control: Control) -> None:
    await control.set_password(NUMBER, origin=OPERATOR)
    verdicts = await asyncio.gather(*(judged(control, f"wrong {n}") for n in range(8)))
    assert Counter(verdicts)[Verdict.LOCKED] >= 5
    assert (await control.state(NUMBER)).locked_at is not None


@pytest.mark.rule("FREE-12")
async def test_unlocking_is_owed_once_for_each_lock(office: Office, control: Control) -> None:
    password = await control.set_password(NUMBER, origin=OPERATOR)
    with pytest.raises(NotLocked):
        await control.unlock(NUMBER, origin=OWNER)
    for _ in range(2):
        for _ in range(3):
            await judged(control, "wrong")
        asked = [control.unlock(NUMBER, origin=OWNER) for _ in range(3)]
        refused = await asyncio.gather(*asked, return_exceptions=True)
        assert [type(each) for each in refused].count(NotLocked) == 2
        assert await judged(control, password) is Verdict.RIGHT
    owed = [each.fee for each in await office.freephones.owed(NUMBER)]
    assert [(fee.kind, fee.yen) for fee in owed if fee.item == "unlock"] == [("work", 2000)] * 2


async def test_without_the_option_there_is_no_control(office: Office, control: Control) -> None:
    await office.freephones.change(NUMBER, plain(), origin=OPERATOR)
    for refused in (
        control.set_password(NUMBER, origin=OPERATOR),
        control.judge(NUMBER, "x", origin=OWNER),
        control.unlock(NUMBER, origin=OWNER),
        control.state(NUMBER),
    ):
        with pytest.raises(NotContracted):
            await refused
