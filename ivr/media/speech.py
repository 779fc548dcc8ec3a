"""Whether somebody speaks: told by how many samples are louder than a line's noise."""

from ivr.media.g711 import decode_ulaw

LOUD = 400
"""A linear sample beyond this is no noise of a quiet line: -38 dBov (assumption)."""
LOUD_SHARE = 0.05
"""Speech has at least this share of loud samples in a packet; a click has fewer (assumption)."""

_MARKS = bytes(abs(int(sample)) > LOUD for sample in decode_ulaw(bytes(range(256))))


def is_speech(ulaw: bytes) -> bool:
    """Whether µ-law sound, a packet or so of it, is more than a quiet line's noise."""
    return ulaw.translate(_MARKS).count(1) > len(ulaw) * LOUD_SHARE
