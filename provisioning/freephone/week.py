"""A schedule as rows that a person types: on which days, from when until when, what holds.

What no row says is the usual thing (`usual`), so that rows leave no hole; rows that overlap, and
times that are none, are told by row and field. Bands that repeat on several days are one row.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Generic, NamedTuple, TypeVar

from provisioning.contract import Band, DayKind, DayPlan, Schedule, YearDay
from provisioning.contract.schedule import MINUTES
from provisioning.freephone.schedules import LEAP_YEAR, clock

V = TypeVar("V")
W = TypeVar("W")

_CLOCK = re.compile(r"([0-9]{1,2}):?([0-9]{2})")
_DATE = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})")
_YEARLY = re.compile(r"([0-9]{1,2})[-/.]([0-9]{1,2})")

Day = DayKind | YearDay | date


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it is typed; `days` of a week, or a `date`: `2026-12-29`, or `12-31` each year."""

    key: str
    days: tuple[DayKind, ...] = ()
    date: str = ""
    begins: str = ""
    ends: str = ""
    what: str = ""

    @property
    def is_blank(self) -> bool:
        """Whether nothing was typed."""
        return not (self.days or self.date or self.begins or self.ends)


class Wrong(NamedTuple):
    """What is wrong with a row: its field, and why."""

    field: str
    why: str


@dataclass(frozen=True, slots=True)
class Rows(Generic[V]):
    """How values are written: `write` and `read` (`ValueError`), and the `usual` one."""

    usual: V
    write: Callable[[V], str]
    read: Callable[[str], V]

    def of(self, schedule: Schedule[V] | None) -> tuple[list[Row], list[Row]]:
        """The rows of a schedule: of the week, and of dates."""
        if schedule is None:
            return [], []
        week: dict[Band[V], list[DayKind]] = {}
        for kind in DayKind:
            for band in self._unusual(schedule.days[kind]):
                week.setdefault(band, []).append(kind)
        rows = sorted(
            week.items(), key=lambda each: (tuple(DayKind).index(each[1][0]), each[0].begins)
        )
        dated: list[tuple[YearDay | date, DayPlan[V]]] = [
            *schedule.yearly.items(),
            *schedule.dates.items(),
        ]
        return (
            [self._row(f"w{at}", band, days=tuple(days)) for at, (band, days) in enumerate(rows)],
            list(self._dated(dated)),
        )

    def schedule(self, week: Iterable[Row], dates: Iterable[Row]) -> Schedule[V] | None:
        """The schedule that rows write down; None where all of it is usual.

        Raises:
            BadRows: with everything that is wrong.
        """
        reading = _Reading(self)
        for row in week:
            reading.take(row, row.days, "days")
        for row in dates:
            day = day_of(row.date)
            reading.take(row, () if day is None else (day,), "date")
        if reading.wrong:
            raise BadRows(reading.wrong)
        return reading.schedule()

    def _unusual(self, plan: DayPlan[V]) -> Iterator[Band[V]]:
        return (band for band in merged(plan) if band.value != self.usual)

    def _dated(self, dated: Iterable[tuple[YearDay | date, DayPlan[V]]]) -> Iterator[Row]:
        at = 0
        for day, plan in dated:
            written = day.isoformat() if isinstance(day, date) else f"{day.month:02}-{day.day:02}"
            for band in [*self._unusual(plan)] or [Band(0, MINUTES, self.usual)]:
                yield self._row(f"d{at}", band, date=written)
                at += 1

    def _row(self, key: str, band: Band[V], days: tuple[DayKind, ...] = (), date: str = "") -> Row:
        return Row(key, days, date, clock(band.begins), clock(band.ends), self.write(band.value))


class BadRows(Exception):
    """Rows that are no schedule; `wrong` says what to correct."""

    def __init__(self, wrong: Sequence[Wrong]) -> None:
        super().__init__(", ".join(f"{each.field}: {each.why}" for each in wrong))
        self.wrong = tuple(wrong)


@dataclass(slots=True)
class _Reading(Generic[V]):
    """Rows on their way to a schedule."""

    rows: Rows[V]
    taken: dict[Day, list[Band[V]]] = field(default_factory=dict)
    wrong: list[Wrong] = field(default_factory=list)

    def take(self, row: Row, days: Sequence[Day], where: str) -> None:
        if row.is_blank:
            return
        band = self._band(row)
        if not days:
            self.wrong.append(Wrong(f"{row.key}-{where}", where))
        elif band is not None:
            for day in days:
                self._put(row, day, band)

    def _band(self, row: Row) -> Band[V] | None:
        begins, ends = minute_of(row.begins), minute_of(row.ends)
        found = [
            Wrong(f"{row.key}-{name}", "time")
            for name, minute in (("from", begins), ("to", ends))
            if minute is None
        ]
        if begins is not None and ends is not None and begins >= ends:
            found.append(Wrong(f"{row.key}-to", "order"))
        try:
            value = self.rows.read(row.what)
        except ValueError:
            found.append(Wrong(f"{row.key}-what", "what"))
        if found:
            self.wrong += found
            return None
        assert begins is not None
        assert ends is not None
        return Band(begins, ends, value)

    def _put(self, row: Row, day: Day, band: Band[V]) -> None:
        bands = self.taken.setdefault(day, [])
        if any(each.begins < band.ends and band.begins < each.ends for each in bands):
            clash = Wrong(f"{row.key}-from", "overlap")
            if clash not in self.wrong:
                self.wrong.append(clash)
        bands.append(band)

    def schedule(self) -> Schedule[V] | None:
        usual = self.rows.usual
        plans = {day: filled(bands, usual) for day, bands in self.taken.items()}
        whole = (Band(0, MINUTES, usual),)
        week = {kind: plans.get(kind, whole) for kind in DayKind}
        yearly = {day: plan for day, plan in plans.items() if isinstance(day, YearDay)}
        dates = {day: plan for day, plan in plans.items() if isinstance(day, date)}
        if not dates and not yearly and all(plan == whole for plan in week.values()):
            return None
        return Schedule(week, yearly, dates)


def filled(bands: Iterable[Band[V]], usual: V) -> DayPlan[V]:
    """A day of bands that do not overlap, with the usual value wherever there is none."""
    plan: list[Band[V]] = []
    at = 0
    for band in sorted(bands, key=lambda each: each.begins):
        if at < band.begins:
            plan.append(Band(at, band.begins, usual))
        plan.append(band)
        at = band.ends
    if at < MINUTES:
        plan.append(Band(at, MINUTES, usual))
    return merged(plan)


def merged(plan: Iterable[Band[V]]) -> DayPlan[V]:
    """The plan with neighbours of one value as one band."""
    found: list[Band[V]] = []
    for band in plan:
        if found and found[-1].value == band.value:
            found[-1] = Band(found[-1].begins, band.ends, band.value)
        else:
            found.append(band)
    return tuple(found)


def with_values(schedule: Schedule[V], turn: Callable[[V], V]) -> Schedule[V]:
    """The schedule with each value turned into another."""

    def plan(bands: DayPlan[V]) -> DayPlan[V]:
        return merged(Band(each.begins, each.ends, turn(each.value)) for each in bands)

    def each(plans: Mapping[W, DayPlan[V]]) -> dict[W, DayPlan[V]]:
        return {day: plan(bands) for day, bands in plans.items()}

    return Schedule(each(schedule.days), each(schedule.yearly), each(schedule.dates))


def minute_of(written: str) -> int | None:
    """Minutes since midnight of `9:00`, `0900` or `24:00`; None of what is no time."""
    found = _CLOCK.fullmatch(written)
    if found is None:
        return None
    minute = int(found[1]) * 60 + int(found[2])
    return minute if int(found[2]) < 60 and minute <= MINUTES else None


def day_of(written: str) -> date | YearDay | None:
    """The date of `2026-12-29`, or the day of each year of `12-31`; None of what is none."""
    dated, yearly = _DATE.fullmatch(written), _YEARLY.fullmatch(written)
    try:
        if dated is not None:
            return date(*map(int, dated.groups()))
        if yearly is not None:
            month, day = map(int, yearly.groups())
            date(LEAP_YEAR, month, day)
            return YearDay(month, day)
    except ValueError:
        return None
    return None
