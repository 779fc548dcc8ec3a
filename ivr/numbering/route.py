"""Where a dialled number leads a caller: a service, a line, or a reason why nowhere (LINE-04)."""

from dataclasses import dataclass
from typing import TypeAlias

from ivr.numbering.plan import Dialled, Kind, parse
from provisioning.contract import CarrierProfile, Directory, Line, LineStatus


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


Destination: TypeAlias = (
    Service | AssignedLine | SuspendedLine | SuspendedCaller | Unassigned | OtherNetwork | Emergency
)


@dataclass(frozen=True, slots=True)
class Route:
    """What was dialled and where it leads."""

    dialled: Dialled
    destination: Destination


ELSEWHERE = {Kind.INTERNATIONAL, Kind.CARRIER_PREFIX}


def route(dialled: str, caller: Line, profile: CarrierProfile, directory: Directory) -> Route:
    """Where `dialled` leads `caller`, whose carrier offers `profile`. Total."""
    understood = parse(dialled)
    return Route(understood, _destination(understood, caller, profile, directory))


def _destination(
    dialled: Dialled, caller: Line, profile: CarrierProfile, directory: Directory
) -> Destination:
    if dialled.kind is Kind.EMERGENCY:
        return Emergency()
    if caller.status is LineStatus.SUSPENDED:
        return SuspendedCaller()
    if service := _service(dialled.digits, profile):
        return service
    if dialled.kind in ELSEWHERE:
        return OtherNetwork()
    line = directory.line(dialled.e164) if dialled.e164 else None
    if line is None:
        return Unassigned()
    return SuspendedLine(line) if line.status is LineStatus.SUSPENDED else AssignedLine(line)


def _service(digits: str, profile: CarrierProfile) -> Service | None:
    if digits in profile.services:
        return Service(profile.services[digits])
    for code, name in profile.numbered.items():
        if digits.startswith(code):
            return Service(name, digits.removeprefix(code))
    return None
