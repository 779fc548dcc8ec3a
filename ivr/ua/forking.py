"""What final responses to a forked call mean, and which of them is the best (RFC 3261 §16.7)."""

from collections.abc import Sequence
from typing import NamedTuple

from ivr.call.party import Ring
from ivr.ua.causes import Cause

_GLOBAL = 600
"""From here on a response speaks for the called party wherever it is (RFC 3261 §21.6)."""

_BUSY = frozenset((486, 600))
_INCOMPATIBLE = frozenset((415, 488, 606))
_GAVE_UP = frozenset((408, 480, 487))
"""What a phone says that rang until its own time ran out."""
_GONE = frozenset((408, 430, 480, 503))
"""Nobody answers there: time-outs, a dead flow (RFC 5626 §11.1), a closed transport."""

_PREFERENCE = (
    Ring.BUSY,
    Ring.NO_ANSWER,
    Ring.DECLINED,
    Ring.INCOMPATIBLE,
    Ring.UNREACHABLE,
    Ring.CONGESTED,
)
"""Within a class: what tells the caller most of the called party."""

CAUSE_OF = {
    Ring.BUSY: Cause.BUSY,
    Ring.NO_ANSWER: Cause.NO_ANSWER,
    Ring.UNREACHABLE: Cause.ABSENT,
    Ring.DECLINED: Cause.DECLINED,
    Ring.INCOMPATIBLE: Cause.NOT_ACCEPTABLE,
    Ring.CONGESTED: Cause.CONGESTED,
}
"""What the record of a leg that was rung in vain says."""


class Final(NamedTuple):
    """How one branch ended without an answer."""

    status: int
    outcome: Ring

    @property
    def everywhere(self) -> bool:
        """Whether no other branch need be asked."""
        return self.status >= _GLOBAL


def final(status: int, *, rang: bool) -> Final:
    """What a final response other than 2xx means; `rang`: an 18x came before it.

    A redirection is never followed, since it could lead to a number that costs: the phone just
    does not take the call, which is said as 480.
    """
    if status in _BUSY:
        return Final(status, Ring.BUSY)
    if status in _INCOMPATIBLE:
        return Final(status, Ring.INCOMPATIBLE)
    if rang and status in _GAVE_UP:
        return Final(status, Ring.NO_ANSWER)
    if status in _GONE:
        return Final(status, Ring.UNREACHABLE)
    return Final(480 if status < 400 else status, Ring.DECLINED)


def best(finals: Sequence[Final]) -> Final:
    """The response that stands for all branches: any 6xx, else one of the lowest class.

    `finals` in the order they came; not empty.
    """
    return min(finals, key=_order)


def _order(each: Final) -> tuple[bool, int, int]:
    return not each.everywhere, each.status // 100, _PREFERENCE.index(each.outcome)
