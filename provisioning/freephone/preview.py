"""What would become of a call, as the customer control shows it; telephony answers (FREE-15)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import NamedTuple

from provisioning.contract import E164, Freephone, Language, TrunkClass


@dataclass(frozen=True, slots=True)
class Question:
    """Who calls which freephone number, when, and which lines are taken to be busy.

    `at`: business time, UTC epoch seconds. `kind` and `prefecture`: what the caller's number does
    not tell. Nothing but the number is known of a caller: where lines of others are is not the
    subscriber's to see. `setup`: one to try, in place of what the number has.
    """

    number: E164
    caller: str
    at: float
    kind: TrunkClass | None = None
    prefecture: str | None = None
    busy: frozenset[E164] = frozenset()
    setup: Freephone | None = None


class Said(NamedTuple):
    """A sentence in both languages."""

    ja: str
    en: str

    def in_(self, language: Language) -> str:
        """The sentence in one of them."""
        return self.ja if language is Language.JA else self.en


class Step(NamedTuple):
    """What one rule found; `decided`: by it the call was decided, `asked`: it had a say."""

    rule: str
    said: Said
    decided: bool
    asked: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What would happen, and why."""

    caller: Said
    outcome: Said
    steps: tuple[Step, ...]


Preview = Callable[[Question], Awaitable[Answer]]
"""Answers as a call would be decided; `ValueError` where nobody calls from such a number."""
