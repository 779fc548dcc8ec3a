"""What freephone numbers and their options cost, as the carrier's list has it (FREE-13)."""

import importlib.resources
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from provisioning.contract import FreephoneOption


class FeeKind(StrEnum):
    """How often a fee is due: each month, or once for work or an issue of the directory."""

    MONTHLY = "monthly"
    WORK = "work"
    ISSUE = "issue"


class Fee(NamedTuple):
    """A fee before tax, in yen."""

    item: str
    kind: FeeKind
    yen: int


@dataclass(frozen=True, slots=True)
class Item:
    """What a fee is for, and its fees by kind; so many of it are `free`."""

    name: str
    ja: str
    en: str
    fees: Mapping[FeeKind, int]
    free: int = 0

    def each(self) -> tuple[Fee, ...]:
        """Its fees."""
        return tuple(Fee(self.name, kind, yen) for kind, yen in self.fees.items())


BASE, UNLOCK, LISTING = "base", "unlock", "directory-listing"


class FeeList:
    """The carrier's list.

    Raises:
        ValueError: an option has no fee, or the list names what is none; the message says which.
    """

    def __init__(self, table: Mapping[str, Any]) -> None:
        self.items = {name: _item(name, entry) for name, entry in table.items()}
        wanted = {BASE, UNLOCK, LISTING, *FreephoneOption}
        if odd := sorted(wanted ^ self.items.keys()):
            raise ValueError(f"fees.toml: {odd[0]}: missing, or nothing that has a fee")

    @classmethod
    def load(cls) -> "FeeList":
        """As it comes with the carrier."""
        file = importlib.resources.files("provisioning.freephone").joinpath("fees.toml")
        return cls(tomllib.loads(file.read_text(encoding="utf-8")))

    def of_listings(self, count: int) -> tuple[Fee, ...]:
        """What so many names cost at an issue of the telephone directory: one fee, or none."""
        item = self.items[LISTING]
        further = count - item.free
        return tuple(fee._replace(yen=fee.yen * further) for fee in item.each() if further > 0)

    def of(self, names: Collection[str]) -> tuple[Fee, ...]:
        """The fees of some items, in the order of the list."""
        return tuple(
            fee for name, item in self.items.items() if name in names for fee in item.each()
        )


def _item(name: str, entry: Mapping[str, Any]) -> Item:
    fees = {kind: entry[kind] for kind in FeeKind if kind in entry}
    if not fees or not all(type(yen) is int and yen >= 0 for yen in fees.values()):
        raise ValueError(f"fees.toml: {name}: give whole yen for monthly, work or issue")
    return Item(name, entry["ja"], entry["en"], fees, entry.get("free", 0))
