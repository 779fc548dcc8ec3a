"""The key script of `tokuban call`, and the ear that knows when a prompt has ended.

Both are pure: text to steps, samples to events.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from lab.errors import Refused

KEYS = frozenset("0123456789*#ABCD")
"""The keys of RFC 4733 §3.2."""

SILENCE_AFTER_PROMPT_MS = 900
"""Pauses inside a prompt are shorter than 500 ms; this much silence is its end."""

QUIET_LEVEL = 80
"""Mean magnitude of 16-bit samples below which a frame counts as silence (about -52 dBov)."""


@dataclass(frozen=True, slots=True)
class Press:
    """Send these keys, one after the other."""

    keys: str


@dataclass(frozen=True, slots=True)
class AwaitPrompt:
    """Wait until the network has finished speaking."""


Step = Press | AwaitPrompt


def parse(text: str) -> list[Step]:
    """`3,0312345678#,1`: keys as they are, a comma waits for the prompt to end.

    Raises:
        Refused: with the position of what is neither a key nor a comma.
    """
    return list(_steps(text))


def _steps(text: str) -> Iterator[Step]:
    keys = ""
    for position, char in enumerate(text, start=1):
        if char == ",":
            if keys:
                yield Press(keys)
                keys = ""
            yield AwaitPrompt()
        elif char.upper() in KEYS:
            keys += char.upper()
        elif not char.isspace():
            raise Refused(
                f"--keys {text!r}: {char!r} at position {position} is no key; use 0-9, *, #, A-D "
                "and commas (a comma waits for the prompt to end)"
            )
    if keys:
        yield Press(keys)


def _magnitude(code: int) -> int:
    """The magnitude of a µ-law code as a 16-bit sample (ITU-T G.711)."""
    flipped = ~code & 0x7F
    return ((((flipped & 0x0F) << 3) + 0x84) << (flipped >> 4)) - 0x84


_MAGNITUDES = tuple(_magnitude(code) for code in range(256))


class Ear:
    """Counts sound and silence in µ-law frames (8 kHz mono)."""

    def __init__(self, silence_ms: int = SILENCE_AFTER_PROMPT_MS) -> None:
        self._silence_samples = silence_ms * 8
        self._quiet_samples = 0
        self._speaking = False
        self.prompts = 0
        """Prompts heard to their end so far."""

    @property
    def speaking(self) -> bool:
        """Whether a prompt has begun and not ended."""
        return self._speaking

    def hear(self, frame: bytes) -> bool:
        """Take the next frame; true when it completes the silence after a prompt."""
        if not frame:
            return False
        if sum(_MAGNITUDES[code] for code in frame) >= QUIET_LEVEL * len(frame):
            self._speaking, self._quiet_samples = True, 0
            return False
        self._quiet_samples += len(frame)
        if self._speaking and self._quiet_samples >= self._silence_samples:
            self._speaking = False
            self.prompts += 1
            return True
        return False
