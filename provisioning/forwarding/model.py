"""What a change makes of a diversion, and what is refused (FWD-01, FWD-05, FWD-06)."""

import re
from dataclasses import replace

from provisioning.contract import E164, Diversion, NoTarget, OutOfRange, RingTimes

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


def started(diversion: Diversion) -> Diversion:
    """The diversion switched on; `NoTarget` when no number was ever set."""
    if diversion.target is None:
        raise NoTarget("forwarding cannot start: set a destination first")
    return replace(diversion, active=True)


def stopped(diversion: Diversion) -> Diversion:
    """The diversion switched off; the number stays for the next time."""
    return replace(diversion, active=False)


def aimed(diversion: Diversion, line: E164, target: E164, *, abroad: bool = False) -> Diversion:
    """The diversion with another destination; `OutOfRange` for one that FWD-06 refuses.

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
    return replace(diversion, target=target)


def ringing(diversion: Diversion, seconds: int, bounds: RingTimes) -> Diversion:
    """The diversion with another no-answer time; `OutOfRange` outside the profile's bounds."""
    if not bounds.least <= seconds <= bounds.most:
        raise OutOfRange(f"the ring time lies between {bounds.least} and {bounds.most} seconds")
    return replace(diversion, ring_time_s=seconds)


def words(diversion: Diversion) -> str:
    """The diversion as the audit shows it."""
    state = "on" if diversion.active else "off"
    return f"{state}, to {diversion.target or 'nobody'}, after {diversion.ring_time_s} s"
