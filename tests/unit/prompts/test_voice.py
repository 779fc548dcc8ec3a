"""The voices: what a prompt sounds like with its values, and what happens when it cannot."""

from datetime import date, time
from pathlib import Path

import numpy as np
import pytest

from prompts import sound
from prompts.catalogue import SIGNATURES, Kind, Prompt, Voice, Voices
from prompts.script import LANGUAGES
from prompts.voice import MissingAudio, VoiceBank
from prompts.wave_file import pack

EXAMPLES: dict[Kind, object] = {
    Kind.NUMBER: "+81312345678",
    Kind.KEYS: "0123456789*#",
    Kind.COUNT: 21,
    Kind.ORDINAL: 3,
    Kind.SECONDS: 15,
    Kind.MINUTES: 8,
    Kind.YEN: 1_203,
    Kind.DATE: date(2026, 5, 20),
    Kind.TIME: time(16, 9),
}
LONGEST_BREAK_MS = 500
"""A listener that waits 900 ms of silence for a prompt's end must not be misled."""
_FRAME = 160
_QUIET = 10 ** (-52 / 20)


@pytest.fixture(scope="module")
def bank() -> Voices:
    return VoiceBank()


def say(voice: Voice, prompt: Prompt) -> bytes:
    return voice.speech(prompt, *(EXAMPLES[v.kind] for v in SIGNATURES.get(prompt, ()))).ulaw


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("prompt", Prompt)
def test_every_prompt_is_spoken_without_a_break_that_sounds_like_its_end(
    bank: Voices, language: str, prompt: Prompt
) -> None:
    samples = sound.decode(say(bank.of(language), prompt))
    frames = samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME)
    loud = np.flatnonzero(np.abs(frames).mean(axis=1) > _QUIET)
    assert len(frames) > 50
    assert np.diff(loud).max() * 20 < LONGEST_BREAK_MS


def test_an_utterance_is_its_clips_with_pauses_between(bank: Voices) -> None:
    short = bank.of("ja").speech(Prompt.FORWARDING_TARGET_SET, "110").ulaw
    long = bank.of("ja").speech(Prompt.FORWARDING_TARGET_SET, "+81312345678").ulaw
    clip = (Path(sound.__file__).parent / "audio/ja/forwarding.target-set.1.wav").read_bytes()
    words = clip[clip.index(b"data") + 8 :][:1000]
    assert short.startswith(words)
    assert long.startswith(words)
    assert b"\xff" * 1600 in long
    assert len(long) > len(short) + 8000


def test_different_values_sound_different(bank: Voices) -> None:
    for language in LANGUAGES:
        voice = bank.of(language)
        heard = {
            voice.speech(Prompt.FORWARDING_TARGET_SET, f"+8190{number:08}").ulaw
            for number in range(0, 100_000_000, 1_234_567)
        }
        assert len(heard) == len(range(0, 100_000_000, 1_234_567))


def test_an_utterance_is_composed_once(bank: Voices) -> None:
    voice = bank.of("ja")
    first = voice.speech(Prompt.FORWARDING_RING_TIME_SET, 15)
    assert voice.speech(Prompt.FORWARDING_RING_TIME_SET, 15) is first


@pytest.mark.parametrize(
    ("prompt", "values", "reason"),
    [
        (Prompt.GOODBYE, (1,), "goodbye takes no values; 1 given"),
        (Prompt.FORWARDING_STARTED, (), "takes target; 0 given"),
        (Prompt.FORWARDING_STARTED, (None,), "not None"),
        (Prompt.FORWARDING_STARTED, ("abc",), "not 'abc'"),
        (Prompt.FORWARDING_STARTED, (["+81312345678"],), "cannot read"),
        (Prompt.FORWARDING_RING_TIME_SET, ("15",), "not '15'"),
        (Prompt.FORWARDING_RING_TIME_SET, (1.0,), "not 1.0"),
        (Prompt.FORWARDING_RING_TIME_SET, (True,), "not True"),
    ],
)
def test_an_unfitting_value_is_refused_even_when_an_equal_one_was_spoken(
    bank: Voices, prompt: Prompt, values: tuple[object, ...], reason: str
) -> None:
    bank.of("ja").speech(Prompt.FORWARDING_RING_TIME_SET, 1)
    with pytest.raises(ValueError, match=reason):
        bank.of("ja").speech(prompt, *values)


def test_an_unknown_language_is_refused_with_those_there_are(bank: Voices) -> None:
    assert tuple(bank.languages()) == LANGUAGES
    with pytest.raises(ValueError, match="ja, en"):
        bank.of("fr")


def test_missing_audio_says_which_file_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(MissingAudio, match=r"ja/.*wav.*tokuban prompts render"):
        VoiceBank(["ja"], tmp_path)


def test_audio_of_another_format_says_which_file(tmp_path: Path) -> None:
    (tmp_path / "en").mkdir()
    (tmp_path / "en/forwarding.menu.1.wav").write_bytes(pack(b"\xff")[:-2])
    with pytest.raises(MissingAudio, match=r"forwarding\.menu\.1\.wav: the chunk"):
        VoiceBank(["en"], tmp_path)
