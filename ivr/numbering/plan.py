"""The Japanese numbering plan: what a dialled string is, before anyone asks who has the number.

Sources: the Regulations on Telecommunications Numbers (電気通信番号規則) as summarised in
the facts of the services, rules LINE-04, CALL-04 and FWD-06. Pure: text in, values out.
"""

from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from functools import lru_cache
from typing import NamedTuple

from ivr.numbering.dial_string import normalised
from provisioning.contract import E164, Line

COUNTRY_CODE = "81"
INTERNATIONAL_PREFIX = "010"
INTERNATIONAL_DIGITS = range(7, 16)
"""Length with the country code: at most 15 (ITU-T E.164 §6), at least 7 (assumption)."""

FORWARDING_ABROAD = "international-forwarding"
"""The option with which a line may forward to a number abroad (FWD-06)."""


class Kind(Enum):
    """What a dialled number is (LINE-04)."""

    FIXED = auto()
    """0AB-J: an area code and a subscriber's number."""
    IP_PHONE = auto()
    """050."""
    MOBILE = auto()
    """060, 070, 080, 090."""
    FREEPHONE = auto()
    """0120, 0800: charged to whom is called."""
    PREMIUM = auto()
    """0570, 0180, 0990: a service with its own tariff."""
    EMERGENCY = auto()
    """110, 118, 119."""
    SHORT = auto()
    """1XY and longer codes of a service, `#` and `*` codes."""
    LAB_TEST = auto()
    """000XXX: never given to subscribers, so the laboratory's own."""
    CARRIER_PREFIX = auto()
    """00XY and 002Y: another carrier is to take the call."""
    INTERNATIONAL = auto()
    """010 or `+` and a country code other than Japan's."""
    INVALID = auto()
    """None of these."""


class CallerIdPrefix(StrEnum):
    """What was dialled in front for this one call (CALL-04)."""

    WITHHOLD = "184"
    PRESENT = "186"


@dataclass(frozen=True, slots=True)
class Dialled:
    """A dialled string understood.

    `digits` are as a subscriber in Japan keys them, without prefix; `e164` is the
    full number where the string is one that may be assigned to someone.
    """

    digits: str
    kind: Kind
    e164: E164 | None = None
    prefix: CallerIdPrefix | None = None


class Block(NamedTuple):
    """Numbers with a common beginning: how many digits they have and what they are."""

    digits: int
    kind: Kind


BLOCKS = {
    "0120": Block(10, Kind.FREEPHONE),
    "0800": Block(11, Kind.FREEPHONE),
    "0570": Block(10, Kind.PREMIUM),
    "0180": Block(10, Kind.PREMIUM),
    "0990": Block(10, Kind.PREMIUM),
    "050": Block(11, Kind.IP_PHONE),
    "060": Block(11, Kind.MOBILE),
    "070": Block(11, Kind.MOBILE),
    "080": Block(11, Kind.MOBILE),
    "090": Block(11, Kind.MOBILE),
    **{f"0{area}": Block(10, Kind.FIXED) for area in range(11, 100) if area % 10},
    "030": Block(10, Kind.FIXED),
}
"""The national plan by first digits, four or three of them; the longer match wins.

No area code ends its first three digits in 0, so a mobile number with a digit missing is no
fixed number. 03-0 is never assigned to subscribers: the laboratory's fixed lines (assumption).
Lengths: facts §4 and §5.
"""

CARRIER_PREFIX_DIGITS = (4, 6)
"""Lengths of another carrier's prefix: 00XY, and 002YXY, which begins with 002."""

LABORATORY = ("030", "0500")
"""Beginnings that no carrier can be assigned: our own lines and 050 numbers (facts §5; A)."""

CALLING = {Kind.FIXED, Kind.IP_PHONE, Kind.MOBILE}
"""Kinds that subscribers call with; 0120 and its like are shown by their own carrier alone."""

EMERGENCY_NUMBERS = frozenset({"110", "118", "119"})
"""Police, coast guard, fire and ambulance."""


class WhyNot(Enum):
    """Why calls may not be forwarded to a number (FWD-06)."""

    NOT_A_NUMBER = auto()
    SHORT_CODE = auto()
    FREEPHONE = auto()
    PREMIUM = auto()
    INTERNATIONAL = auto()
    OWN_LINE = auto()


class NotForwardable(Exception):
    """Calls may not be forwarded there; the caller is to choose another number."""

    def __init__(self, why: WhyNot) -> None:
        super().__init__(why.name)
        self.why = why


REFUSED_KINDS = {
    Kind.FREEPHONE: WhyNot.FREEPHONE,
    Kind.PREMIUM: WhyNot.PREMIUM,
    Kind.EMERGENCY: WhyNot.SHORT_CODE,
    Kind.SHORT: WhyNot.SHORT_CODE,
    Kind.LAB_TEST: WhyNot.NOT_A_NUMBER,
    Kind.CARRIER_PREFIX: WhyNot.NOT_A_NUMBER,
    Kind.INVALID: WhyNot.NOT_A_NUMBER,
}
"""Kinds that are refused whoever asks (FWD-06; carrier prefixes: facts §2, ボイスワープ)."""


def parse(dialled: str) -> Dialled:
    """Understand a dialled string: a SIP user part, a `tel:` URI, or keys of a telephone.

    Total: what cannot be a number is `Kind.INVALID`.
    """
    return _parsed(dialled) if len(dialled) <= _LONGEST_KEPT else _parse(dialled)


def _parse(dialled: str) -> Dialled:
    digits = normalised(dialled)
    if digits is None:
        return Dialled("", Kind.INVALID)
    prefix, digits = without_prefix(digits)
    if digits.startswith("+" + COUNTRY_CODE):
        digits = _national(digits)
    elif digits.startswith(("+", INTERNATIONAL_PREFIX)):
        return _abroad(digits, prefix)
    kind = kind_of(digits)
    e164 = E164(f"+{COUNTRY_CODE}{digits[1:]}") if kind in NUMBERED else None
    return Dialled(digits, kind, e164, prefix)


_LONGEST_KEPT = 64
_parsed = lru_cache(4096)(_parse)
"""The few numbers that most calls go to are understood once."""

NUMBERED = {Kind.FIXED, Kind.IP_PHONE, Kind.MOBILE, Kind.FREEPHONE, Kind.PREMIUM}
"""Kinds whose members have a full international number."""


def kind_of(digits: str) -> Kind:
    """What digits keyed inside Japan are; 010 and prefixes 184 and 186 are not looked for."""
    if digits in EMERGENCY_NUMBERS:
        return Kind.EMERGENCY
    if digits[:1] in {"1", "#", "*"}:
        return Kind.SHORT if len(digits) >= 3 else Kind.INVALID
    if not digits.isdecimal():
        return Kind.INVALID
    if digits.startswith("000"):
        return Kind.LAB_TEST if len(digits) == 6 else Kind.INVALID
    if digits.startswith("00"):
        return Kind.CARRIER_PREFIX if len(digits) >= 4 else Kind.INVALID
    for length in (4, 3):
        block = BLOCKS.get(digits[:length])
        if block and len(digits) == block.digits:
            return block.kind
    return Kind.INVALID


def forwardable(digits: str, line: Line) -> E164:
    """The full number that `digits` name, when `line` may forward its calls there (FWD-06).

    Raises:
        NotForwardable: with the reason to say.
    """
    dialled = parse(digits)
    if dialled.prefix or dialled.e164 is None:
        raise NotForwardable(REFUSED_KINDS.get(dialled.kind, WhyNot.NOT_A_NUMBER))
    if dialled.kind in REFUSED_KINDS:
        raise NotForwardable(REFUSED_KINDS[dialled.kind])
    if dialled.kind is Kind.INTERNATIONAL and FORWARDING_ABROAD not in line.options:
        raise NotForwardable(WhyNot.INTERNATIONAL)
    if dialled.e164 == line.number:
        raise NotForwardable(WhyNot.OWN_LINE)
    return dialled.e164


def is_elsewhere(number: E164) -> bool:
    """Whether a subscriber of another carrier can have a number and call with it."""
    keyed = national(number)
    if not keyed.startswith("0"):
        return True
    return kind_of(keyed) in CALLING and not keyed.startswith(LABORATORY)


def without_prefix(digits: str) -> tuple[CallerIdPrefix | None, str]:
    """The 184 or 186 in front of what is dialled, if any, and the rest (facts §3)."""
    for prefix in CallerIdPrefix:
        if digits.startswith(prefix.value):
            return prefix, digits[len(prefix.value) :]
    return None, digits


def national(number: str) -> str:
    """A full number as it is dialled in Japan; one abroad, or a short code, stays as it is."""
    home = "+" + COUNTRY_CODE
    return "0" + number.removeprefix(home) if number.startswith(home) else number


def _national(international: str) -> str:
    rest = international[1 + len(COUNTRY_CODE) :]
    return "" if rest.startswith("0") else "0" + rest


def _abroad(digits: str, prefix: CallerIdPrefix | None) -> Dialled:
    number = digits.removeprefix("+").removeprefix(INTERNATIONAL_PREFIX)
    country_known = number.isdecimal() and not number.startswith("0")
    if not country_known or len(number) not in INTERNATIONAL_DIGITS:
        return Dialled(digits, Kind.INVALID, None, prefix)
    return Dialled(digits, Kind.INTERNATIONAL, E164("+" + number), prefix)
