"""Everything the network can say, by name; the words live in `texts/<lang>.toml`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Prompt(StrEnum):
    """Something the network says; which values it takes stands in `SIGNATURES`."""

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
    FORWARDING_ALWAYS = "forwarding.always"
    FORWARDING_BUSY = "forwarding.busy"
    FORWARDING_NO_ANSWER = "forwarding.no-answer"
    FORWARDING_ENDED = "forwarding.ended"
    FORWARDING_NONE = "forwarding.none"
    VOICEWARP_MENU = "voicewarp.menu"
    VOICEWARP_WAYS = "voicewarp.ways"
    VOICEWARP_CONFIRM_TARGET = "voicewarp.confirm-target"
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
    DISPLAY_UNCHANGED = "display.unchanged"
    VOICEMAIL_GREETING_NUMBER = "voicemail.greeting-number"
    VOICEMAIL_GREETING_PLAIN = "voicemail.greeting-plain"
    VOICEMAIL_RECORDED = "voicemail.recorded"
    VOICEMAIL_KEPT = "voicemail.kept"
    VOICEMAIL_NOTHING_KEPT = "voicemail.nothing-kept"
    VOICEMAIL_CUT_SHORT = "voicemail.cut-short"
    VOICEMAIL_EMPTY = "voicemail.empty"
    VOICEMAIL_NEW = "voicemail.new"
    VOICEMAIL_SAVED_ALONE = "voicemail.saved-alone"
    VOICEMAIL_SAVED_FOLLOW = "voicemail.saved-follow"
    VOICEMAIL_MESSAGE = "voicemail.message"
    VOICEMAIL_MESSAGE_WITHHELD = "voicemail.message-withheld"
    VOICEMAIL_MENU = "voicemail.menu"
    VOICEMAIL_SAVED = "voicemail.saved"
    VOICEMAIL_ERASED = "voicemail.erased"
    VOICEMAIL_GONE = "voicemail.gone"
    VOICEMAIL_OUT_OF_REACH = "voicemail.out-of-reach"
    VOICEMAIL_TIME = "voicemail.time"
    VOICEMAIL_CALLER = "voicemail.caller"
    VOICEMAIL_CALLER_WITHHELD = "voicemail.caller-withheld"
    VOICEMAIL_END = "voicemail.end"
    VOICEMAIL_STARTED = "voicemail.started"
    VOICEMAIL_STARTED_ALWAYS = "voicemail.started-always"
    VOICEMAIL_STOPPED = "voicemail.stopped"
    VOICEMAIL_TAKES_MESSAGES = "voicemail.takes-messages"
    VOICEMAIL_TAKES_NONE = "voicemail.takes-none"
    VOICEMAIL_GUIDE = "voicemail.guide"
    GREETING_MENU = "greeting.menu"
    GREETING_SPEAK = "greeting.speak"
    GREETING_CONFIRM = "greeting.confirm"
    GREETING_NUMBER_SET = "greeting.number-set"
    GREETING_PLAIN_SET = "greeting.plain-set"
    GREETING_OWN_SET = "greeting.own-set"
    GREETING_REFUSED = "greeting.refused"
    PIN_NEW = "pin.new"
    PIN_AGAIN = "pin.again"
    PIN_SET = "pin.set"
    PIN_REFUSED = "pin.refused"
    PIN_DIFFERENT = "pin.different"
    PIN_ENTER = "pin.enter"
    PIN_WRONG = "pin.wrong"
    PIN_LOCKED = "pin.locked"
    REMOTE_ENTER_LINE = "remote.enter-line"
    NOT_CONTRACTED = "not-contracted"
    CALL_FORWARDED = "call-forwarded"
    INVALID_KEY = "invalid-key"
    NO_INPUT = "no-input"
    TRY_LATER = "try-later"
    GOODBYE = "goodbye"
    FREEPHONE_GUIDANCE = "freephone.guidance"
    FREEPHONE_WHISPER = "freephone.whisper"
    FREEPHONE_OFF_HOURS = "freephone.off-hours"
    FREEPHONE_NOT_THIS_KIND = "freephone.not-this-kind"
    FREEPHONE_NOT_MOBILE = "freephone.not-mobile"
    FREEPHONE_NOT_THIS_AREA = "freephone.not-this-area"
    FREEPHONE_VOICE_ALONE = "freephone.voice-alone"
    TALKIE_UNASSIGNED = "talkie.unassigned"
    TALKIE_SUSPENDED = "talkie.suspended"
    TALKIE_NOT_AVAILABLE = "talkie.not-available"
    TALKIE_UNREACHABLE = "talkie.unreachable"
    TALKIE_NO_ANSWER = "talkie.no-answer"
    TALKIE_FORWARDING_LOOP = "talkie.forwarding-loop"
    TALKIE_CONGESTED = "talkie.congested"
    TALKIE_VOICEMAIL_FULL = "talkie.voicemail-full"
    TALKIE_VOICEMAIL_AWAY = "talkie.voicemail-away"
    TALKIE_VOICEMAIL_TAKES_NONE = "talkie.voicemail-takes-none"
    ECHO_TEST = "test.echo"
    KEYS_TEST = "test.keys"
    KEYS_HEARD = "test.keys-heard"


class Kind(StrEnum):
    """How a value is read, and what it must be."""

    NUMBER = "number"
    """A telephone number: E.164 `+81…`, or digits as dialled; read in groups, in national form."""
    KEYS = "keys"
    """Keys of a telephone, `0-9*#`, read one by one."""
    COUNT = "count"
    """How many messages or calls (件): int 0–999."""
    ORDINAL = "ordinal"
    """Which in a row (件目): int 1–999."""
    SECONDS = "seconds"
    """A duration (秒): int 0–999."""
    MINUTES = "minutes"
    """A duration (分): int 0–999."""
    YEN = "yen"
    """An amount (円): int 0–99,999,999."""
    DATE = "date"
    """A day of the year (月日): `datetime.date`."""
    TIME = "time"
    """A time of day, 12-hour with 午前/午後: `datetime.time`; seconds are not read."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value a prompt takes: its name in the texts, and how it is read."""

    name: str
    kind: Kind


_TARGET = Value("target", Kind.NUMBER)
_RING_TIME = Value("ring_time", Kind.SECONDS)
_COUNT = Value("count", Kind.COUNT)
_ORDINAL = Value("ordinal", Kind.ORDINAL)
_RECEIVED = (Value("date", Kind.DATE), Value("time", Kind.TIME))
_CALLER = Value("caller", Kind.NUMBER)
_NUMBER = Value("number", Kind.NUMBER)

SIGNATURES: Mapping[Prompt, tuple[Value, ...]] = {
    Prompt.FREEPHONE_OFF_HOURS: (_NUMBER,),
    Prompt.FORWARDING_STARTED: (_TARGET,),
    Prompt.FORWARDING_ON: (_TARGET, _RING_TIME),
    Prompt.FORWARDING_CONFIRM_TARGET: (_TARGET,),
    Prompt.FORWARDING_TARGET_SET: (_TARGET,),
    Prompt.FORWARDING_ENTER_RING_TIME: (
        Value("least", Kind.SECONDS),
        Value("most", Kind.SECONDS),
    ),
    Prompt.FORWARDING_RING_TIME_SET: (_RING_TIME,),
    Prompt.FORWARDING_ALWAYS: (_TARGET,),
    Prompt.FORWARDING_BUSY: (_TARGET,),
    Prompt.FORWARDING_NO_ANSWER: (_RING_TIME, _TARGET),
    Prompt.VOICEWARP_CONFIRM_TARGET: (_TARGET,),
    Prompt.DISPLAY_STARTED: (Value("freephone", Kind.NUMBER),),
    Prompt.VOICEMAIL_GREETING_NUMBER: (Value("number", Kind.NUMBER),),
    Prompt.VOICEMAIL_RECORDED: (
        Value("replay", Kind.KEYS),
        Value("redo", Kind.KEYS),
        Value("keep", Kind.KEYS),
    ),
    Prompt.VOICEMAIL_NEW: (_COUNT,),
    Prompt.VOICEMAIL_SAVED_ALONE: (_COUNT,),
    Prompt.VOICEMAIL_SAVED_FOLLOW: (_COUNT,),
    Prompt.VOICEMAIL_MESSAGE: (_ORDINAL, *_RECEIVED, _CALLER),
    Prompt.VOICEMAIL_MESSAGE_WITHHELD: (_ORDINAL, *_RECEIVED),
    Prompt.VOICEMAIL_TIME: _RECEIVED,
    Prompt.VOICEMAIL_CALLER: (_CALLER,),
    Prompt.VOICEMAIL_STARTED: (_RING_TIME,),
    Prompt.KEYS_HEARD: (Value("keys", Kind.KEYS),),
}
"""What a prompt takes, in the order of `Voice.speech`'s values; a prompt not here takes nothing."""


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
