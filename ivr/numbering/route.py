"""Where a dialled number leads a caller: a service, a line, or a reason why nowhere (LINE-04)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from ivr.numbering.overlap import Extent, ended, extent
from ivr.numbering.plan import COUNTRY_CODE, Dialled, Kind, parse
from provisioning.contract import (
    E164,
    CarrierProfile,
    Directory,
    Freephone,
    Freephones,
    Line,
    LineStatus,
    Trunk,
    Trunks,
)


@dataclass(frozen=True, slots=True)
class Service:
    """A code of the caller's carrier profile, the service it names, and what was dialled after it.

    `number` has digits only where the code is one that a number follows (FWD-02).
    """

    name: str
    number: str = ""


@dataclass(frozen=True, slots=True)
class AssignedLine:
    """A line of this network, in service."""

    line: Line


@dataclass(frozen=True, slots=True)
class SuspendedLine:
    """A line of this network that is not served at present."""

    line: Line


@dataclass(frozen=True, slots=True)
class SuspendedCaller:
    """The caller's own line is not served at present, whatever it dialled."""


@dataclass(frozen=True, slots=True)
class Unassigned:
    """Nobody has this number, or it is no number, or no service of the caller's carrier."""


@dataclass(frozen=True, slots=True)
class OtherNetwork:
    """A number abroad or behind another carrier's prefix; no way leads there."""


@dataclass(frozen=True, slots=True)
class Emergency:
    """110, 118 or 119: calls a laboratory must never let out."""


@dataclass(frozen=True, slots=True)
class ToTrunk:
    """A number that no line here has and another carrier takes."""

    trunk: Trunk


@dataclass(frozen=True, slots=True)
class ToFreephone:
    """A freephone number that a subscriber of this network contracted (FREE-01)."""

    freephone: Freephone


@dataclass(frozen=True, slots=True)
class Incomplete:
    """The beginning of a number, from a phone that dials digit by digit: 484 at once."""


Destination: TypeAlias = (
    Service
    | AssignedLine
    | SuspendedLine
    | SuspendedCaller
    | Unassigned
    | OtherNetwork
    | Emergency
    | ToTrunk
    | ToFreephone
    | Incomplete
)


@dataclass(frozen=True, slots=True)
class Route:
    """What was dialled and where it leads.

    `extendable`: a phone that dials digit by digit may send more digits yet, which lead elsewhere.
    """

    dialled: Dialled
    destination: Destination
    extendable: bool = False


EMERGENCY_BEHIND = re.compile(r"(?:18[46]|002[0-9]{3}|00[0-9]{2})+(?:110|118|119)")
"""110, 118 and 119 behind other carriers' prefixes, and whatever else would hide them."""

NO_NUMBERS: Mapping[E164, str] = {}

ELSEWHERE = {Kind.INTERNATIONAL, Kind.CARRIER_PREFIX}

OF_LINES = {Kind.FIXED, Kind.IP_PHONE, Kind.MOBILE}
"""Kinds of number that a line of this network may have."""

OUTWARD = {*OF_LINES, *ELSEWHERE, Kind.PREMIUM}
"""Kinds that another carrier may take. Freephone is charged to a subscriber of this network, and
codes mean something else in each."""


def route(
    dialled: str,
    caller: Line,
    profile: CarrierProfile,
    directory: Directory,
    trunks: Trunks | None = None,
    *,
    numbers: Mapping[E164, str] = NO_NUMBERS,
    freephones: Freephones | None = None,
    overlap: bool = False,
) -> Route:
    """Where `dialled` leads `caller`, whose carrier offers `profile`. Total.

    Args:
        trunks: other carriers; without them no call leaves.
        numbers: the network's own numbers, and the service each one is.
        freephones: freephone numbers of this network's subscribers.
        overlap: the caller's phone dials digit by digit, and `#` ends a number.
    """
    reached = Extent.COMPLETE
    if overlap:
        dialled, whole = ended(dialled)
        reached = Extent.COMPLETE if whole else extent(dialled, profile)
    understood = parse(dialled)
    destination = (
        _barred(understood, caller)
        or (Incomplete() if reached is Extent.INCOMPLETE else None)
        or _service(understood.digits, profile)
        or _own(understood, numbers)
        or _freephone(understood, freephones)
        or _number(understood, directory, trunks)
    )
    return Route(understood, destination, reached is Extent.EXTENDABLE)


def route_inward(
    dialled: str,
    directory: Directory,
    numbers: Mapping[E164, str] = NO_NUMBERS,
    freephones: Freephones | None = None,
) -> Route:
    """Where `dialled` leads a call that comes from another carrier: to lines of this network.

    It reaches no service but those that are `numbers` of their own, for the others are for this
    network's lines. It never leaves again: a way from one carrier to another would be a stranger's
    free telephone.
    """
    understood = parse(dialled)
    if understood.kind is Kind.EMERGENCY:
        return Route(understood, Emergency())
    own = _own(understood, numbers) or _freephone(understood, freephones)
    return Route(understood, own or _line(understood, directory) or Unassigned())


def _barred(dialled: Dialled, caller: Line) -> Emergency | SuspendedCaller | None:
    if _is_emergency(dialled):
        return Emergency()
    return SuspendedCaller() if caller.status is LineStatus.SUSPENDED else None


def _is_emergency(dialled: Dialled) -> bool:
    return dialled.kind is Kind.EMERGENCY or bool(EMERGENCY_BEHIND.fullmatch(dialled.digits))


def _service(digits: str, profile: CarrierProfile) -> Service | None:
    if digits in profile.services:
        return Service(profile.services[digits])
    for code, name in profile.numbered.items():
        if digits.startswith(code):
            return Service(name, digits.removeprefix(code))
    return None


def _own(dialled: Dialled, numbers: Mapping[E164, str]) -> Service | None:
    name = numbers.get(dialled.e164) if dialled.e164 is not None else None
    return Service(name) if name is not None else None


def _freephone(dialled: Dialled, freephones: Freephones | None) -> ToFreephone | None:
    if freephones is None or dialled.kind is not Kind.FREEPHONE or dialled.e164 is None:
        return None
    contract = freephones.of(dialled.e164)
    return None if contract is None else ToFreephone(contract)


def _number(dialled: Dialled, directory: Directory, trunks: Trunks | None) -> Destination:
    line = _line(dialled, directory)
    if line is not None:
        return line
    trunk = _toward(dialled, trunks) if trunks is not None else None
    if trunk is not None:
        return ToTrunk(trunk)
    return OtherNetwork() if dialled.kind in ELSEWHERE else Unassigned()


def _line(dialled: Dialled, directory: Directory) -> AssignedLine | SuspendedLine | None:
    if dialled.kind not in OF_LINES or dialled.e164 is None:
        return None
    line = directory.line(dialled.e164)
    if line is None:
        return None
    return SuspendedLine(line) if line.status is LineStatus.SUSPENDED else AssignedLine(line)


def _toward(dialled: Dialled, trunks: Trunks) -> Trunk | None:
    if dialled.kind not in OUTWARD:
        return None
    if dialled.kind is not Kind.INTERNATIONAL or dialled.e164 is None:
        return trunks.toward(dialled.digits)
    if dialled.e164.startswith("+" + COUNTRY_CODE):
        return None  # 010-81: nobody goes abroad to come back
    return trunks.toward(dialled.e164)
