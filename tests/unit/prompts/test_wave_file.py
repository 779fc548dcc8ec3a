"""WAVE files: µ-law in, the same µ-law out, anything else refused."""

import struct

import pytest

from prompts.wave_file import WaveError, pack, unpack


@pytest.mark.parametrize("length", [0, 1, 160, 161])
def test_what_is_packed_is_unpacked(length: int) -> None:
    ulaw = bytes(range(256))[:length]
    file = pack(ulaw)
    assert unpack(file) == ulaw
    assert struct.unpack_from("<I", file, 4)[0] == len(file) - 8
    assert len(file) % 2 == 0


def test_the_header_says_mulaw_8_khz_mono() -> None:
    file = pack(b"\xff" * 160)
    assert file[12:16] == b"fmt "
    assert struct.unpack_from("<HHIIHH", file, 20) == (7, 1, 8000, 8000, 1, 8)


def test_unknown_chunks_are_passed_over() -> None:
    file = pack(b"\xff\xfe")
    extra = b"LIST" + struct.pack("<I", 3) + b"abc\0"
    assert unpack(file[:12] + extra + file[12:]) == b"\xff\xfe"


@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"RIFF",
        b"OggS" + bytes(20),
        pack(b"\xff" * 10)[:-1],
        pack(b"\xff" * 10).replace(b"data", b"else"),
        pack(b"").replace(struct.pack("<HH", 7, 1), struct.pack("<HH", 1, 1)),
    ],
)
def test_anything_else_is_refused(file: bytes) -> None:
    with pytest.raises(WaveError):
        unpack(file)
