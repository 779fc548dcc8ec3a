"""Why a leg was charged, or was not, in Japanese and English (LINK-04)."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from provisioning.billing.model import MS, Charge, Rated
from provisioning.billing.money import yen
from provisioning.billing.tariff import OF_LINES, Cause
from provisioning.contract import Language

FILE = Path(__file__).parent / "why.toml"


@dataclass(frozen=True, slots=True)
class Asked:
    """A cause, as it was looked for, and whether it holds."""

    cause: Cause
    applies: bool


def asked(rated: Rated) -> tuple[Asked, ...]:
    """The causes in their order, up to the one that holds; all of them where none does."""
    if not isinstance(rated, Charge):
        return tuple(Asked(cause, False) for cause in OF_LINES)
    if rated.cause not in OF_LINES:
        return (Asked(rated.cause, True),)
    until = OF_LINES[: OF_LINES.index(rated.cause) + 1]
    return tuple(Asked(cause, cause is rated.cause) for cause in until)


def told(rated: Rated, language: Language) -> str:
    """The explanation as a text."""
    words = _words()
    if not isinstance(rated, Charge):
        return str(words["reasons"][rated.reason][language])
    reckoning = words["sum" if rated.tax_percent else "untaxed"][language]
    cause: str = words["causes"][rated.cause][language]
    return f"{cause} {reckoning.format(**_figures(rated))}"


def _figures(charge: Charge) -> dict[str, object]:
    return {
        "seconds": f"{charge.milliseconds / MS:.3f}".rstrip("0").rstrip("."),
        "unit_s": charge.unit_s,
        "units": charge.units,
        "unit_yen": yen(charge.unit_sen),
        "yen": yen(charge.net_sen),
        "with_tax": yen(charge.net_sen, charge.tax_percent),
        "tax_percent": charge.tax_percent,
    }


@cache
def _words() -> dict[str, Any]:
    return tomllib.loads(FILE.read_text("utf-8"))
