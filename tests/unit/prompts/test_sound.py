"""Sound: band, level, edges, silences and the law, by measuring."""

import numpy as np
import pytest

from prompts import sound
from prompts.rendering import Recording, Samples

# ITU-T G.711, table 2a: decoder output values and the character signal of each.
G711_TABLE_2A = [
    (8031, 0x80),
    (4191, 0x8F),
    (2079, 0x9F),
    (1023, 0xAF),
    (495, 0xBF),
    (231, 0xCF),
    (99, 0xDF),
    (33, 0xEF),
    (2, 0xFE),
]


def tone(hertz: float, seconds: float = 1.0, rate: int = 48000, peak: float = 0.5) -> Samples:
    return np.asarray(peak * np.sin(2 * np.pi * hertz * np.arange(int(rate * seconds)) / rate))


def rms(samples: Samples) -> float:
    return float(np.sqrt(np.mean(samples**2)))


@pytest.mark.parametrize("rate", [16000, 22050, 48000])
@pytest.mark.parametrize("hertz", [300, 1000, 3300])
def test_the_telephone_band_passes_unchanged(rate: int, hertz: int) -> None:
    out = sound.band_limited(tone(hertz, rate=rate), rate)
    assert len(out) == 8000
    assert rms(out[800:-800]) == pytest.approx(0.5 / 2**0.5, rel=0.01)


@pytest.mark.parametrize("hertz", [0, 50, 4200, 5000, 7700])
def test_nothing_else_passes_or_folds_back(hertz: int) -> None:
    steady = tone(hertz) if hertz else np.full(48000, 0.5)
    out = sound.band_limited(steady, 48000)[800:-800]
    assert rms(out) < 0.5 / 2**0.5 * 10 ** (-40 / 20)


def test_nothing_is_shifted_in_time() -> None:
    click = np.zeros(48000)
    click[24000] = 1
    assert np.argmax(np.abs(sound.band_limited(click, 48000))) == 4000


@pytest.mark.parametrize("peak", [0.001, 0.05, 1.0])
def test_the_active_level_is_what_is_asked_whatever_comes_in(peak: float) -> None:
    speech = np.concatenate((tone(500, 1, 8000, peak), np.zeros(8000), tone(700, 1, 8000, peak)))
    assert sound.active_level_dbov(sound.level(speech)) == pytest.approx(-16, abs=0.1)


def test_a_loud_peak_is_bent_and_never_clips() -> None:
    speech = tone(500, 2, 8000, 0.05)
    speech[8000:8040] *= 20
    assert np.abs(sound.level(speech)).max() <= sound.PEAK


def test_silence_has_no_level() -> None:
    assert sound.active_level_dbov(np.zeros(800)) == float("-inf")


def test_silence_before_and_after_is_cut() -> None:
    spoken = np.concatenate((np.zeros(4000), tone(500, 0.5, 8000), np.zeros(4000)))
    assert len(sound.trimmed(spoken)) == 4000
    assert len(sound.trimmed(np.zeros(800))) == 0


@pytest.mark.parametrize(("gap_ms", "left_ms"), [(300, 300), (350, 350), (900, 340), (3000, 340)])
def test_a_long_silence_within_is_shortened(gap_ms: int, left_ms: int) -> None:
    half = tone(500, 0.5, 8000)
    spoken = np.concatenate((half, np.zeros(gap_ms * 8), half))
    assert len(sound.shortened(spoken)) == 8000 + left_ms * 8


def test_a_clip_begins_and_ends_at_zero() -> None:
    steady = sound.faded(np.ones(800))
    assert steady[0] == steady[-1] == 0
    assert np.abs(np.diff(steady)).max() < 0.03
    assert (steady[40:-40] == 1).all()


def test_only_the_clip_is_kept() -> None:
    spoken = tone(500, 3)
    ulaw = sound.clip(Recording(spoken, 48000, 48000, 72000))
    assert len(ulaw) == 4000


@pytest.mark.parametrize(("value", "code"), G711_TABLE_2A)
def test_the_law_is_g711(value: int, code: int) -> None:
    samples = np.array([value, -value]) / 8192
    assert sound.encode(samples) == bytes([code, code & 0x7F])
    assert sound.decode(bytes([code]))[0] * 8192 == value


def test_every_code_survives_decoding_and_encoding() -> None:
    codes = bytes(code for code in range(256) if code != 0x7F)
    assert sound.encode(sound.decode(codes)) == codes
    assert sound.decode(bytes([0x7F, 0xFF])).tolist() == [0, 0]


def test_overload_is_the_loudest_code() -> None:
    assert sound.encode(np.array([2.0, -2.0])) == b"\x80\x00"


def test_silence_is_as_long_as_asked() -> None:
    assert sound.silence(20) == b"\xff" * 160
