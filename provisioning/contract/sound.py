"""Sound as browsers and programs take it, made of the network's own (VM-06)."""

from typing import Protocol


class UnreadableSound(Exception):
    """What was sent is no sound that can be read; the message says what would be."""


class SoundCoder(Protocol):
    """Makes files of µ-law at 8 kHz, and that of files; it works as long as it takes.

    Call it in a thread: as MP3 a message of three minutes takes half a second of a processor.
    """

    def wav(self, ulaw: bytes) -> bytes:
        """A WAV file: 16-bit PCM, 8 kHz, mono."""

    def mp3(self, ulaw: bytes) -> bytes:
        """An MP3 file, mono."""

    def ulaw(self, wav: bytes) -> bytes:
        """The sound of a WAV file, mixed to one channel and brought to 8 kHz.

        Raises:
            UnreadableSound: it is none of PCM, A-law or µ-law.
        """
