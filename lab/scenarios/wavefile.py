"""Reads WAV files, also ones whose writer still writes or was killed."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

_PCM = 1
_HEADER = 12
_BLANK = bytes(44)
"""Linphone keeps room for the header and fills it in when it closes the file."""


class Sound(NamedTuple):
    """The first channel between -1 and 1, shape (n,), and its rate in Hz."""

    samples: npt.NDArray[np.float32]
    rate_hz: int


def read_wav(path: Path) -> Sound:
    """The sound of a 16-bit PCM file, as far as it is written; empty before its first sample.

    Raises:
        ValueError: another format.
    """
    try:
        return parse_wav(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from None


def parse_wav(data: bytes) -> Sound:
    """The same of bytes already read."""
    if data[: len(_BLANK)] == _BLANK:
        return Sound(_first_channel(data[len(_BLANK) :], 1), 8000)
    place, rate, channels = _HEADER, 8000, 1
    while place + 8 <= len(data):
        name, size = data[place : place + 4], int.from_bytes(data[place + 4 : place + 8], "little")
        body = place + 8
        if name == b"fmt ":
            kind, channels = _field(data, body, 2), _field(data, body + 2, 2)
            rate, bits = _field(data, body + 4, 4), _field(data, body + 14, 2)
            if kind != _PCM or bits != 16:
                raise ValueError(f"format {kind} with {bits} bits, not 16-bit PCM")
        if name == b"data":
            end = body + size if 0 < size <= len(data) - body else len(data)
            return Sound(_first_channel(data[body:end], channels), rate)
        place = body + size + size % 2
    return Sound(np.zeros(0, dtype=np.float32), rate)


def _field(data: bytes, place: int, width: int) -> int:
    return int.from_bytes(data[place : place + width], "little")


def _first_channel(data: bytes, channels: int) -> npt.NDArray[np.float32]:
    whole = data[: len(data) - len(data) % (2 * channels)]
    samples = np.frombuffer(whole, dtype="<i2").reshape(-1, channels)[:, 0]
    return samples.astype(np.float32) / np.float32(32768.0)
