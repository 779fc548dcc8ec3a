"""The network's interrupted tones are told by their rhythm (CALL-03)."""

import numpy as np
import pytest

from lab.scenarios.hearing import Samples
from lab.scenarios.stage import holds
from lab.scenarios.tones import is_busy, is_ring_back
from lab.scenarios.voices import HERTZ, tone_ulaw

RATE = 8000


def tone(seconds: float, hertz: float = 400.0, modulated: bool = False) -> Samples:
    at = np.arange(int(seconds * RATE)) / RATE
    level = 0.2 * (0.5 + 0.5 * np.sin(2 * np.pi * 16 * at)) if modulated else 0.2
    return (level * np.sin(2 * np.pi * hertz * at)).astype(np.float32)


def quiet(seconds: float) -> Samples:
    return np.zeros(int(seconds * RATE), dtype=np.float32)


RING_BACK = np.concatenate([quiet(0.4), tone(1, modulated=True), quiet(2), tone(0.3)])
BUSY = np.concatenate([tone(0.5), quiet(0.5), tone(0.5), quiet(0.5)])


@pytest.mark.rule("CALL-03")
def test_ring_back_and_busy_are_told_apart() -> None:
    assert is_ring_back(RING_BACK)
    assert not is_busy(RING_BACK)
    assert is_busy(BUSY)
    assert not is_ring_back(BUSY)


@pytest.mark.parametrize("sound", [quiet(4), tone(4), tone(1, 1000.0), np.zeros(0, np.float32)])
def test_other_sounds_are_neither(sound: Samples) -> None:
    assert not is_ring_back(sound)
    assert not is_busy(sound)


def test_a_voice_is_whole_waves() -> None:
    for hertz in HERTZ:
        assert len(tone_ulaw(hertz)) == RATE
        assert tone_ulaw(hertz)[: RATE // 2] == tone_ulaw(hertz)[RATE // 2 :]


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        ({"a": 1}, True),
        ({"a": 1, "b": {"c": True}}, True),
        ({"a": 2}, False),
        ({"x": None}, False),
        ({"list": [{"n": 1}, {}]}, True),
        ({"list": [{"n": 1}]}, False),
        ({"list": {"n": 1}}, False),
        ([], False),
    ],
)
def test_an_answer_holds_what_is_wanted_of_it(wanted: object, fits: bool) -> None:
    answer = {"a": 1, "b": {"c": True, "d": 0}, "list": [{"n": 1, "m": 2}, {"n": 3}]}
    assert holds(answer, wanted) is fits
