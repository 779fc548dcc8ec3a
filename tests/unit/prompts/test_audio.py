"""The committed audio, measured: level, peaks, edges, silences, size."""

import numpy as np
import pytest

from prompts import library, script, sound
from prompts.library import Library
from prompts.rendering import Samples
from prompts.script import LANGUAGES

MOST_BYTES = 12_000_000


def recorded(language: str) -> dict[str, Samples]:
    shelf = Library(library.AUDIO / language)
    return {clip: sound.decode(shelf.read(clip)) for clip in script.load(language).clips()}


@pytest.fixture(scope="module", params=LANGUAGES)
def clips(request: pytest.FixtureRequest) -> dict[str, Samples]:
    return recorded(request.param)


def test_sentences_are_as_loud_as_each_other(clips: dict[str, Samples]) -> None:
    for clip, samples in clips.items():
        if len(samples) > sound.RATE:
            assert sound.active_level_dbov(samples) == pytest.approx(-16, abs=1.5), clip


def test_fillers_keep_the_loudness_of_their_sentence(clips: dict[str, Samples]) -> None:
    for clip, samples in clips.items():
        assert sound.active_level_dbov(samples) == pytest.approx(-16, abs=5), clip


def test_no_clip_clips_or_carries_direct_current(clips: dict[str, Samples]) -> None:
    for clip, samples in clips.items():
        assert np.abs(samples).max() < 0.95, clip
        assert abs(samples.mean()) < 0.001, clip


def test_joins_do_not_click(clips: dict[str, Samples]) -> None:
    for clip, samples in clips.items():
        assert abs(samples[0]) < 0.001, clip
        assert abs(samples[-1]) < 0.001, clip


def test_no_silence_within_a_clip_sounds_like_its_end(clips: dict[str, Samples]) -> None:
    for clip, samples in clips.items():
        assert len(sound.shortened(samples)) == len(samples), clip


def test_a_clip_is_as_long_as_its_words_take(clips: dict[str, Samples]) -> None:
    for clip, samples in clips.items():
        longest = 2.5 if clip.startswith("fillers/") else 20
        assert 0.08 < len(samples) / sound.RATE < longest, clip


def test_the_audio_stays_small() -> None:
    files = [path for path in library.AUDIO.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < MOST_BYTES


def test_the_licences_of_the_voices_stand_beside_them() -> None:
    text = (library.AUDIO / "LICENSES.md").read_text(encoding="utf-8")
    assert "Nagoya Institute of Technology" in text
    assert "creativecommons.org/licenses/by/3.0" in text
    assert "eSpeak NG" in text
