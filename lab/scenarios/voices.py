"""The tones that the phones of a scenario speak, each its own."""

import numpy as np

from ivr.media.g711 import SAMPLE_RATE, encode_ulaw

HERTZ = (700, 1300, 1700, 2100, 2500, 500)
"""In the order of the phones; none is a tone of the network (400 and 1000 Hz) or of a key."""

_LEVEL = 8192


def tone_ulaw(hertz: int) -> bytes:
    """A second of a whole number of hertz, which may be said over and over."""
    instants = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    return bytes(encode_ulaw((_LEVEL * np.sin(2 * np.pi * hertz * instants)).astype(np.int16)))
