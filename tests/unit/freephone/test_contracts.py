"""Contracts that break a rule are refused, each with its rule, its field and a reason."""

from dataclasses import replace
from typing import Any

import pytest

from provisioning.contract import (
    E164,
    NATION,
    DayKind,
    Freephone,
    FreephoneOption,
    Group,
    Level,
    OriginArea,
    Reception,
    Schedule,
    Shares,
    YearDay,
)
from provisioning.freephone.model import faults
from tests.support.freephones import (
    EVERYTHING,
    FIRST,
    GEOGRAPHY,
    KANSAI,
    KANTO,
    NUMBER,
    SECOND,
    TACHIKAWA_MA,
    THIRD,
    TOKYO,
    TOKYO_MA,
    contract,
    daily,
    every_day,
    office_hours,
)

Option = FreephoneOption
SPLIT = EVERYTHING - {Option.DETOUR} | {Option.SHARE_SPLIT}
OTHER_FREEPHONE = E164("+818001234567")
SIX = tuple(E164(f"+8131111111{last}") for last in range(6))


def shared(*lines: E164, weights: tuple[int, ...] | None = None, **more: Any) -> Group:
    return Group(
        more.pop("name", "all"),
        more.pop("areas", (NATION,)),
        shares=Shares(lines, weights or (1,) * len(lines), **more),
    )


def told(one: Freephone) -> set[tuple[str, str]]:
    return {(fault.rule, fault.field) for fault in faults(one, GEOGRAPHY)}


def test_whole_contracts_have_no_fault() -> None:
    by_area = contract(
        Group("east", (KANTO,), FIRST),
        Group("west", (KANSAI,), SECOND),
        receptions=(
            Reception(FIRST, detours=(SECOND,), off_hours=office_hours()),
            Reception(SECOND, change=office_hours(off=THIRD, on=None)),
            Reception(THIRD),
        ),
    )
    by_shares = contract(shared(FIRST, SECOND, weights=(9, 0)), options=SPLIT)
    assert told(by_area) == told(by_shares) == told(contract()) == set()


MONDAYLESS = Schedule({kind: daily((0, 24, True)) for kind in DayKind if kind != DayKind.MONDAY})

WRONG = {
    "the same area twice": (
        contract(Group("a", (TOKYO,), FIRST), Group("b", (TOKYO,), SECOND, mobiles=False)),
        ("FREE-03", "groups[1].areas"),
    ),
    "the same area twice in one group": (
        contract(Group("a", (TOKYO, TOKYO), FIRST)),
        ("FREE-03", "groups[0].areas"),
    ),
    "an area within another": (
        contract(Group("a", (KANTO,), FIRST), Group("b", (TOKYO_MA,), SECOND, mobiles=False)),
        ("FREE-03", "groups[1].areas"),
    ),
    "two mobile groups over a prefecture's MAs": (
        contract(Group("a", (TOKYO_MA,), FIRST), Group("b", (TACHIKAWA_MA,), SECOND)),
        ("FREE-03", "groups[1].mobiles"),
    ),
    "no such prefecture": (
        contract(Group("a", (OriginArea(Level.PREFECTURE, "江戸府"),), FIRST)),
        ("FREE-03", "groups[0].areas"),
    ),
    "an MA of another prefecture": (
        contract(Group("a", (OriginArea(Level.MA, "大阪", "東京都"),), FIRST)),
        ("FREE-03", "groups[0].areas"),
    ),
    "no area": (contract(Group("a", (), FIRST)), ("FREE-03", "groups[0].areas")),
    "no line": (contract(Group("a", (NATION,))), ("FREE-06", "groups[0]")),
    "no group": (contract(receptions=(Reception(FIRST),)), None),
    "detour with split": (
        contract(options=frozenset(Option)),
        ("FREE-11", "options"),
    ),
    "several lines without the option": (
        contract(
            Group("a", (KANTO,), FIRST),
            Group("b", (KANSAI,), SECOND),
            options=frozenset({Option.AREA_SPLIT}),
        ),
        ("FREE-05", "receptions"),
    ),
    "groups without the option": (
        contract(Group("a", (KANTO,), FIRST), Group("b", (KANSAI,), FIRST), options=frozenset()),
        ("FREE-06", "groups"),
    ),
    "a line in two split groups": (
        contract(
            shared(FIRST, SECOND, areas=(KANTO,)),
            shared(SECOND, THIRD, name="b", areas=(KANSAI,)),
            options=SPLIT,
        ),
        ("FREE-08", "groups"),
    ),
    "six shares": (
        contract(shared(*SIX), receptions=tuple(map(Reception, SIX)), options=SPLIT),
        ("FREE-08", "groups[0].shares.lines"),
    ),
    "weight ten": (
        contract(shared(FIRST, SECOND, weights=(10, 1)), options=SPLIT),
        ("FREE-08", "groups[0].shares.weights"),
    ),
    "weight minus one": (
        contract(shared(FIRST, SECOND, weights=(-1, 1)), options=SPLIT),
        ("FREE-08", "groups[0].shares.weights"),
    ),
    "nobody receives": (
        contract(shared(FIRST, SECOND, weights=(0, 0)), options=SPLIT),
        ("FREE-08", "groups[0].shares.weights"),
    ),
    "a weight too many": (
        contract(shared(FIRST, SECOND, weights=(1, 1, 1)), options=SPLIT),
        ("FREE-08", "groups[0].shares.weights"),
    ),
    "nobody receives at night": (
        contract(
            shared(FIRST, SECOND, schedule=office_hours(off=(0, 0), on=(1, 1))), options=SPLIT
        ),
        ("FREE-08", "groups[0].shares.schedule.mon[0]"),
    ),
    "its own detour": (
        contract(receptions=(Reception(FIRST, detours=(FIRST,)),)),
        ("FREE-07", "receptions[0].detours"),
    ),
    "changed to itself": (
        contract(receptions=(Reception(FIRST, change=office_hours(off=FIRST, on=None)),)),
        ("FREE-09", "receptions[0].change"),
    ),
    "no channel": (
        contract(receptions=(Reception(FIRST, channels=0),)),
        ("FREE-05", "receptions[0].channels"),
    ),
    "no call at all": (contract(capacity=0), ("FREE-05", "capacity")),
    "a shared capacity without the option": (
        contract(
            receptions=(Reception(FIRST),),
            capacity=1,
            options=EVERYTHING - {Option.SEVERAL_LINES},
        ),
        ("FREE-05", "capacity"),
    ),
    "its own number receives": (
        contract(Group("a", (NATION,), NUMBER), receptions=(Reception(NUMBER),)),
        ("FREE-01", "groups[0].line"),
    ),
    "its own number is a share": (
        contract(shared(FIRST, NUMBER), options=SPLIT),
        ("FREE-01", "groups[0].shares.lines"),
    ),
    "another freephone number is a detour": (
        contract(receptions=(Reception(FIRST, detours=(OTHER_FREEPHONE,)),)),
        ("FREE-01", "receptions[0].detours"),
    ),
    "its own number receives by schedule": (
        contract(receptions=(Reception(FIRST, change=office_hours(off=NUMBER, on=None)),)),
        ("FREE-01", "receptions[0].change.mon[0]"),
    ),
    "a detour nobody describes": (
        contract(receptions=(Reception(FIRST, detours=(SECOND,)),)),
        ("FREE-05", "receptions"),
    ),
    "a group named twice": (
        contract(Group("a", (KANTO,), FIRST), Group("a", (KANSAI,), FIRST)),
        ("FREE-06", "groups"),
    ),
    "25 o'clock": (
        contract(receptions=(Reception(FIRST, off_hours=every_day(daily((0, 25, True)))),)),
        ("FREE-10", "receptions[0].off_hours.mon[0]"),
    ),
    "a hole": (
        contract(
            receptions=(
                Reception(FIRST, off_hours=every_day(daily((0, 9, True), (10, 24, False)))),
            )
        ),
        ("FREE-10", "receptions[0].off_hours.mon[1]"),
    ),
    "an overlap": (
        contract(
            receptions=(Reception(FIRST, off_hours=every_day(daily((0, 9, True), (8, 24, False)))),)
        ),
        ("FREE-10", "receptions[0].off_hours.mon[1]"),
    ),
    "an unfinished day": (
        contract(receptions=(Reception(FIRST, off_hours=every_day(daily((0, 23, True)))),)),
        ("FREE-10", "receptions[0].off_hours.mon"),
    ),
    "no Monday": (
        contract(receptions=(Reception(FIRST, off_hours=MONDAYLESS),)),
        ("FREE-10", "receptions[0].off_hours.mon"),
    ),
    "31 April": (
        contract(
            receptions=(
                Reception(
                    FIRST,
                    off_hours=replace(
                        office_hours(), yearly={YearDay(4, 31): daily((0, 24, True))}
                    ),
                ),
            )
        ),
        ("FREE-10", "receptions[0].off_hours.04-31"),
    ),
}
WRONG["no group"] = (
    replace(contract(), groups=()),
    ("FREE-01", "groups"),
)


@pytest.mark.rule("FREE-03")
@pytest.mark.rule("FREE-11")
@pytest.mark.parametrize("name", WRONG)
def test_a_contract_that_breaks_a_rule_is_refused(name: str) -> None:
    one, expected = WRONG[name]
    assert expected in told(one)
    assert all(
        fault.ja.endswith("。") and fault.en.endswith(".") for fault in faults(one, GEOGRAPHY)
    )


def test_29_february_may_be_scheduled() -> None:
    schedule = replace(office_hours(), yearly={YearDay(2, 29): daily((0, 24, True))})
    assert told(contract(receptions=(Reception(FIRST, off_hours=schedule),))) == set()


@pytest.mark.rule("FREE-05")
@pytest.mark.rule("FREE-06")
@pytest.mark.parametrize(
    "option", sorted(set(Option) - {Option.NUMBER_DISPLAY, Option.CUSTOMER_CONTROL})
)
def test_what_is_not_contracted_cannot_be_used(option: FreephoneOption) -> None:
    used = {
        Option.SEVERAL_LINES: contract(
            receptions=(Reception(FIRST, detours=(SECOND,)), Reception(SECOND))
        ),
        Option.AREA_SPLIT: contract(Group("a", (KANTO,), FIRST), Group("b", (KANSAI,), FIRST)),
        Option.DETOUR: contract(
            receptions=(Reception(FIRST, detours=(SECOND,)), Reception(SECOND))
        ),
        Option.SHARE_SPLIT: contract(shared(FIRST), options=SPLIT),
        Option.DESTINATION_CHANGE: contract(
            receptions=(
                Reception(FIRST, change=office_hours(off=SECOND, on=None)),
                Reception(SECOND),
            )
        ),
        Option.OFF_HOURS: contract(receptions=(Reception(FIRST, off_hours=office_hours()),)),
    }[option]
    assert told(used) == set()
    assert len(told(replace(used, options=used.options - {option}))) == 1
