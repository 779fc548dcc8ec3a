"""What a reading is made of, and what the voice needs to render its clips."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from prompts.catalogue import Kind


@dataclass(frozen=True, slots=True)
class Pause:
    """Silence between two clips."""

    ms: int


Sound = str | Pause
"""A clip, by its id, or a pause."""

BETWEEN_GROUPS = Pause(200)
"""Where a telephone number has its hyphens."""
BETWEEN_KEYS = Pause(80)
"""Between keys that are read one by one."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A value as a person reads it, and as the voice says it."""

    text: str
    sounds: tuple[Sound, ...]


@dataclass(frozen=True, slots=True)
class Take:
    """One clip to record: `words`, spoken between `before` and `after`, which are cut away.

    `kana` is how the words must sound; a voice that can tell refuses anything else. A voice that
    cannot cut says the words alone.
    """

    words: str
    before: str = ""
    after: str = ""
    kana: str = ""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A Japanese accent phrase in katakana: its parts, and the mora after which the pitch falls."""

    parts: tuple[str, ...]
    accent: int


@dataclass(frozen=True, slots=True)
class Chant:
    """One clip to record out of accent phrases with pauses between: part `part` of phrase `phrase`.

    For what a text cannot say with the right melody, such as a telephone number.
    """

    phrases: tuple[Phrase, ...]
    phrase: int
    part: int


Recipe = Take | Chant


class Readings(Protocol):
    """The readings of one language."""

    def read(self, kind: Kind, value: object) -> Reading:
        """Read a value; `ValueError` when it is not what the kind asks for."""
        ...

    def fillers(self) -> Mapping[str, Recipe]:
        """Every clip that `read` can name, and how it is recorded."""
        ...


def words(spaced: str) -> tuple[str, ...]:
    """Split a list of words that is written as one string."""
    return tuple(spaced.split())
