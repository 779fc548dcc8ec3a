"""The usage pages of the customer control: a day, a week or a month as table, chart and file."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from starlette.responses import Response

from provisioning.freephone.document import dialled
from provisioning.freephone.usage import By, Count, Fate, Span, total
from provisioning.instants import JST, in_japan
from provisioning.portal.control_doors import ControlVisit
from provisioning.records import model as cells

WIDE, HIGH, LEFT, BOTTOM, TOP = 720, 260, 44, 26, 12
"""Of the chart, in its own units."""

GAP = 0.25
"""How much of a bar's place stays empty."""
WIDEST = 100
"""The most room that a bar has."""
HOURS, NUMBERS = 12, 8
"""About so many labels, of times or of numbers, fit side by side."""


class Period(StrEnum):
    """How long a span is shown."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Shown:
    """A period, from its first day until before `until`, and those beside it."""

    period: Period
    first: date
    until: date
    before: date

    @property
    def last(self) -> date:
        """Its last day."""
        return self.until - timedelta(days=1)

    @property
    def by(self) -> By:
        """A day by its hours, what is longer by its days."""
        return By.HOUR if self.period is Period.DAY else By.DAY

    @property
    def span(self) -> Span:
        """In business time."""
        return Span(_midnight(self.first), _midnight(self.until))


@dataclass(frozen=True, slots=True)
class Bar:
    """A part of a bar of the chart."""

    fate: Fate
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Chart:
    """A stacked bar for each hour, day or number; `lines`: (y, calls), `labels`: (x, text)."""

    bars: tuple[Bar, ...]
    lines: tuple[tuple[float, int], ...]
    labels: tuple[tuple[float, str], ...]


async def show_usage(visit: ControlVisit) -> Response:
    """What became of the calls of a period."""
    shown, usage = _shown(visit), visit.desk.office.usage
    counts = await usage.count(visit.number, shown.span, shown.by)
    names = [_name(count, shown) for count in counts]
    numbers = await usage.count(visit.number, shown.span, By.NUMBER)
    reached = [dialled(count.number) for count in numbers if count.number is not None]
    return visit.page(
        "control_usage",
        shown=shown,
        periods=list(Period),
        fates=list(Fate),
        rows=list(zip(names, counts, strict=True)),
        numbers=numbers,
        total=total(counts),
        chart=chart(names, counts),
        numbers_chart=chart(reached, numbers, NUMBERS),
        freephone=visit.number,
        size=(WIDE, HIGH),
    )


async def download(visit: ControlVisit) -> Response:
    """The same as CSV, by time or by number."""
    shown, usage = _shown(visit), visit.desk.office.usage
    by = By.NUMBER if visit.query("by") == By.NUMBER else shown.by
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([by.value, "calls", *Fate])
    for count in await usage.count(visit.number, shown.span, by):
        writer.writerow(cells.row([_place(count), count.calls, *map(count.of, Fate)]))
    name = f"usage-{dialled(visit.number)}-{shown.first}-{by}.csv"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(text.getvalue(), media_type="text/csv", headers=headers)


def chart(names: Sequence[str], counts: Sequence[Count], labels: int = HOURS) -> Chart:
    """The counts as bars, each fate on top of the one before; about so many of them are named."""
    top = _round_up(max((count.calls for count in counts), default=0))
    high, wide = HIGH - TOP - BOTTOM, _room(counts)
    every = max(1, len(counts) // labels)
    return Chart(
        tuple(_bars(counts, wide, high / top)),
        tuple((round(TOP + high - high * n / 4, 1), top * n // 4) for n in range(5)),
        tuple(
            (round(LEFT + wide * (at + 0.5), 1), name)
            for at, name in enumerate(names)
            if at % every == 0
        ),
    )


def _room(counts: Sequence[Count]) -> float:
    """How wide the place of each bar is."""
    return min(WIDEST, (WIDE - LEFT) / max(1, len(counts)))


def _bars(counts: Sequence[Count], wide: float, each: float) -> Iterator[Bar]:
    for at, count in enumerate(counts):
        floor = float(HIGH - BOTTOM)
        for fate in Fate:
            height = count.of(fate) * each
            floor -= height
            if height:
                x = LEFT + wide * (at + GAP / 2)
                size = round(wide * (1 - GAP), 1), round(height, 1)
                yield Bar(fate, round(x, 1), round(floor, 1), *size)


def _round_up(most: int) -> int:
    """The least of 4, 8, 20, 40, 80, 200, … that is not less: its quarters are whole."""
    top = 4
    for factor in (2.0, 2.5, 2.0) * 12:
        if top >= most:
            break
        top = int(top * factor)
    return top


def _shown(visit: ControlVisit) -> Shown:
    """The period that the address names; what it cannot be is today."""
    period = visit.query("period")
    today = in_japan(visit.desk.office.clock.seconds()).date()
    return shown_of(Period(period) if period in set(Period) else Period.DAY, _day(visit) or today)


def _day(visit: ControlVisit) -> date | None:
    try:
        day = date.fromisoformat(visit.query("day"))
    except ValueError:
        return None
    return day if 1970 < day.year < 9000 else None


def shown_of(period: Period, day: date) -> Shown:
    """The day, the week from Monday, or the month that a day lies in."""
    if period is Period.DAY:
        return Shown(period, day, day + timedelta(days=1), day - timedelta(days=1))
    if period is Period.WEEK:
        first = day - timedelta(days=day.weekday())
        return Shown(period, first, first + timedelta(days=7), first - timedelta(days=7))
    first = day.replace(day=1)
    until = (first + timedelta(days=32)).replace(day=1)
    return Shown(period, first, until, (first - timedelta(days=1)).replace(day=1))


def _midnight(day: date) -> float:
    return datetime.combine(day, time(), JST).timestamp()


def _name(count: Count, shown: Shown) -> str:
    begins = in_japan(count.begins or 0.0)
    return f"{begins.hour}:00" if shown.by is By.HOUR else f"{begins.month}/{begins.day}"


def _place(count: Count) -> str:
    if count.number is not None:
        return dialled(count.number)
    return in_japan(count.begins or 0.0).isoformat(timespec="minutes")
