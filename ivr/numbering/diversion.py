"""Whether a call is forwarded and on which condition (FWD-05, 3GPP TS 24.604 §4.5.2.6).

Which access rings (LINE-03) is decided before; calls of an access that the carrier does not
forward are never forwarded (FWD-04). Pure: settings and facts in, a destination out.
"""

from collections.abc import Collection
from enum import Enum, auto
from typing import NamedTuple

from provisioning.contract import E164, Access, Condition, Diversions, ForwardingRules


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
