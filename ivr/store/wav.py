"""WAV files of calls: 8 kHz, mono, 16-bit PCM, readable at every instant of their growth.

A writer puts audio behind the header a second at a time and then corrects the two sizes in the
header, so that a process killed in between leaves a file whose audio is all there; the reader
believes the file's length more than its header.
"""

import os
from contextlib import suppress
from pathlib import Path
from struct import Struct, error
from types import TracebackType

import numpy as np

from ivr.media.g711 import SAMPLE_RATE, decode_ulaw, encode_ulaw, from_wire

_HEADER = Struct("<4sI4s4sIHHIIHH4sI")
_CHUNK = Struct("<4sI")
_FORMAT = Struct("<HHIIHH")
_RIFF_SIZE_AT, _DATA_SIZE_AT = 4, 40
_SIZE = Struct("<I")
_PCM, _ALAW, _ULAW, _EXTENSIBLE = 1, 6, 7, 0xFFFE
_MOST_OCTETS = 0xFFFFFFFF - _HEADER.size
FLUSH_SAMPLES = SAMPLE_RATE


class RecordingFailed(Exception):
    """The disk took no more audio; the file holds what was written before, and says so."""


class UnreadableWav(Exception):
    """The file is no WAV file of 8 kHz mono PCM, µ-law or A-law."""


def header(octets: int) -> bytes:
    """What stands in front of so many octets of audio."""
    return _HEADER.pack(
        b"RIFF", _HEADER.size - 8 + octets, b"WAVE",
        b"fmt ", 16, _PCM, 1, SAMPLE_RATE, SAMPLE_RATE * 2, 2, 16,
        b"data", octets,
    )  # fmt: skip


class WavWriter:
    """Writes µ-law audio to a file at `path`, in place of what stood there.

    Raises:
        RecordingFailed: the file cannot be made or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.samples = 0
        """How many samples are in the file."""
        self._pending = bytearray()
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        try:
            self._file = os.open(path, flags, 0o640)
        except OSError as problem:
            raise RecordingFailed(f"{path}: {problem.strerror}") from problem
        try:
            self._put(header(0), 0)
        except RecordingFailed:
            self.close()
            raise

    def write(self, ulaw: bytes) -> None:
        """Add audio; it is in the file at the latest a second of audio later.

        Raises:
            RecordingFailed: the disk is full or gone; the file stays whole up to there.
        """
        self._pending += ulaw
        if len(self._pending) >= FLUSH_SAMPLES:
            self.flush()

    def flush(self) -> None:
        """Put all audio into the file and correct its header.

        Raises:
            RecordingFailed: the disk is full or gone; the file stays whole up to there.
        """
        if not self._pending:
            return
        pcm = decode_ulaw(bytes(self._pending)).astype("<i2").tobytes()
        self._pending.clear()
        octets = self.samples * 2
        if octets + len(pcm) > _MOST_OCTETS:
            raise RecordingFailed(f"{self.path}: a WAV file holds no more than 4 GB")
        self._put(pcm, _HEADER.size + octets)
        self.samples += len(pcm) // 2
        self._put(_SIZE.pack(_HEADER.size - 8 + self.samples * 2), _RIFF_SIZE_AT)
        self._put(_SIZE.pack(self.samples * 2), _DATA_SIZE_AT)

    def close(self) -> None:
        """Flush, make the file durable and close it; again is no error.

        Raises:
            RecordingFailed: the last second could not be written; the file is closed all the same.
        """
        if self._file < 0:
            return
        try:
            self.flush()
            os.fsync(self._file)
        except OSError as problem:
            raise RecordingFailed(f"{self.path}: {problem.strerror}") from problem
        finally:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> "WavWriter":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _put(self, octets: bytes, at: int) -> None:
        try:
            while octets:
                written = os.pwrite(self._file, octets, at)
                octets, at = octets[written:], at + written
        except OSError as problem:
            self._cut()
            raise RecordingFailed(f"{self.path}: {problem.strerror}") from problem

    def _cut(self) -> None:
        """Drop a half-written piece, so that length and header agree again."""
        with suppress(OSError):
            os.ftruncate(self._file, _HEADER.size + self.samples * 2)


def read_ulaw(path: Path) -> bytes:
    """The audio of a WAV file as µ-law; a file whose writer died is read to its end.

    Raises:
        UnreadableWav: it is not 8 kHz mono in 16-bit PCM, µ-law or A-law.
        OSError: it cannot be read.
    """
    data = path.read_bytes()
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise UnreadableWav(f"{path}: not a WAV file")
    coding: tuple[int, int] | None = None
    at = 12
    while at + _CHUNK.size <= len(data):
        name, size = _CHUNK.unpack_from(data, at)
        at += _CHUNK.size
        if name == b"fmt ":
            coding = _coding(path, data[at : at + size])
        if name == b"data" and coding is not None:
            return _ulaw(
                path, coding, data[at:] if _grew(data, at + size) else data[at : at + size]
            )
        at += size + size % 2
    raise UnreadableWav(f"{path}: no audio in it")


def _grew(data: bytes, end: int) -> bool:
    """Whether audio goes on behind the header's `end`: the writer died before correcting it."""
    riff_end = int(_CHUNK.unpack_from(data)[1]) + 8
    return riff_end <= end or riff_end < len(data) - 1


def _coding(path: Path, chunk: bytes) -> tuple[int, int]:
    try:
        coding, channels, rate, _, _, bits = _FORMAT.unpack_from(chunk)
    except error as problem:
        raise UnreadableWav(f"{path}: its format chunk is cut short") from problem
    if coding == _EXTENSIBLE and len(chunk) >= 26:
        coding = int.from_bytes(chunk[24:26], "little")
    if (channels, rate) != (1, SAMPLE_RATE):
        raise UnreadableWav(f"{path}: {rate} Hz, {channels} channels; give 8000 Hz mono")
    return coding, bits


def _ulaw(path: Path, coding: tuple[int, int], audio: bytes) -> bytes:
    if coding == (_PCM, 16):
        whole = audio[: len(audio) - len(audio) % 2]
        return encode_ulaw(np.frombuffer(whole, dtype="<i2").astype(np.int16))
    if coding == (_ULAW, 8):
        return audio
    if coding == (_ALAW, 8):
        return from_wire(audio, "PCMA")
    raise UnreadableWav(f"{path}: coding {coding[0]} of {coding[1]} bits; give PCM, µ-law, A-law")
