"""Which schedules may be: every day is full, nothing overlaps, each minute and date exists."""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple, TypeVar

from provisioning.contract.schedule import MINUTES, DayKind, DayPlan, Schedule, YearDay

V = TypeVar("V")

LEAP_YEAR = 2024
"""A year that has every day a year can have."""


class Fault(NamedTuple):
    """What is wrong: the rule, the field as a path, and the reason in both languages."""

    rule: str
    field: str
    ja: str
    en: str


def schedule_faults(rule: str, field: str, schedule: Schedule[V]) -> Iterator[Fault]:
    """Everything wrong with a schedule."""
    for kind in DayKind:
        if kind not in schedule.days:
            yield Fault(
                rule,
                f"{field}.{kind}",
                "曜日と祝日のすべてに時間帯を設定してください。",
                "Every weekday and the holidays need their bands.",
            )
    for day in schedule.yearly:
        if not _exists(day):
            yield Fault(
                rule,
                f"{field}.{day.month:02}-{day.day:02}",
                f"{day.month}月{day.day}日はありません。",
                f"No year has a day {day.month:02}-{day.day:02}.",
            )
    for name, plan in day_plans(schedule):
        yield from _plan_faults(rule, f"{field}.{name}", plan)


def day_plans(schedule: Schedule[V]) -> Iterator[tuple[str, DayPlan[V]]]:
    """Every day plan with the name its day goes by in a field's path."""
    for kind, plan in schedule.days.items():
        yield kind.value, plan
    for day, plan in schedule.yearly.items():
        yield f"{day.month:02}-{day.day:02}", plan
    for dated, plan in schedule.dates.items():
        yield dated.isoformat(), plan


def schedule_values(schedule: Schedule[V]) -> Iterator[tuple[str, V]]:
    """Everything that ever holds, with the field where it stands."""
    for name, plan in day_plans(schedule):
        for at, band in enumerate(plan):
            yield f"{name}[{at}]", band.value


def _plan_faults(rule: str, field: str, plan: DayPlan[V]) -> Iterator[Fault]:
    filled = 0
    for at, band in enumerate(plan):
        if not 0 <= band.begins < band.ends <= MINUTES:
            yield Fault(
                rule,
                f"{field}[{at}]",
                "時間帯は0時00分から24時00分まで、開始より後に終わるように設定してください。",
                "A band lies between 00:00 and 24:00 and ends after it begins.",
            )
            return
        if band.begins != filled:
            yield _gap(rule, f"{field}[{at}]", filled, band.begins)
            return
        filled = band.ends
    if filled != MINUTES:
        yield _gap(rule, field, filled, MINUTES)


def _gap(rule: str, field: str, filled: int, begins: int) -> Fault:
    if begins < filled:
        return Fault(
            rule,
            field,
            f"{clock(begins)}から{clock(filled)}までの時間帯が重なっています。",
            f"Two bands overlap from {clock(begins)} to {clock(filled)}.",
        )
    return Fault(
        rule,
        field,
        f"{clock(filled)}から{clock(begins)}までの設定がありません。",
        f"Nothing is set from {clock(filled)} to {clock(begins)}.",
    )


def clock(minute: int) -> str:
    """A minute of the day as `09:30`; the end of the day is `24:00`."""
    return f"{minute // 60:02}:{minute % 60:02}"


def _exists(day: YearDay) -> bool:
    try:
        date(LEAP_YEAR, day.month, day.day)
    except ValueError:
        return False
    return True
