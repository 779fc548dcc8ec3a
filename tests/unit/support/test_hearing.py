"""The ear of the softphone tests is itself tested: right prompts found, wrong ones not."""

import subprocess
import wave
from pathlib import Path

import numpy as np
import pytest

from lab.scenarios.hearing import (
    RATE_HZ,
    Recording,
    Samples,
    from_ulaw,
    load,
    loudest_hertz,
    loudest_window,
    to_8_khz,
    tone_level,
    which,
)
from lab.scenarios.phones.program import find

SENTENCES = {
    "menu": "To start forwarding, press one. To stop forwarding, press two.",
    "started": "Forwarding to zero three, one two three four, five six seven eight has started.",
    "other-number": "Forwarding to zero six, nine nine eight seven, four four two one has started.",
    "stopped": "Forwarding has been stopped. Thank you for calling.",
    "unassigned": "The number you have dialled is not in service. Please check the number.",
}


@pytest.fixture(scope="module")
def prompts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Samples]:
    folder = tmp_path_factory.mktemp("prompts")
    spoken = {}
    for name, text in SENTENCES.items():
        path = folder / f"{name}.wav"
        subprocess.run([find("espeak-ng"), "-v", "en", "-w", str(path), text], check=True)
        spoken[name] = load(path)
    return spoken


def noise(seconds: float, rms: float, seed: int = 1) -> Samples:
    dice = np.random.default_rng(seed)
    samples: Samples = np.asarray(dice.normal(0, rms, int(seconds * RATE_HZ)), dtype=np.float32)
    return samples


def silence(seconds: float) -> Samples:
    return np.zeros(int(seconds * RATE_HZ), dtype=np.float32)


def as_ulaw(samples: Samples) -> Samples:
    """Through 8 bits and back, written anew: the companding of ITU-T G.711."""
    magnitude = np.log1p(255 * np.abs(samples)) / np.log(256)
    squeezed = np.round(magnitude * 127) / 127
    heard: Samples = np.sign(samples) * np.expm1(squeezed * np.log(256)) / 255
    return heard.astype(np.float32)


def stretched(samples: Samples, every_s: float = 1.3, seed: int = 4) -> Samples:
    """What a jitter buffer does: now and then a frame is repeated, or one is left out."""
    dice = np.random.default_rng(seed)
    frames = [samples[i : i + 160] for i in range(0, len(samples) - 159, 160)]
    step = int(every_s * 50)
    out: list[Samples] = []
    for number, frame in enumerate(frames):
        fate = dice.integers(2) if number % step == step - 1 else 2
        out.extend({0: [], 1: [frame, frame], 2: [frame]}[int(fate)])
    return np.concatenate(out)


def test_finds_a_prompt_and_says_when(prompts: dict[str, Samples]) -> None:
    recording = Recording(np.concatenate([silence(2.0), prompts["menu"], silence(1.0)]))
    (match,) = recording.find(prompts["menu"])
    assert abs(match.start_s - 2.0) < 0.3
    assert match.score == 1.0


def test_does_not_find_what_was_not_said(prompts: dict[str, Samples]) -> None:
    recording = Recording(np.concatenate([prompts["menu"], silence(0.5), prompts["stopped"]]))
    for name in ("started", "other-number", "unassigned"):
        assert not recording.heard(prompts[name]), name


def test_tells_one_number_from_another(prompts: dict[str, Samples]) -> None:
    recording = Recording(prompts["started"])
    assert recording.heard(prompts["started"])
    assert not recording.heard(prompts["other-number"])


def test_names_prompts_in_their_order(prompts: dict[str, Samples]) -> None:
    order = ["stopped", "menu", "started", "menu"]
    parts = [part for name in order for part in (silence(0.4), prompts[name])]
    heard = which(Recording(np.concatenate(parts)), prompts.items())
    assert [one.name for one in heard] == order


@pytest.mark.parametrize("gain", [0.05, 0.3, 1.8])
def test_level_does_not_matter(prompts: dict[str, Samples], gain: float) -> None:
    recording = Recording(np.clip(prompts["menu"] * np.float32(gain), -1, 1))
    assert recording.heard(prompts["menu"])
    assert not recording.heard(prompts["unassigned"])


def test_companding_and_noise_do_not_matter(prompts: dict[str, Samples]) -> None:
    speech = as_ulaw(prompts["unassigned"])
    recording = Recording(speech + noise(len(speech) / RATE_HZ, 0.004)[: len(speech)])
    assert recording.heard(prompts["unassigned"])
    assert not recording.heard(prompts["menu"])


@pytest.mark.parametrize("seed", range(5))
def test_jitter_buffers_do_not_matter(prompts: dict[str, Samples], seed: int) -> None:
    heard = stretched(np.concatenate([silence(1), prompts["started"], silence(1)]), seed=seed)
    recording = Recording(heard)
    assert recording.heard(prompts["started"])
    assert not recording.heard(prompts["other-number"])


def test_lost_frames_do_not_matter(prompts: dict[str, Samples]) -> None:
    speech = prompts["menu"].copy()
    for start in range(0, len(speech) - 160, 1600):
        speech[start : start + 160] = 0
    assert Recording(speech).heard(prompts["menu"])


def test_a_cut_prompt_counts_only_as_a_part(prompts: dict[str, Samples]) -> None:
    cut = prompts["started"][: 2 * RATE_HZ]
    recording = Recording(np.concatenate([silence(0.5), cut, silence(6)]))
    assert not recording.heard(prompts["started"])
    assert 1.0 <= recording.heard_part(prompts["started"]) <= 2.5


def test_noise_and_silence_hold_no_prompt(prompts: dict[str, Samples]) -> None:
    for recording in (Recording(silence(8)), Recording(noise(8, 0.1)), Recording(silence(0.1))):
        assert not recording.heard(prompts["menu"])
        assert recording.heard_part(prompts["menu"]) == 0.0


def test_reads_files_of_other_rates(prompts: dict[str, Samples], tmp_path: Path) -> None:
    path = tmp_path / "wide.wav"
    wide = to_8_khz(prompts["menu"], RATE_HZ // 2)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(2 * RATE_HZ)
        file.writeframes((np.clip(wide, -1, 1) * 32767).astype("<i2").tobytes())
    assert Recording.of(path).heard(prompts["menu"])


def test_measures_a_tone() -> None:
    instants = np.arange(2 * RATE_HZ) / RATE_HZ
    tone = (0.3 * np.sin(2 * np.pi * 400 * instants)).astype(np.float32)
    heard = loudest_window(np.concatenate([silence(1), tone, silence(1)]), 1.0)
    assert abs(loudest_hertz(heard) - 400) < 1
    assert tone_level(heard, 400) > 0.99
    assert tone_level(heard, 440) < 0.01


def test_decodes_ulaw_as_g711_says() -> None:
    decoded = from_ulaw(bytes([0xFF, 0x7F, 0x80, 0x00]))
    assert decoded.tolist() == [0.0, 0.0, 32124 / 32768, -32124 / 32768]
