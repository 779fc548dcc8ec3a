"""Whether the digits dialled so far are a number, the beginning of one, or none (RFC 3578 §2).

A phone that dials digit by digit sends an INVITE with each, and takes 484 for "go on". Whether the
dialogs of its tries share a Call-ID is its own affair: each INVITE is judged for what it says.
"""

from enum import Enum, auto

from ivr.numbering.dial_string import normalised
from ivr.numbering.plan import (
    BLOCKS,
    CARRIER_PREFIX_DIGITS,
    EMERGENCY_NUMBERS,
    INTERNATIONAL_DIGITS,
    INTERNATIONAL_PREFIX,
    CallerIdPrefix,
    Kind,
    parse,
    without_prefix,
)
from provisioning.contract import CarrierProfile

OVERLAP_DIALLING = "overlap-dialling"
"""The option of a line whose phone dials digit by digit."""

END = "#"
"""Keyed behind a number, it says that no digit follows (ITU-T Q.931's sending complete)."""

COMPLETE_KINDS = set(Kind) - {Kind.INVALID, Kind.SHORT, Kind.CARRIER_PREFIX}
LAB_TEST_DIGITS = 6


class Extent(Enum):
    """How much of a number is there."""

    COMPLETE = auto()
    EXTENDABLE = auto()
    """A number, and the beginning of a longer one: time shows which is meant."""
    INCOMPLETE = auto()
    """More digits may make it one."""
    IMPOSSIBLE = auto()
    """No digits can."""


def extent(dialled: str, profile: CarrierProfile) -> Extent:
    """How much of a number a caller of `profile` has dialled. Total."""
    if not dialled.strip():
        return Extent.INCOMPLETE
    keys = normalised(dialled)
    if keys is None or ";" in dialled:
        # Parameters, as a phone-context, come with numbers that a phone has looked up whole.
        return Extent.COMPLETE if keys else Extent.IMPOSSIBLE
    return _extent(keys, profile)


def ended(dialled: str) -> tuple[str, bool]:
    """A dialled number without the `#` that ends it, and whether it had one.

    Behind a code of a service `#` is a key of the code.
    """
    keys = normalised(dialled)
    if keys is None or not keys.endswith(END) or ";" in dialled:
        return dialled, False
    number = keys.removesuffix(END)
    return (number, True) if without_prefix(number)[1][:1] in ("0", "+") else (dialled, False)


def _extent(keys: str, profile: CarrierProfile) -> Extent:
    kind = parse(keys).kind
    _, digits = without_prefix(keys)
    if digits.startswith(INTERNATIONAL_PREFIX):
        return _extent_abroad(digits.removeprefix(INTERNATIONAL_PREFIX))
    if kind in COMPLETE_KINDS:
        return Extent.COMPLETE
    if digits.startswith("+"):
        return Extent.IMPOSSIBLE  # no telephone has such a key: this came whole
    if kind is Kind.CARRIER_PREFIX:
        return _extent_behind(_behind_carrier(digits), profile)
    if digits[:1] == "0" and digits.isdecimal():
        return _extent_national(digits)
    return _extent_of_code(digits, keys, profile)


def _extent_abroad(number: str) -> Extent:
    """Nobody knows how long numbers abroad are: the longest is complete, or one that `#` ends."""
    longest = INTERNATIONAL_DIGITS[-1]
    if number.startswith("0") or (number and not number.isdecimal()) or len(number) > longest:
        return Extent.IMPOSSIBLE
    return Extent.COMPLETE if len(number) == longest else Extent.INCOMPLETE


def _extent_national(digits: str) -> Extent:
    if digits.startswith("00"):
        possible = len(digits) < (LAB_TEST_DIGITS if digits.startswith("000") else 4)
        return Extent.INCOMPLETE if possible else Extent.IMPOSSIBLE
    begun = any(block.startswith(digits) for block in (*BLOCKS, INTERNATIONAL_PREFIX))
    found = next((BLOCKS[digits[:n]] for n in (4, 3) if digits[:n] in BLOCKS), None)
    short = begun if found is None else len(digits) < found.digits
    return Extent.INCOMPLETE if short else Extent.IMPOSSIBLE


def _extent_of_code(digits: str, keys: str, profile: CarrierProfile) -> Extent:
    codes = (*profile.services, *profile.numbered, *EMERGENCY_NUMBERS)
    if digits in profile.services:
        longer = digits in profile.numbered or any(
            code != digits and code.startswith(digits) for code in codes
        )
        return Extent.EXTENDABLE if longer else Extent.COMPLETE
    for code in profile.numbered:
        if digits.startswith(code):
            return _extent_behind_code(code, digits.removeprefix(code), profile)
    # 18 may become 184, in front of which nothing stands.
    begun = digits == keys and any(prefix.value.startswith(keys) for prefix in CallerIdPrefix)
    possible = begun or any(code.startswith(digits) for code in codes)
    return Extent.INCOMPLETE if possible else Extent.IMPOSSIBLE


def _extent_behind_code(code: str, behind: str, profile: CarrierProfile) -> Extent:
    wanted = profile.digits_behind.get(code)
    if wanted is None:
        return _extent_behind(behind, profile)
    if len(behind) >= wanted:
        return Extent.COMPLETE
    return Extent.EXTENDABLE if behind else Extent.INCOMPLETE


def _extent_behind(number: str, profile: CarrierProfile) -> Extent:
    """The extent of a number behind a code; what can be none is for whoever serves the code."""
    behind = _extent(number, profile) if number else Extent.INCOMPLETE
    return Extent.INCOMPLETE if behind is Extent.INCOMPLETE else Extent.COMPLETE


def _behind_carrier(digits: str) -> str:
    short, long = CARRIER_PREFIX_DIGITS
    return digits[long if digits.startswith("002") else short :]
