"""Sound as files: what is made can be read, and what is uploaded is heard at 8 kHz."""

import io
import struct
import wave

import numpy as np
import pytest

from ivr.media.g711 import decode_ulaw, encode_ulaw
from ivr.store.export import MP3_RATE_HZ, SoundFiles
from provisioning.contract import UnreadableSound

FILES = SoundFiles()


def tone(
    hz: float, seconds: float, rate_hz: int = 8000
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return 0.5 * np.sin(2 * np.pi * hz * np.arange(int(seconds * rate_hz)) / rate_hz)


def ulaw(hz: float = 440.0, seconds: float = 1.0) -> bytes:
    return encode_ulaw((tone(hz, seconds) * 32767).astype(np.int16))


def loudest_hz(sound: bytes) -> float:
    pcm = decode_ulaw(sound).astype(float)
    return float(np.argmax(np.abs(np.fft.rfft(pcm))) * 8000 / len(pcm))


def wav_file(coding: int, channels: int, rate_hz: int, bits: int, audio: bytes) -> bytes:
    block = channels * bits // 8
    form = struct.pack("<HHIIHH", coding, channels, rate_hz, rate_hz * block, block, bits)
    chunks = b"fmt " + struct.pack("<I", len(form)) + form
    chunks += b"LIST" + struct.pack("<I", 3) + b"abc\0"  # an odd chunk is padded
    chunks += b"data" + struct.pack("<I", len(audio)) + audio
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def test_a_wav_file_is_read_by_others() -> None:
    sound = ulaw()
    with wave.open(io.BytesIO(FILES.wav(sound))) as opened:
        assert opened.getparams()[:4] == (1, 2, 8000, 8000)
        frames = opened.readframes(8000)
    assert np.array_equal(np.frombuffer(frames, "<i2"), decode_ulaw(sound))


def test_a_wav_file_is_taken_back_as_it_was() -> None:
    sound = ulaw()
    assert FILES.ulaw(FILES.wav(sound)) == sound


def test_an_mp3_file_has_frames_from_its_first_byte_to_its_last() -> None:
    file = FILES.mp3(ulaw(seconds=3.0))
    at = frames = 0
    while at < len(file):
        header = int.from_bytes(file[at : at + 4], "big")
        assert header >> 21 == 0x7FF  # sync
        assert (header >> 19) & 3 == 2, "MPEG-2"
        assert (header >> 17) & 3 == 1, "layer III"
        assert (header >> 10) & 3 == 2, "16 kHz"
        assert (header >> 6) & 3 == 3, "mono"
        at += 72 * 32_000 // MP3_RATE_HZ + ((header >> 9) & 1)
        frames += 1
    assert at == len(file)
    assert 3.0 <= frames * 576 / MP3_RATE_HZ <= 3.3


def test_a_message_without_sound_makes_files() -> None:
    assert len(FILES.wav(b"")) == 44
    FILES.mp3(b"")


@pytest.mark.parametrize("rate_hz", [8000, 11_025, 16_000, 44_100, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_any_rate_is_brought_to_ours(rate_hz: int, channels: int) -> None:
    mono = (tone(440.0, 1.0, rate_hz) * 32767).astype("<i2")
    audio = np.repeat(mono, channels).tobytes()
    sound = FILES.ulaw(wav_file(1, channels, rate_hz, 16, audio))
    assert len(sound) == pytest.approx(8000, abs=1)
    assert loudest_hz(sound) == pytest.approx(440.0, abs=2.0)
    assert np.abs(decode_ulaw(sound)).max() == pytest.approx(16384, rel=0.05)


def test_what_8_khz_cannot_carry_makes_no_other_tone() -> None:
    audio = (tone(6000.0, 1.0, 48_000) * 32767).astype("<i2").tobytes()
    sound = FILES.ulaw(wav_file(1, 1, 48_000, 16, audio))
    assert np.abs(decode_ulaw(sound)).max() < 100


def samples(coding: int, bits: int) -> bytes:
    signal = tone(440.0, 1.0)
    match coding, bits:
        case 1, 8:
            return ((signal * 127) + 128).astype("u1").tobytes()
        case 1, 24:
            wide = (signal * (2**23 - 1)).astype("<i4")
            return wide.view("u1").reshape(-1, 4)[:, :3].tobytes()
        case 1, 32:
            return (signal * (2**31 - 1)).astype("<i4").tobytes()
        case 3, 32:
            return signal.astype("<f4").tobytes()
        case _:
            return encode_ulaw((signal * 32767).astype(np.int16))


@pytest.mark.parametrize(("coding", "bits"), [(1, 8), (1, 24), (1, 32), (3, 32), (7, 8)])
def test_every_usual_coding_is_read(coding: int, bits: int) -> None:
    sound = FILES.ulaw(wav_file(coding, 1, 8000, bits, samples(coding, bits)))
    assert loudest_hz(sound) == pytest.approx(440.0, abs=2.0)


def test_a_law_is_read() -> None:
    silence = wav_file(6, 1, 8000, 8, b"\xd5" * 800)
    assert np.abs(decode_ulaw(FILES.ulaw(silence))).max() <= 8


def test_a_number_that_is_none_is_silence() -> None:
    audio = struct.pack("<3f", float("nan"), float("inf"), -9.0)
    sound = decode_ulaw(FILES.ulaw(wav_file(3, 1, 8000, 32, audio)))
    assert sound[0] == 0
    assert sound[2] < -32000


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"RIFF",
        b"ID3\x03 an MP3 file",
        b"RIFF\0\0\0\0WAVE",
        b"RIFF\0\0\0\0WAVEfmt \x04\0\0\0abcd",
        b"RIFF\0\0\0\0WAVEdata\x04\0\0\0abcd",
        wav_file(1, 1, 8000, 12, b"x" * 24),
        wav_file(2, 1, 8000, 4, b"x" * 24),
        wav_file(1, 1, 500, 16, b"x" * 24),
        wav_file(1, 0, 8000, 16, b"x" * 24),
        wav_file(1, 9, 8000, 16, b"x" * 90),
        wav_file(1, 1, 4000, 8, b"x" * (4000 * 301)),
    ],
)
def test_what_is_no_such_file_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(UnreadableSound) as refused:
        FILES.ulaw(data)
    assert str(refused.value)


def test_a_single_sample_is_read() -> None:
    assert len(FILES.ulaw(wav_file(1, 1, 48_000, 16, b"\0\1"))) == 1
    assert FILES.ulaw(wav_file(1, 1, 48_000, 16, b"")) == b""
