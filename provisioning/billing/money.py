"""Money is whole sen, hundredths of a yen, and exact; what is rounded says by which rule (BILL-03).

No tariff has parts of a sen: a price with more than two decimals is refused.
"""

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from enum import StrEnum

SEN = 100
"""Sen in a yen."""


class Rounding(StrEnum):
    """What is done to the price of one call; its name stands on the charge."""

    EXACT = "exact"
    """Nothing: the sum is rounded later, if at all."""
    YEN_DOWN = "yen-down"
    YEN_UP = "yen-up"
    YEN_HALF_UP = "yen-half-up"


_DECIMAL = {
    Rounding.YEN_DOWN: ROUND_FLOOR,
    Rounding.YEN_UP: ROUND_CEILING,
    Rounding.YEN_HALF_UP: ROUND_HALF_UP,
}


def rounded(sen: int, rounding: Rounding) -> int:
    """An amount as the rule leaves it, in sen."""
    if rounding is Rounding.EXACT:
        return sen
    yen = (Decimal(sen) / SEN).quantize(Decimal(1), rounding=_DECIMAL[rounding])
    return int(yen) * SEN


def sen_of(yen: str) -> int:
    """The sen of a price as it is written, `20` or `8.5`.

    Raises:
        ValueError: no amount, a negative one, or one with parts of a sen.
    """
    digits, _, decimals = yen.partition(".")
    whole = digits.isascii() and digits.isdecimal() and len(digits) <= 9
    if not whole or ("." in yen and not _are_decimals(decimals)):
        raise ValueError('write yen in quotes, with at most two decimals, as "20" or "8.5"')
    return int(digits) * SEN + int(decimals.ljust(2, "0"))


def _are_decimals(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 2


def yen(sen: int, tax_percent: int = 0) -> str:
    """An amount as people read it, exact: `20`, `8.5`; with tax on top where a rate is given."""
    exact = Decimal(sen * (100 + tax_percent)) / (SEN * 100)
    text = f"{exact:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
