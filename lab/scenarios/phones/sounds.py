"""Sound files that phones without a microphone speak from."""

import io
import math
import sys
import wave
from array import array
from pathlib import Path

RATE_HZ = 8000
_LEVEL = 8192


def _write(path: Path, samples: "array[int]") -> Path:
    if sys.byteorder == "big":
        samples.byteswap()
    path.write_bytes(wav(samples.tobytes()))
    return path


def wav(pcm: bytes) -> bytes:
    """A WAV file of 16-bit samples, little-endian, 8 kHz."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(RATE_HZ)
        writer.writeframes(pcm)
    return file.getvalue()


def silence(path: Path, seconds: int = 600) -> Path:
    """A quiet file, long enough that a phone which hangs up at its end never does so."""
    return _write(path, _quiet(seconds))


def tone(path: Path, hertz: float, seconds: float, *, silence_s: float = 0.0) -> Path:
    """A sine of a quarter of full scale, then silence."""
    count = int(seconds * RATE_HZ)
    turn = 2 * math.pi * hertz / RATE_HZ
    # A second of whole hertz is whole waves: it may be said again and again.
    once = min(count, RATE_HZ) if float(hertz).is_integer() else count
    wave_once = array("h", (round(_LEVEL * math.sin(turn * at)) for at in range(once)))
    sine = wave_once * (count // once) + wave_once[: count % once] if once else wave_once
    return _write(path, sine + _quiet(silence_s))


def _quiet(seconds: float) -> "array[int]":
    return array("h", bytes(2 * int(seconds * RATE_HZ)))
