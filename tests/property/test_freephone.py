"""Freephone decisions against a slow model that tries every rule by hand."""

from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ivr.numbering.freephone import (
    AllBusy,
    Caller,
    Circumstances,
    Connect,
    Guidance,
    OffHours,
    Outcome,
    Refused,
    decide,
)
from provisioning.contract import (
    E164,
    NATION,
    Band,
    DayKind,
    Freephone,
    FreephoneOption,
    Group,
    Level,
    Moment,
    OriginArea,
    Reception,
    Schedule,
    Shares,
    TrunkClass,
)
from provisioning.freephone.model import faults
from tests.support.freephones import FIRST, GEOGRAPHY, NUMBER, SECOND, THIRD

LINES = (FIRST, SECOND, THIRD)
PLACES = [(prefecture, ma) for prefecture, mas in GEOGRAPHY.message_areas.items() for ma in mas]
AREAS = [
    NATION,
    *(OriginArea(Level.REGION, name) for name in GEOGRAPHY.regions),
    *(OriginArea(Level.PREFECTURE, name) for name in GEOGRAPHY.message_areas),
    *(OriginArea(Level.MA, ma, prefecture) for prefecture, ma in PLACES),
]
OPTIONS = frozenset(FreephoneOption)
DETOURS = OPTIONS - {FreephoneOption.SHARE_SPLIT}
SPLITS = OPTIONS - {FreephoneOption.DETOUR}


def schedules(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Schedule[Any]]:
    def plan(at: int, before: Any, after: Any) -> tuple[Band[Any], ...]:
        return (Band(0, at, before), Band(at, 1440, after))

    def week(weekdays: tuple[Band[Any], ...], holidays: tuple[Band[Any], ...]) -> Schedule[Any]:
        return Schedule({**dict.fromkeys(DayKind, weekdays), DayKind.HOLIDAY: holidays})

    plans = st.builds(plan, st.integers(1, 1439), values, values)
    return st.builds(week, plans, plans)


@st.composite
def contracts(draw: st.DrawFn) -> Freephone:
    """Contracts of every kind; what `faults` finds wrong in them is left to it."""
    splits = draw(st.booleans())
    groups = []
    for name in draw(st.sampled_from([("a",), ("a", "b"), ("a", "b", "c")])):
        areas = tuple(draw(st.lists(st.sampled_from(AREAS), min_size=1, max_size=3, unique=True)))
        mobiles = draw(st.booleans())
        if splits:
            weights = draw(st.sampled_from([(1,), (3,), (9,)]))
            shares = Shares((draw(st.sampled_from(LINES)),), weights)
            groups.append(Group(name, areas, shares=shares, mobiles=mobiles))
        else:
            line = draw(st.sampled_from(LINES))
            groups.append(Group(name, areas, line, mobiles=mobiles))
    return Freephone(
        NUMBER,
        tuple(groups),
        tuple(draw(receptions(line, detours=not splits)) for line in LINES),
        SPLITS if splits else DETOURS,
        draw(st.booleans()),
        draw(st.booleans()),
        draw(st.none() | st.integers(1, 3)),
    )


@st.composite
def receptions(draw: st.DrawFn, line: E164, *, detours: bool) -> Reception:
    others = [other for other in LINES if other != line]
    ways = draw(st.lists(st.sampled_from(others), unique=True)) if detours else []
    changes = st.none() | st.sampled_from(others)
    return Reception(
        line,
        detours=tuple(ways),
        off_hours=draw(st.none() | schedules(st.booleans())),
        change=draw(st.none() | schedules(changes)),
    )


callers = st.builds(
    lambda kind, place: Caller(kind, *(place if kind is TrunkClass.FIXED else place[:1])),
    st.sampled_from(TrunkClass),
    st.sampled_from(PLACES),
)
moments = st.builds(
    Moment,
    st.dates(date(2024, 1, 1), date(2029, 12, 31)),
    st.integers(0, 1439),
    st.booleans(),
)
circumstances = st.builds(
    Circumstances, moments, st.frozensets(st.sampled_from(LINES)), st.integers(0, 4)
)


def covers(area: OriginArea, caller: Caller) -> bool:
    if area.level is Level.NATION:
        return True
    if area.level is Level.REGION:
        return caller.prefecture in GEOGRAPHY.regions[area.name]
    if area.level is Level.PREFECTURE or caller.kind in (TrunkClass.MOBILE, TrunkClass.PHS):
        return caller.prefecture == (area.prefecture or area.name)
    return (caller.prefecture, caller.ma) == (area.prefecture, area.name)


def refused(one: Freephone, caller: Caller) -> Outcome | Group:
    """FREE-02 and FREE-03 read off one after another: why not, or the caller's group."""
    mobile = caller.kind in (TrunkClass.MOBILE, TrunkClass.PHS)
    if caller.kind in (TrunkClass.IP_PHONE, TrunkClass.INTERNATIONAL, TrunkClass.SATELLITE):
        return Refused(Guidance.CALLER_KIND)
    if {TrunkClass.MOBILE: one.mobile, TrunkClass.PHS: one.phs}.get(caller.kind) is False:
        return Refused(Guidance.MOBILE)
    there = [g for g in one.groups if any(covers(area, caller) for area in g.areas)]
    taking = [g for g in there if g.mobiles or not mobile]
    if not taking:
        return Refused(Guidance.MOBILE if there else Guidance.AREA)
    (group,) = taking
    return group


def expected(one: Freephone, caller: Caller, now: Circumstances) -> Outcome:
    """The rules read off one after another."""
    group = refused(one, caller)
    if not isinstance(group, Group):
        return group
    if one.capacity is not None and now.calls >= one.capacity:
        return AllBusy()
    by_line = {reception.line: reception for reception in one.receptions}
    first = by_line[group.lines[0]]
    chain = [first, *(by_line[line] for line in first.detours)]
    chain = [r for r in chain if r.off_hours is None or not r.off_hours.at(now.moment)]
    for reception in chain:
        change = reception.change.at(now.moment) if reception.change else None
        if change is not None:
            return AllBusy() if change in now.busy else Connect(change, changed=True)
        if reception.line not in now.busy:
            return Connect(reception.line)
    return AllBusy() if chain else OffHours()


PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.rule("FREE-11")
@PATIENT
@given(contracts(), callers, circumstances)
def test_a_decision_is_what_the_rules_say_one_by_one(
    one: Freephone, caller: Caller, now: Circumstances
) -> None:
    if not faults(one, GEOGRAPHY):
        decision = decide(one, caller, GEOGRAPHY, now)
        assert decision.outcome == expected(one, caller, now)
        assert [step.decided for step in decision.steps].count(True) == 1


@PATIENT
@given(contracts(), callers)
def test_no_caller_has_two_groups_in_a_contract_without_fault(
    one: Freephone, caller: Caller
) -> None:
    if not faults(one, GEOGRAPHY):
        mobile = caller.kind in (TrunkClass.MOBILE, TrunkClass.PHS)
        groups = [g for g in one.groups if g.mobiles or not mobile]
        there = [g.name for g in groups if any(covers(area, caller) for area in g.areas)]
        assert len(there) <= 1
