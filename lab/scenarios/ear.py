"""A caller who listens to a call while it goes on, and keys when a prompt has been said."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import cache
from typing import TypeAlias

import numpy as np

from lab.scenarios.hearing import (
    RATE_HZ,
    Match,
    Recording,
    Samples,
    from_ulaw,
    loud_seconds,
    loudest_hertz,
    loudest_window,
    tone_level,
)
from lab.scenarios.phones.errors import TooLate
from lab.scenarios.phones.waiting import until
from prompts.catalogue import Prompt, Voice

_LISTEN_EVERY_S = 0.3
_REST = 1.5
"""Rest after a look, as a multiple of how long it took: a busy machine is looked at less."""
_LONGEST_REST_S = 2.0
_BEGINNING_S = 2.5
_TAIL_S = 0.15
_LAST_S = 0.9
"""The last piece of a prompt, which a stall may have broken as any other."""
_LOST_S = 2.0
"""What stalls may take out of a long prompt."""
_HEARD = 0.8
_GLITCHED = 0.6
"""The share of a prompt that is left when a softphone's sound clock stalls on a busy machine."""
_CLEAR = 0.7
"""The share of the power that is a tone's where it is heard through a softphone's clock."""
_MOSTLY = 0.75
"""How much of a tone is left when that clock stalls."""
_PIECE = RATE_HZ // 10
_AS_GOOD = 0.1
"""Another digit fits worse by three times as much; one that a stall swallowed fits as any."""
_UNLIKE_S = 0.2
"""How much of what is alike goes with what is not."""
_AROUND_S = 1.0


class Unheard(Exception):
    """What should have been heard was not; the text says what was heard instead."""


Rivals: TypeAlias = Callable[[], list[Samples]]
"""The prompts that one might be taken for."""


class Ear:
    """Follows the sound of one call; what was heard once is behind it."""

    def __init__(self, sound: Callable[[], Samples], voice: Voice, *, exact: bool = False) -> None:
        """`sound`: what came so far; shape (n,), 8 kHz.

        `exact`: it comes as it was sent, sample for sample, so that a prompt is found cheaply.
        """
        self.sound = sound
        self._exact = exact
        self._voice = voice
        self._from = 0
        self._next_look = 0.0
        self._length = 0

    def speech(self, prompt: Prompt, *values: object) -> Samples:
        """How a prompt sounds."""
        return from_ulaw(self._voice.speech(prompt, *values).ulaw)

    def hears(self, prompt: Prompt, *values: object, timeout_s: float = 60.0) -> Match:
        """Wait until the whole prompt was said, after what was heard before.

        Raises:
            Unheard: it was not; the message says what was heard instead.
        """
        wanted = self.speech(prompt, *values)
        return self._wait_for(
            prompt, wanted, cache(lambda: self._rivals(prompt, values)), timeout_s
        )

    def hears_beginning(self, prompt: Prompt, *values: object, timeout_s: float = 60.0) -> Match:
        """Wait until the first seconds of a prompt were said, that goes on or was cut short.

        Raises:
            Unheard: they were not; the message says what was heard instead.
        """
        length = int(_BEGINNING_S * RATE_HZ)
        wanted = self.speech(prompt, *values)[:length]
        rivals = cache(lambda: [rival[:length] for rival in self._rivals(prompt, values)])
        return self._wait_for(prompt, wanted, rivals, timeout_s)

    def _wait_for(self, prompt: Prompt, wanted: Samples, rivals: Rivals, timeout_s: float) -> Match:
        heard: list[Match] = []

        def said() -> Match | None:
            if time.monotonic() < self._next_look:
                return None
            began = time.monotonic()
            heard[:] = self._said_since(wanted, rivals)
            now = time.monotonic()
            rest_s = min(_LONGEST_REST_S, _REST * (now - began))
            self._next_look = now + max(_LISTEN_EVERY_S, rest_s)
            return heard[0] if heard else None

        try:
            match = until(said, prompt.value, timeout_s)
        except TooLate as error:
            raise Unheard(f"{prompt.value} was not heard; {self.story()}") from error
        self._from = int((match.start_s + match.heard_s + match.late_s) * RATE_HZ)
        return match

    def _rivals(self, prompt: Prompt, values: tuple[object, ...]) -> list[Samples]:
        """Every other prompt that can be said with these values, one of them or none."""
        ways = {values, *((value,) for value in values), ()}
        rivals = []
        for other in Prompt:
            for way in ways if other is not prompt else ():
                with suppress(ValueError):
                    rivals.append(self.speech(other, *way))
        return rivals

    def _said_since(self, wanted: Samples, rivals: Rivals) -> list[Match]:
        """Finds of the prompt that have come to their end, in seconds of the whole recording.

        A find with a glitch in it counts when it fits better than its rivals do.
        """
        begin = max(0, self._from - RATE_HZ // 4)
        sound = self.sound()
        still = len(sound) == self._length
        self._length = len(sound)
        length_s = len(wanted) / RATE_HZ
        if len(sound) - begin < len(wanted) - (_LOST_S * RATE_HZ if still else 0):
            return []
        if (at := _exactly(sound[begin:], wanted)) is not None:
            return [Match((begin + at) / RATE_HZ, 1.0, length_s)]
        if self._exact and not still and len(sound) - begin < len(wanted) + _LOST_S * RATE_HZ:
            return []
        recording = Recording(sound[begin:])
        found = recording.find(wanted, _GLITCHED)
        found = [match for match in found if _beats(match, wanted, rivals, recording)]
        tail_s = 0.0 if still else _TAIL_S
        shift_s, end_s = begin / RATE_HZ, len(sound) / RATE_HZ - tail_s
        moved = [replace(match, start_s=match.start_s + shift_s) for match in found]
        return [match for match in moved if match.start_s + match.late_s + length_s <= end_s]

    def hears_number(
        self, prompt: Prompt, number: str, *more: object, timeout_s: float = 60.0
    ) -> None:
        """Wait until the prompt was said with this number, and with no other that is near it.

        One digit is a short sound: where the prompt and one with a number that differs in one digit
        are unlike, the other may not fit the recording better than the right one.

        Raises:
            Unheard: it was not; the message says what was heard instead.
        """
        begin = max(0, self._from - RATE_HZ // 4)
        match = self.hears(prompt, number, *more, timeout_s=timeout_s)
        right, sound = self.speech(prompt, number, *more), self.sound()
        if _exactly(sound[begin:], right) is not None:
            return
        for other in neighbours(number):
            mine, its = _unlike(right, self.speech(prompt, other, *more))
            piece = Recording(sound[slice(*_around(match, mine))])
            fit, rival = piece.fit(right[mine]), piece.fit(self.speech(prompt, other, *more)[its])
            if rival > fit + _AS_GOOD:
                raise Unheard(
                    f"{prompt.value} said {other} ({rival:.3f}), not {number} ({fit:.3f})"
                )

    def hears_tone(self, hertz: float, seconds: float = 1.0, timeout_s: float = 30.0) -> None:
        """Wait until a pure tone of that frequency sounded for so long, after what was heard.

        Raises:
            Unheard: it did not; the message says what was heard instead.
        """

        def sounds() -> bool:
            sound = self.sound()[self._from :]
            if loud_seconds(sound) < seconds:
                return False
            window = loudest_window(sound, seconds * 0.9)
            return abs(loudest_hertz(window) - hertz) < 2 and tone_level(window, hertz) > 0.95

        self._wait(sounds, f"a tone of {hertz:g} Hz for {seconds:g} s", timeout_s)

    def hears_among(self, hertz: float, seconds: float = 0.8, timeout_s: float = 30.0) -> None:
        """Wait until a tone was heard for so long, whatever else was heard around it.

        Raises:
            Unheard: it was not; the message says what was heard instead.
        """
        width = round(seconds * RATE_HZ)
        looked = self._from

        def heard() -> bool:
            nonlocal looked
            sound = self.sound()
            for at in range(looked, len(sound) - width + 1, _PIECE):
                looked = at + _PIECE
                if _goes_on(sound[at : at + width], hertz):
                    self._from = _end_of_tone(sound, at + width, hertz)
                    return True
            return False

        self._wait(heard, f"a voice of {hertz:g} Hz", timeout_s)

    def hears_rhythm(
        self, fits: Callable[[Samples], bool], what: str, timeout_s: float = 30.0
    ) -> None:
        """Wait until what is heard from now on fits, as an interrupted tone does.

        Raises:
            Unheard: it does not; the message says what was heard instead.
        """
        begin = self._from
        self._wait(lambda: fits(self.sound()[begin:]), what, timeout_s)

    def _wait(self, heard: Callable[[], bool], what: str, timeout_s: float) -> None:
        try:
            until(heard, what, timeout_s, poll_s=0.1)
        except TooLate as error:
            raise Unheard(f"{what} was not heard; {self.story()}") from error

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


def _goes_on(sound: Samples, hertz: float) -> bool:
    """Whether a tone sounds nearly all the time."""
    lasts = loud_seconds(sound) >= _MOSTLY * len(sound) / RATE_HZ
    return lasts and tone_level(sound, hertz) > _CLEAR


def _end_of_tone(sound: Samples, begin: int, hertz: float) -> int:
    """Where a tone that sounded until `begin` sounds no more, as far as sound came."""
    while begin + _PIECE <= len(sound) and _goes_on(sound[begin : begin + _PIECE], hertz):
        begin += _PIECE
    return begin


def _exactly(sound: Samples, wanted: Samples) -> int | None:
    """Where a prompt begins that came sample for sample; None where it did not."""
    at = sound.tobytes().find(wanted.tobytes())
    return at // sound.itemsize if at >= 0 else None


def _unlike(one: Samples, other: Samples) -> tuple[slice, slice]:
    """Where two prompts differ that begin alike and end alike, a little more of each."""
    shorter = min(len(one), len(other))
    front = int(np.argmin(one[:shorter] == other[:shorter]))
    back = int(np.argmin(one[::-1][: shorter - front] == other[::-1][: shorter - front]))
    pad = int(_UNLIKE_S * RATE_HZ)
    begin = max(0, front - pad)
    return slice(begin, len(one) - back + pad), slice(begin, len(other) - back + pad)


def _around(match: Match, part: slice) -> tuple[int, int]:
    """Where in the recording a part of the prompt is looked for; in samples."""
    start, slack = int(match.start_s * RATE_HZ), int(_AROUND_S * RATE_HZ)
    late = sorted((0, int(match.late_s * RATE_HZ)))
    return max(0, start + part.start + late[0] - slack), start + part.stop + late[1] + slack


def _beats(match: Match, wanted: Samples, rivals: Rivals, recording: Recording) -> bool:
    """Whether a find is whole, or about its end was heard and no rival fits its place as well."""
    if match.score >= _HEARD:
        return True
    length_s = len(wanted) / RATE_HZ
    ends_s = match.start_s + length_s
    return match.heard_s >= length_s - _LAST_S and not any(
        other.score >= match.score and match.start_s < other.start_s + other.heard_s
        for rival in rivals()
        for other in recording.find(rival, _GLITCHED)
        if other.start_s < ends_s
    )


def neighbours(number: str) -> list[str]:
    """Numbers that differ from this one in a single digit of the last eight."""
    return [
        number[:place] + str((int(number[place]) + 1) % 10) + number[place + 1 :]
        for place in range(len(number) - 8, len(number))
    ]
