"""The life of an 050 number: the states it passes through and what moves it on.

A number is free until an order assigns it (N050-02), or until the operator holds it back. A
cancelled number waits in quarantine before it is free again. Whatever stands in no row of `TABLE`
is refused with `WrongNumberState`.
"""

import calendar
import re
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from typing import NamedTuple

from provisioning.contract import E164, ContractError, OutOfRange
from provisioning.instants import in_japan

QUARANTINE_MONTHS = 6
"""Months on the business clock before a cancelled number is issued again (N050-02, S2)."""

MOST_PER_BLOCK = 100_000
"""The longest block (A): 050-CDEF-GHJK is assigned to carriers by 10,000."""

_050 = re.compile(r"\+8150[0-9]{8}", re.ASCII)


class UnknownNumber(ContractError):
    """The number is in no block of this carrier."""


class WrongNumberState(ContractError):
    """What is asked of a number does not fit the state it is in."""


class BadBlock(OutOfRange):
    """A block that cannot be loaded; the message says why."""


class BlockOverlap(ContractError):
    """Some of the numbers are in a loaded block already."""


class NumberState(StrEnum):
    """Where a number is in its life."""

    FREE = "free"
    RESERVED = "reserved"
    ASSIGNED = "assigned"
    QUARANTINED = "quarantined"


class NumberInput(Enum):
    """What can befall a number."""

    ORDERED = auto()
    CANCELLED = auto()
    QUARANTINE_ENDED = auto()
    HELD_BACK = auto()
    LET_GO = auto()


class Step(NamedTuple):
    """Where a number goes next, what the audit calls it, and the rule that says so."""

    next: NumberState
    do: str
    clause: str


S, I = NumberState, NumberInput  # noqa: E741 - the table reads as a table
TABLE: dict[tuple[NumberState, NumberInput], Step] = {
    (S.FREE, I.ORDERED): Step(S.ASSIGNED, "number assigned", "N050-02"),
    (S.FREE, I.HELD_BACK): Step(S.RESERVED, "number reserved", "LINE-01"),
    (S.RESERVED, I.LET_GO): Step(S.FREE, "number let go", "LINE-01"),
    (S.ASSIGNED, I.CANCELLED): Step(S.QUARANTINED, "number cancelled", "N050-06"),
    (S.QUARANTINED, I.QUARANTINE_ENDED): Step(S.FREE, "quarantine ended", "N050-02"),
}


def step(number: E164, state: NumberState, input: NumberInput) -> Step:
    """What `input` does to a number in `state`; `WrongNumberState` when it does not fit."""
    found = TABLE.get((state, input))
    if found is None:
        fitting = " or ".join(sorted(had for had, what in TABLE if what is input))
        raise WrongNumberState(f"{national(number)} is {state}, not {fitting}")
    return found


@dataclass(frozen=True, slots=True)
class NumberRecord:
    """A number of the inventory; times are business time in UTC epoch seconds.

    `contract` and `order` are whose it is, or was until its quarantine ends at `until`.
    `reference` is that of the written form that cancelled it (N050-06).
    """

    number: E164
    state: NumberState
    block: str
    contract: str | None = None
    order: str | None = None
    until: float | None = None
    assigned_at: float | None = None
    cancelled_at: float | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive numbers the operator loaded; `id` is as B00000001, `loaded_at` business time."""

    id: str
    first: E164
    last: E164
    loaded_at: float

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return int(self.last) - int(self.first) + 1


def is_050(number: str) -> bool:
    """Whether this is an 050 number in E.164."""
    return _050.fullmatch(number) is not None


def check_block(first: E164, last: E164) -> None:
    """Refuse (`BadBlock`) what is no run of at most `MOST_PER_BLOCK` 050 numbers."""
    for number in (first, last):
        if not is_050(number):
            raise BadBlock(f"{number!r:.40} is no 050 number: write it as +815000000000")
    size = int(last) - int(first) + 1
    if not 1 <= size <= MOST_PER_BLOCK:
        raise BadBlock(
            f"a block has 1 to {MOST_PER_BLOCK} numbers, first before last; this one has {size}"
        )


def quarantine_end(cancelled_at: float, months: int = QUARANTINE_MONTHS) -> float:
    """When a number cancelled at `cancelled_at` is free again: the same day and hour, months later.

    Both are UTC epoch seconds; the calendar is Japan's. A month without that day ends on its
    last: 31 August leads to 28 or 29 February.
    """
    start = in_japan(cancelled_at)
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    day = min(start.day, calendar.monthrange(year, month + 1)[1])
    return start.replace(year=year, month=month + 1, day=day).timestamp()


def national(number: E164) -> str:
    """`+815012345678` as it is dialled in Japan, `05012345678`: also the line's SIP user."""
    return f"0{number.removeprefix('+81')}" if number.startswith("+81") else number
