"""What a profile file may say; a mistake is refused with its place."""

from collections.abc import Mapping
from typing import Any

from provisioning.contract import CarrierProfile, Profile, RingTimes


class BadProfile(ValueError):
    """A profile file is wrong; the message names file, field and what is expected."""


def services(source: str, table: Mapping[str, Any]) -> dict[str, str]:
    """Service name by dialled code, from the `[services]` table of a file named `source`."""
    found = table.get("services", {})
    for code, service in found.items():
        if not (code.isascii() and code.isdigit()):
            raise BadProfile(f"{source}: services.{code}: a code is digits only")
        if not isinstance(service, str) or not service:
            raise BadProfile(f"{source}: services.{code}: name the service, as forwarding-menu")
    return dict(found)


def ring_times(source: str, table: Mapping[str, Any]) -> RingTimes:
    """The bounds of the `[ring_times]` table, in seconds."""
    found = table.get("ring_times", {})
    for name in ("least", "most", "default"):
        if type(found.get(name)) is not int:
            raise BadProfile(f"{source}: ring_times.{name}: a whole number of seconds is needed")
    times = RingTimes(found["least"], found["most"], found["default"])
    if not 0 <= times.least <= times.default <= times.most:
        raise BadProfile(f"{source}: ring_times: least <= default <= most does not hold")
    return times


def options(source: str, table: Mapping[str, Any]) -> frozenset[str]:
    """The options that lines may contract, from the `options` list."""
    found = table.get("options", [])
    if not isinstance(found, list) or not all(isinstance(each, str) and each for each in found):
        raise BadProfile(f'{source}: options: a list of names is needed, as ["tokutei-notify"]')
    return frozenset(found)


def carrier_profile(
    profile: Profile, table: Mapping[str, Any], common: Mapping[str, str]
) -> CarrierProfile:
    """The profile a file describes, with the services that every line has (`common`)."""
    source = f"{profile}.toml"
    own = services(source, table)
    if clash := sorted(own.keys() & common.keys()):
        raise BadProfile(f"{source}: services.{clash[0]}: lab.toml uses this code already")
    offered = options(source, table)
    return CarrierProfile(profile, {**own, **common}, ring_times(source, table), offered)
