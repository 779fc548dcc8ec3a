"""A caller who listens to a call while it goes on, and keys when a prompt has been said."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from prompts.catalogue import Prompt, Voice
from tests.support.hearing import (
    RATE_HZ,
    Match,
    Recording,
    Samples,
    from_ulaw,
    load,
    loud_seconds,
    loudest_hertz,
    loudest_window,
    tone_level,
)
from tests.support.waiting import until

_LISTEN_EVERY_S = 0.3
_TAIL_S = 0.15


class Ear:
    """Follows the recording of one call; what was heard once is behind it."""

    def __init__(self, recording: Callable[[], Path | None], voice: Voice) -> None:
        self._recording = recording
        self._voice = voice
        self._from = 0
        self._next_look = 0.0

    def sound(self) -> Samples:
        """What was recorded so far; shape (n,), 8 kHz."""
        path = self._recording()
        if path is None or not path.exists():
            return np.zeros(0, dtype=np.float32)
        return load(path)

    def speech(self, prompt: Prompt, *values: object) -> Samples:
        """How a prompt sounds."""
        return from_ulaw(self._voice.speech(prompt, *values).ulaw)

    def hears(self, prompt: Prompt, *values: object, timeout_s: float = 60.0) -> Match:
        """Wait until the whole prompt was said, after what was heard before.

        Raises:
            AssertionError: it was not; the message says what was heard instead.
        """
        wanted = self.speech(prompt, *values)
        heard: list[Match] = []

        def said() -> Match | None:
            if time.monotonic() < self._next_look:
                return None
            self._next_look = time.monotonic() + _LISTEN_EVERY_S
            heard[:] = self._said_since(wanted)
            return heard[0] if heard else None

        try:
            match = until(said, prompt.value, timeout_s)
        except AssertionError as error:
            raise AssertionError(f"{prompt.value} was not heard; {self.story()}") from error
        self._from = int((match.start_s + match.heard_s) * RATE_HZ)
        return match

    def _said_since(self, wanted: Samples) -> list[Match]:
        """Finds of the prompt that have come to their end, in seconds of the whole recording."""
        begin = max(0, self._from - RATE_HZ // 4)
        sound = self.sound()
        length_s = len(wanted) / RATE_HZ
        if len(sound) - begin < len(wanted):
            return []
        found = Recording(sound[begin:]).find(wanted)
        shift_s, end_s = begin / RATE_HZ, len(sound) / RATE_HZ - _TAIL_S
        moved = [Match(m.start_s + shift_s, m.score, m.heard_s) for m in found]
        return [match for match in moved if match.start_s + length_s <= end_s]

    def hears_tone(self, hertz: float, seconds: float = 1.0, timeout_s: float = 30.0) -> None:
        """Wait until a pure tone of that frequency sounded for so long, after what was heard."""

        def sounds() -> bool:
            sound = self.sound()[self._from :]
            if loud_seconds(sound) < seconds:
                return False
            window = loudest_window(sound, seconds * 0.9)
            return abs(loudest_hertz(window) - hertz) < 2 and tone_level(window, hertz) > 0.95

        until(sounds, f"a tone of {hertz:g} Hz for {seconds:g} s; {self.story()}", timeout_s)

    def story(self) -> str:
        """The prompts without values that were heard so far, for an error's text."""
        sound = self.sound()
        if len(sound) < RATE_HZ:
            return f"the recording has {len(sound) / RATE_HZ:.1f} s"
        recording = Recording(sound)
        plain = []
        for prompt in Prompt:
            try:
                samples = self.speech(prompt)
            except ValueError:
                continue
            plain += [f"{m.start_s:.1f} s {prompt.value}" for m in recording.find(samples, 0.6)]
        loud_s = loud_seconds(sound)
        return f"heard in {recording.seconds:.1f} s ({loud_s:.1f} s loud): {sorted(plain)}"
