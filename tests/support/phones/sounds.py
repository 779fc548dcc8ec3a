"""Sound files that phones without a microphone speak from."""

import wave
from pathlib import Path

import numpy as np

RATE_HZ = 8000


def _write(path: Path, samples: "np.ndarray[tuple[int], np.dtype[np.int16]]") -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(samples.astype("<i2").tobytes())
    return path


def silence(path: Path, seconds: int = 600) -> Path:
    """A quiet file, long enough that a phone which hangs up at its end never does so."""
    return _write(path, np.zeros(seconds * RATE_HZ, dtype=np.int16))


def tone(path: Path, hertz: float, seconds: float, *, silence_s: float = 0.0) -> Path:
    """A sine of a quarter of full scale, then silence."""
    instants = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    sine = 8192 * np.sin(2 * np.pi * hertz * instants)
    pause = np.zeros(int(silence_s * RATE_HZ))
    return _write(path, np.concatenate([sine, pause]).astype(np.int16))
