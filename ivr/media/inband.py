"""Keys as tones in the audio (ITU-T Q.23, Q.24), for phones that offer no telephone-event.

All legs' audio of one tick is looked at together: windows of 20 ms, one every 10 ms, times one
matrix of sines. Japan's senders hold a key for at least 50 ms and pause at least 30 ms, so three
windows lie wholly in the shortest tone and one in the shortest pause.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ivr.media.g711 import SAMPLE_RATE, decode_ulaw
from ivr.media.tones import COLUMNS_HZ, ROWS_HZ

WINDOW = 160
HOP = 80
WINDOWS_FOR_KEY = 3

LEAST_POWER = 100.0**2 / 2
"""Per tone, of 16-bit samples: -47 dBm0, below the weakest a receiver must hear."""
PURITY = 0.88
"""Least share of the window's power in the two tones; speech is spread wider."""
TWIST = 10.0
"""A tone may be 10 dB weaker than the other one."""
NEIGHBOUR = 4.0
"""A tone must be 6 dB above the others of its group."""
HARMONIC = 0.08
"""Most power at twice the high tone's frequency, relative to it: a voice has harmonics.

Twice a low tone lies among the high ones and says nothing.
"""
DETUNED = 0.011
"""Where a tone is looked for besides its frequency: a sender may be 1.5 % off (Q.24)."""
STEADY = 1.6
"""From one window to the next a key's power changes by less than 2 dB; a voice is never so even."""
RELEASE = 0.06
"""A pause: the key's tones fell 12 dB below what they were."""

_KEYPAD = "123A456B789C*0#D"
_WAVES = 28

Array = NDArray[np.float64]


def _matrix() -> Array:
    tones = np.array(ROWS_HZ + COLUMNS_HZ, dtype=np.float64)
    spread = [tones * (1 + detuned) for detuned in (0.0, -DETUNED, DETUNED)]
    wanted = np.concatenate([*spread, 2 * tones[4:]])
    angles = 2 * np.pi * np.outer(np.arange(WINDOW), wanted) / SAMPLE_RATE
    waves = np.concatenate([np.cos(angles), np.sin(angles)], axis=1)
    return np.asarray(waves * (np.sqrt(2) / WINDOW))


_SINES = _matrix()


class Detector:
    """What one leg's audio was so far."""

    __slots__ = ("held", "level", "power", "rest", "run", "seen")

    def __init__(self) -> None:
        self.rest = b""
        self.seen = -1
        self.run = 0
        self.held = -1
        self.level = 0.0
        self.power = 0.0

    def windows(self, ulaw: bytes) -> list[bytes]:
        """Add audio; answer the windows it completes."""
        audio = self.rest + ulaw
        starts = range(0, len(audio) - WINDOW + 1, HOP)
        self.rest = audio[len(starts) * HOP :]
        return [audio[at : at + WINDOW] for at in starts]

    def judge(self, key: int, powers: Array) -> int:
        """Take one window: `key` or -1, and the powers of the 16 keys; answer a new press or -1."""
        power = float(powers[key])
        steady = self.power < STEADY * power and power < STEADY * self.power
        self.run = self.run + 1 if key == self.seen and steady else 1
        self.seen, self.power = key, power
        if self.held >= 0:
            power = float(powers[self.held])
            self.level = max(self.level, power)
            if power < RELEASE * self.level:
                self.held = -1
            elif key in (self.held, -1):
                return -1
        if key < 0 or self.run < WINDOWS_FOR_KEY:
            return -1
        self.held, self.level = key, float(powers[key])
        return key


def detect(batch: Sequence[tuple[Detector, bytes]]) -> list[tuple[int, str]]:
    """Look at new audio of many legs; answer the presses as (index in `batch`, key)."""
    pieces: list[bytes] = []
    owners: list[int] = []
    for index, (detector, ulaw) in enumerate(batch):
        windows = detector.windows(ulaw)
        pieces += windows
        owners += [index] * len(windows)
    if not pieces:
        return []
    keys, powers = _classify(b"".join(pieces))
    presses = []
    for row, index in enumerate(owners):
        press = batch[index][0].judge(int(keys[row]), powers[row])
        if press >= 0:
            presses.append((index, _KEYPAD[press]))
    return presses


def _classify(ulaw: bytes) -> tuple[NDArray[np.int64], Array]:
    """The key of each window or -1, and each window's power (rows) in the tones of each key."""
    samples = decode_ulaw(ulaw).reshape(-1, WINDOW).astype(np.float64)
    parts = samples @ _SINES
    power = parts[:, :_WAVES] ** 2 + parts[:, _WAVES:] ** 2
    total = np.maximum(np.mean(samples**2, axis=1), 1.0)
    tones, harmonics = power[:, :24].reshape(-1, 3, 8).max(axis=1), power[:, 24:]
    rows, columns = tones[:, :4], tones[:, 4:]
    row, column = rows.argmax(axis=1), columns.argmax(axis=1)
    at = np.arange(len(power))
    low, high = rows[at, row], columns[at, column]
    both = low + high
    good = (
        (np.minimum(low, high) > LEAST_POWER)
        & (both > PURITY * total)
        & (np.maximum(low, high) < TWIST * np.minimum(low, high))
        & _alone(rows, low)
        & _alone(columns, high)
        & (harmonics[at, column] < HARMONIC * high)
    )
    keypad = (rows[:, :, None] + columns[:, None, :]).reshape(len(power), 16)
    return np.where(good, row * 4 + column, -1), keypad


def _alone(group: Array, best: Array) -> NDArray[np.bool_]:
    """Whether the strongest tone of each group stands out from the second."""
    second = np.partition(group, -2, axis=1)[:, -2]
    return np.asarray(second * NEIGHBOUR < best)
