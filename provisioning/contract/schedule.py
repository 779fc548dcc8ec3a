"""What holds at which minute of business time: day plans for weekdays, holidays and dates.

A minute counts from midnight in Japan, 0 to 1439; a band ends before its `ends`, at most 1440.
Japan keeps no summer time, so each day has all its minutes once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar

V = TypeVar("V")

MINUTES = 1440
"""Minutes of a day."""


class DayKind(StrEnum):
    """The days a schedule tells apart; a holiday is none of the weekdays."""

    MONDAY = "mon"
    TUESDAY = "tue"
    WEDNESDAY = "wed"
    THURSDAY = "thu"
    FRIDAY = "fri"
    SATURDAY = "sat"
    SUNDAY = "sun"
    HOLIDAY = "holiday"


WEEKDAYS = tuple(DayKind)[:7]
"""In the order of `date.weekday()`."""


class Moment(NamedTuple):
    """A minute of a day in Japan; `holiday`: a national one, substitute holidays among them."""

    day: date
    minute: int
    holiday: bool = False

    @property
    def kind(self) -> DayKind:
        """Which day plan of the week the day goes by."""
        return DayKind.HOLIDAY if self.holiday else WEEKDAYS[self.day.weekday()]


@dataclass(frozen=True, slots=True)
class Band(Generic[V]):
    """From `begins` until before `ends`, `value` holds."""

    begins: int
    ends: int
    value: V


DayPlan = tuple[Band[V], ...]
"""Bands in order that fill a day."""


class YearDay(NamedTuple):
    """A day of each year; 29 February comes in leap years alone."""

    month: int
    day: int


@dataclass(frozen=True, slots=True)
class Schedule(Generic[V]):
    """Day plans by kind of day; `yearly` ones go before them, and `dates` before those."""

    days: Mapping[DayKind, DayPlan[V]]
    yearly: Mapping[YearDay, DayPlan[V]] = field(default_factory=dict)
    dates: Mapping[date, DayPlan[V]] = field(default_factory=dict)

    def at(self, moment: Moment) -> V:
        """What holds then.

        Raises:
            LookupError: the schedule has a hole there, which `faults` would have told.
        """
        for band in self.plan(moment):
            if band.begins <= moment.minute < band.ends:
                return band.value
        raise LookupError(f"nothing holds on {moment.day} at minute {moment.minute}")

    def plan(self, moment: Moment) -> DayPlan[V]:
        """The plan of the moment's day."""
        dated = self.dates.get(moment.day)
        if dated is not None:
            return dated
        yearly = self.yearly.get(YearDay(moment.day.month, moment.day.day))
        return self.days[moment.kind] if yearly is None else yearly
