"""WAV files of any rate and number of channels, read from memory as 8 kHz mono (RFC 3551 §4.5)."""

from collections.abc import Callable, Mapping
from struct import Struct, error
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ivr.media.g711 import SAMPLE_RATE, decode_ulaw, encode_ulaw, from_wire
from provisioning.contract import UnreadableSound

Samples = NDArray[np.float64]
"""One row an instant, one column a channel; full scale is 1."""

_Reader = Callable[[bytes], Samples]

MOST_SECONDS = 300
"""A longer file is none of ours; it would only keep a processor busy."""

_CHUNK = Struct("<4sI")
_FORMAT = Struct("<HHIIHH")
_PCM, _FLOAT, _ALAW, _ULAW, _EXTENSIBLE = 1, 3, 6, 7, 0xFFFE
_LOWEST_HZ, _HIGHEST_HZ, _MOST_CHANNELS = 4000, 192_000, 8


class Format(NamedTuple):
    """How the samples of a file are written."""

    coding: int
    channels: int
    rate_hz: int
    bits: int


def ulaw_of(wav: bytes) -> bytes:
    """The sound of a WAV file as µ-law at 8 kHz, its channels mixed.

    Raises:
        UnreadableSound: it is no WAV file of PCM, floats, A-law or µ-law, or too long.
    """
    form, audio = _parts(wav)
    if form == Format(_ULAW, 1, SAMPLE_RATE, 8):
        return audio
    mono = _samples(form, audio).mean(axis=1)
    pcm = np.clip(resampled(mono, form.rate_hz) * 32768.0, -32768, 32767)
    return encode_ulaw(pcm.round().astype(np.int16))


def resampled(mono: Samples, rate_hz: int) -> Samples:
    """The same sound at 8 kHz; what 8 kHz cannot carry is left out."""
    if rate_hz == SAMPLE_RATE or not len(mono):
        return mono
    length = max(1, round(len(mono) * SAMPLE_RATE / rate_hz))
    spectrum = np.fft.rfft(mono)
    kept = np.zeros(length // 2 + 1, dtype=spectrum.dtype)
    shared = min(len(kept), len(spectrum))
    kept[:shared] = spectrum[:shared]
    return np.asarray(np.fft.irfft(kept, length) * (length / len(mono)))


def _parts(wav: bytes) -> tuple[Format, bytes]:
    """The format and the audio of a file."""
    if wav[:4] != b"RIFF" or wav[8:12] != b"WAVE":
        raise UnreadableSound("not a WAV file: begin it with RIFF … WAVE")
    form: Format | None = None
    at = 12
    while at + _CHUNK.size <= len(wav):
        name, size = _CHUNK.unpack_from(wav, at)
        at += _CHUNK.size
        if name == b"fmt ":
            form = _format(wav[at : at + size])
        elif name == b"data" and form is not None:
            return form, wav[at : at + size]
        at += size + size % 2
    raise UnreadableSound("the WAV file holds no audio")


def _format(chunk: bytes) -> Format:
    try:
        coding, channels, rate_hz, _, _, bits = _FORMAT.unpack_from(chunk)
    except error as problem:
        raise UnreadableSound("the WAV file's format chunk is cut short") from problem
    if coding == _EXTENSIBLE and len(chunk) >= 26:
        coding = int.from_bytes(chunk[24:26], "little")
    if not (1 <= channels <= _MOST_CHANNELS and _LOWEST_HZ <= rate_hz <= _HIGHEST_HZ):
        raise UnreadableSound(f"{rate_hz} Hz in {channels} channels: give 8000 Hz mono")
    return Format(coding, channels, rate_hz, bits)


def _samples(form: Format, audio: bytes) -> Samples:
    """What a file's octets say, as `Samples`."""
    frame = form.channels * form.bits // 8
    if (form.coding, form.bits) not in _READERS or not frame:
        raise UnreadableSound(
            f"coding {form.coding} of {form.bits} bits: give PCM of 16 bits, A-law or µ-law"
        )
    frames = len(audio) // frame
    if frames > MOST_SECONDS * form.rate_hz:
        raise UnreadableSound(f"longer than {MOST_SECONDS} s")
    flat = _READERS[form.coding, form.bits](audio[: frames * frame])
    return flat.reshape(-1, form.channels)


def _of_integers(kind: str, zero: float, full: float) -> _Reader:
    return lambda audio: (np.frombuffer(audio, dtype=kind).astype(np.float64) - zero) / full


def _of_24_bits(audio: bytes) -> Samples:
    octets = np.frombuffer(audio, dtype=np.uint8).reshape(-1, 3).astype(np.int32)
    value = octets[:, 0] | octets[:, 1] << 8 | octets[:, 2] << 16
    return np.where(value >= 1 << 23, value - (1 << 24), value) / float(1 << 23)


def _of_floats(audio: bytes) -> Samples:
    found = np.frombuffer(audio, dtype="<f4").astype(np.float64)
    return np.clip(np.nan_to_num(found), -1.0, 1.0)


def _of_ulaw(audio: bytes) -> Samples:
    return decode_ulaw(audio) / 32768.0


def _of_alaw(audio: bytes) -> Samples:
    return _of_ulaw(from_wire(audio, "PCMA"))


_READERS: Mapping[tuple[int, int], _Reader] = {
    (_PCM, 8): _of_integers("u1", 128.0, 128.0),
    (_PCM, 16): _of_integers("<i2", 0.0, 32768.0),
    (_PCM, 24): _of_24_bits,
    (_PCM, 32): _of_integers("<i4", 0.0, 2147483648.0),
    (_FLOAT, 32): _of_floats,
    (_ULAW, 8): _of_ulaw,
    (_ALAW, 8): _of_alaw,
}
"""How samples are read, by coding and bits."""
