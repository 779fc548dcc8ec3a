"""What a leg's media came to, for records and for whoever looks at a call."""

from dataclasses import dataclass

from ivr.media.rtcp import Block
from ivr.media.source_lock import Address


@dataclass(frozen=True, slots=True)
class MediaFacts:
    """What a leg saw: packets, and jitter in milliseconds.

    `sampled` says that the kernel holds audio back, so that `received` counts only what is let
    through and `lost` and `jitter_ms` stand where they were before; what is heard is counted anew
    once it no longer does. `excess` was more than is relayed. `remote` is what the peer
    reported last of our packets.
    """

    sent: int
    unsent: int
    received: int
    lost: int
    jitter_ms: float
    foreign: int
    malformed: int
    refused: int
    excess: int
    sampled: bool
    locked: Address | None
    remote: Block | None
