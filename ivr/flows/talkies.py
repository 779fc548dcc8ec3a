"""What a caller hears when nobody answers: a talkie or a tone, and the final response after it.

Statuses: LINE-04 and facts §8 (the mapping from Q.850 causes is an assumption).
"""

from collections.abc import Mapping
from typing import NamedTuple, NoReturn

from ivr.call.call import Call
from ivr.call.party import Ring, Rung
from ivr.numbering.route import (
    Emergency,
    OtherNetwork,
    SuspendedCaller,
    SuspendedLine,
    Unassigned,
)
from prompts.catalogue import Prompt


class Talkie(NamedTuple):
    """What is played as early media, and the final response that ends the call.

    `prompt` None is the busy tone.
    """

    prompt: Prompt | None
    status: int


UNASSIGNED = Talkie(Prompt.TALKIE_UNASSIGNED, 404)
CONGESTED = Talkie(Prompt.TALKIE_CONGESTED, 503)
LOOP = Talkie(Prompt.TALKIE_FORWARDING_LOOP, 482)
"""Forwarding leads back to a line the call came from (FWD-06)."""
TOO_FAR = Talkie(Prompt.TALKIE_FORWARDING_LOOP, 480)
"""The call was forwarded too often."""

VOICEMAIL_FULL = Talkie(Prompt.TALKIE_VOICEMAIL_FULL, 480)
"""So many messages as the box holds are in it (VM-01)."""
VOICEMAIL_AWAY = Talkie(Prompt.TALKIE_VOICEMAIL_AWAY, 503)
"""Nothing can be recorded now (VM-08)."""
VOICEMAIL_TAKES_NONE = Talkie(Prompt.TALKIE_VOICEMAIL_TAKES_NONE, 480)
"""The owner has callers greeted and nothing recorded (au's 1610)."""

TALKIES: Mapping[type, Talkie] = {
    Unassigned: UNASSIGNED,
    SuspendedLine: Talkie(Prompt.TALKIE_SUSPENDED, 403),
    SuspendedCaller: Talkie(Prompt.TALKIE_NOT_AVAILABLE, 403),
    OtherNetwork: Talkie(Prompt.TALKIE_NOT_AVAILABLE, 404),
    Emergency: Talkie(Prompt.TALKIE_NOT_AVAILABLE, 403),
}
"""By where a number leads, when that is nowhere."""

RINGS: Mapping[Ring, Talkie] = {
    Ring.BUSY: Talkie(None, 486),
    Ring.NO_ANSWER: Talkie(Prompt.TALKIE_NO_ANSWER, 480),
    Ring.UNREACHABLE: Talkie(Prompt.TALKIE_UNREACHABLE, 480),
    Ring.DECLINED: Talkie(None, 603),
    Ring.INCOMPATIBLE: Talkie(Prompt.TALKIE_NOT_AVAILABLE, 488),
    Ring.CONGESTED: CONGESTED,
}
"""By how ringing ended, when nobody answered."""

WENT_TOO_FAR = frozenset({482, 483})
"""Another carrier's word that a call goes round in a circle (RFC 3261 §21.4.20, §21.4.21)."""

NO_SUCH_NUMBER = frozenset({404, 410, 604})
"""Another carrier's word that nobody has a number."""

PASSED_ON = frozenset({403, 404, 410, 480, 484, 486, 488, 503, 600, 603, 604, 606})
"""Another carrier's final responses that mean to our caller what they meant to us.

Any other is between the carriers: a challenge, a redirection, a fault of one of them.
"""


def of_line(rung: Rung) -> Talkie:
    """What the caller hears of a line that nobody answered."""
    return RINGS[rung.outcome]


def of_trunk(rung: Rung) -> Talkie:
    """What the caller hears of a number of another carrier that nobody answered."""
    if rung.status in NO_SUCH_NUMBER:
        return UNASSIGNED
    if rung.status in WENT_TOO_FAR:
        return TOO_FAR
    if rung.outcome is Ring.UNREACHABLE:
        return CONGESTED
    return RINGS[rung.outcome]


def passed_on(rung: Rung) -> int:
    """The final response to a caller who heard already from the other carrier why."""
    if rung.status in WENT_TOO_FAR:
        return TOO_FAR.status
    return rung.status if rung.status in PASSED_ON else RINGS[rung.outcome].status


async def tell(call: Call, talkie: Talkie) -> NoReturn:
    """Play it, and end the call."""
    if talkie.prompt is None:
        await call.busy_tone(talkie.status)
    await call.talkie(talkie.prompt, then=talkie.status)
