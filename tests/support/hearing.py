"""What was heard: finds prompts in a recording and measures tones.

A prompt is cut into chunks of half a second. Each chunk is slid over the recording (normalised
cross-correlation of the first differences, by FFT), so that level and companding law do not matter;
chunk by chunk the recording may run early or late, as a jitter buffer stretches and a decoder
conceals. A prompt was heard where most of its chunks fit one after another.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from tests.support.wavefile import read_wav

RATE_HZ = 8000

Samples: TypeAlias = npt.NDArray[np.float32]

_CHUNK = RATE_HZ // 2
_SHORT_CHUNK = RATE_HZ // 5
_BIN = 80
_SLACK_BINS = 25
_CHUNK_FITS = 0.5
_PROMPT_HEARD = 0.8
_SILENCE_RMS = 0.004


@dataclass(frozen=True, slots=True)
class Match:
    """A prompt in a recording: where it starts (seconds) and how much of it was heard (0 to 1)."""

    start_s: float
    score: float
    heard_s: float


@dataclass(frozen=True, slots=True)
class Heard:
    """One prompt of several, by the name the question gave it."""

    name: str
    start_s: float
    score: float


@cache
def _ulaw_table() -> npt.NDArray[np.float32]:
    """ITU-T G.711 µ-law: 256 codes to samples between -1 and 1."""
    code = ~np.arange(256, dtype=np.uint8) & 0xFF
    magnitude = (((code & 0x0F).astype(np.int32) << 3) + 0x84) << ((code & 0x70) >> 4)
    value = np.where(code & 0x80, 0x84 - magnitude, magnitude - 0x84)
    return (value / 32768.0).astype(np.float32)


def from_ulaw(ulaw: bytes) -> Samples:
    """Samples of G.711 µ-law at 8 kHz; shape (n,)."""
    return _ulaw_table()[np.frombuffer(ulaw, dtype=np.uint8)]


def load(path: Path) -> Samples:
    """The first channel of a 16-bit WAV file as samples at 8 kHz, as far as it is written."""
    sound = read_wav(path)
    return to_8_khz(sound.samples, sound.rate_hz)


def to_8_khz(samples: Samples, rate: int) -> Samples:
    """Resample to 8 kHz by cutting (or padding) the spectrum."""
    if rate == RATE_HZ or not len(samples):
        return samples
    length = round(len(samples) * RATE_HZ / rate)
    spectrum = np.fft.rfft(samples)
    kept = np.zeros(length // 2 + 1, dtype=complex)
    shared = min(len(kept), len(spectrum))
    kept[:shared] = spectrum[:shared]
    return (np.fft.irfft(kept, length) * (length / len(samples))).astype(np.float32)


class Recording:
    """A recording one may ask questions of; its spectrum is computed once."""

    def __init__(self, samples: Samples) -> None:
        self.samples = samples
        self._sharp = _sharpen(samples)
        self._size = _fft_size(len(samples) + _CHUNK)
        self._spectrum = np.fft.rfft(self._sharp, self._size)
        energy = np.concatenate(([0.0], np.cumsum(self._sharp.astype(np.float64) ** 2)))
        self._energy = energy

    @classmethod
    def of(cls, path: Path) -> "Recording":
        return cls(load(path))

    @property
    def seconds(self) -> float:
        return len(self.samples) / RATE_HZ

    def find(self, prompt: Samples, least: float = _PROMPT_HEARD) -> list[Match]:
        """Every place where at least the share `least` of the prompt's speech was heard."""
        chunks = _speech_chunks(prompt)
        if not chunks or len(self.samples) < _CHUNK:
            return []
        fits = self._fits(prompt, chunks)
        matches: list[Match] = []
        total = fits.mean(axis=0)
        width = max(1, len(prompt) // _BIN)
        while total.max() > 0:
            start = _peak(total)
            heard = fits[:, start] >= _CHUNK_FITS
            score = float(heard.mean())
            if score < least:
                break
            last = chunks[int(np.flatnonzero(heard)[-1])] + _CHUNK
            matches.append(Match(start * _BIN / RATE_HZ, score, last / RATE_HZ))
            total[max(0, start - width // 2) : start + max(1, width // 2)] = 0
        return sorted(matches, key=lambda match: match.start_s)

    def heard(self, prompt: Samples) -> bool:
        """Whether the whole prompt was heard at least once."""
        return bool(self.find(prompt))

    def fit(self, prompt: Samples) -> float:
        """How well the prompt fits at its best place, in short chunks: to choose among likes."""
        chunks = _speech_chunks(prompt, _SHORT_CHUNK)
        if not chunks or len(self.samples) < _SHORT_CHUNK:
            return 0.0
        return float(self._fits(prompt, chunks, _SHORT_CHUNK).mean(axis=0).max())

    def heard_part(self, prompt: Samples) -> float:
        """How many seconds of the prompt were heard from its beginning before it broke off."""
        chunks = _speech_chunks(prompt)
        if not chunks or len(self.samples) < _CHUNK:
            return 0.0
        fits = self._fits(prompt, chunks)
        start = _peak(fits[0])
        heard_s = 0.0
        for chunk, fit in zip(chunks, fits[:, start], strict=True):
            if fit < _CHUNK_FITS:
                break
            heard_s = (chunk + _CHUNK) / RATE_HZ
        return heard_s

    def _fits(
        self, prompt: Samples, chunks: list[int], width: int = _CHUNK
    ) -> npt.NDArray[np.float64]:
        """How well each chunk fits if the prompt starts in each 10 ms bin; shape (chunks, bins)."""
        sharp = _sharpen(prompt)
        bins = len(self.samples) // _BIN + 1
        rows = np.zeros((len(chunks), bins))
        for row, chunk in zip(rows, chunks, strict=True):
            best = _dilate(_bin_maxima(self._correlate(sharp[chunk : chunk + width])))
            shift = chunk // _BIN
            usable = best[shift : shift + bins]
            row[: len(usable)] = usable
        return rows

    def _correlate(self, chunk: Samples) -> npt.NDArray[np.float64]:
        """Normalised cross-correlation of one chunk at every sample of the recording."""
        spectrum = np.fft.rfft(chunk, self._size)
        products = np.fft.irfft(self._spectrum * np.conj(spectrum), self._size)
        places = len(self._sharp) - len(chunk) + 1
        window = self._energy[len(chunk) :] - self._energy[: len(self._energy) - len(chunk)]
        loudness = np.sqrt(np.maximum(window, 0.0) * float(np.dot(chunk, chunk)))
        floor = len(chunk) * (_SILENCE_RMS / 8) ** 2
        return np.where(window > floor, products[:places] / np.maximum(loudness, 1e-9), 0.0)


def which(recording: Recording, prompts: Iterable[tuple[str, Samples]]) -> list[Heard]:
    """The prompts heard, in order of time; where several fit one place, the one that fits best.

    A longer prompt wins over a shorter one that is part of it.
    """
    found = [
        (len(samples), Heard(name, match.start_s, match.score))
        for name, samples in prompts
        for match in recording.find(samples)
    ]
    found.sort(key=lambda item: (-round(item[1].score, 1), -item[0]))
    kept: list[tuple[int, Heard]] = []
    for length, heard in found:
        if all(_apart(length, heard, other_length, other) for other_length, other in kept):
            kept.append((length, heard))
    return sorted((heard for _, heard in kept), key=lambda heard: heard.start_s)


def tone_level(samples: Samples, hertz: float) -> float:
    """The share of the power that lies within 10 Hz of a frequency (0 to 1)."""
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    frequencies = np.fft.rfftfreq(len(samples), 1 / RATE_HZ)
    near = np.abs(frequencies - hertz) <= 10
    return float(power[near].sum() / max(power.sum(), 1e-12))


def loudest_hertz(samples: Samples) -> float:
    """The frequency of the greatest power, to a fraction of a hertz for a second of sound."""
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 8 * len(samples))) ** 2
    return float(power.argmax() * RATE_HZ / (8 * len(samples)))


def loud_seconds(samples: Samples, rms: float = 0.02) -> float:
    """How long the recording was louder than `rms`, in 20 ms frames."""
    frames = samples[: len(samples) - len(samples) % 160].reshape(-1, 160)
    return float((np.sqrt((frames**2).mean(axis=1)) > rms).sum() * 0.02)


def loudest_window(samples: Samples, seconds: float) -> Samples:
    """The loudest stretch of that length."""
    width = min(len(samples), int(seconds * RATE_HZ))
    energy = np.concatenate(([0.0], np.cumsum(samples.astype(np.float64) ** 2)))
    start = int((energy[width:] - energy[: len(energy) - width]).argmax())
    return samples[start : start + width]


def _apart(length: int, heard: Heard, other_length: int, other: Heard) -> bool:
    """Whether two finds overlap by no more than half of the shorter one."""
    ends = heard.start_s + length / RATE_HZ, other.start_s + other_length / RATE_HZ
    overlap = min(ends) - max(heard.start_s, other.start_s)
    return overlap <= 0.5 * min(length, other_length) / RATE_HZ


def _sharpen(samples: Samples) -> Samples:
    """First differences: they weigh the consonants that tell one word from another."""
    return np.diff(samples, prepend=np.float32(0.0)).astype(np.float32)


def _speech_chunks(prompt: Samples, width: int = _CHUNK) -> list[int]:
    """Where the chunks of a prompt start that hold speech, not a pause; in samples."""
    if len(prompt) < width:
        return []
    starts = list(range(0, len(prompt) - width + 1, width))
    if len(prompt) - (starts[-1] + width) >= width // 2:
        starts.append(len(prompt) - width)
    loudness = [float(np.sqrt((prompt[s : s + width] ** 2).mean())) for s in starts]
    loudest = max(loudness)
    return [
        s for s, rms in zip(starts, loudness, strict=True) if rms > max(_SILENCE_RMS, loudest / 6)
    ]


def _bin_maxima(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The greatest value of every 10 ms."""
    padded = np.pad(values, (0, -len(values) % _BIN), constant_values=-1.0)
    maxima: npt.NDArray[np.float64] = padded.reshape(-1, _BIN).max(axis=1)
    return maxima


def _dilate(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The greatest value within the slack on either side."""
    padded = np.pad(values, _SLACK_BINS, constant_values=-1.0)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * _SLACK_BINS + 1)
    maxima: npt.NDArray[np.float64] = windows.max(axis=1)
    return maxima


def _peak(values: npt.NDArray[np.float64]) -> int:
    """The middle of the flat top that the slack makes of every peak."""
    first = last = int(values.argmax())
    while last + 1 < len(values) and values[last + 1] >= values[first] - 1e-9:
        last += 1
    return (first + last) // 2


def _fft_size(length: int) -> int:
    return 1 << (length - 1).bit_length()
