"""WAVE files of µ-law, 8 kHz, mono (format 7), as any player opens them; `wave` knows PCM only."""

import struct

_MULAW = 7
_RATE = 8000
_FORMAT = struct.pack("<HHIIHHH", _MULAW, 1, _RATE, _RATE, 1, 8, 0)


class WaveError(Exception):
    """A file is not what this project writes: µ-law, 8 kHz, mono."""


def pack(ulaw: bytes) -> bytes:
    """Wrap µ-law samples; a format other than PCM needs a `fact` chunk."""
    body = b"".join(
        (
            b"WAVE",
            _chunk(b"fmt ", _FORMAT),
            _chunk(b"fact", struct.pack("<I", len(ulaw))),
            _chunk(b"data", ulaw),
        )
    )
    return _chunk(b"RIFF", body)


def unpack(file: bytes) -> bytes:
    """Take the µ-law samples out of a file; `WaveError` when it is anything else."""
    if len(file) < 12 or file[:4] != b"RIFF" or file[8:12] != b"WAVE":
        raise WaveError("not a WAVE file")
    chunks: dict[bytes, bytes] = {}
    at = 12
    while at + 8 <= len(file):
        name, length = struct.unpack_from("<4sI", file, at)
        if at + 8 + length > len(file):
            raise WaveError(f"the chunk {name!r} is cut short")
        chunks.setdefault(name, file[at + 8 : at + 8 + length])
        at += 8 + length + length % 2
    if chunks.get(b"fmt ", b"")[:16] != _FORMAT[:16]:
        raise WaveError("not µ-law, 8 kHz, mono")
    if b"data" not in chunks:
        raise WaveError("no data chunk")
    return chunks[b"data"]


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
