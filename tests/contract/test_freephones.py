"""Freephone contracts as telephony asks for them: in memory, and the office's own."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from provisioning.contract import (
    E164,
    NATION,
    Freephone,
    FreephoneOption,
    Freephones,
    Group,
    Reception,
    Shares,
    Turns,
)
from provisioning.freephone.document import FreephoneDocument
from provisioning.office import Office, OfficeSettings
from tests.support.fake_freephones import InMemoryFreephones
from tests.support.freephones import GEOGRAPHY, NUMBER
from tests.support.orders import OPERATOR, contract
from tests.support.storage import DOCOMO, NTT, REALM, seed

OTHER = E164("+81120000004")
SPLIT = Freephone(
    NUMBER,
    (Group("all", (NATION,), shares=Shares((NTT, DOCOMO), (1, 1))),),
    (Reception(NTT), Reception(DOCOMO)),
    frozenset({FreephoneOption.SEVERAL_LINES, FreephoneOption.SHARE_SPLIT}),
)
PLAIN = Freephone(OTHER, (Group("all", (NATION,), NTT),), (Reception(NTT),))


@pytest.fixture(params=["memory", "office"])
async def freephones(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Freephones]:
    if request.param == "memory":
        yield InMemoryFreephones(GEOGRAPHY, [SPLIT, PLAIN])
        return
    office = await Office.open(replace(OfficeSettings(tmp_path, REALM), geography=GEOGRAPHY))
    try:
        await office.seed(seed())
        payer = await contract(office)
        for each in (SPLIT, PLAIN):
            setup = FreephoneDocument.of(each)
            await office.freephones.create(each.number, payer.id, setup, origin=OPERATOR)
        yield office.freephones
    finally:
        await office.close()


async def test_contracts_are_known_by_number(freephones: Freephones) -> None:
    assert freephones.of(NUMBER) == SPLIT
    assert freephones.of(OTHER) == PLAIN
    assert freephones.of(E164("+81120999999")) is None
    assert freephones.geography == GEOGRAPHY


async def test_turns_are_handed_on_where_there_are_splits(freephones: Freephones) -> None:
    turn: Turns = {("all", (1, 1)): (-1, 1)}
    assert await freephones.with_turns(NUMBER, lambda before: (dict(before), turn)) == {}
    assert await freephones.with_turns(NUMBER, lambda before: (dict(before), before)) == turn
    assert await freephones.with_turns(OTHER, lambda before: (dict(before), turn)) == {}
    assert await freephones.with_turns(OTHER, lambda before: (dict(before), before)) == {}
