"""G.711 by table: µ-law, A-law and 16-bit linear PCM (ITU-T G.711; RFC 3551 §4.5.14).

The law of a codec is named as SDP names it: `PCMU` or `PCMA`. Everything inside the product is
µ-law; A-law exists only on the wire.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Law = Literal["PCMU", "PCMA"]
Pcm = NDArray[np.int16]

SAMPLE_RATE = 8000
FRAME_SAMPLES = 160
FRAME_MS = 20
ULAW_SILENCE = 0xFF
SILENCE_FRAME = bytes([ULAW_SILENCE]) * FRAME_SAMPLES

_BIAS = 0x84
_ULAW_CLIP = 32635
_ALAW_TOGGLE = 0x55


def _ulaw_table() -> Pcm:
    code = ~np.arange(256, dtype=np.uint8)
    exponent, mantissa = (code >> 4) & 7, code & 15
    magnitude = (((mantissa.astype(np.int32) << 3) + _BIAS) << exponent) - _BIAS
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


def _alaw_table() -> Pcm:
    code = np.arange(256, dtype=np.uint8) ^ _ALAW_TOGGLE
    exponent, mantissa = ((code >> 4) & 7).astype(np.int32), (code & 15).astype(np.int32)
    low = (mantissa << 4) + 8
    magnitude = np.where(exponent == 0, low, (low + 0x100) << np.maximum(exponent - 1, 0))
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)


def _ulaw_codes() -> NDArray[np.uint8]:
    """µ-law by the sample as unsigned: the segment is the biased magnitude's top bit."""
    sample = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)
    biased = np.minimum(np.abs(sample), _ULAW_CLIP) + _BIAS
    exponent = np.floor(np.log2(biased)).astype(np.int32) - 7
    mantissa = (biased >> (exponent + 3)) & 15
    sign = np.where(sample < 0, 0x80, 0)
    return np.asarray(~(sign | (exponent << 4) | mantissa) & 0xFF, dtype=np.uint8)


def _alaw_codes() -> NDArray[np.uint8]:
    """A-law by the 16-bit sample's unsigned value."""
    sample = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)
    magnitude = np.where(sample >= 0, sample, -sample - 1) >> 4
    exponent = np.maximum(np.floor(np.log2(np.maximum(magnitude, 1))).astype(np.int32) - 3, 0)
    mantissa = (magnitude >> np.maximum(exponent - 1, 0)) & 15
    sign = np.where(sample >= 0, 0x80, 0)
    return np.asarray((sign | (exponent << 4) | mantissa) ^ _ALAW_TOGGLE, dtype=np.uint8)


_PCM_OF_ULAW = _ulaw_table()
_PCM_OF_ALAW = _alaw_table()
_ULAW_OF_PCM = _ulaw_codes()
_ALAW_OF_PCM = _alaw_codes()

_ALAW_OF_ULAW: bytes = _ALAW_OF_PCM[_PCM_OF_ULAW.view(np.uint16)].tobytes()
_ULAW_OF_ALAW: bytes = _ULAW_OF_PCM[_PCM_OF_ALAW.view(np.uint16)].tobytes()


def decode_ulaw(ulaw: bytes) -> Pcm:
    """Turn µ-law octets into as many 16-bit samples."""
    return _PCM_OF_ULAW[np.frombuffer(ulaw, dtype=np.uint8)]


def encode_ulaw(pcm: Pcm) -> bytes:
    """Turn 16-bit samples into as many µ-law octets."""
    return _ULAW_OF_PCM[np.ascontiguousarray(pcm).view(np.uint16)].tobytes()


def to_wire(ulaw: bytes, law: Law) -> bytes:
    """Translate µ-law octets into `law`."""
    return ulaw if law == "PCMU" else ulaw.translate(_ALAW_OF_ULAW)


def translation(given: Law, wanted: Law) -> bytes | None:
    """The table for `bytes.translate` from one law into the other; None when they agree."""
    if given == wanted:
        return None
    return _ALAW_OF_ULAW if wanted == "PCMA" else _ULAW_OF_ALAW


def from_wire(payload: bytes, law: Law) -> bytes:
    """Translate octets of `law` into µ-law."""
    return payload if law == "PCMU" else payload.translate(_ULAW_OF_ALAW)
