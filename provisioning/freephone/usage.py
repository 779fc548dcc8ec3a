"""How much a freephone number was called, and what became of the calls (FREE-12).

Each call counts once, by the record of its caller's leg: where nobody pays for it, too. It counts
for the line that it reached last; one that reached none counts for the line that did not take it,
and one that was refused before a line was chosen for the freephone number itself.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from provisioning.contract import E164, OutOfRange
from provisioning.instants import in_japan

HOUR_S, DAY_S = 3600.0, 86_400.0
MOST_DAYS = 366
"""The longest span that is counted at once (A)."""


class Fate(StrEnum):
    """What became of a call."""

    ANSWERED = "answered"
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    """It rang in vain, the caller gave up, or no phone was there."""
    REFUSED = "refused"
    """By the kind of telephone, the area, or the kind of call (FREE-01 to FREE-03)."""
    OFF_HOURS = "off-hours"


SERVED: Mapping[str, Fate] = {
    "freephone-refused": Fate.REFUSED,
    "freephone-off-hours": Fate.OFF_HOURS,
    "freephone-busy": Fate.BUSY,
}
"""What the service of an unanswered call's record says of it."""


def fate_of(service: str, *, answered: bool) -> Fate:
    """What became of a call, by its record: the one place that says so."""
    return Fate.ANSWERED if answered else SERVED.get(service, Fate.NO_ANSWER)


class By(StrEnum):
    """What calls are counted by."""

    HOUR = "hour"
    DAY = "day"
    NUMBER = "number"


STEPS = {By.HOUR: HOUR_S, By.DAY: DAY_S}
"""How long each span is, s; Japan has no summer time."""


class Span(NamedTuple):
    """From `since` until before `before`: business time, UTC epoch seconds."""

    since: float
    before: float

    def checked(self) -> "Span":
        """The span itself; `OutOfRange` where it is none, or too long to be counted."""
        if not self.since < self.before:
            raise OutOfRange("to: must be later than from")
        if self.before - self.since > MOST_DAYS * DAY_S:
            raise OutOfRange(f"to: at most {MOST_DAYS} days after from")
        return self


@dataclass(frozen=True, slots=True)
class Count:
    """The calls of one hour, day or number; `begins`: of an hour or day, business time."""

    fates: Mapping[Fate, int]
    begins: float | None = None
    number: E164 | None = None

    @property
    def calls(self) -> int:
        """All of them."""
        return sum(self.fates.values())

    def of(self, fate: Fate) -> int:
        """Those of one fate."""
        return self.fates.get(fate, 0)


class Some(NamedTuple):
    """So many calls whose records are alike; `place`: the how-manieth span, or the number."""

    place: object
    service: str
    answered: bool
    calls: int


def by_time(found: Iterable[Some], span: Span, by: By) -> tuple[Count, ...]:
    """Every hour or day of a span in turn, those without calls, too."""
    begins = list(spans(span, by))
    fates = _sorted_out(found, range(len(begins)))
    return tuple(Count(fates[at], begins=each) for at, each in enumerate(begins))


def by_number(found: Iterable[Some], numbers: Iterable[E164]) -> tuple[Count, ...]:
    """`numbers` in turn, then whichever else was reached."""
    return tuple(
        Count(fates, number=E164(str(number)))
        for number, fates in _sorted_out(found, numbers).items()
    )


def total(counts: Iterable[Count]) -> Count:
    """All of them as one."""
    whole = dict.fromkeys(Fate, 0)
    for count in counts:
        for fate, calls in count.fates.items():
            whole[fate] += calls
    return Count(whole)


def spans(span: Span, by: By) -> Iterator[float]:
    """When each hour or day in Japan begins that a span touches."""
    at, step = start_of(span.since, by), STEPS[by]
    while at < span.before:
        yield at
        at += step


def start_of(at: float, by: By) -> float:
    """When the hour or the day in Japan began that an instant lies in."""
    local = in_japan(at).replace(minute=0, second=0, microsecond=0)
    return (local.replace(hour=0) if by is By.DAY else local).timestamp()


def _sorted_out(found: Iterable[Some], places: Iterable[object]) -> dict[object, dict[Fate, int]]:
    fates = {place: dict.fromkeys(Fate, 0) for place in places}
    for some in found:
        fate = fate_of(some.service, answered=some.answered)
        fates.setdefault(some.place, dict.fromkeys(Fate, 0))[fate] += some.calls
    return fates
