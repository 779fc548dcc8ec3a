"""Whether somebody speaks."""

import pytest

from ivr.media import tones
from ivr.media.speech import is_speech


@pytest.mark.parametrize("level_dbm0", [-9.0, -20.0, -30.0])
def test_a_voice_s_level_is_speech(level_dbm0: float) -> None:
    assert is_speech(tones.tone(500, 0.02, level_dbm0))


@pytest.mark.parametrize("level_dbm0", [-45.0, -60.0])
def test_a_line_s_noise_is_none(level_dbm0: float) -> None:
    assert not is_speech(tones.tone(500, 0.02, level_dbm0))


def test_silence_nothing_and_a_click_are_none() -> None:
    assert not is_speech(b"\xff" * 160)
    assert not is_speech(b"")
    assert not is_speech(b"\xff" * 80 + b"\x00" * 4 + b"\xff" * 76)
