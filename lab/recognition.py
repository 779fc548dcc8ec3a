"""Which prompts were heard: the network sends its clips bit for bit, so a piece of one is proof."""

from collections.abc import Iterable, Mapping
from typing import Self

from prompts.catalogue import SIGNATURES, Kind, Prompt, Voice

MARK_FROM, MARK_TO = 800, 4800
"""The piece of a prompt that marks it, in samples: from 0.1 s, before any value is read."""

EXAMPLES: Mapping[Kind, object] = {Kind.NUMBER: "+81312345678", Kind.SECONDS: 15, Kind.KEYS: "1"}
"""Values to compose a prompt with; what they sound like comes after the mark."""

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
        return cls({prompt: [_mark(voice, prompt) for voice in voices] for prompt in Prompt})

    def heard(self, ulaw: bytes) -> list[Prompt]:
        """The prompts of which the mark is in `ulaw`, in the order they were said."""
        places = {
            prompt: max(ulaw.rfind(mark) for mark in marks) for prompt, marks in self._marks.items()
        }
        return sorted((p for p, at in places.items() if at >= 0), key=lambda p: places[p])


def _mark(voice: Voice, prompt: Prompt) -> bytes:
    values = [EXAMPLES[value.kind] for value in SIGNATURES.get(prompt, ())]
    return voice.speech(prompt, *values).ulaw[MARK_FROM:MARK_TO]
