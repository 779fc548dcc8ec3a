"""What the called party sees of the caller (CALL-04, SHOW-02).

The reason why there is no number travels as the display name of From: these are the four causes
of no CLI of 3GPP TS 24.008 §10.5.4.30, as Japan's networks spell them (facts of the services).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ivr.numbering.plan import CallerIdPrefix
from provisioning.contract import E164, Line, NumberDisplay, TrunkCaller, TrunkClass

WITHHELD_BY_DEFAULT = "number-withheld"
"""The option of a line that shows its number only after 186."""

ANONYMOUS = "Anonymous"
"""非通知: the caller withholds it."""
UNAVAILABLE = "Unavailable"
"""表示圏外: the network the call comes from told none."""
OTHER_SERVICE = "Interaction with other service"
"""サービス競合: a service on the way took it."""
PAYPHONE = "Coin line/payphone"
"""公衆電話."""


_REASONS = {reason.lower(): reason for reason in (ANONYMOUS, UNAVAILABLE, OTHER_SERVICE, PAYPHONE)}


@dataclass(frozen=True, slots=True)
class Presented:
    """What the called party sees of the caller: a number, or the reason why there is none."""

    number: E164 | None
    reason: str = ""


UNKNOWN_CALLER = Presented(None, UNAVAILABLE)

UNTOLD: Mapping[TrunkClass, str] = {
    TrunkClass.FIXED: UNAVAILABLE,
    TrunkClass.MOBILE: UNAVAILABLE,
    TrunkClass.PHS: UNAVAILABLE,
    TrunkClass.IP_PHONE: OTHER_SERVICE,
    TrunkClass.INTERNATIONAL: UNAVAILABLE,
    TrunkClass.PAYPHONE: PAYPHONE,
    TrunkClass.SATELLITE: UNAVAILABLE,
}
"""Why another carrier's caller of a class has no number, where it told none.

Assumption: IP telephones lose theirs to a service on the way, the others to a network that carries
no numbers.
"""


def of_line(line: Line, prefix: CallerIdPrefix | None, display: NumberDisplay) -> Presented:
    """What a line's call shows: 184 and 186 beat the line's default.

    A freephone number that is shown (特定番号通知) takes the place of the line's own, and is
    withheld as that would be; no other number is ever shown for the line.
    """
    if withholds(line, prefix):
        return Presented(None, ANONYMOUS)
    shown = display.number if display.active else None
    return Presented(shown or line.number)


def withholds(line: Line, prefix: CallerIdPrefix | None = None) -> bool:
    """Whether a call of the line hides its number."""
    if prefix is not None:
        return prefix is CallerIdPrefix.WITHHOLD
    return WITHHELD_BY_DEFAULT in line.options


def reason_told(display: str) -> str:
    """The reason for no number that a display name of From is; empty when it is none."""
    return _REASONS.get(display.strip().lower(), "")


def of_trunk(caller: TrunkCaller, prefix: CallerIdPrefix | None = None) -> Presented:
    """What a call from another carrier shows; 184 withholds there, too.

    186 shows no number that the other carrier says is withheld. A reason that the other carrier
    gives is passed on. A payphone's number is nobody's, and never shown.
    """
    if caller.caller_class is TrunkClass.PAYPHONE:
        return Presented(None, PAYPHONE)
    if prefix is CallerIdPrefix.WITHHOLD:
        return Presented(None, ANONYMOUS)
    if caller.withheld:
        return Presented(None, caller.reason or ANONYMOUS)
    if caller.number is None:
        return Presented(None, caller.reason or UNTOLD[caller.caller_class])
    return Presented(caller.number)


def withheld_by_trunk(caller: TrunkCaller, prefix: CallerIdPrefix | None) -> bool:
    """Whether a call or message from another carrier hides its number."""
    return caller.withheld or prefix is CallerIdPrefix.WITHHOLD
