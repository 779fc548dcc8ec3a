"""Freephone contracts (着信課金, 0120 and 0800) as values (FREE-01 to FREE-11)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol, TypeVar

from provisioning.contract.names import E164
from provisioning.contract.schedule import Schedule

T = TypeVar("T")

HEAVIEST = 9
"""The greatest weight of a share (FREE-08)."""
MOST_SHARES = 5
"""Over so many numbers calls are split at most (FREE-08)."""


class FreephoneOption(StrEnum):
    """What a contract may have besides its base (FREE-05 to FREE-12)."""

    SEVERAL_LINES = "several-lines"
    """複数回線管理."""
    AREA_SPLIT = "area-split"
    """発信地域振分."""
    DETOUR = "detour"
    """話中時迂回."""
    SHARE_SPLIT = "share-split"
    """着信振分接続."""
    DESTINATION_CHANGE = "destination-change"
    """受付先変更."""
    OFF_HOURS = "off-hours"
    """時間外案内."""
    NUMBER_DISPLAY = "number-display"
    """特定番号通知."""
    CUSTOMER_CONTROL = "customer-control"
    """カスタマコントロール."""


class Level(StrEnum):
    """How wide an origin area is (FREE-03)."""

    NATION = "nation"
    REGION = "region"
    PREFECTURE = "prefecture"
    MA = "ma"


class OriginArea(NamedTuple):
    """Where callers call from: all of Japan, a region, a prefecture or an MA of a prefecture.

    `name` is empty for the nation. `prefecture` is set for an MA: names of MAs repeat.
    """

    level: Level
    name: str = ""
    prefecture: str = ""


NATION = OriginArea(Level.NATION)


@dataclass(frozen=True, slots=True)
class Geography:
    """The areas there are: prefectures by region, and the MAs of each prefecture."""

    regions: Mapping[str, frozenset[str]]
    message_areas: Mapping[str, frozenset[str]]

    def misplaced(self, ma: str, prefecture: str) -> tuple[str, str] | None:
        """Why an MA and a prefecture are no place: the field at fault and what fits; None: one.

        Where no areas are known, every place is one.
        """
        if not self.message_areas or ma in self.message_areas.get(prefecture, ()):
            return None
        lies_in = sorted(each for each, areas in self.message_areas.items() if ma in areas)
        if prefecture not in self.message_areas:
            fits = " or ".join(lies_in) or "as 東京都"
            return "prefecture", f"{prefecture} is no prefecture of Japan: {fits}"
        if lies_in:
            return "prefecture", f"the MA {ma} lies in {' or '.join(lies_in)}, not in {prefecture}"
        areas = ", ".join(sorted(self.message_areas[prefecture]))
        return "ma", f"{prefecture} has no MA {ma}; it has: {areas}"

    def prefectures(self, area: OriginArea) -> frozenset[str]:
        """The prefectures an area lies in; empty for one that does not exist."""
        if area.level is Level.NATION:
            return frozenset(self.message_areas)
        if area.level is Level.REGION:
            return self.regions.get(area.name, frozenset())
        name = area.prefecture if area.level is Level.MA else area.name
        if name not in self.message_areas:
            return frozenset()
        missing = area.level is Level.MA and area.name not in self.message_areas[name]
        return frozenset() if missing else frozenset((name,))


@dataclass(frozen=True, slots=True)
class Shares:
    """Calls split by integer weights, 0 to 9 each (着信振分接続, FREE-08).

    `schedule` changes the weights by time; each of its values has one for every number of `lines`.
    """

    lines: tuple[E164, ...]
    weights: tuple[int, ...]
    schedule: Schedule[tuple[int, ...]] | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Origin areas (着信グループ) and where their calls go: to one line, or split over shares.

    `mobiles`: mobile and PHS callers of the prefectures that the areas lie in belong to it, too.
    """

    name: str
    areas: tuple[OriginArea, ...]
    line: E164 | None = None
    shares: Shares | None = None
    mobiles: bool = True

    @property
    def lines(self) -> tuple[E164, ...]:
        """Every number its calls may go to first."""
        own = () if self.line is None else (self.line,)
        return own if self.shares is None else (*own, *self.shares.lines)


@dataclass(frozen=True, slots=True)
class Reception:
    """How one line receives freephone calls.

    Attributes:
        channels: so many freephone calls at once, of all numbers; a further one finds it busy.
        detours: where calls go, in turn, that find it busy (話中時迂回, FREE-07).
        off_hours: True while the off-hours guidance stands for it (時間外案内, FREE-10).
        change: where its calls go at that time instead; None: they stay (受付先変更, FREE-09).
    """

    line: E164
    channels: int = 1
    detours: tuple[E164, ...] = ()
    off_hours: Schedule[bool] | None = None
    change: Schedule[E164 | None] | None = None


@dataclass(frozen=True, slots=True)
class Freephone:
    """A contracted freephone number.

    Attributes:
        groups: one for all its areas without 発信地域振分.
        mobile, phs: whether these callers are taken at all (携帯電話・PHS接続).
        capacity: so many calls of the number at once, over all lines; None: as its lines have.
        guidance: caller and called party hear that it is a freephone call (FREE-04).
        listings: names under which the telephone directory has it (FREE-13).
    """

    number: E164
    groups: tuple[Group, ...]
    receptions: tuple[Reception, ...]
    options: frozenset[FreephoneOption] = frozenset()
    mobile: bool = True
    phs: bool = True
    capacity: int | None = None
    guidance: bool = True
    listings: tuple[str, ...] = ()

    def reception(self, line: E164) -> Reception | None:
        """How a line receives; None when the contract does not name it."""
        return next((each for each in self.receptions if each.line == line), None)


Turns = Mapping[tuple[str, tuple[int, ...]], tuple[int, ...]]
"""By group and weights: what each number has saved up under them (FREE-08).

Weights that hold at some hours alone go on where they stood when they last held.
"""


class Freephones(Protocol):
    """The contracted freephone numbers, answered from memory."""

    @property
    def geography(self) -> Geography: ...

    def of(self, number: E164) -> Freephone | None: ...

    async def with_turns(self, number: E164, use: Callable[[Turns], tuple[T, Turns]]) -> T:
        """Let `use` look at where the splits of a number stand, and keep where it leaves them.

        Nobody else changes them meanwhile, on any node. A number without splits has no turns.
        """
