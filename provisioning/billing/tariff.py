"""A tariff as a value: what a call to a number costs at an instant (BILL-02). Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from provisioning.billing.money import Rounding
from provisioning.contract import Access, Profile

OTHER = "other"
"""The class of a number that begins with none of the prefixes; every tariff prices it."""


class Cause(StrEnum):
    """Why a call is charged."""

    PLAYBACK = "playback"
    """1417 played messages, or the greeting was changed by dialling (VM-05)."""
    FORWARDING = "forwarding"
    """The leg was forwarded: it is the forwarder's call (FWD-07)."""
    EXCLUDED = "excluded"
    """The number is none that Link calls for free (LINK-02)."""
    DIALLER = "dialler"
    """An ordinary call by the phone's own dialler (LINK-03)."""
    FREEPHONE = "freephone"
    """A call to a freephone number: its subscriber pays (FREE-01). No line is asked about it."""


OF_LINES = (Cause.PLAYBACK, Cause.FORWARDING, Cause.EXCLUDED, Cause.DIALLER)
"""The causes for which a line is charged, in the order in which they are asked (LINK-04)."""


class Day(StrEnum):
    """A day of the week in Japan."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


DAYS = tuple(Day)
"""By `datetime.weekday()`."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What every started `unit_s` seconds cost: `unit_sen` sen before tax."""

    unit_sen: int
    unit_s: int
    rounding: Rounding = Rounding.EXACT
    taxed: bool = True


@dataclass(frozen=True, slots=True)
class Price:
    """A row of a tariff; it fits calls of which everything that it names holds.

    `classes`: of the called number. `hours`: minutes of the day in Japan, the second one excluded;
    they may pass midnight. A row without `cost` makes the call free, by the rule `free`.
    """

    name: str
    classes: frozenset[str]
    source: str
    cost: Cost | None = None
    free: str = ""
    access: Access | None = None
    services: frozenset[str] = frozenset()
    days: frozenset[Day] = frozenset()
    hours: tuple[int, int] | None = None

    @property
    def always(self) -> bool:
        """Whether it names nothing but classes."""
        return not (self.access or self.services or self.days or self.hours)

    def fits(self, number_class: str, access: Access | None, service: str, at: datetime) -> bool:
        """Whether it prices a call that began `at`, in Japan's time."""
        return (
            number_class in self.classes
            and (self.access is None or self.access is access)
            and (not self.services or service in self.services)
            and (not self.days or DAYS[at.weekday()] in self.days)
            and (self.hours is None or _within(at.hour * 60 + at.minute, *self.hours))
        )


@dataclass(frozen=True, slots=True)
class Terms:
    """How legs of a service are charged: as calls to a number of `number_class`, for `cause`.

    Without a class the called number tells it; without a cause the call is an ordinary one.
    `free` is the rule by which the service costs nothing.
    """

    number_class: str | None = None
    cause: Cause | None = None
    free: str = ""


@dataclass(frozen=True, slots=True)
class Tariff:
    """What lines of some profiles pay from a day on (in Japan), until a later tariff's day."""

    name: str
    valid_from: date
    profiles: frozenset[Profile]
    prefixes: Mapping[str, str] = field(repr=False)
    """The class of numbers by how they begin, as dialled in Japan; `+` abroad."""
    services: Mapping[str, Terms] = field(repr=False)
    prices: Sequence[Price] = field(repr=False)

    def class_of(self, number: str) -> str:
        """The class of a number, told by the longest prefix it begins with."""
        for length in range(min(len(number), 8), 0, -1):
            if found := self.prefixes.get(number[:length]):
                return found
        return OTHER

    def price(self, number_class: str, access: Access | None, service: str, at: datetime) -> Price:
        """The first row that fits a call; a checked tariff has one for every call."""
        return next(row for row in self.prices if row.fits(number_class, access, service, at))


@dataclass(frozen=True, slots=True)
class Tax:
    """The consumption tax from a day on, percent."""

    valid_from: date
    percent: int


def _within(minute: int, first: int, end: int) -> bool:
    if first < end:
        return first <= minute < end
    return minute >= first or minute < end
