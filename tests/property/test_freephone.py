"""Freephone decisions against a slow model that tries every rule by hand."""

from collections.abc import Sequence
from dataclasses import replace
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

LINES = (FIRST, SECOND, THIRD, E164("+81300000004"), E164("+81300000005"))
PLACES = [(prefecture, ma) for prefecture, mas in GEOGRAPHY.message_areas.items() for ma in mas]
AREAS = [
    NATION,
    *(OriginArea(Level.REGION, name) for name in GEOGRAPHY.regions),
    *(OriginArea(Level.PREFECTURE, name) for name in GEOGRAPHY.message_areas),
    *(OriginArea(Level.MA, ma, prefecture) for prefecture, ma in PLACES),
]
TILINGS = (
    (NATION,),
    tuple(OriginArea(Level.REGION, name) for name in GEOGRAPHY.regions),
    tuple(OriginArea(Level.PREFECTURE, name) for name in GEOGRAPHY.message_areas),
    tuple(OriginArea(Level.MA, ma, prefecture) for prefecture, ma in sorted(PLACES)),
)
"""Areas that do not overlap, and are all of the country."""
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
def groups_at_random(draw: st.DrawFn) -> list[Group]:
    """Groups of any areas; what `faults` finds wrong in them is left to it."""
    areas = st.lists(st.sampled_from(AREAS), min_size=1, max_size=3, unique=True)
    return [
        Group(name, tuple(draw(areas)), draw(st.sampled_from(LINES)), mobiles=draw(st.booleans()))
        for name in draw(st.sampled_from([("a",), ("a", "b"), ("a", "b", "c")]))
    ]


@st.composite
def shares(draw: st.DrawFn, lines: Sequence[E164]) -> Shares:
    weights = st.lists(st.integers(0, 9), min_size=len(lines), max_size=len(lines))
    rows = weights.filter(any).map(tuple)
    return Shares(tuple(lines), draw(rows), draw(st.none() | schedules(rows)))


@st.composite
def groups_that_fit(draw: st.DrawFn, *, splits: bool) -> list[Group]:
    """Groups that share out the country, or some of it, and the lines when they split."""
    tiling = draw(st.sampled_from(TILINGS))
    owners = draw(st.lists(st.sampled_from("aabbcc-"), min_size=len(tiling), max_size=len(tiling)))
    names = sorted(set(owners) - {"-"}) or ["a"]
    found, lines = [], draw(st.permutations(LINES))
    for at, name in enumerate(names):
        areas = tuple(a for a, owner in zip(tiling, owners, strict=True) if owner == name)
        own = [line for n, line in enumerate(lines) if n % len(names) == at]
        group = Group(name, areas or tiling[:1], mobiles=draw(st.booleans()) and at == 0)
        more = {"shares": draw(shares(own))} if splits else {"line": draw(st.sampled_from(LINES))}
        found.append(replace(group, **more))
    return found


@st.composite
def contracts(draw: st.DrawFn, *, fit: bool) -> Freephone:
    """Contracts of every kind."""
    splits = fit and draw(st.booleans())
    groups = draw(groups_that_fit(splits=splits) if fit else groups_at_random())
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
    ways = draw(st.lists(st.sampled_from(others), max_size=2, unique=True)) if detours else []
    changes = st.none() | st.sampled_from(others)
    return Reception(
        line,
        detours=tuple(ways),
        off_hours=draw(st.none() | schedules(st.sampled_from([True, True, False]))),
        change=draw(st.none() | schedules(changes)),
    )


callers = st.builds(
    lambda kind, place: Caller(kind, *(place if kind is TrunkClass.FIXED else place[:1])),
    st.sampled_from([*TrunkClass, *[TrunkClass.FIXED] * 7]),
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


def turn_of(split: Shares, moment: Moment, nth: int) -> E164:
    """Whose the `nth` call is: always theirs who are furthest behind their share."""
    weights = split.schedule.at(moment) if split.schedule else split.weights
    had = dict.fromkeys(split.lines, 0)
    for calls in range(1, nth + 1):
        behind = [
            calls * w - had[line] * sum(weights) for line, w in zip(had, weights, strict=True)
        ]
        chosen = split.lines[behind.index(max(behind))]
        had[chosen] += 1
    return chosen


def expected(one: Freephone, caller: Caller, now: Circumstances, nth: int) -> Outcome:
    """The rules read off one after another, of the `nth` call of the kind."""
    group = refused(one, caller)
    if not isinstance(group, Group):
        return group
    if one.capacity is not None and now.calls >= one.capacity:
        return AllBusy()
    by_line = {reception.line: reception for reception in one.receptions}
    shared = group.shares
    first = by_line[turn_of(shared, now.moment, nth) if shared else group.lines[0]]
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
@given(contracts(fit=True), callers, circumstances)
def test_decisions_are_what_the_rules_say_one_by_one(
    one: Freephone, caller: Caller, now: Circumstances
) -> None:
    assert not faults(one, GEOGRAPHY)
    for nth in range(1, 8):
        decision = decide(one, caller, GEOGRAPHY, now)
        assert decision.outcome == expected(one, caller, now, nth)
        assert [step.decided for step in decision.steps].count(True) == 1
        now = replace(now, turns=decision.turns)


@PATIENT
@given(contracts(fit=False), callers)
def test_no_caller_has_two_groups_in_a_contract_without_fault(
    one: Freephone, caller: Caller
) -> None:
    if not faults(one, GEOGRAPHY):
        mobile = caller.kind in (TrunkClass.MOBILE, TrunkClass.PHS)
        groups = [g for g in one.groups if g.mobiles or not mobile]
        there = [g.name for g in groups if any(covers(area, caller) for area in g.areas)]
        assert len(there) <= 1
