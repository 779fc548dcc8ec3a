"""Where a call to a freephone number goes, rule by rule."""

from dataclasses import replace
from datetime import date

import pytest

from ivr.numbering.freephone import (
    RULES,
    AllBusy,
    Caller,
    Circumstances,
    Connect,
    Decision,
    Found,
    Guidance,
    OffHours,
    Outcome,
    Refused,
    decide,
)
from provisioning.contract import (
    NATION,
    Freephone,
    FreephoneOption,
    Group,
    Moment,
    Reception,
    Shares,
    TrunkClass,
    YearDay,
)
from tests.support.freephones import (
    EVERYTHING,
    FIRST,
    GEOGRAPHY,
    KANSAI,
    KANTO,
    NIGHT,
    NOON,
    SECOND,
    TACHIKAWA_MA,
    THIRD,
    TOKYO_MA,
    contract,
    daily,
    office_hours,
)

IN_TOKYO = Caller(TrunkClass.FIXED, "東京都", "東京")
MOBILE_IN_TOKYO = Caller(TrunkClass.MOBILE, "東京都")


def asked(one: Freephone, caller: Caller = IN_TOKYO, now: Circumstances | None = None) -> Decision:
    return decide(one, caller, GEOGRAPHY, now or Circumstances(NOON))


def outcome(one: Freephone, caller: Caller = IN_TOKYO, now: Circumstances | None = None) -> Outcome:
    return asked(one, caller, now).outcome


@pytest.mark.parametrize(
    "kind", [TrunkClass.IP_PHONE, TrunkClass.INTERNATIONAL, TrunkClass.SATELLITE]
)
def test_some_telephones_are_never_taken(kind: TrunkClass) -> None:
    assert outcome(contract(), Caller(kind)) == Refused(Guidance.CALLER_KIND)


@pytest.mark.parametrize("kind", [TrunkClass.FIXED, TrunkClass.PAYPHONE, TrunkClass.MOBILE])
def test_the_whole_country_is_taken_wherever_the_caller_is(kind: TrunkClass) -> None:
    assert outcome(contract(), Caller(kind)) == Connect(FIRST)


@pytest.mark.parametrize("kind", [TrunkClass.MOBILE, TrunkClass.PHS])
def test_mobiles_are_switched_off_one_by_one(kind: TrunkClass) -> None:
    one = replace(contract(), mobile=kind is not TrunkClass.MOBILE, phs=kind is not TrunkClass.PHS)
    taken = {TrunkClass.MOBILE, TrunkClass.PHS} - {kind}
    assert outcome(one, Caller(kind, "東京都")) == Refused(Guidance.MOBILE)
    assert outcome(one, Caller(taken.pop(), "東京都")) == Connect(FIRST)


def test_an_area_that_is_not_accepted_is_told_so() -> None:
    one = contract(Group("east", (KANTO,), FIRST))
    assert outcome(one, Caller(TrunkClass.FIXED, "大阪府", "大阪")) == Refused(Guidance.AREA)
    assert outcome(one, Caller(TrunkClass.FIXED)) == Refused(Guidance.AREA)


@pytest.mark.rule("FREE-06")
def test_each_area_has_its_group_s_line() -> None:
    one = contract(Group("east", (KANTO,), FIRST), Group("west", (KANSAI,), SECOND))
    assert outcome(one) == Connect(FIRST)
    assert outcome(one, Caller(TrunkClass.FIXED, "大阪府", "大阪")) == Connect(SECOND)


def test_of_two_groups_of_message_areas_one_takes_the_prefecture_s_mobiles() -> None:
    one = contract(
        Group("tokyo", (TOKYO_MA,), FIRST, mobiles=False), Group("tama", (TACHIKAWA_MA,), SECOND)
    )
    assert outcome(one) == Connect(FIRST)
    assert outcome(one, Caller(TrunkClass.FIXED, "東京都", "立川")) == Connect(SECOND)
    assert outcome(one, MOBILE_IN_TOKYO) == Connect(SECOND)


def test_an_area_that_takes_no_mobiles_says_that_and_not_the_area() -> None:
    one = contract(Group("tokyo", (TOKYO_MA,), FIRST, mobiles=False))
    assert outcome(one, MOBILE_IN_TOKYO) == Refused(Guidance.MOBILE)
    assert outcome(one, Caller(TrunkClass.MOBILE, "大阪府")) == Refused(Guidance.AREA)


def test_more_calls_than_the_number_may_have_find_it_busy() -> None:
    one = contract(capacity=2)
    assert outcome(one, now=Circumstances(NOON, calls=1)) == Connect(FIRST)
    assert outcome(one, now=Circumstances(NOON, calls=2)) == AllBusy()


@pytest.mark.rule("FREE-07")
def test_a_busy_line_detours_in_turn_and_across_groups() -> None:
    one = contract(
        Group("east", (KANTO,), FIRST),
        Group("west", (KANSAI,), SECOND),
        receptions=(Reception(FIRST, detours=(SECOND, THIRD)), Reception(SECOND), Reception(THIRD)),
    )
    assert outcome(one, now=Circumstances(NOON, {FIRST})) == Connect(SECOND)
    assert outcome(one, now=Circumstances(NOON, {FIRST, SECOND})) == Connect(THIRD)
    assert outcome(one, now=Circumstances(NOON, {FIRST, SECOND, THIRD})) == AllBusy()


def test_without_a_detour_a_busy_line_is_busy() -> None:
    assert outcome(contract(), now=Circumstances(NOON, {FIRST})) == AllBusy()


def test_a_detour_s_own_detours_are_not_asked() -> None:
    receptions = (
        Reception(FIRST, detours=(SECOND,)),
        Reception(SECOND, detours=(THIRD,)),
        Reception(THIRD),
    )
    busy = Circumstances(NOON, {FIRST, SECOND})
    assert outcome(contract(receptions=receptions), now=busy) == AllBusy()


CLOSED = Reception(FIRST, off_hours=office_hours())


def test_out_of_hours_the_guidance_is_played() -> None:
    one = contract(receptions=(CLOSED,))
    assert outcome(one) == Connect(FIRST)
    assert outcome(one, now=Circumstances(NIGHT)) == OffHours()


@pytest.mark.rule("FREE-11")
def test_the_guidance_comes_before_a_changed_destination() -> None:
    both = replace(CLOSED, change=office_hours(off=SECOND, on=None))
    assert outcome(contract(receptions=(both,)), now=Circumstances(NIGHT)) == OffHours()


@pytest.mark.rule("FREE-11")
def test_with_detours_the_guidance_waits_until_all_are_off_hours() -> None:
    some = (replace(CLOSED, detours=(SECOND,)), Reception(SECOND))
    every = (some[0], replace(CLOSED, line=SECOND))
    night = Circumstances(NIGHT)
    assert outcome(contract(receptions=some), now=night) == Connect(SECOND)
    assert outcome(contract(receptions=every), now=night) == OffHours()
    assert outcome(contract(receptions=some), now=Circumstances(NIGHT, {SECOND})) == AllBusy()


@pytest.mark.rule("FREE-09")
def test_a_changed_destination_s_own_options_are_not_asked() -> None:
    one = contract(
        receptions=(
            Reception(FIRST, change=office_hours(off=SECOND, on=None), detours=(THIRD,)),
            replace(CLOSED, line=SECOND, change=office_hours(off=THIRD, on=None)),
            Reception(THIRD),
        )
    )
    assert outcome(one) == Connect(FIRST)
    assert outcome(one, now=Circumstances(NIGHT)) == Connect(SECOND, changed=True)
    assert outcome(one, now=Circumstances(NIGHT, {FIRST})) == Connect(SECOND, changed=True)
    assert outcome(one, now=Circumstances(NIGHT, {SECOND})) == AllBusy()


SPLIT = frozenset(FreephoneOption) - {FreephoneOption.DETOUR}


def split(*weights: int, night: tuple[int, ...] | None = None) -> Freephone:
    schedule = office_hours(off=night, on=weights) if night else None
    shares = Shares((FIRST, SECOND), weights, schedule)
    return contract(Group("all", (NATION,), shares=shares), options=SPLIT)


def test_calls_are_split_by_weight_and_the_turn_is_handed_on() -> None:
    one, now, lines = split(2, 1), Circumstances(NOON), []
    for _ in range(6):
        decision = asked(one, now=now)
        assert isinstance(decision.outcome, Connect)
        lines.append(decision.outcome.line)
        now = replace(now, turns=decision.turns)
    assert lines == [FIRST, SECOND, FIRST, FIRST, SECOND, FIRST]


@pytest.mark.rule("FREE-08")
def test_at_night_other_weights_hold() -> None:
    one = split(1, 0, night=(0, 1))
    assert outcome(one) == Connect(FIRST)
    assert outcome(one, now=Circumstances(NIGHT)) == Connect(SECOND)


@pytest.mark.rule("FREE-08")
def test_weights_that_hold_at_some_hours_go_on_where_they_stood() -> None:
    """A call by day and one by night, day by day: each line has its half of the days."""
    one, turns = split(1, 1, night=(0, 1)), Circumstances(NOON).turns
    lines = []
    for moment in (NOON, NIGHT) * 4:
        decision = asked(one, now=Circumstances(moment, turns=turns))
        assert isinstance(decision.outcome, Connect)
        lines.append(decision.outcome.line)
        turns = decision.turns
    assert lines[0::2] == [FIRST, SECOND, FIRST, SECOND]
    assert lines[1::2] == [SECOND] * 4


def test_a_busy_share_is_not_given_to_another() -> None:
    assert outcome(split(1, 0), now=Circumstances(NOON, {FIRST})) == AllBusy()


@pytest.mark.parametrize(
    ("moment", "off"),
    [
        (Moment(date(2026, 11, 3), 720, holiday=True), True),
        (Moment(date(2026, 11, 3), 720, holiday=False), False),
        (Moment(date(2026, 12, 31), 720), True),
        (Moment(date(2028, 2, 29), 720), True),
        (Moment(date(2027, 3, 1), 720), False),
        (Moment(date(2026, 11, 4), 720), False),
        (Moment(date(2026, 11, 5), 720), True),
        (Moment(date(2026, 11, 4), 539), True),
        (Moment(date(2026, 11, 4), 540), False),
        (Moment(date(2026, 11, 4), 1080), True),
    ],
)
def test_holidays_year_end_leap_days_and_dates(moment: Moment, off: bool) -> None:
    whole_day = daily((0, 24, True))
    hours = office_hours()
    hours = replace(
        hours,
        days={kind: whole_day if kind == "holiday" else plan for kind, plan in hours.days.items()},
        yearly={YearDay(12, 31): whole_day, YearDay(2, 29): whole_day},
        dates={date(2026, 11, 5): whole_day},
    )
    one = contract(receptions=(Reception(FIRST, off_hours=hours),))
    expected = OffHours() if off else Connect(FIRST)
    assert outcome(one, now=Circumstances(moment)) == expected


@pytest.mark.rule("FREE-15")
def test_every_rule_is_told_and_one_decided() -> None:
    one = contract(receptions=(replace(CLOSED, detours=(SECOND,)), Reception(SECOND)))
    steps = asked(one, now=Circumstances(NIGHT)).steps
    assert {step.rule for step in steps} == set(RULES)
    assert [step.rule for step in steps if step.decided] == ["FREE-07"]
    assert ("FREE-10", Found.LINE_OFF_HOURS, FIRST) in [step[:3] for step in steps]
    assert ("FREE-08", Found.NOT_SET, "") in [step[:3] for step in steps]
    assert ("FREE-14", Found.NOT_REACHED, "") in [step[:3] for step in steps]


def test_a_detour_that_is_not_contracted_is_not_taken() -> None:
    receptions = (Reception(FIRST, detours=(SECOND,)), Reception(SECOND))
    one = contract(receptions=receptions, options=EVERYTHING - {FreephoneOption.DETOUR})
    assert outcome(one, now=Circumstances(NOON, {FIRST})) == AllBusy()
