"""What was heard: finds prompts in a recording and measures tones.

A prompt is cut into chunks of half a second. Each chunk is slid over the recording (normalised
cross-correlation of the first differences, by FFT), so that level and companding law do not matter;
from chunk to chunk the recording may run earlier or later, as a jitter buffer stretches, a decoder
conceals and a sound clock stands still. A prompt was heard where most of its chunks fit one after
another.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from lab.scenarios.wavefile import read_wav

RATE_HZ = 8000

Samples: TypeAlias = npt.NDArray[np.float32]

_CHUNK = RATE_HZ // 2
_SHORT_CHUNK = RATE_HZ // 5
_BIN = 80
_BINS_A_SECOND = RATE_HZ // _BIN
_SLACK_BINS = 75
"""How far a sound clock that stands still may move the rest of a prompt: 0.75 s at a time."""
_EARLY_BINS = 300
_SHORT_SLACK_BINS = 25
"""Where likes are told apart: less than a digit, or one would be heard for the next."""
_CHUNK_FITS = 0.4
"""A chunk that a stall broke in two fits by one half; other speech seldom by a third."""
_PROMPT_HEARD = 0.8
_SILENCE_RMS = 0.004


@dataclass(frozen=True, slots=True)
class Match:
    """A prompt in a recording: where it starts (seconds) and how much of it was heard (0 to 1).

    `heard_s` is how far into the prompt the last chunk reaches that was heard, `late_s` how much
    later than at the start the recording ran there.
    """

    start_s: float
    score: float
    heard_s: float
    late_s: float = 0.0


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
        sums = _best_sums(fits)
        sums[0, :_EARLY_BINS] = 0
        matches: list[Match] = []
        apart = max(1, len(prompt) // _BIN // 2)
        while sums[0].max() > 0:
            start = int(sums[0].argmax())
            match = _match(fits, _best_way(sums, start), chunks)
            if match.score < least:
                break
            if all(abs(match.start_s - m.start_s) * _BINS_A_SECOND > apart for m in matches):
                matches.append(match)
            sums[0, max(0, start - apart) : start + apart] = 0
        return sorted(matches, key=lambda match: match.start_s)

    def heard(self, prompt: Samples) -> bool:
        """Whether the whole prompt was heard at least once."""
        return bool(self.find(prompt))

    def fit(self, prompt: Samples) -> float:
        """How well the prompt fits at its best place, in short chunks: to choose among likes."""
        chunks = _speech_chunks(prompt, _SHORT_CHUNK)
        if not chunks or len(self.samples) < _SHORT_CHUNK:
            return 0.0
        fits = self._fits(prompt, chunks, _SHORT_CHUNK)
        return float(_best_sums(fits, _SHORT_SLACK_BINS)[0].max()) / len(chunks)

    def heard_part(self, prompt: Samples) -> float:
        """How many seconds of the prompt were heard from its beginning before it broke off."""
        chunks = _speech_chunks(prompt)
        if not chunks or len(self.samples) < _CHUNK:
            return 0.0
        fits = self._fits(prompt, chunks)
        way = _best_way(_best_sums(fits), int(fits[0].argmax()))
        heard_s = 0.0
        for number, chunk in enumerate(chunks):
            if fits[number, way[number]] < _CHUNK_FITS:
                break
            heard_s = (chunk + _CHUNK) / RATE_HZ
        return heard_s

    def _fits(
        self, prompt: Samples, chunks: list[int], width: int = _CHUNK
    ) -> npt.NDArray[np.float64]:
        """How well each chunk fits if the prompt starts in each 10 ms bin; shape (chunks, bins).

        The first `_EARLY_BINS` lie before the recording: what stalls took out moves the rest there.
        """
        sharp = _sharpen(prompt)
        bins = len(self.samples) // _BIN + 1
        rows = np.zeros((len(chunks), _EARLY_BINS + bins))
        for row, chunk in zip(rows, chunks, strict=True):
            best = _bin_maxima(self._correlate(sharp[chunk : chunk + width]))
            shift = chunk // _BIN - _EARLY_BINS
            usable = best[max(0, shift) : shift + len(row)]
            row[max(0, -shift) :][: len(usable)] = usable
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


def _best_sums(
    fits: npt.NDArray[np.float64], slack_bins: int = _SLACK_BINS
) -> npt.NDArray[np.float64]:
    """The most that each chunk and those after it fit together, by where it is; as `fits`.

    Where the prompt is said to start may move by the slack from one chunk to the next.
    """
    sums = fits.copy()
    for row in range(len(fits) - 2, -1, -1):
        sums[row] += _dilate(sums[row + 1], slack_bins)
    return sums


def _match(fits: npt.NDArray[np.float64], way: npt.NDArray[np.int_], chunks: list[int]) -> Match:
    """What was heard of a prompt on its way through the recording."""
    heard = np.flatnonzero(fits[np.arange(len(chunks)), way] >= _CHUNK_FITS)
    if not len(heard):
        return Match(0.0, 0.0, 0.0)
    first, last = int(heard[0]), int(heard[-1])
    start_s = max(0, int(way[first]) - _EARLY_BINS) / _BINS_A_SECOND
    late_s = int(way[last] - way[first]) / _BINS_A_SECOND
    return Match(start_s, len(heard) / len(chunks), (chunks[last] + _CHUNK) / RATE_HZ, late_s)


def _best_way(sums: npt.NDArray[np.float64], start: int) -> npt.NDArray[np.int_]:
    """Where each chunk has the prompt start, on the way of the best sum; shape (chunks,)."""
    way = np.full(len(sums), start)
    for row in range(1, len(sums)):
        low = max(0, way[row - 1] - _SLACK_BINS)
        near = sums[row, low : way[row - 1] + _SLACK_BINS + 1]
        ties = np.flatnonzero(near >= near.max() - 1e-9) + low
        way[row] = ties[np.abs(ties - way[row - 1]).argmin()]
    return way


def _dilate(values: npt.NDArray[np.float64], slack_bins: int) -> npt.NDArray[np.float64]:
    """The greatest value within the slack on either side."""
    width, span = 2 * slack_bins + 1, 1
    maxima = np.pad(values, slack_bins, constant_values=-1.0)
    while 2 * span <= width:
        maxima = np.maximum(maxima[:-span], maxima[span:])
        span *= 2
    rest = width - span
    return np.maximum(maxima[: len(values)], maxima[rest : rest + len(values)])


def _fft_size(length: int) -> int:
    """The least size from `length` on that is quickly transformed: of factors 2, 3 and 5."""
    power = 1 << (length - 1).bit_length()
    shares = (share * power // 32 for share in (18, 20, 24, 25, 27, 30, 32))
    return next(size for size in shares if size >= length)
