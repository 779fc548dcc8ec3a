"""Tells the network's interrupted tones by their rhythm (CALL-03)."""

from itertools import groupby, pairwise

import numpy as np

from lab.scenarios.hearing import RATE_HZ, Samples

HERTZ = 400
_BAND_HZ = 40
"""Ring-back is modulated by 16 Hz: its power lies at 384, 400 and 416 Hz."""
_WINDOW = RATE_HZ // 20
_WINDOW_S = _WINDOW / RATE_HZ
_RMS = 0.01
_SHARE = 0.8
_RING_ON_S, _RING_OFF_S = (0.8, 1.3), 1.5
_BUSY_S = (0.35, 0.7)


def is_ring_back(sound: Samples) -> bool:
    """Whether it rang once, a second long, and two were quiet then or are begun."""
    runs = _runs(sound)
    return any(
        on and _RING_ON_S[0] <= length <= _RING_ON_S[1] and pause >= _RING_OFF_S
        for (on, length), (_, pause) in pairwise(runs)
    )


def is_busy(sound: Samples) -> bool:
    """Whether two bursts of half a second came, half a second apart."""
    runs = _runs(sound)
    return any(
        one[0] and all(_BUSY_S[0] <= length <= _BUSY_S[1] for _, length in (one, pause, other))
        for one, pause, other in zip(runs, runs[1:], runs[2:], strict=False)
    )


def _runs(sound: Samples) -> list[tuple[bool, float]]:
    """Whether the tone sounded, and for how many seconds, turn by turn."""
    whole = sound[: len(sound) - len(sound) % _WINDOW].reshape(-1, _WINDOW)
    return [(on, len(list(each)) * _WINDOW_S) for on, each in groupby(map(_is_tone, whole))]


def _is_tone(window: Samples) -> bool:
    if float(np.sqrt((window**2).mean())) < _RMS:
        return False
    power = np.abs(np.fft.rfft(window * np.hanning(len(window)))) ** 2
    near = np.abs(np.fft.rfftfreq(len(window), 1 / RATE_HZ) - HERTZ) <= _BAND_HZ
    return float(power[near].sum()) > _SHARE * float(power.sum())
