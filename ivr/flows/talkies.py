"""What a caller hears when nothing answers: the talkie, and the final response after it.

Statuses: LINE-04 and facts §8 (the mapping from Q.850 causes is an assumption).
"""

from collections.abc import Mapping
from typing import NamedTuple

from ivr.numbering.route import (
    AssignedLine,
    Emergency,
    OtherNetwork,
    SuspendedCaller,
    SuspendedLine,
    Unassigned,
)
from prompts.catalogue import Prompt


class Talkie(NamedTuple):
    """An announcement, played as early media, and the final response that ends the call."""

    prompt: Prompt
    status: int


TALKIES: Mapping[type, Talkie] = {
    Unassigned: Talkie(Prompt.TALKIE_UNASSIGNED, 404),
    SuspendedLine: Talkie(Prompt.TALKIE_SUSPENDED, 403),
    SuspendedCaller: Talkie(Prompt.TALKIE_NOT_AVAILABLE, 403),
    OtherNetwork: Talkie(Prompt.TALKIE_NOT_AVAILABLE, 404),
    Emergency: Talkie(Prompt.TALKIE_NOT_AVAILABLE, 403),
    AssignedLine: Talkie(Prompt.TALKIE_NOT_AVAILABLE, 480),
}
"""By where the number leads. A line of this network is not rung: `AssignedLine` is that case."""
