"""Which prompts were heard: the network sends its clips bit for bit, so a piece of one is proof."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, time
from typing import Self

from prompts.catalogue import SIGNATURES, Kind, Prompt, Voice

MARK_FROM, MARK_SAMPLES, MARK_STEP = 800, 4000, 400
"""Where a piece that marks a prompt may begin, how long it is, and where to look next; samples."""

LEAST_LEVELS = 100
"""Of the 256 that µ-law has, speech uses most in half a second, and a pause few."""

EXAMPLES: Mapping[Kind, tuple[object, object]] = {
    Kind.NUMBER: ("+81312345678", "+819000000002"),
    Kind.KEYS: ("1", "290"),
    Kind.COUNT: (3, 12),
    Kind.ORDINAL: (3, 12),
    Kind.SECONDS: (15, 8),
    Kind.MINUTES: (15, 8),
    Kind.YEN: (22, 1300),
    Kind.DATE: (date(2026, 11, 3), date(2026, 4, 20)),
    Kind.TIME: (time(9, 5), time(18, 30)),
}
"""Two values of each kind: what is alike in a prompt said with either is no value."""

REFUSALS = frozenset(
    {
        Prompt.INVALID_KEY,
        Prompt.NO_INPUT,
        Prompt.TRY_LATER,
        Prompt.FORWARDING_NO_TARGET,
        Prompt.FORWARDING_RING_TIME_REFUSED,
        Prompt.DISPLAY_UNCHANGED,
        Prompt.DISPLAY_NOT_CONTRACTED,
        Prompt.NOT_CONTRACTED,
        Prompt.TARGET_NOT_A_NUMBER,
        Prompt.TARGET_SHORT_CODE,
        Prompt.TARGET_FREEPHONE,
        Prompt.TARGET_PREMIUM,
        Prompt.TARGET_INTERNATIONAL,
        Prompt.TARGET_OWN_LINE,
        Prompt.GREETING_REFUSED,
        Prompt.PIN_REFUSED,
        Prompt.PIN_DIFFERENT,
        Prompt.PIN_WRONG,
        Prompt.PIN_LOCKED,
    }
)
"""What the network says to keys it did not take."""


class Recogniser:
    """Finds the network's prompts in what was heard (µ-law, 8 kHz)."""

    def __init__(self, marks: Mapping[Prompt, Iterable[bytes]]) -> None:
        self._marks = {prompt: tuple(pieces) for prompt, pieces in marks.items()}

    @classmethod
    def of(cls, *voices: Voice) -> Self:
        """Know the prompts of these voices."""
        marks = [_marks(voice) for voice in voices]
        return cls({prompt: [each[prompt] for each in marks] for prompt in Prompt})

    def heard(self, ulaw: bytes) -> list[Prompt]:
        """The prompts of which the mark is in `ulaw`, in the order they were said."""
        places = {
            prompt: max(ulaw.rfind(mark) for mark in marks)
            for prompt, marks in self._marks.items()
            if all(marks)
        }
        return sorted((p for p, at in places.items() if at >= 0), key=lambda p: places[p])


def _marks(voice: Voice) -> dict[Prompt, bytes]:
    """A piece of each prompt that no other one with values says; empty where there is none."""
    valued = [prompt for prompt in Prompt if SIGNATURES.get(prompt)]
    said = {prompt: _said(voice, prompt, 0) for prompt in valued}

    def is_own(prompt: Prompt, piece: bytes) -> bool:
        return not any(piece in said[other] for other in valued if other is not prompt)

    return {
        prompt: next((p for p in _fixed(voice, prompt) if is_own(prompt, p)), b"")
        for prompt in Prompt
    }


def _fixed(voice: Voice, prompt: Prompt) -> Iterator[bytes]:
    """The pieces of speech that a prompt has whatever its values are."""
    one, other = (_said(voice, prompt, which) for which in (0, 1))
    for at in range(MARK_FROM, len(one) - MARK_SAMPLES, MARK_STEP):
        piece = one[at : at + MARK_SAMPLES]
        if piece in other and len(set(piece)) > LEAST_LEVELS:
            yield piece


def _said(voice: Voice, prompt: Prompt, which: int) -> bytes:
    kinds = [value.kind for value in SIGNATURES.get(prompt, ())]
    return voice.speech(prompt, *(EXAMPLES[kind][which] for kind in kinds)).ulaw
