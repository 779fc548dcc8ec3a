"""Freephone numbers as they are kept: set up as a whole, with history, fees and turns."""

import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from ivr.numbering.shares import next_turn
from provisioning.audit.model import Origin
from provisioning.billing.store import WantedCharges
from provisioning.contract import (
    E164,
    NATION,
    Freephone,
    FreephoneOption,
    Group,
    Reception,
    Shares,
    StorageUnavailable,
    Turns,
)
from provisioning.customers.model import ContractClosed, ContractInUse, UnknownContract
from provisioning.db.unit_of_work import Database
from provisioning.freephone.document import FreephoneDocument
from provisioning.freephone.fees import FeeKind
from provisioning.freephone.service import (
    BadFreephone,
    FreephoneChanged,
    FreephoneExists,
    ReceivesFreephone,
    UnknownFreephone,
)
from provisioning.freephone.store import Owed
from provisioning.office import Office
from tests.support.call_records import record
from tests.support.freephones import NUMBER, office_hours
from tests.support.orders import contract
from tests.support.storage import AU, DOCOMO, NTT

OPERATOR = Origin("operator", "the desk")
OTHER = E164("+818001234567")
SPLIT = Freephone(
    NUMBER,
    (Group("all", (NATION,), shares=Shares((NTT, DOCOMO), (2, 1))),),
    (Reception(NTT, 3), Reception(DOCOMO)),
    frozenset({FreephoneOption.SEVERAL_LINES, FreephoneOption.SHARE_SPLIT}),
)
PLAIN = Freephone(NUMBER, (Group("all", (NATION,), NTT),), (Reception(NTT),))
HOURS = replace(
    PLAIN,
    receptions=(Reception(NTT, off_hours=office_hours()),),
    options=frozenset({FreephoneOption.OFF_HOURS}),
)


def written(one: Freephone) -> FreephoneDocument:
    return FreephoneDocument.of(one)


async def test_a_number_is_contracted_and_known_after_a_restart(office: Office) -> None:
    payer = await contract(office)
    kept = await office.freephones.create(NUMBER, payer.id, written(SPLIT), origin=OPERATOR)
    assert (kept.freephone, kept.contract, kept.version) == (SPLIT, payer.id, 1)
    await office.freephones.refresh()
    assert office.freephones.of(NUMBER) == SPLIT
    (change,) = await office.audit.of(NUMBER)
    assert (change.what, change.who) == ("freephone contracted", "operator")


@pytest.mark.rule("FREE-03")
async def test_what_breaks_a_rule_is_refused_and_the_running_contract_stays(office: Office) -> None:
    payer = await contract(office)
    await office.freephones.create(NUMBER, payer.id, written(PLAIN), origin=OPERATOR)
    wrong = replace(SPLIT, options=frozenset({FreephoneOption.SHARE_SPLIT}))
    with pytest.raises(BadFreephone) as refused:
        await office.freephones.change(NUMBER, written(wrong), origin=OPERATOR)
    assert [(each.rule, each.field) for each in refused.value.faults] == [("FREE-05", "receptions")]
    assert "複数回線管理" in refused.value.faults[0].ja
    await office.freephones.refresh()
    assert office.freephones.kept(NUMBER).version == 1
    assert office.freephones.of(NUMBER) == PLAIN


async def test_who_is_not_there_cannot_contract_receive_or_pay(office: Office) -> None:
    payer, freephones = await contract(office), office.freephones
    nobody = Freephone(NUMBER, (Group("all", (NATION,), OTHER),), (Reception(OTHER),))
    with pytest.raises(BadFreephone, match="no line 08001234567"):
        await freephones.create(NUMBER, payer.id, written(nobody), origin=OPERATOR)
    with pytest.raises(UnknownContract):
        await freephones.create(NUMBER, "K99999999", written(PLAIN), origin=OPERATOR)
    await office.customers.close_contract(payer.id, origin=OPERATOR)
    with pytest.raises(ContractClosed):
        await freephones.create(NUMBER, payer.id, written(PLAIN), origin=OPERATOR)
    for unknown in (
        freephones.change(NUMBER, written(PLAIN), origin=OPERATOR),
        freephones.remove(NUMBER, origin=OPERATOR),
        freephones.history(NUMBER),
    ):
        with pytest.raises(UnknownFreephone):
            await unknown


async def test_a_change_made_of_an_old_version_is_refused(office: Office) -> None:
    payer, freephones = await contract(office), office.freephones
    await freephones.create(NUMBER, payer.id, written(PLAIN), origin=OPERATOR)
    with pytest.raises(FreephoneExists):
        await freephones.create(NUMBER, payer.id, written(PLAIN), origin=OPERATOR)
    assert (
        await freephones.change(NUMBER, written(HOURS), version=1, origin=OPERATOR)
    ).version == 2
    with pytest.raises(FreephoneChanged):
        await freephones.change(NUMBER, written(PLAIN), version=1, origin=OPERATOR)
    assert (await freephones.change(NUMBER, written(HOURS), origin=OPERATOR)).version == 2


async def test_a_set_up_can_be_undone(office: Office) -> None:
    payer, freephones = await contract(office), office.freephones
    await freephones.create(NUMBER, payer.id, written(PLAIN), origin=OPERATOR)
    await freephones.change(NUMBER, written(HOURS), origin=OPERATOR)
    assert (await freephones.undo(NUMBER, to=1, origin=OPERATOR)).freephone == PLAIN
    found = await freephones.history(NUMBER)
    assert [(each.version, each.freephone) for each in found] == [
        (3, PLAIN),
        (2, HOURS),
        (1, PLAIN),
    ]
    with pytest.raises(UnknownFreephone):
        await freephones.undo(NUMBER, to=9, origin=OPERATOR)


@pytest.mark.rule("FREE-13")
async def test_fees_begin_and_end_with_the_options(office: Office) -> None:
    payer, freephones = await contract(office), office.freephones
    await freephones.create(NUMBER, payer.id, written(HOURS), origin=OPERATOR)
    await freephones.change(NUMBER, written(PLAIN), origin=OPERATOR)
    await freephones.change(NUMBER, written(HOURS), origin=OPERATOR)
    await freephones.remove(NUMBER, origin=OPERATOR)
    owed = [(*each.fee, each.ends_at is None) for each in await freephones.owed(NUMBER)]
    assert owed == [
        ("base", "monthly", 1000, False),
        ("base", "work", 1000, False),
        ("off-hours", "monthly", 650, False),
        ("off-hours", "monthly", 650, False),
    ]
    assert freephones.of(NUMBER) is None


@pytest.mark.rule("FREE-13")
async def test_fees_that_began_later_than_it_is_now_end_as_they_began(office: Office) -> None:
    """Business time was set back since."""
    payer, freephones = await contract(office), office.freephones
    await office.clock.advance(86_400)
    await freephones.create(NUMBER, payer.id, written(HOURS), origin=OPERATOR)
    await office.clock.reset()
    await freephones.change(NUMBER, written(PLAIN), origin=OPERATOR)
    await freephones.remove(NUMBER, origin=OPERATOR)
    assert all(each.ends_at == each.begins_at for each in await freephones.owed(NUMBER))


@pytest.mark.rule("FREE-13")
async def test_names_in_the_directory_beyond_the_free_one_are_owed_at_each_issue(
    office: Office,
) -> None:
    payer, freephones = await contract(office), office.freephones
    listed = replace(PLAIN, listings=("特番商店", "特番商店 本店", "トクバン"))
    await freephones.create(NUMBER, payer.id, written(listed), origin=OPERATOR)
    one = replace(PLAIN, number=OTHER, listings=("特番通信",))
    await freephones.create(OTHER, payer.id, written(one), origin=OPERATOR)
    for _ in range(2):
        assert await freephones.issue_directory("2027", origin=OPERATOR) == (1, 1000)
    assert await freephones.issue_directory("202", origin=OPERATOR) == (1, 1000)
    assert await freephones.owed(OTHER) == await _fees(office, OTHER, {"base"})
    issued = [each.fee for each in await freephones.owed(NUMBER) if each.fee.kind == "issue"]
    assert issued == [("directory-listing", "issue", 1000)] * 2


async def _fees(office: Office, number: E164, items: set[str]) -> tuple[Owed, ...]:
    return tuple(each for each in await office.freephones.owed(number) if each.fee.item in items)


@pytest.mark.rule("FREE-13")
async def test_every_fee_is_the_list_s(office: Office) -> None:
    """The carrier's page: so-net 光 コラボ電話, before tax."""
    monthly = {
        "base": 1000, "several-lines": 1000, "area-split": 350, "detour": 800, "share-split": 700,
        "destination-change": 1000, "off-hours": 650, "number-display": 100, "customer-control": 0,
    }  # fmt: skip
    fees = office.freephones.fees.items.values()
    found = {
        kind: {item.name: item.fees[kind] for item in fees if kind in item.fees} for kind in FeeKind
    }
    assert found[FeeKind.MONTHLY] == monthly
    assert found[FeeKind.ISSUE] == {"directory-listing": 500}
    assert found[FeeKind.WORK] == {"base": 1000, "unlock": 2000}


async def test_a_line_that_receives_cannot_be_removed(office: Office) -> None:
    payer = await contract(office)
    await office.freephones.create(NUMBER, payer.id, written(PLAIN), origin=OPERATOR)
    with pytest.raises(ReceivesFreephone, match="0120000003"):
        await office.upkeep.remove(NTT, origin=OPERATOR)
    await office.upkeep.remove(AU, origin=OPERATOR)
    await office.freephones.remove(NUMBER, origin=OPERATOR)
    await office.upkeep.remove(NTT, origin=OPERATOR)


@pytest.mark.rule("FREE-08")
async def test_a_split_is_exact_whoever_asks_at_once_and_after_a_restart(office: Office) -> None:
    payer, freephones = await contract(office), office.freephones
    await freephones.create(NUMBER, payer.id, written(SPLIT), origin=OPERATOR)

    def next_of(turns: Turns) -> tuple[int, Turns]:
        place, saved = next_turn((2, 1), turns.get(("all", (2, 1)), ()))
        return place, {("all", (2, 1)): saved}

    calls = [freephones.with_turns(NUMBER, next_of) for _ in range(15)]
    assert Counter(await asyncio.gather(*calls)) == {0: 10, 1: 5}
    assert await freephones.turns(NUMBER) == {("all", (2, 1)): (0, 0)}
    assert await freephones.with_turns(NUMBER, next_of) == 0
    with pytest.raises(ZeroDivisionError):
        await freephones.with_turns(NUMBER, lambda _: (1 // 0, {}))
    assert await freephones.with_turns(NUMBER, next_of) == 1


@pytest.mark.rule("FREE-08")
async def test_a_split_over_other_lines_begins_anew(office: Office) -> None:
    payer, freephones = await contract(office), office.freephones
    await freephones.create(NUMBER, payer.id, written(SPLIT), origin=OPERATOR)
    await freephones.with_turns(NUMBER, lambda _: (None, {("all", (2, 1)): (-1, 1)}))
    (group,) = SPLIT.groups
    assert group.shares is not None
    again = replace(SPLIT, guidance=False)
    await freephones.change(NUMBER, written(again), origin=OPERATOR)
    assert await freephones.turns(NUMBER) == {("all", (2, 1)): (-1, 1)}
    swapped = replace(group, shares=replace(group.shares, lines=group.shares.lines[::-1]))
    await freephones.change(NUMBER, written(replace(SPLIT, groups=(swapped,))), origin=OPERATOR)
    assert await freephones.turns(NUMBER) == {}


@pytest.mark.rule("FREE-08")
async def test_calls_are_split_though_the_storage_is_away(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    payer, freephones = await contract(office), office.freephones
    await freephones.create(NUMBER, payer.id, written(SPLIT), origin=OPERATOR)

    def next_of(turns: Turns) -> tuple[int, Turns]:
        place, saved = next_turn((2, 1), turns.get(("all", (2, 1)), ()))
        return place, {("all", (2, 1)): saved}

    assert await freephones.with_turns(NUMBER, next_of) == 0

    async def away(*_: object, **__: object) -> None:
        raise StorageUnavailable("the server is gone")

    with monkeypatch.context() as gone:
        gone.setattr(Database, "write", away)
        assert [await freephones.with_turns(NUMBER, next_of) for _ in range(3)] == [1, 0, 0]
    (group,) = SPLIT.groups
    assert group.shares is not None
    swapped = replace(group, shares=replace(group.shares, lines=group.shares.lines[::-1]))
    await freephones.change(NUMBER, written(replace(SPLIT, groups=(swapped,))), origin=OPERATOR)
    monkeypatch.setattr(Database, "write", away)
    assert await freephones.with_turns(NUMBER, next_of) == 0


async def test_a_contract_that_pays_for_a_number_cannot_be_closed(office: Office) -> None:
    payer = await contract(office)
    await office.freephones.create(NUMBER, payer.id, written(PLAIN), origin=OPERATOR)
    with pytest.raises(ContractInUse, match=r"\+81120000003"):
        await office.customers.close_contract(payer.id, origin=OPERATOR)
    await office.freephones.remove(NUMBER, origin=OPERATOR)
    await office.customers.close_contract(payer.id, origin=OPERATOR)


@pytest.mark.rule("FREE-01")
async def test_a_call_is_charged_to_the_number(office: Office) -> None:
    payer = await contract(office)
    await office.freephones.create(NUMBER, payer.id, written(PLAIN), origin=OPERATOR)
    made = record(destination=NUMBER, service="freephone", seconds=30.0)
    await office.records.append(made._replace(payer=NUMBER, line=DOCOMO))
    await office.billing.settle()
    found = (await office.billing.search(WantedCharges())).items
    assert [(each.charge.line, each.charge.net_sen) for each in found] == [(NUMBER, 800)]
