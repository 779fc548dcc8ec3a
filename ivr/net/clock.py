"""The only clocks telephony reads: monotonic for timers, wall time for what outlives a process."""

import time

monotonic = time.monotonic
"""Seconds that never jump: every SIP and RTP timer (same clock as asyncio's loops)."""


def wall() -> float:
    """UTC epoch seconds, for stored registrations and nonces; jumps when the host's clock does."""
    return time.time()  # noqa: TID251  # the one place where telephony asks
