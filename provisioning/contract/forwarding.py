"""When calls go elsewhere, and how long it rings before."""

from dataclasses import dataclass
from enum import StrEnum


class Condition(StrEnum):
    """When a call is forwarded (3GPP TS 24.604 §4.2.1)."""

    CFU = "always"
    CFNRC = "unreachable"
    """No phone is registered, or none can be reached."""
    CFB = "busy"
    CFNR = "no_answer"


@dataclass(frozen=True, slots=True)
class RingTimes:
    """Bounds and default of a profile's no-answer time, in seconds (FWD-05)."""

    least: int
    most: int
    default: int
