"""What a carrier grants calls."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CallPolicy:
    """How many calls one account may have at once, and how long a call may be silent (CALL-02)."""

    calls_per_user: int = 20
    """Those it makes and those it gets."""
    silence_s: float = 60.0
    lull_s: float = 5.0
    """After which a killed carrier's record ends with the call's last media (A)."""
    watch_s: float = 1.0
    """How often silent calls are looked for."""
    probe_s: float = 90.0
    """How often a party that may be silent, since one holds the other, and that agreed on no
    session timer is asked whether it is still there (A: the least interval of RFC 4028 §5)."""
    lifeless_s: float = 12.0
    """How long a phone, or a trunk, may answer an INVITE with nothing at all before it counts as
    unreachable (A: five transmissions by then, and a talkie after it ends within 64*T1)."""
    step_s: float = 4.0
    """How long phones may give no sign of life before less wanted ones ring too, or the next peer
    of a trunk is tried (A)."""
