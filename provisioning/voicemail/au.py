"""The container of sound: Sun/NeXT `.au`, whose header says nothing that growth makes wrong.

The size of the sound is told as unknown, which the format allows: the length of the file is the
truth, at every instant of its growth and after any end of its writer.
"""

from struct import Struct

_HEADER = Struct(">4s6I")
_ULAW = 1
_UNKNOWN = 0xFFFFFFFF

HEADER = _HEADER.pack(b".snd", _HEADER.size, _UNKNOWN, _ULAW, 8000, 1, 0)
"""Offset of the sound (with four octets of annotation, the least there may be), size, encoding,
samples a second, channels."""


def sound(data: bytes) -> bytes:
    """The µ-law sound of a file."""
    return data[len(HEADER) :]


def octets(length: int) -> int:
    """How much sound a file of this length holds."""
    return max(0, length - len(HEADER))
