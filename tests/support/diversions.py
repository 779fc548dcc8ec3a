"""Diversions as tests mostly want them: forwarded when nobody answers."""

from provisioning.contract import E164, Diversion, Diversions


def unanswered(
    active: bool = False, target: E164 | None = None, ring_time_s: int = 15
) -> Diversions:
    """Diversions with nothing but CFNR."""
    return Diversions(no_answer=Diversion(active, target), ring_time_s=ring_time_s)
