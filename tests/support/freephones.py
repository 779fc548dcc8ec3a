"""Freephone contracts of tests: a small country, lines, and schedules that are easily read."""

from datetime import date
from typing import Any

from provisioning.contract import (
    E164,
    NATION,
    Band,
    DayKind,
    DayPlan,
    Freephone,
    FreephoneOption,
    Geography,
    Group,
    Level,
    Moment,
    OriginArea,
    Reception,
    Schedule,
)

NUMBER = E164("+81120000003")
FIRST, SECOND, THIRD = (E164(f"+8130000000{last}") for last in "123")

GEOGRAPHY = Geography(
    regions={"関東": frozenset({"東京都", "千葉県"}), "関西": frozenset({"大阪府"})},
    message_areas={
        "東京都": frozenset({"東京", "立川"}),
        "千葉県": frozenset({"千葉"}),
        "大阪府": frozenset({"大阪"}),
    },
)
KANTO, KANSAI = OriginArea(Level.REGION, "関東"), OriginArea(Level.REGION, "関西")
TOKYO = OriginArea(Level.PREFECTURE, "東京都")
TOKYO_MA = OriginArea(Level.MA, "東京", "東京都")
TACHIKAWA_MA = OriginArea(Level.MA, "立川", "東京都")

EVERYTHING = frozenset(FreephoneOption) - {FreephoneOption.SHARE_SPLIT}
"""Every option but the one that excludes detours."""

MONDAY = date(2026, 11, 2)
NOON = Moment(MONDAY, 12 * 60)
NIGHT = Moment(MONDAY, 23 * 60)


def daily(*bands: tuple[int, int, object]) -> DayPlan[Any]:
    """A day plan from (hour, hour, value)."""
    return tuple(Band(begins * 60, ends * 60, value) for begins, ends, value in bands)


def every_day(plan: DayPlan[Any]) -> Schedule[Any]:
    """The same plan on each day."""
    return Schedule(dict.fromkeys(DayKind, plan))


def office_hours(*, off: object = True, on: object = False) -> Schedule[Any]:
    """`on` from nine to six, and `off` else."""
    return every_day(daily((0, 9, off), (9, 18, on), (18, 24, off)))


def contract(*groups: Group, receptions: tuple[Reception, ...] = (), **more: object) -> Freephone:
    """A contract of one line for the whole country, unless told otherwise."""
    given: dict[str, object] = {
        "groups": groups or (Group("all", (NATION,), FIRST),),
        "receptions": receptions or tuple(Reception(line) for line in (FIRST, SECOND, THIRD)),
        "options": EVERYTHING,
        **more,
    }
    return Freephone(NUMBER, **given)  # type: ignore[arg-type]
