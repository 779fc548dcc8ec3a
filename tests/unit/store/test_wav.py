"""WAV files: readable at every instant, whole after a crash, honest on a full disk."""

import os
import resource
import signal
import struct
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ivr.media.g711 import decode_ulaw, to_wire
from ivr.media.tones import tone
from ivr.store.wav import FLUSH_SAMPLES, RecordingFailed, UnreadableWav, WavWriter, read_ulaw

AUDIO = tone(400, 2.5)


def frames_of(path: Path) -> bytes:
    """What Python's own reader finds: header and audio must agree for it."""
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2)
        return bytes(file.readframes(file.getnframes()))


def pcm_of(ulaw: bytes) -> bytes:
    return decode_ulaw(ulaw).astype("<i2").tobytes()


def test_what_was_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    with WavWriter(path) as writer:
        for at in range(0, len(AUDIO), 160):
            writer.write(AUDIO[at : at + 160])
    assert frames_of(path) == pcm_of(AUDIO)
    assert read_ulaw(path) == AUDIO


def test_an_empty_recording_is_a_file_without_audio(tmp_path: Path) -> None:
    WavWriter(tmp_path / "call.wav").close()
    assert frames_of(tmp_path / "call.wav") == b""
    assert read_ulaw(tmp_path / "call.wav") == b""


def test_the_file_is_whole_while_it_grows(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    with WavWriter(path) as writer:
        for at in range(0, len(AUDIO), 160):
            writer.write(AUDIO[at : at + 160])
            missing = at + 160 - len(read_ulaw(path))
            assert missing < FLUSH_SAMPLES
            assert frames_of(path) == pcm_of(AUDIO[: at + 160 - missing])


def test_a_killed_process_leaves_its_audio(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    child = os.fork()
    if child == 0:
        writer = WavWriter(path)
        for at in range(0, len(AUDIO), 160):
            writer.write(AUDIO[at : at + 160])
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    assert read_ulaw(path) == AUDIO[: 2 * FLUSH_SAMPLES]


def test_a_header_older_than_the_audio_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    with WavWriter(path) as writer:
        writer.write(AUDIO)
    with path.open("r+b") as file:
        file.seek(4)
        file.write(struct.pack("<I", 36 + 16000))
        file.seek(40)
        file.write(struct.pack("<I", 16000))
    assert read_ulaw(path) == AUDIO


def test_chunks_behind_the_audio_are_not_audio(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    with WavWriter(path) as writer:
        writer.write(AUDIO)
    data = path.read_bytes()
    extra = b"LIST" + struct.pack("<I", 4) + b"INFO"
    whole = data[:4] + struct.pack("<I", len(data) - 8 + len(extra)) + data[8:] + extra
    path.write_bytes(whole)
    assert read_ulaw(path) == AUDIO


def _g711_file(coding: int, audio: bytes) -> bytes:
    form = struct.pack("<4sIHHIIHHH", b"fmt ", 18, coding, 1, 8000, 8000, 1, 8, 0)
    fact = b"fact" + struct.pack("<II", 4, len(audio))
    body = b"WAVE" + form + fact + b"data" + struct.pack("<I", len(audio)) + audio
    return b"RIFF" + struct.pack("<I", len(body)) + body


def test_g711_files_are_read(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    path.write_bytes(_g711_file(7, AUDIO))
    assert read_ulaw(path) == AUDIO
    path.write_bytes(_g711_file(6, to_wire(AUDIO, "PCMA")))
    assert len(read_ulaw(path)) == len(AUDIO)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"RIFF",
        b"RIFF\x04\x00\x00\x00WAVE",
        b"RIFF\x04\x00\x00\x00WAVEfmt \x04\x00\x00\x00\x01\x00\x01\x00",
        b"OggS" + bytes(60),
        _g711_file(3, b"x" * 160),
        _g711_file(7, b"x" * 160).replace(struct.pack("<I", 8000), struct.pack("<I", 48000)),
    ],
)
def test_other_files_are_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "call.wav"
    path.write_bytes(data)
    with pytest.raises(UnreadableWav, match=r"call\.wav"):
        read_ulaw(path)


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(RecordingFailed, match="No such file"):
        WavWriter(tmp_path / "nowhere" / "call.wav")


@contextmanager
def disk_of(octets: int) -> Iterator[None]:
    """A disk that takes files up to `octets`: the kernel answers EFBIG, as ENOSPC on a full one."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (octets, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, ignored)


def test_a_full_disk_is_said_and_leaves_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    with disk_of(44 + 3 * FLUSH_SAMPLES):
        writer = WavWriter(path)
        writer.write(AUDIO[:FLUSH_SAMPLES])
        with pytest.raises(RecordingFailed, match=r"call\.wav: File too large"):
            writer.write(AUDIO[FLUSH_SAMPLES : 2 * FLUSH_SAMPLES])
        writer.close()
    writer.close()
    assert frames_of(path) == pcm_of(AUDIO[:FLUSH_SAMPLES])


def test_a_disk_full_from_the_start_is_said(tmp_path: Path) -> None:
    with disk_of(10), pytest.raises(RecordingFailed):
        WavWriter(tmp_path / "call.wav")
