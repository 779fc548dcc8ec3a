"""Japan's tones by their spectrum and their cadence."""

import numpy as np
import pytest
from numpy.typing import NDArray

from ivr.media import tones
from ivr.media.dtmf import KEYS
from ivr.media.g711 import FRAME_SAMPLES, decode_ulaw

LOOPS = [
    tones.dial,
    tones.ring_back,
    tones.busy,
    tones.second_dial,
    tones.acceptance,
    tones.howler,
]


def spectrum(ulaw: bytes) -> NDArray[np.float64]:
    """Amplitude by whole hertz: the audio must last one second."""
    pcm = decode_ulaw(ulaw).astype(np.float64)
    assert len(pcm) == 8000
    return np.asarray(np.abs(np.fft.rfft(pcm)) * 2 / len(pcm))


def peaks(ulaw: bytes) -> set[int]:
    lines = spectrum(ulaw)
    return {int(at) for at in np.flatnonzero(lines > lines.max() / 20)}


def sounding(ulaw: bytes, piece_ms: int) -> list[bool]:
    """Whether there is sound, piece by piece."""
    pcm = decode_ulaw(ulaw).astype(np.float64)
    return [bool(np.abs(p).max() > 100) for p in pcm.reshape(-1, piece_ms * 8)]


@pytest.mark.rule("CALL-03")
class TestCarrierTones:
    def test_dial_is_400_hz_alone_and_never_pauses(self) -> None:
        assert peaks(tones.dial()) == {400}
        assert all(sounding(tones.dial(), 20))

    def test_ring_back_is_400_hz_modulated_by_16_hz_not_a_sum(self) -> None:
        burst = tones.ring_back()[:8000]
        assert peaks(burst) == {384, 400, 416}
        lines = spectrum(burst)
        assert lines[16] < lines[400] / 100
        assert lines[384] == pytest.approx(lines[400] * tones.RING_DEPTH / 2, rel=0.02)
        assert lines[416] == pytest.approx(lines[384], rel=0.02)

    def test_ring_back_lasts_one_second_in_three(self) -> None:
        assert sounding(tones.ring_back(), 500) == [True] * 2 + [False] * 4

    def test_busy_is_400_hz_half_a_second_on_and_off(self) -> None:
        assert peaks(tones.busy()[:4000] * 2) == {400}
        assert sounding(tones.busy(), 500) == [True, False]

    def test_second_dial_beats_eight_times_a_second(self) -> None:
        assert sounding(tones.second_dial(), 125) == [True, False] * 4

    def test_the_howler_rises(self) -> None:
        seconds = decode_ulaw(tones.howler()).astype(np.float64).reshape(-1, 8000)
        loudness = np.abs(seconds).max(axis=1)
        assert (np.diff(loudness) > 0).all()


@pytest.mark.parametrize("loop", LOOPS, ids=lambda loop: loop.__name__)
def test_a_loop_is_whole_frames_and_has_no_seam(loop: object) -> None:
    ulaw = loop() if callable(loop) else b""
    assert len(ulaw) > 0
    assert len(ulaw) % FRAME_SAMPLES == 0
    twice = decode_ulaw(ulaw * 2).astype(int)
    steps = np.abs(np.diff(twice))
    assert steps[len(ulaw) - 1] <= steps[: len(ulaw) - 1].max() + 16


def test_a_sine_has_the_level_it_was_asked_for() -> None:
    for level in (-20.0, -10.0, 0.0):
        amplitude = spectrum(tones.tone(1000, 1.0, level))[1000]
        assert 20 * np.log10(amplitude / 32124) + 3.17 == pytest.approx(level, abs=0.1)


@pytest.mark.parametrize("key", KEYS)
def test_a_key_is_its_row_and_its_column(key: str) -> None:
    rows = ["123A", "456B", "789C", "*0#D"]
    row = next(n for n, keys in enumerate(rows) if key in keys)
    column = rows[row].index(key)
    assert peaks(tones.key_tone(key, 1000)) == {tones.ROWS_HZ[row], tones.COLUMNS_HZ[column]}
