"""Everything the network can say, by name; the words live in `texts/<lang>.toml`."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Prompt(StrEnum):
    """A sentence with fillers; which values it takes stands in the texts."""

    FORWARDING_MENU = "forwarding.menu"
    FORWARDING_STARTED = "forwarding.started"
    FORWARDING_STOPPED = "forwarding.stopped"
    FORWARDING_ON = "forwarding.on"
    FORWARDING_OFF = "forwarding.off"
    FORWARDING_NO_TARGET = "forwarding.no-target"
    FORWARDING_ENTER_TARGET = "forwarding.enter-target"
    FORWARDING_CONFIRM_TARGET = "forwarding.confirm-target"
    FORWARDING_TARGET_SET = "forwarding.target-set"
    FORWARDING_ENTER_RING_TIME = "forwarding.enter-ring-time"
    FORWARDING_RING_TIME_SET = "forwarding.ring-time-set"
    FORWARDING_RING_TIME_REFUSED = "forwarding.ring-time-refused"
    TARGET_NOT_A_NUMBER = "target.not-a-number"
    TARGET_SHORT_CODE = "target.short-code"
    TARGET_FREEPHONE = "target.freephone"
    TARGET_PREMIUM = "target.premium"
    TARGET_INTERNATIONAL = "target.international"
    TARGET_OWN_LINE = "target.own-line"
    DISPLAY_MENU = "display.menu"
    DISPLAY_STARTED = "display.started"
    DISPLAY_STOPPED = "display.stopped"
    DISPLAY_NOT_CONTRACTED = "display.not-contracted"
    INVALID_KEY = "invalid-key"
    NO_INPUT = "no-input"
    TRY_LATER = "try-later"
    GOODBYE = "goodbye"
    TALKIE_UNASSIGNED = "talkie.unassigned"
    TALKIE_SUSPENDED = "talkie.suspended"
    TALKIE_NOT_AVAILABLE = "talkie.not-available"
    TALKIE_UNREACHABLE = "talkie.unreachable"
    ECHO_TEST = "test.echo"
    KEYS_TEST = "test.keys"
    KEYS_HEARD = "test.keys-heard"


@dataclass(frozen=True, slots=True)
class Speech:
    """One utterance: its text as a person reads it and its sound as G.711 µ-law, 8 kHz mono."""

    text: str
    ulaw: bytes


class Voice(Protocol):
    """Speaks prompts in one language; an unfitting value raises `ValueError`."""

    def speech(self, prompt: Prompt, *values: object) -> Speech: ...


class Voices(Protocol):
    """Voices by language code (`ja`, `en`)."""

    def of(self, language: str) -> Voice: ...
    def languages(self) -> Sequence[str]: ...
