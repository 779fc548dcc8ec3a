"""What a profile file may say; a mistake is refused with its place."""

from collections.abc import Collection, Mapping
from typing import Any

from provisioning.contract import (
    Access,
    CarrierProfile,
    Condition,
    ForwardingRules,
    Profile,
    RingTimes,
)
from provisioning.profiles.fields import BadProfile as BadProfile
from provisioning.profiles.fields import named
from provisioning.profiles.voicemail import voicemail


def services(source: str, table: Mapping[str, Any], name: str = "services") -> dict[str, str]:
    """Service name by dialled code, from the table `name` of a file named `source`."""
    found = table.get(name, {})
    for code, service in found.items():
        if not (code.isascii() and code.isdigit()):
            raise BadProfile(f"{source}: {name}.{code}: a code is digits only")
        if not isinstance(service, str) or not service:
            raise BadProfile(f"{source}: {name}.{code}: name the service, as forwarding-menu")
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


def forwarding(source: str, table: Mapping[str, Any]) -> ForwardingRules:
    """What the `[forwarding]` table says; a file without it forwards on no condition."""
    given = dict(table.get("forwarding", {}))
    rules = ForwardingRules(
        precedence=named(source, "forwarding", given, "precedence", Condition, ()),
        one_target=_flag(source, given, "one_target"),
        unreachable_is_no_answer=_flag(source, given, "unreachable_is_no_answer"),
        accesses=frozenset(named(source, "forwarding", given, "accesses", Access, tuple(Access))),
        start_stops=_services(source, given, "start_stops"),
        stop_stops=_services(source, given, "stop_stops"),
        destination_busy=_service(source, given, "destination_busy"),
    )
    if given:
        raise BadProfile(f"{source}: forwarding.{min(given)}: there is no such field")
    return rules


def _flag(source: str, given: dict[str, Any], field: str) -> bool:
    flag = given.pop(field, False)
    if type(flag) is not bool:
        raise BadProfile(f"{source}: forwarding.{field}: true or false is needed")
    return flag


def _services(source: str, given: dict[str, Any], field: str) -> frozenset[str]:
    names = given.pop(field, [])
    if not isinstance(names, list) or not all(isinstance(each, str) and each for each in names):
        raise BadProfile(f'{source}: forwarding.{field}: a list is needed, as ["voicemail"]')
    return frozenset(names)


def _service(source: str, given: dict[str, Any], field: str) -> str | None:
    name = given.pop(field, None)
    if name is not None and (not isinstance(name, str) or not name):
        raise BadProfile(f"{source}: forwarding.{field}: name the service, as voicemail")
    return name


def link_excluded(source: str, table: Mapping[str, Any], field: str) -> frozenset[str]:
    """The numbers, or first digits of numbers, that a list of the `[link]` table names."""
    found = table.get("link", {})
    if unknown := sorted(found.keys() - {"excluded", "excluded_prefixes"}):
        raise BadProfile(f"{source}: link.{unknown[0]}: there is no such field")
    numbers = found.get(field, [])
    if not isinstance(numbers, list) or not all(map(_is_dialled, numbers)):
        raise BadProfile(f'{source}: link.{field}: a list of keys 0-9*# is needed, as ["188"]')
    return frozenset(numbers)


def _is_dialled(number: object) -> bool:
    return isinstance(number, str) and number != "" and set(number) <= set("0123456789*#")


def carrier_profile(
    profile: Profile, table: Mapping[str, Any], common: Mapping[str, str]
) -> CarrierProfile:
    """The profile a file describes, with the services that every line has (`common`)."""
    source = f"{profile}.toml"
    own = services(source, table)
    if clash := sorted(own.keys() & common.keys()):
        raise BadProfile(f"{source}: services.{clash[0]}: lab.toml uses this code already")
    every = {**own, **common}
    times = ring_times(source, table)
    numbered = services(source, table, "services_with_number")
    for code in numbered:
        if hidden := sorted(each for each in (*every, *numbered) if _goes_on(each, code)):
            raise BadProfile(
                f"{source}: services_with_number.{code}: {hidden[0]} begins with it, "
                "so nobody could tell it from a number"
            )
    return CarrierProfile(
        profile=profile,
        services=every,
        ring_times=times,
        options=options(source, table),
        numbered=numbered,
        forwarding=forwarding(source, table),
        link_excluded=link_excluded(source, table, "excluded"),
        link_excluded_prefixes=link_excluded(source, table, "excluded_prefixes"),
        voicemail=voicemail(source, table, times),
        digits_behind=digits_behind(source, table, numbered),
    )


def digits_behind(
    source: str, table: Mapping[str, Any], numbered: Collection[str]
) -> dict[str, int]:
    """How many digits follow the codes that no telephone number follows."""
    found = table.get("digits_behind", {})
    for code, digits in found.items():
        if code not in numbered or type(digits) is not int or digits < 1:
            raise BadProfile(
                f"{source}: digits_behind.{code}: a code of services_with_number and how many "
                "digits follow it are needed"
            )
    return dict(found)


def _goes_on(code: str, numbered: str) -> bool:
    return code.startswith(numbered) and code != numbered
