"""Japan's tones as µ-law loops (rule CALL-03), DTMF tones, and plain sines.

A loop lasts a whole number of 20 ms frames and of its own periods, so that it repeats seamlessly.
Levels are in dBm0: a full-scale µ-law sine is +3.17 dBm0 (ITU-T G.711).
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from ivr.media.dtmf import key_code
from ivr.media.g711 import SAMPLE_RATE, encode_ulaw

TONE_HZ = 400
RING_MODULATION_HZ = 16
RING_DEPTH = 0.85
LEVEL_DBM0 = -15.0
KEY_LEVEL_DBM0 = -9.0
HOLD_LEVEL_DBM0 = -21.0

ROWS_HZ = (697, 770, 852, 941)
COLUMNS_HZ = (1209, 1336, 1477, 1633)
_KEYPAD = "123A456B789C*0#D"

_FULL_SCALE_DBM0 = 3.17
_FULL_SCALE = 32124
_HOWLER_STEPS = 10

Wave = NDArray[np.float64]


def _amplitude(level_dbm0: float) -> float:
    return float(_FULL_SCALE * 10 ** ((level_dbm0 - _FULL_SCALE_DBM0) / 20))


def _sine(hertz: float, seconds: float, level_dbm0: float = LEVEL_DBM0) -> Wave:
    at = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return np.asarray(_amplitude(level_dbm0) * np.sin(2 * np.pi * hertz * at))


def _silence(seconds: float) -> Wave:
    return np.zeros(round(seconds * SAMPLE_RATE))


def _ulaw(*parts: Wave) -> bytes:
    wave = np.clip(np.concatenate(parts), -_FULL_SCALE, _FULL_SCALE)
    return encode_ulaw(np.rint(wave).astype(np.int16))


def tone(hertz: float, seconds: float = 1.0, level_dbm0: float = LEVEL_DBM0) -> bytes:
    """A sine; it loops seamlessly when `hertz * seconds` is whole."""
    return _ulaw(_sine(hertz, seconds, level_dbm0))


@cache
def dial() -> bytes:
    """Dial tone: 400 Hz, continuous."""
    return _ulaw(_sine(TONE_HZ, 1.0))


@cache
def ring_back() -> bytes:
    """Ring-back: 400 Hz amplitude-modulated by 16 Hz, 1 s on and 2 s off."""
    at = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    swing = 1 + RING_DEPTH * np.sin(2 * np.pi * RING_MODULATION_HZ * at)
    return _ulaw(_sine(TONE_HZ, 1.0) * swing / (1 + RING_DEPTH), _silence(2.0))


@cache
def busy() -> bytes:
    """Busy: 400 Hz, 0.5 s on and 0.5 s off."""
    return _ulaw(_sine(TONE_HZ, 0.5), _silence(0.5))


@cache
def second_dial() -> bytes:
    """Second dial tone: 400 Hz, 0.125 s on and off (an assumption: facts §8); four cycles."""
    return _ulaw(*[_sine(TONE_HZ, 0.125), _silence(0.125)] * 4)


@cache
def acceptance() -> bytes:
    """Acceptance: one burst of 400 Hz of 1 s (an assumption: facts §8); played once."""
    return _ulaw(_sine(TONE_HZ, 1.0))


@cache
def howler() -> bytes:
    """Howler: 400 Hz that rises to full level in ten steps of 1 s (an assumption: facts §8)."""
    levels = np.linspace(-30.0, 0.0, _HOWLER_STEPS)
    return _ulaw(*(_sine(TONE_HZ, 1.0, float(level)) for level in levels))


@cache
def hold() -> bytes:
    """Hold tone: two short soft bursts of 400 Hz every 4 s (chosen by us)."""
    burst = _sine(TONE_HZ, 0.15, HOLD_LEVEL_DBM0)
    return _ulaw(burst, _silence(0.15), burst, _silence(3.55))


def key_tone(key: str, duration_ms: int, gap_ms: int = 0) -> bytes:
    """The two tones of a key, then silence (ITU-T Q.23).

    Raises:
        ValueError: no such key.
    """
    key_code(key)
    row, column = divmod(_KEYPAD.index(key.upper()), 4)
    pair = _sine(ROWS_HZ[row], duration_ms / 1000, KEY_LEVEL_DBM0)
    pair = pair + _sine(COLUMNS_HZ[column], duration_ms / 1000, KEY_LEVEL_DBM0)
    return _ulaw(pair, _silence(gap_ms / 1000))
