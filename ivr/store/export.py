"""The network's sound as files for browsers and programs: WAV and MP3 (VM-06)."""

import lameenc

from ivr.media.g711 import SAMPLE_RATE, decode_ulaw
from ivr.store.sound_file import ulaw_of
from ivr.store.wav import header

MP3_RATE_HZ = 16_000
"""Twice the network's: some players do not know the rates below (MPEG-2.5)."""
MP3_KBIT_S = 32
_QUALITY = 7
"""From 2, best and slowest, to 9: telephone sound needs no better."""


class SoundFiles:
    """Makes WAV and MP3 files of µ-law, and µ-law of WAV files; see `SoundCoder`."""

    def wav(self, ulaw: bytes) -> bytes:
        """A WAV file: 16-bit PCM, 8 kHz, mono."""
        pcm = decode_ulaw(ulaw).astype("<i2").tobytes()
        return header(len(pcm)) + pcm

    def mp3(self, ulaw: bytes) -> bytes:
        """An MP3 file at a constant rate, so that a player finds any second of it."""
        encoder = lameenc.Encoder()
        encoder.silence()
        encoder.set_channels(1)
        encoder.set_in_sample_rate(SAMPLE_RATE)
        encoder.set_out_sample_rate(MP3_RATE_HZ)
        encoder.set_bit_rate(MP3_KBIT_S)
        encoder.set_quality(_QUALITY)
        begun: bytes = encoder.encode(decode_ulaw(ulaw).tobytes())
        rest: bytes = encoder.flush()
        return bytes(begun) + bytes(rest)

    def ulaw(self, wav: bytes) -> bytes:
        """The sound of a WAV file; raises `UnreadableSound`."""
        return ulaw_of(wav)
