"""Whether a call is forwarded and on which condition (FWD-05, 3GPP TS 24.604 §4.5.2.6).

Which access rings (LINE-03) is decided before; calls of an access that the carrier does not
forward are never forwarded (FWD-04). Pure: settings and facts in, a destination out.
"""

from collections.abc import Collection, Mapping
from enum import Enum, auto
from typing import NamedTuple

from ivr.numbering.plan import NotForwardable, WhyNot, forwardable
from provisioning.contract import (
    E164,
    Access,
    Condition,
    Diversion,
    Diversions,
    ForwardingRules,
    Line,
)


class Happened(Enum):
    """What is known of a call that was not answered; of a new one, mostly nothing."""

    UNREACHABLE = auto()
    """No phone is registered, or none can be reached."""
    BUSY = auto()
    NO_ANSWER = auto()
    """It rang as long as the line lets it ring."""


class Redirection(NamedTuple):
    """Where a call goes, and the condition that sends it there."""

    condition: Condition
    target: E164


MEETS = {
    Happened.UNREACHABLE: Condition.CFNRC,
    Happened.BUSY: Condition.CFB,
    Happened.NO_ANSWER: Condition.CFNR,
}
"""The condition each happening meets; CFU is met by every call."""

CAUSES = {
    Condition.CFU: 302,
    Condition.CFNRC: 503,
    Condition.CFB: 486,
    Condition.CFNR: 408,
}
"""What History-Info tells of a forwarding (RFC 4458 §2, TS 24.604 §4.5.2.6.2)."""


def redirection(
    diversions: Diversions,
    rules: ForwardingRules,
    happened: Collection[Happened] = (),
    *,
    access: Access = Access.OS,
) -> Redirection | None:
    """Where a call that rings on `access` goes after what `happened`; None: it stays.

    Of several conditions that are met and active, the carrier's precedence chooses. With
    nothing happened yet, only CFU can apply.
    """
    if access not in rules.accesses:
        return None
    met = _met(rules, happened)
    for condition in rules.precedence:
        diversion = diversions.on(condition)
        if condition in met and diversion.active and diversion.target is not None:
            return Redirection(condition, diversion.target)
    return None


def _met(rules: ForwardingRules, happened: Collection[Happened]) -> set[Condition]:
    met = {Condition.CFU, *(MEETS[each] for each in happened)}
    if rules.unreachable_is_no_answer and Happened.UNREACHABLE in happened:
        met.add(Condition.CFNR)
    return met


def forbidden(diversions: Diversions, line: Line) -> Mapping[Condition, WhyNot]:
    """The active conditions whose destination the line may not, or no longer, forward to (FWD-06).

    A destination that was allowed when it was set may have lost the option that allowed it.
    """
    found: dict[Condition, WhyNot] = {}
    for condition in diversions.active:
        try:
            forwardable(diversions.on(condition).target or "", line)
        except NotForwardable as refused:
            found[condition] = refused.why
    return found


def without(diversions: Diversions, conditions: Collection[Condition]) -> Diversions:
    """The diversions as if some conditions were switched off: their calls stay with the line."""
    off = {each: Diversion(False, diversions.on(each).target) for each in conditions}
    return diversions.but(off)


def rings_for_s(
    diversions: Diversions, rules: ForwardingRules, *, access: Access, otherwise: float
) -> float:
    """How long a call rings: the line's own time when nobody's answer forwards it (CFNR)."""
    found = redirection(diversions, rules, (Happened.NO_ANSWER,), access=access)
    waits = found is not None and found.condition is Condition.CFNR
    return float(diversions.ring_time_s) if waits else otherwise


def falls_back_to(
    rules: ForwardingRules, contracted: Collection[str], happened: Happened
) -> str | None:
    """The service that takes a forwarded call whose destination did not (FWD-09); None: nothing.

    Args:
        contracted: the options of the line that forwarded.
        happened: what became of the call at its destination.
    """
    service = rules.destination_busy
    return service if happened is Happened.BUSY and service in contracted else None
