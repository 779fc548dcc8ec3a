"""From a synthesiser's sound to a telephone's: 8 kHz, 300–3400 Hz, level, edges and µ-law."""

import numpy as np
import numpy.typing as npt

from prompts.rendering import Recording, Samples

RATE = 8000
LEVEL_DBOV = -16.0
"""Active speech level, in dB below the overload of a square wave (ITU-T G.100.1)."""
PEAK = 0.92
"""No sample beyond this share of full scale; loud peaks are bent towards it."""
_KNEE = 0.6
"""Below this share of full scale nothing is bent."""
LONGEST_SILENCE_MS = 350
"""Silence within a clip; a listener that waits 900 ms for a prompt's end must not be misled."""
_FADE_MS = 5
_FRAME = RATE // 100
_SILENT_DB = -38.0
"""Frames this far below the active level are silence, and cut from the ends."""
_PAUSE_DB = -32.0
"""Frames this far below the active level are a pause: breath and room, but no word."""
_BAND_HZ = ((90.0, 180.0), (3450.0, 3850.0))
"""Where the band opens and closes, each as the two ends of a raised-cosine slope."""

SETTINGS = (
    f"{RATE} Hz ulaw {LEVEL_DBOV} dBov peak {PEAK} knee {_KNEE} silence {LONGEST_SILENCE_MS} ms "
    f"fade {_FADE_MS} ms band {_BAND_HZ} gates {_SILENT_DB} {_PAUSE_DB} dB"
)


def clip(recording: Recording) -> bytes:
    """Make µ-law of a recording's clip, levelled as the whole recording needs it."""
    start = round(recording.start * RATE / recording.rate)
    end = round(recording.end * RATE / recording.rate)
    whole = level(band_limited(recording.samples, recording.rate))
    return encode(faded(shortened(trimmed(whole[start:end]))))


def band_limited(samples: Samples, rate: int) -> Samples:
    """Resample to 8 kHz and keep the telephone band, without shifting anything in time."""
    seconds = -(-len(samples) // rate) + 1
    spectrum = np.fft.rfft(samples, seconds * rate)[: seconds * RATE // 2 + 1]
    hertz = np.arange(len(spectrum)) / seconds
    (low, low_open), (high_open, high) = _BAND_HZ
    spectrum *= _slope(hertz, low, low_open) * (1 - _slope(hertz, high_open, high))
    limited = np.fft.irfft(spectrum, seconds * RATE) * RATE / rate
    return limited[: round(len(samples) * RATE / rate)]


def _slope(hertz: Samples, start: float, end: float) -> Samples:
    return 0.5 - 0.5 * np.cos(np.pi * np.clip((hertz - start) / (end - start), 0, 1))


def active_level_dbov(samples: Samples) -> float:
    """Measure the level of the frames that speak, in dBov; silence has none: -inf."""
    power = _frame_power(samples)
    if not power.any():
        return float("-inf")
    speaking = power[power > power.max() * 10 ** (_SILENT_DB / 10)]
    return float(10 * np.log10(speaking.mean()))


def level(samples: Samples) -> Samples:
    """Bring the active level to `LEVEL_DBOV` and bend the peaks that would clip."""
    loud = samples * 10 ** ((LEVEL_DBOV - active_level_dbov(samples)) / 20)
    beyond = np.maximum(np.abs(loud) - _KNEE, 0)
    room = PEAK - _KNEE
    bent = _KNEE + room * np.tanh(beyond / room)
    return np.where(beyond > 0, np.sign(loud) * bent, loud)


def trimmed(samples: Samples) -> Samples:
    """Cut the silence before and after."""
    speaking = np.flatnonzero(_speaks(samples, _SILENT_DB))
    if not len(speaking):
        return samples[:0]
    return samples[speaking[0] * _FRAME : (speaking[-1] + 1) * _FRAME]


def shortened(samples: Samples) -> Samples:
    """Cut what a silence within has beyond `LONGEST_SILENCE_MS` out of its middle."""
    longest = LONGEST_SILENCE_MS * RATE // 1000 // _FRAME
    keep = np.ones(len(samples), dtype=bool)
    edges = np.flatnonzero(np.diff(np.concatenate(([1], _speaks(samples, _PAUSE_DB), [1]))))
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        if end - start > longest:
            keep[(start + longest // 2) * _FRAME : (end - longest // 2) * _FRAME] = False
    return samples[keep]


def faded(samples: Samples) -> Samples:
    """Let a clip begin and end at zero, so that joins do not click."""
    length = min(_FADE_MS * RATE // 1000, len(samples) // 2)
    ramp = np.linspace(0, 1, length, endpoint=False)
    shaped = samples.copy()
    shaped[:length] *= ramp
    shaped[len(samples) - length :] *= ramp[::-1]
    return shaped


def _frame_power(samples: Samples) -> Samples:
    padded = np.pad(samples, (0, -len(samples) % _FRAME))
    return np.asarray(np.mean(padded.reshape(-1, _FRAME) ** 2, axis=1))


def _speaks(samples: Samples, gate_db: float) -> npt.NDArray[np.int8]:
    floor = 10 ** ((LEVEL_DBOV + gate_db) / 10)
    return (_frame_power(samples) > floor).astype(np.int8)


_BIAS = 33
_CLIP = 8158


def encode(samples: Samples) -> bytes:
    """Encode linear samples as µ-law (ITU-T G.711, table 2a)."""
    linear = np.clip(np.rint(samples * 8192), -_CLIP, _CLIP).astype(np.int64)
    magnitude = np.abs(linear) + _BIAS
    exponent = np.floor(np.log2(magnitude)).astype(np.int64) - 5
    mantissa = (magnitude >> (exponent + 1)) & 0x0F
    sign = np.where(linear < 0, 0x80, 0)
    codes: npt.NDArray[np.uint8] = (~(sign | exponent << 4 | mantissa) & 0xFF).astype(np.uint8)
    return codes.tobytes()


def decode(ulaw: bytes) -> Samples:
    """Decode µ-law to linear samples (ITU-T G.711, table 2a)."""
    code = ~np.frombuffer(ulaw, dtype=np.uint8) & 0xFF
    magnitude = ((((code & 0x0F) << 1) + _BIAS).astype(np.int64) << (code >> 4 & 7)) - _BIAS
    return np.where(code & 0x80, -magnitude, magnitude) / 8192.0


SILENCE = 0xFF
"""Zero in µ-law."""


def silence(ms: int) -> bytes:
    """Make µ-law silence."""
    return bytes([SILENCE]) * (ms * RATE // 1000)
