"""The form of a schedule: which fields its rows have, and the drawing of the week beside it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from provisioning.contract import DayKind
from provisioning.freephone.week import Row, minute_of
from provisioning.portal.forms import Form

MOST_ROWS = 90
"""Rows that a form holds; more come from the API alone, and are changed there (A)."""
FIELDS = 1_200
"""The fields of so many rows, with some to spare."""
SPARE = 2
"""Blank rows at the end of a form, for whoever has no scripts."""

_NAME = re.compile(r"(w|d)([0-9]{1,3})-([a-z]+)")

LEFT, TOP, COLUMN, HOUR = 46, 30, 92, 18
"""Of the drawing, in its own units: margins, and the size of a day and an hour."""
WIDE, HIGH = LEFT + COLUMN * len(DayKind), TOP + HOUR * 24 + 8


@dataclass(slots=True)
class Typed:
    """The rows of a form, those of the week and those of dates."""

    week: list[Row]
    dates: list[Row] = field(default_factory=list)

    def with_spare(self) -> "Typed":
        """The same with some blank rows at the end of each."""
        return Typed(_spared("w", self.week), _spared("d", self.dates))

    def without(self, key: str) -> "Typed":
        """The same without one row."""
        return Typed(*([r for r in rows if r.key != key] for rows in (self.week, self.dates)))


def typed(form: Form) -> Typed:
    """What somebody typed, blank rows left out."""
    rows: dict[tuple[str, int], dict[str, str]] = {}
    for name in form.fields:
        found = _NAME.fullmatch(name)
        if found is not None:
            rows.setdefault((found[1], int(found[2])), {})[found[3]] = form.text(name, most=60)
    read = Typed([], [])
    for (kind, at), fields in sorted(rows.items(), key=lambda each: each[0]):
        row = _row(f"{kind}{at}", fields)
        if not row.is_blank:
            (read.week if kind == "w" else read.dates).append(row)
    return read


def carried(form: Form) -> tuple[tuple[str, str], ...]:
    """The fields of the rows, for another form to send on."""
    return tuple((name, form.text(name)) for name in form.fields if _NAME.fullmatch(name))


def _row(key: str, fields: Mapping[str, str]) -> Row:
    return Row(
        key,
        tuple(kind for kind in DayKind if kind.value in fields),
        fields.get("date", ""),
        fields.get("from", ""),
        fields.get("to", ""),
        fields.get("what", ""),
    )


def _spared(kind: str, rows: list[Row]) -> list[Row]:
    after = max((int(row.key[1:]) for row in rows), default=-1) + 1
    return [*rows, *(Row(f"{kind}{after + more}") for more in range(SPARE))]


@dataclass(frozen=True, slots=True)
class Block:
    """A band of one day in the drawing."""

    key: str
    what: str
    x: int
    y: int
    width: int
    height: int


def blocks(rows: Iterable[Row]) -> Iterator[Block]:
    """Where each row is drawn; one that is no band yet is not."""
    columns = tuple(DayKind)
    for row in rows:
        begins, ends = minute_of(row.begins), minute_of(row.ends)
        if begins is None or ends is None or begins >= ends:
            continue
        for kind in row.days:
            yield Block(
                row.key,
                row.what,
                LEFT + COLUMN * columns.index(kind) + 2,
                TOP + begins * HOUR // 60,
                COLUMN - 4,
                max(2, (ends - begins) * HOUR // 60 - 1),
            )
