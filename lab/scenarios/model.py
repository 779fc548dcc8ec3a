"""What a scenario is once it is read: who takes part, and what happens step by step."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from prompts.catalogue import Prompt
from provisioning.contract import Access, Profile


class Verb(Enum):
    """What a phone does or meets; the value is how a scenario writes it."""

    DIALS = "dials"
    KEYS = "keys"
    ANSWERS = "answers"
    SPEAKS = "speaks for"
    HANGS_UP = "hangs up"
    LEAVES = "leaves"
    REGISTERS = "registers"
    RINGS = "rings"
    IS_SHOWN = "is shown"
    IS_ANSWERED = "is answered"
    IS_HUNG_UP = "is hung up"
    IS_REFUSED = "is refused"
    HEARS = "hears"
    HEARS_BEGINNING = "hears the beginning of"
    IS_CHARGED = "is charged"
    IS_NOT_CHARGED = "is not charged"


@dataclass(frozen=True, slots=True)
class Role:
    """One who takes part: what line and which phone of it."""

    name: str
    profile: Profile
    options: frozenset[str] = frozenset()
    access: Access = Access.OS


@dataclass(frozen=True, slots=True)
class Say:
    """A prompt with its values, as texts: names of roles in `<>` are not filled in yet."""

    prompt: Prompt
    values: tuple[str, ...] = ()


class Signal(Enum):
    """A tone of the network (CALL-03)."""

    RING_BACK = "ring-back tone"
    BUSY = "busy tone"


@dataclass(frozen=True, slots=True)
class Tone:
    """A steady tone."""

    hertz: int


@dataclass(frozen=True, slots=True)
class Voice:
    """The tone that another one's phone speaks."""

    role: str


Sound = Say | Signal | Tone | Voice


@dataclass(frozen=True, slots=True)
class Charge:
    """One charge: `yen` before tax for each started `each_s` seconds."""

    cause: str
    yen: int
    each_s: int


@dataclass(frozen=True, slots=True)
class Act:
    """A role and its verb; `value` is a text, a sound, a charge, a status, seconds or nothing."""

    role: str
    verb: Verb
    value: str | int | Sound | Charge | None = None


@dataclass(frozen=True, slots=True)
class Talk:
    """Two hear each other."""

    one: str
    other: str


@dataclass(frozen=True, slots=True)
class Ask:
    """A request to the carrier's API: for GET what its answer must hold, else what is sent."""

    method: str
    path: str
    body: Any = None


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a scenario: where it stands, how it is written, and what it means."""

    place: str
    text: str
    means: Act | Talk | Ask


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario of a file."""

    path: Path
    title: str
    roles: Mapping[str, Role]
    steps: tuple[Step, ...]
    rules: tuple[str, ...] = ()
    language: str = "ja"
    about: str = field(default="", compare=False)

    @property
    def name(self) -> str:
        """What it is called in results: its file's name."""
        return self.path.stem
