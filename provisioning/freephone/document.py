"""A freephone contract as a JSON document: what the API takes and shows, and what is stored.

Numbers are written as they are dialled in Japan, times as `09:30`, days as `mon` to `sun`,
`holiday`, `12-31` for each year's and `2026-12-29` for one date.
"""

from datetime import date
from typing import Annotated, Any, Generic, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from provisioning import plain_text
from provisioning.contract import (
    E164,
    Band,
    DayKind,
    DayPlan,
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
from provisioning.freephone.schedules import clock

V = TypeVar("V")

MOST_GROUPS = 100
MOST_LINES = 200
MOST_BANDS = 48
MOST_DATES = 400
"""Bounds of a document (assumptions): far above what the carriers' manuals allow."""

LINE = r"^0[0-9]{9,10}$"
FREEPHONE = r"^(0120[0-9]{6}|0800[0-9]{7})$"
_CLOCK = r"^[0-9]{2}:[0-9]{2}$"
_NAME = plain_text.PATTERN

LineNumber = Annotated[str, Field(pattern=LINE, examples=["0300000003"])]
FreephoneNumber = Annotated[str, Field(pattern=FREEPHONE, examples=["0120000003"])]
Clock = Annotated[str, Field(pattern=_CLOCK, examples=["09:30"])]
Name = Annotated[str, Field(min_length=1, max_length=40, pattern=_NAME)]


def full(written: str) -> E164:
    """0300000003 as +81300000003."""
    return E164("+81" + written.removeprefix("0"))


def dialled(number: E164) -> str:
    """+81300000003 as 0300000003."""
    return "0" + number.removeprefix("+81")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class BandPart(_Part, Generic[V]):
    """What holds from a minute of the day until before another; the day ends at 24:00."""

    begins: Clock = Field(description="The minute it begins at, as 09:00.")
    ends: Clock = Field(description="The minute before which it ends, up to 24:00.")
    value: V = Field(description="What holds meanwhile.")


class SchedulePart(_Part, Generic[V]):
    """Day plans of the week and its holidays, of days of each year, and of dates."""

    days: dict[
        Annotated[DayKind, Field(strict=False)],
        Annotated[list[BandPart[V]], Field(max_length=MOST_BANDS)],
    ] = Field(max_length=8, description="By mon to sun and holiday: the bands of the whole day.")
    yearly: dict[
        Annotated[str, Field(pattern=r"^[0-9]{2}-[0-9]{2}$")],
        Annotated[list[BandPart[V]], Field(max_length=MOST_BANDS)],
    ] = Field(default_factory=dict, max_length=366, description="By a day of each year, as 12-31.")
    dates: dict[
        Annotated[date, Field(strict=False)],
        Annotated[list[BandPart[V]], Field(max_length=MOST_BANDS)],
    ] = Field(default_factory=dict, max_length=MOST_DATES, description="By date, as 2026-12-29.")

    def schedule(self) -> Schedule[V]:
        """The schedule it writes down."""
        return Schedule(
            {kind: _plan(bands) for kind, bands in self.days.items()},
            {_year_day(day): _plan(bands) for day, bands in self.yearly.items()},
            {day: _plan(bands) for day, bands in self.dates.items()},
        )

    @classmethod
    def of(cls, schedule: Schedule[Any]) -> Self:
        """A schedule written down."""
        return cls(
            days={kind: _bands(plan) for kind, plan in schedule.days.items()},
            yearly={
                f"{day.month:02}-{day.day:02}": _bands(plan)
                for day, plan in schedule.yearly.items()
            },
            dates={day: _bands(plan) for day, plan in schedule.dates.items()},
        )


def _plan(bands: list[BandPart[V]]) -> DayPlan[V]:
    return tuple(Band(_minute(each.begins), _minute(each.ends), each.value) for each in bands)


def _bands(plan: DayPlan[Any]) -> list[BandPart[Any]]:
    return [BandPart(begins=clock(b.begins), ends=clock(b.ends), value=b.value) for b in plan]


def _minute(written: str) -> int:
    """Minutes since midnight; 25:00 and 09:75 are told apart from what there is by the rules."""
    hours, minutes = written.split(":")
    return int(hours) * 60 + int(minutes) if int(minutes) < 60 else -1


def _year_day(written: str) -> YearDay:
    month, day = written.split("-")
    return YearDay(int(month), int(day))


class AreaPart(_Part):
    """Where callers call from; an MA with its prefecture, because names of MAs repeat."""

    level: Annotated[Level, Field(strict=False)] = Field(description="How wide it is.")
    name: str = Field(
        default="",
        max_length=40,
        pattern=_NAME,
        examples=["東京都"],
        description="As 東京都; empty for the nation.",
    )
    prefecture: str = Field(
        default="", max_length=40, pattern=_NAME, description="Of an MA, as 東京都."
    )


class SharesPart(_Part):
    """Calls split over lines by weights from 0 to 9; `schedule` changes the weights by time."""

    lines: list[LineNumber] = Field(max_length=20, description="Up to five.")
    weights: list[int] = Field(max_length=20, description="One for each line, 0 to 9.")
    schedule: SchedulePart[list[int]] | None = Field(
        default=None, description="Other weights by time."
    )


class GroupPart(_Part):
    """Origin areas and where their calls go: one line, or shares."""

    name: Name = Field(description="What the group is called.")
    areas: list[AreaPart] = Field(max_length=1000, description="Where its callers call from.")
    line: LineNumber | None = Field(default=None, description="Where its calls go.")
    shares: SharesPart | None = Field(
        default=None, description="Over which lines its calls are split, instead of a line."
    )
    mobiles: bool = Field(
        default=True, description="Whether mobiles in these prefectures belong to it."
    )


class ReceptionPart(_Part):
    """How a line receives: its channels, detours, off-hours and changed destinations."""

    line: LineNumber = Field(description="A line of this network.")
    channels: int = Field(default=1, le=10_000, description="Freephone calls it has at once.")
    detours: list[LineNumber] = Field(
        default_factory=list, max_length=20, description="Where calls go that find it busy."
    )
    off_hours: SchedulePart[bool] | None = Field(
        default=None, description="Whether the off-hours guidance is played (時間外案内)."
    )
    change: SchedulePart[LineNumber | None] | None = Field(
        default=None, description="The line that receives instead, or null (受付先変更)."
    )


class FreephoneDocument(_Part):
    """A freephone contract."""

    options: list[Annotated[FreephoneOption, Field(strict=False)]] = Field(
        default_factory=list,
        max_length=len(FreephoneOption),
        description="What is contracted besides the base.",
    )
    groups: list[GroupPart] = Field(
        max_length=MOST_GROUPS, description="Origin areas and where their calls go."
    )
    receptions: list[ReceptionPart] = Field(
        max_length=MOST_LINES, description="How each line receives."
    )
    mobile: bool = Field(default=True, description="Whether mobiles are taken at all.")
    phs: bool = Field(default=True, description="Whether PHS telephones are taken at all.")
    capacity: int | None = Field(
        default=None, le=100_000, description="Calls at once, over all lines; null: as they have."
    )
    guidance: bool = Field(
        default=True, description="Whether both hear that it is a freephone call."
    )
    listings: list[Name] = Field(
        default_factory=list,
        max_length=50,
        description="Names in the telephone directory: one is free, each further costs at issue.",
    )

    def freephone(self, number: E164) -> Freephone:
        """The contract of `number` that it writes down."""
        return Freephone(
            number,
            tuple(map(_group, self.groups)),
            tuple(map(_reception, self.receptions)),
            frozenset(self.options),
            self.mobile,
            self.phs,
            self.capacity,
            self.guidance,
            tuple(self.listings),
        )

    @classmethod
    def of(cls, one: Freephone) -> Self:
        """A contract written down."""
        return cls(
            options=sorted(one.options),
            groups=[_group_part(group) for group in one.groups],
            receptions=[_reception_part(each) for each in one.receptions],
            mobile=one.mobile,
            phs=one.phs,
            capacity=one.capacity,
            guidance=one.guidance,
            listings=list(one.listings),
        )

    def text(self) -> str:
        """As it is stored."""
        return self.model_dump_json(exclude_defaults=True)


def _group(part: GroupPart) -> Group:
    return Group(
        part.name,
        tuple(OriginArea(each.level, each.name, each.prefecture) for each in part.areas),
        full(part.line) if part.line is not None else None,
        _shares(part.shares) if part.shares is not None else None,
        part.mobiles,
    )


def _shares(part: SharesPart) -> Shares:
    schedule = None
    if part.schedule is not None:
        schedule = _mapped(part.schedule.schedule(), tuple)
    return Shares(tuple(map(full, part.lines)), tuple(part.weights), schedule)


def _reception(part: ReceptionPart) -> Reception:
    change = None
    if part.change is not None:
        change = _mapped(part.change.schedule(), lambda to: None if to is None else full(to))
    return Reception(
        full(part.line),
        part.channels,
        tuple(map(full, part.detours)),
        part.off_hours.schedule() if part.off_hours is not None else None,
        change,
    )


def _mapped(schedule: Schedule[Any], turn: Any) -> Schedule[Any]:
    """The schedule with each value turned into another."""

    def plan(bands: DayPlan[Any]) -> DayPlan[Any]:
        return tuple(Band(each.begins, each.ends, turn(each.value)) for each in bands)

    return Schedule(
        {kind: plan(bands) for kind, bands in schedule.days.items()},
        {day: plan(bands) for day, bands in schedule.yearly.items()},
        {day: plan(bands) for day, bands in schedule.dates.items()},
    )


def _group_part(group: Group) -> GroupPart:
    shares = group.shares
    return GroupPart(
        name=group.name,
        areas=[AreaPart(level=a.level, name=a.name, prefecture=a.prefecture) for a in group.areas],
        line=dialled(group.line) if group.line is not None else None,
        shares=None if shares is None else _shares_part(shares),
        mobiles=group.mobiles,
    )


def _shares_part(shares: Shares) -> SharesPart:
    schedule = None
    if shares.schedule is not None:
        schedule = SchedulePart[list[int]].of(_mapped(shares.schedule, list))
    return SharesPart(
        lines=[dialled(line) for line in shares.lines],
        weights=list(shares.weights),
        schedule=schedule,
    )


def _reception_part(one: Reception) -> ReceptionPart:
    change = None
    if one.change is not None:
        written = _mapped(one.change, lambda to: None if to is None else dialled(to))
        change = SchedulePart[LineNumber | None].of(written)
    off_hours = None if one.off_hours is None else SchedulePart[bool].of(one.off_hours)
    return ReceptionPart(
        line=dialled(one.line),
        channels=one.channels,
        detours=[dialled(line) for line in one.detours],
        off_hours=off_hours,
        change=change,
    )
