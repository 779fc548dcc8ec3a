"""What a change makes of a line's diversions, and what is refused (FWD-01 to FWD-06)."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from enum import StrEnum

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

LONGEST_SHORT_CODE = 4
"""Digits of the longest of 1XY and 1XYZ."""

_DOMESTIC = re.compile(r"\+81(?:(?:[1-9][1-9]|30)[0-9]{7}|[5-9]0[0-9]{8})", re.ASCII)
"""0AB-J with 9 digits after the country code; 050, 060 to 090 with 10."""

_FOREIGN = re.compile(r"\+(?!81)[1-9][0-9]{6,14}", re.ASCII)


class Why(StrEnum):
    """Why calls are not forwarded to a number (FWD-06)."""

    OWN_LINE = "own-line"
    EMERGENCY = "emergency"
    SHORT_CODE = "short-code"
    FREEPHONE = "freephone"
    PREMIUM = "premium"
    INTERNATIONAL = "international"
    CARRIER_PREFIX = "carrier-prefix"
    ZERO_KEPT = "zero-kept"
    NO_COUNTRY_CODE = "no-country-code"
    NOT_A_NUMBER = "not-a-number"


REASONS: Mapping[Why, str] = {
    Why.OWN_LINE: "a line cannot forward to itself",
    Why.EMERGENCY: "calls are never forwarded to an emergency number (110, 118, 119)",
    Why.SHORT_CODE: "calls are not forwarded to short codes: choose a subscriber's number",
    Why.FREEPHONE: "calls are not forwarded to freephone numbers (0120, 0800), which are paid for "
    "by whoever is called",
    Why.PREMIUM: "calls are not forwarded to numbers with charges of their own (0570, 0180, 0990)",
    Why.INTERNATIONAL: f"numbers abroad need the contracted option {ABROAD}",
    Why.CARRIER_PREFIX: "the destination is a number without a carrier's prefix (00XY), as "
    "+81312345678",
    Why.ZERO_KEPT: "drop the 0 after +81: 0312345678 is written +81312345678",
    Why.NO_COUNTRY_CODE: "the destination is written with its country code, as +81312345678",
    Why.NOT_A_NUMBER: "calls are forwarded to subscribers' numbers, as +81312345678",
}
"""What a refused destination is told, and what to do."""

_REFUSED = (
    (Why.EMERGENCY, re.compile(r"11[089]", re.ASCII)),
    (Why.SHORT_CODE, re.compile(r"1[0-9]{2,3}", re.ASCII)),
    (Why.FREEPHONE, re.compile(r"0(?:120[0-9]{6}|800[0-9]{7})", re.ASCII)),
    (Why.PREMIUM, re.compile(r"0(?:570|180|990)[0-9]{6}", re.ASCII)),
    (Why.CARRIER_PREFIX, re.compile(r"00[0-9]{2,}", re.ASCII)),
)
"""Numbers as they are keyed in Japan that are no destination of anybody's."""

_ZERO_KEPT = re.compile(r"\+810(?P<rest>[1-9][0-9]*)", re.ASCII)
"""The country code, and the 0 that it takes the place of."""


class RefusedTarget(OutOfRange):
    """Calls may not be forwarded there; `condition`: on which one, where several were asked for."""

    def __init__(self, why: Why, condition: Condition | None = None) -> None:
        super().__init__(REASONS[why])
        self.why, self.condition = why, condition


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


def checked(
    target: E164, line: E164, *, abroad: bool = False, condition: Condition | None = None
) -> E164:
    """A destination of `line`; `RefusedTarget` for one that FWD-06 refuses, with the reason.

    `abroad`: the line contracted `ABROAD`.
    """
    why = Why.OWN_LINE if target == line else _why_not(target, abroad=abroad)
    if why is not None:
        raise RefusedTarget(why, condition)
    return target


def _why_not(target: str, *, abroad: bool) -> Why | None:
    if _FOREIGN.fullmatch(target):
        return None if abroad else Why.INTERNATIONAL
    if (kept := _ZERO_KEPT.fullmatch(target)) is not None:
        return _why_not(f"+81{kept['rest']}", abroad=abroad) or Why.ZERO_KEPT
    keyed = _as_keyed(target)
    for why, pattern in _REFUSED:
        if pattern.fullmatch(keyed):
            return why
    if _DOMESTIC.fullmatch(target):
        return None
    if _DOMESTIC.fullmatch(f"+81{target[1:]}") and target.startswith("0"):
        return Why.NO_COUNTRY_CODE
    return Why.NOT_A_NUMBER


def _as_keyed(target: str) -> str:
    """A number as it is keyed in Japan; a short code has no 0 in front."""
    if not target.startswith("+81"):
        return target.removeprefix("+")
    rest = target.removeprefix("+81")
    return rest if len(rest) <= LONGEST_SHORT_CODE else f"0{rest}"


def ringing(diversions: Diversions, seconds: int, bounds: RingTimes) -> Diversions:
    """The diversions with another no-answer time; `OutOfRange` outside the profile's bounds."""
    if not bounds.least <= seconds <= bounds.most:
        raise OutOfRange(f"the ring time lies between {bounds.least} and {bounds.most} seconds")
    return replace(diversions, ring_time_s=seconds)


def whole(
    wanted: Diversions, line: Line, profile: CarrierProfile, before: Diversions | None = None
) -> Diversions:
    """What a line's diversions become that are to be exactly as `wanted`.

    A number that a condition has in `before` is not looked at again where it is off.

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
    for each in named:
        target = wanted.on(each).target
        if target is not None and not _left_off(each, wanted, before):
            checked(target, line.number, abroad=abroad, condition=each)
    if rules.one_target and targets:
        if len(set(targets)) > 1:
            raise OutOfRange("the line has one destination for all conditions: send one")
        wanted = _sent(wanted, rules.precedence, targets[0])
    if any(wanted.on(condition).target is None for condition in wanted.active):
        raise NoTarget("forwarding cannot start: set a destination first")
    return wanted


def _left_off(condition: Condition, wanted: Diversions, before: Diversions | None) -> bool:
    now = wanted.on(condition)
    return before is not None and not now.active and now.target == before.on(condition).target


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
