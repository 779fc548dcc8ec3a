"""Keys as tones: Japan's shortest, twisted, detuned and noisy keys; and no keys in speech."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ivr.media import tones
from ivr.media.dtmf import KEYS
from ivr.media.g711 import encode_ulaw
from ivr.media.inband import Detector, detect
from ivr.store.wav import read_ulaw

AUDIO = Path(__file__).parents[3] / "prompts" / "audio"
KEYPAD = "123A456B789C*0#D"
PEAK = 32124 * 10 ** ((-15 - 3.17) / 20)


@dataclass(frozen=True)
class Sender:
    """How a phone keys: milliseconds, dB (positive: the high tone is stronger), share, dB."""

    on_ms: int = 50
    off_ms: int = 30
    twist_db: float = 0.0
    detuned: float = 0.0
    noise_db: float | None = None
    level_db: float = 0.0
    lead: int = 0

    def key(self, keys: str) -> bytes:
        dice = np.random.default_rng(self.lead + 7)
        peak = PEAK * 10 ** (self.level_db / 20)
        parts = [np.zeros(self.lead)]
        for key in keys:
            parts += [peak * self._pair(key, dice), np.zeros(self.off_ms * 8)]
        wave = np.concatenate([*parts, np.zeros(800)])
        if self.noise_db is not None:
            wave = wave + dice.normal(0, peak * 10 ** (self.noise_db / 20), len(wave))
        return encode_ulaw(np.rint(np.clip(wave, -32124, 32124)).astype(np.int16))

    def _pair(self, key: str, dice: np.random.Generator) -> NDArray[np.float64]:
        row, column = divmod(KEYPAD.index(key), 4)
        at = 2 * np.pi * (1 + self.detuned) * np.arange(self.on_ms * 8) / 8000
        low = 10 ** (-max(self.twist_db, 0) / 20)
        high = 10 ** (min(self.twist_db, 0) / 20)
        first, second = dice.uniform(0, 6, 2)
        return np.asarray(
            low * np.sin(tones.ROWS_HZ[row] * at + first)
            + high * np.sin(tones.COLUMNS_HZ[column] * at + second)
        )


def hear(ulaw: bytes, packet: int = 160) -> str:
    detector = Detector()
    pieces = [ulaw[at : at + packet] for at in range(0, len(ulaw), packet)]
    return "".join(key for piece in pieces for _, key in detect([(detector, piece)]))


@pytest.mark.parametrize("lead", range(0, 160, 23))
@pytest.mark.parametrize(
    "sender",
    [
        {},
        {"twist_db": 6.0},
        {"twist_db": -6.0},
        {"detuned": 0.015},
        {"detuned": -0.015, "twist_db": 4.0},
        {"noise_db": -18.0},
        {"noise_db": -20.0, "twist_db": 4.0, "detuned": 0.01},
        {"level_db": -20.0},
        {"level_db": 9.0},
        {"on_ms": 400, "off_ms": 60, "noise_db": -18.0},
    ],
    ids=str,
)
def test_every_key_is_heard_once(sender: dict[str, float], lead: int) -> None:
    phone = Sender(**{"lead": lead, **sender})  # type: ignore[arg-type]
    assert hear(phone.key(KEYS)) == KEYS


def test_two_equal_keys_are_two_and_a_long_one_is_one() -> None:
    assert hear(Sender().key("5500##")) == "5500##"
    assert hear(Sender(on_ms=3000).key("7")) == "7"


@pytest.mark.parametrize("packet", [80, 160, 240, 480, 77])
def test_the_length_of_packets_does_not_matter(packet: int) -> None:
    assert hear(Sender().key("159D*0#"), packet) == "159D*0#"


def test_legs_of_one_batch_do_not_disturb_each_other() -> None:
    calls = {key * 3: Detector() for key in KEYS}
    audio = {keys: Sender(lead=n * 9).key(keys) for n, keys in enumerate(calls)}
    heard = dict.fromkeys(calls, "")
    for at in range(0, max(map(len, audio.values())), 160):
        batch = [(calls[keys], audio[keys][at : at + 160]) for keys in calls]
        for index, key in detect(batch):
            heard[list(calls)[index]] += key
    assert all(keys == what for keys, what in heard.items())


def test_a_key_is_heard_before_it_ends() -> None:
    audio = Sender(on_ms=50, off_ms=1000).key("5")
    assert hear(audio[: 60 * 8]) == "5"


class TestNotKeys:
    def test_too_short(self) -> None:
        assert hear(Sender(on_ms=23, off_ms=80).key(KEYS)) == ""

    def test_too_far_off_frequency(self) -> None:
        assert hear(Sender(detuned=0.035).key(KEYS)) == ""

    def test_one_tone_alone(self) -> None:
        for hertz in (*tones.ROWS_HZ, *tones.COLUMNS_HZ, 400, 1000, 425):
            assert hear(tones.tone(hertz)) == ""

    def test_the_carriers_own_tones(self) -> None:
        audio = tones.dial() + tones.ring_back() + tones.busy() + tones.howler()
        assert hear(audio) == ""

    def test_silence_and_noise(self) -> None:
        dice = np.random.default_rng(3)
        noise = dice.normal(0, 6000, 8000 * 20).clip(-32000, 32000)
        assert hear(bytes([0xFF]) * 16000) == ""
        assert hear(encode_ulaw(noise.astype(np.int16)), 1600) == ""

    @pytest.mark.parametrize("language", ["ja", "en"])
    def test_the_prompts_themselves(self, language: str) -> None:
        files = sorted((AUDIO / language).glob("*.wav"))
        assert len(files) > 10
        assert {file.name: hear(read_ulaw(file), 1600) for file in files} == {
            file.name: "" for file in files
        }

    @pytest.mark.parametrize("pitch", [95.0, 130.0, 180.0, 230.0, 300.0])
    def test_voices(self, pitch: float) -> None:
        assert hear(voice(pitch, seconds=30), 1600) == ""


def voice(pitch: float, seconds: int) -> bytes:
    """A voice-like sound: gliding harmonics through two wandering formants, in syllables."""
    dice = np.random.default_rng(int(pitch))
    samples = seconds * 8000
    knots = np.linspace(0, samples, seconds * 5)

    def wander(low: float, high: float) -> NDArray[np.float64]:
        return np.interp(np.arange(samples), knots, dice.uniform(low, high, len(knots)))

    fundamental = pitch * wander(0.8, 1.3)
    phase = 2 * np.pi * np.cumsum(fundamental) / 8000
    first, second = wander(300, 900), wander(1000, 2400)
    wave = np.zeros(samples)
    for harmonic in range(1, int(3400 / pitch)):
        hertz = harmonic * fundamental
        gain = 1 / (1 + ((hertz - first) / 90) ** 2) + 0.5 / (1 + ((hertz - second) / 120) ** 2)
        wave += gain * np.sin(harmonic * phase)
    wave *= wander(0.0, 1.0) ** 2
    return encode_ulaw(np.rint(wave / np.abs(wave).max() * 20000).astype(np.int16))
