"""What a scenario hears of a voice: long enough, and not what was heard before."""

import numpy as np
import pytest

from lab.scenarios.ear import Ear, Unheard
from lab.scenarios.hearing import RATE_HZ, Samples
from prompts.voice import VoiceBank

VOICE = VoiceBank(("ja",)).of("ja")


def tone(hertz: int, seconds: float) -> Samples:
    instants = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return (0.25 * np.sin(2 * np.pi * hertz * instants)).astype(np.float32)


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE_HZ), dtype=np.float32)


def ear(*pieces: Samples) -> Ear:
    sound = np.concatenate(pieces)
    return Ear(lambda: sound, VOICE)


def hears(listening: Ear, hertz: int = 700) -> bool:
    try:
        listening.hears_among(hertz, timeout_s=0)
    except Unheard:
        return False
    return True


def test_a_voice_is_heard_among_other_sound() -> None:
    assert hears(ear(tone(1300, 1), silence(0.33), tone(700, 1), silence(1)))


@pytest.mark.parametrize("seconds", [0.2, 0.4, 0.5])
def test_a_short_tone_is_no_voice(seconds: float) -> None:
    assert not hears(ear(silence(1), tone(700, seconds), silence(1)))


def test_what_was_heard_is_behind() -> None:
    listening = ear(silence(0.5), tone(700, 3), silence(1))
    assert hears(listening)
    assert not hears(listening)


def test_what_comes_after_it_is_heard() -> None:
    listening = ear(tone(700, 1), tone(1300, 1), silence(0.5), tone(700, 1))
    assert hears(listening)
    assert hears(listening, 1300)
    assert hears(listening)
