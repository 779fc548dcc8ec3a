"""The listening caller: waits for prompts in their order, in a file that grows."""

import wave
from pathlib import Path

import numpy as np
import pytest

from lab.scenarios.hearing import RATE_HZ, Samples
from lab.scenarios.wavefile import read_wav
from prompts.catalogue import Prompt, Speech
from prompts.voice import VoiceBank
from tests.support.ear import Ear, Unheard

SECONDS = {Prompt.FORWARDING_MENU: 2.0, Prompt.GOODBYE: 1.5, Prompt.NO_INPUT: 1.8}


class Babble:
    """A voice whose prompts are each a noise of their own, as µ-law."""

    def speech(self, prompt: Prompt, *values: object) -> Speech:
        if prompt not in SECONDS:
            raise ValueError(prompt)
        dice = np.random.default_rng(sorted(SECONDS).index(prompt))
        count = int(SECONDS[prompt] * RATE_HZ)
        return Speech(prompt.value, bytes(dice.integers(0, 256, count, dtype=np.uint8)))


class Tape:
    """A recording in the making."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._samples: list[Samples] = [np.zeros(RATE_HZ // 2, dtype=np.float32)]

    def add(self, samples: Samples) -> None:
        self._samples.append(samples)
        sound = np.concatenate([*self._samples, np.zeros(RATE_HZ // 4, dtype=np.float32)])
        with wave.open(str(self.path), "wb") as file:
            file.setparams((1, 2, RATE_HZ, 0, "NONE", "not compressed"))
            file.writeframes((sound * 32767).astype("<i2").tobytes())


@pytest.fixture
def tape(tmp_path: Path) -> Tape:
    return Tape(tmp_path / "tape.wav")


@pytest.fixture
def ear(tape: Tape) -> Ear:
    return Ear(lambda: tape.path, Babble())


def test_hears_prompts_one_after_another(tape: Tape, ear: Ear) -> None:
    for prompt in (Prompt.FORWARDING_MENU, Prompt.GOODBYE, Prompt.FORWARDING_MENU):
        tape.add(ear.speech(prompt))
        ear.hears(prompt, timeout_s=10)


def test_does_not_hear_one_prompt_twice(tape: Tape, ear: Ear) -> None:
    tape.add(ear.speech(Prompt.GOODBYE))
    ear.hears(Prompt.GOODBYE, timeout_s=10)
    with pytest.raises(Unheard, match="goodbye was not heard"):
        ear.hears(Prompt.GOODBYE, timeout_s=1)


def test_tells_what_it_heard_instead(tape: Tape, ear: Ear) -> None:
    tape.add(ear.speech(Prompt.NO_INPUT))
    with pytest.raises(Unheard, match=r"0\.5 s no-input"):
        ear.hears(Prompt.GOODBYE, timeout_s=1)


def test_waits_for_the_end_of_a_prompt(tape: Tape, ear: Ear) -> None:
    speech = ear.speech(Prompt.FORWARDING_MENU)
    tape.add(speech[: int(1.7 * RATE_HZ)])
    with pytest.raises(Unheard):
        ear.hears(Prompt.FORWARDING_MENU, timeout_s=1)


def test_hears_the_beginning_of_a_prompt_that_goes_on(tape: Tape) -> None:
    ear = Ear(lambda: tape.path, VoiceBank().of("ja"))
    tape.add(ear.speech(Prompt.FORWARDING_MENU)[: 3 * RATE_HZ])
    with pytest.raises(Unheard, match="menu was not heard"):
        ear.hears_beginning(Prompt.VOICEWARP_MENU, timeout_s=0.1)
    ear.hears_beginning(Prompt.FORWARDING_MENU, timeout_s=10)


def test_hears_a_prompt_that_a_stalled_phone_broke_in_the_middle(tape: Tape, ear: Ear) -> None:
    speech = ear.speech(Prompt.FORWARDING_MENU).copy()
    speech[int(0.6 * RATE_HZ) : int(0.9 * RATE_HZ)] = 0
    tape.add(speech)
    ear.hears(Prompt.FORWARDING_MENU, timeout_s=10)


@pytest.mark.parametrize("missing_s", [(0.7,), (0.4, 0.4, 0.4)], ids=["once", "thrice"])
def test_hears_a_long_prompt_that_a_stalled_phone_took_pieces_out_of(
    tape: Tape, missing_s: tuple[float, ...]
) -> None:
    ear = Ear(lambda: tape.path, VoiceBank().of("ja"))
    said = ear.speech(Prompt.FORWARDING_NO_ANSWER, 15, "+81312345678")
    for number, lost_s in enumerate(missing_s):
        at, lost = (2 * number + 2) * RATE_HZ, int(lost_s * RATE_HZ)
        said = np.concatenate([said[:at], said[at + lost :]])
    tape.add(said)
    tape.add(ear.speech(Prompt.GOODBYE))
    ear.hears(Prompt.FORWARDING_NO_ANSWER, 15, "+81312345678", timeout_s=10)
    ear.hears(Prompt.GOODBYE, timeout_s=10)


def test_one_prompt_with_a_number_is_not_taken_for_another(tape: Tape) -> None:
    ear = Ear(lambda: tape.path, VoiceBank().of("ja"))
    tape.add(ear.speech(Prompt.FORWARDING_TARGET_SET, "+81312345678"))
    for other in (Prompt.FORWARDING_STARTED, Prompt.FORWARDING_ALWAYS):
        with pytest.raises(Unheard, match="was not heard"):
            ear.hears(other, "+81312345678", timeout_s=0.1)
    ear.hears(Prompt.FORWARDING_TARGET_SET, "+81312345678", timeout_s=10)


def test_a_broken_prompt_is_not_taken_for_one_that_fits_better(tape: Tape, ear: Ear) -> None:
    menu, goodbye = ear.speech(Prompt.FORWARDING_MENU), ear.speech(Prompt.GOODBYE)
    tape.add(np.concatenate([goodbye, menu[len(goodbye) :]]))
    with pytest.raises(Unheard, match="menu was not heard"):
        ear.hears(Prompt.FORWARDING_MENU, timeout_s=1)


def test_tells_a_number_from_its_neighbours(tape: Tape) -> None:
    ear = Ear(lambda: tape.path, VoiceBank().of("ja"))
    tape.add(ear.speech(Prompt.FORWARDING_TARGET_SET, "+81312345678"))
    ear.hears_number(Prompt.FORWARDING_TARGET_SET, "+81312345678", timeout_s=10)
    tape.add(ear.speech(Prompt.FORWARDING_TARGET_SET, "+81312345679"))
    with pytest.raises(Unheard, match=r"said \+81312345679"):
        ear.hears_number(Prompt.FORWARDING_TARGET_SET, "+81312345678", timeout_s=10)


def test_hears_a_tone(tape: Tape, ear: Ear) -> None:
    instants = np.arange(2 * RATE_HZ) / RATE_HZ
    tape.add((0.3 * np.sin(2 * np.pi * 400 * instants)).astype(np.float32))
    ear.hears_tone(400, timeout_s=5)
    with pytest.raises(Unheard, match="425 Hz"):
        ear.hears_tone(425, timeout_s=1)


def test_reads_a_file_whose_header_was_never_closed(tape: Tape, ear: Ear) -> None:
    tape.add(ear.speech(Prompt.GOODBYE))
    data = bytearray(tape.path.read_bytes())
    data[40:44] = bytes(4)
    tape.path.write_bytes(data)
    assert len(read_wav(tape.path).samples) == int((0.5 + 1.5 + 0.25) * RATE_HZ)


def test_reads_a_file_whose_header_is_not_written_yet(tape: Tape, ear: Ear) -> None:
    tape.add(ear.speech(Prompt.GOODBYE))
    data = tape.path.read_bytes()
    tape.path.write_bytes(bytes(44) + data[44:])
    assert len(read_wav(tape.path).samples) == int((0.5 + 1.5 + 0.25) * RATE_HZ)


def test_an_empty_file_is_silence(tmp_path: Path, ear: Ear) -> None:
    (tmp_path / "tape.wav").write_bytes(b"")
    assert len(ear.sound()) == 0
