"""What a change makes of a line's diversions, and what is refused (FWD-01 to FWD-06)."""

import re
from collections.abc import Collection, Iterable
from dataclasses import replace

from provisioning.contract import (
    E164,
    CarrierProfile,
    Condition,
    Diversion,
    Diversions,
    ForwardingRules,
    Line,
    NoTarget,
    OutOfRange,
    RingTimes,
)

ABROAD = "international-forwarding"
"""The contracted option with which a line may forward to a number abroad (FWD-06)."""

_DOMESTIC = re.compile(r"\+81(?:(?:[1-9][1-9]|30)[0-9]{7}|[5-9]0[0-9]{8})", re.ASCII)
"""0AB-J with 9 digits after the country code; 050, 060 to 090 with 10."""

_FOREIGN = re.compile(r"\+(?!81)[1-9][0-9]{6,14}", re.ASCII)

_REFUSED = {
    "120": "freephone numbers",
    "800": "freephone numbers",
    "570": "0570 numbers",
    "180": "0180 numbers",
    "990": "0990 numbers",
}
"""Digits after +81 of numbers that are no destination, and how to call them (FWD-06)."""


def started(
    diversions: Diversions, rules: ForwardingRules, conditions: Collection[Condition]
) -> Diversions:
    """The diversions with these switched on, alone where all share one destination.

    Raises:
        NoTarget: one of them never got a number.
        OutOfRange: the carrier forwards on none of them, or not on each.
    """
    _require(rules, conditions)
    if any(diversions.on(condition).target is None for condition in conditions):
        raise NoTarget("forwarding cannot start: set a destination first")
    kept = stopped(diversions) if rules.one_target else diversions
    return _switched(kept, conditions, active=True)


def stopped(diversions: Diversions) -> Diversions:
    """The diversions switched off; the numbers stay for the next time."""
    return _switched(diversions, Condition, active=False)


def aimed(
    diversions: Diversions,
    rules: ForwardingRules,
    target: E164,
    conditions: Collection[Condition] | None = None,
) -> Diversions:
    """The diversions with another destination; without `conditions`, or with one for all, each."""
    if conditions is None or rules.one_target:
        conditions = rules.precedence
    _require(rules, conditions)
    return _sent(diversions, conditions, target)


def checked(target: E164, line: E164, *, abroad: bool = False) -> E164:
    """A destination of `line`; `OutOfRange` for one that FWD-06 refuses.

    `abroad`: the line contracted `ABROAD`.
    """
    if target == line:
        raise OutOfRange("a line cannot forward to itself")
    if _FOREIGN.fullmatch(target):
        if not abroad:
            raise OutOfRange(f"numbers abroad need the contracted option {ABROAD}")
    elif not _DOMESTIC.fullmatch(target):
        raise OutOfRange("calls are forwarded to subscribers' numbers, as +81312345678")
    elif refused := _REFUSED.get(target[3:6]):
        raise OutOfRange(f"calls are not forwarded to {refused}")
    return target


def ringing(diversions: Diversions, seconds: int, bounds: RingTimes) -> Diversions:
    """The diversions with another no-answer time; `OutOfRange` outside the profile's bounds."""
    if not bounds.least <= seconds <= bounds.most:
        raise OutOfRange(f"the ring time lies between {bounds.least} and {bounds.most} seconds")
    return replace(diversions, ring_time_s=seconds)


def whole(wanted: Diversions, line: Line, profile: CarrierProfile) -> Diversions:
    """What a line's diversions become that are to be exactly as `wanted`.

    Raises:
        NoTarget: something is switched on that has no number.
        OutOfRange: a number, a condition or the ring time is refused, or there are several numbers
            where the carrier has one for all conditions.
    """
    rules, abroad = profile.forwarding, ABROAD in line.options
    ringing(wanted, wanted.ring_time_s, profile.ring_times)
    named = [condition for condition in Condition if wanted.on(condition) != Diversion()]
    _require(rules, named)
    targets = [target for each in named if (target := wanted.on(each).target) is not None]
    for target in targets:
        checked(target, line.number, abroad=abroad)
    if rules.one_target and targets:
        if len(set(targets)) > 1:
            raise OutOfRange("the line has one destination for all conditions: send one")
        wanted = _sent(wanted, rules.precedence, targets[0])
    if any(wanted.on(condition).target is None for condition in wanted.active):
        raise NoTarget("forwarding cannot start: set a destination first")
    return wanted


def words(diversions: Diversions) -> str:
    """The diversions as the audit shows them."""
    each = [
        f"{condition.value} {'on' if diversion.active else 'off'}, to {diversion.target}"
        for condition in Condition
        if (diversion := diversions.on(condition)).target is not None
    ]
    return "; ".join([*(each or ["off"]), f"rings {diversions.ring_time_s} s"])


def _require(rules: ForwardingRules, conditions: Collection[Condition]) -> None:
    for condition in conditions:
        if condition not in rules.precedence:
            has = ", ".join(each.value for each in rules.precedence)
            raise OutOfRange(f"the line is not forwarded on {condition.value}, but on: {has}")


def _switched(old: Diversions, conditions: Iterable[Condition], *, active: bool) -> Diversions:
    return old.but({each: replace(old.on(each), active=active) for each in conditions})


def _sent(old: Diversions, conditions: Iterable[Condition], target: E164) -> Diversions:
    return old.but({each: replace(old.on(each), target=target) for each in conditions})
