"""Recording what a caller says, and playing a recording that the caller winds to and fro."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from ivr.call.keys import KeyBuffer
from ivr.call.leg import Leg
from ivr.call.log import Log
from ivr.call.speaking import Mouth
from ivr.media import tones
from ivr.media.g711 import SAMPLE_RATE
from ivr.media.recorder import Recorder, Write
from ivr.media.speech import is_speech

END_KEY = "#"


class TakeEnd(Enum):
    """How a recording ended; a caller's hang-up cancels instead."""

    KEY = auto()
    """The caller keyed `#`."""
    SILENCE = auto()
    LIMIT = auto()
    FAILED = auto()
    """What is recorded on takes no more."""


@dataclass(frozen=True, slots=True)
class Take:
    """How a recording ended, and how many seconds of it there are up to the last speech."""

    end: TakeEnd
    spoken_s: float


def length_s(ulaw: bytes) -> float:
    """How long a sound lasts."""
    return len(ulaw) / SAMPLE_RATE


def first(ulaw: bytes, seconds: float) -> bytes:
    """The first seconds of a sound."""
    return ulaw[: round(seconds * SAMPLE_RATE)]


class Tape:
    """A call's tape recorder; the call must be answered, or have early media open.

    `failed` is to be called by whoever is written to, when it takes no more.
    """

    def __init__(self, leg: Leg, keys: KeyBuffer, mouth: Mouth, log: Log) -> None:
        self._leg = leg
        self._keys = keys
        self._mouth = mouth
        self._log = log
        self._failed = False

    def failed(self) -> None:
        """End the recording that goes on, and every later one at once."""
        self._failed = True
        self._keys.wake()

    async def beep(self) -> None:
        """Play the tone after which a caller speaks: 400 Hz of a second; heard to its end."""
        await self._mouth.say(tones.acceptance(), interruptible=False)

    async def record(self, write: Write, *, longest_s: float, silence_s: float) -> Take:
        """Write what the caller says, µ-law, until `#`, silence or the limit.

        What was keyed before is forgotten, and keys but `#` end nothing. When this is cancelled all
        that was heard is written.
        """
        loop = asyncio.get_running_loop()
        ear = _Ear(write, round(longest_s * SAMPLE_RATE), loop.time)
        ends_at = loop.time() + longest_s
        self._keys.clear()
        self._log.info("recording.started", longest_s=longest_s)
        recorder = Recorder(ear.take)
        self._leg.record(recorder.feed)
        try:
            end = await self._until_end(ear, ends_at, silence_s)
        finally:
            self._leg.record(None)
            recorder.flush()
        self._log.info("recording.ended", end=end.name.lower(), seconds=round(ear.seconds, 2))
        return Take(end, ear.spoken_s)

    async def _until_end(self, ear: "_Ear", ends_at: float, silence_s: float) -> TakeEnd:
        now = asyncio.get_running_loop().time
        while not self._failed:
            if now() >= ends_at or ear.full:
                return TakeEnd.LIMIT
            silent_at = ear.heard_at + silence_s
            if now() >= silent_at:
                return TakeEnd.SILENCE
            if await self._keys.next(min(ends_at, silent_at) - now()) == END_KEY:
                return TakeEnd.KEY
        return TakeEnd.FAILED

    async def play(self, ulaw: bytes, at_s: float = 0.0) -> float | None:
        """Play a recording from `at_s` on; None at its end, or the second where a key cut it short.

        Keys typed ahead cut it short before it begins.
        """
        if self._keys:
            return at_s
        started = asyncio.get_running_loop().time()
        self._log.info("recording.played", from_s=round(at_s, 2))
        if await self._mouth.say(ulaw[round(at_s * SAMPLE_RATE) :], interruptible=True):
            return None
        return at_s + asyncio.get_running_loop().time() - started

    async def pause(self, longest_s: float, resume: str) -> None:
        """Be silent until a key comes, so many seconds at most; `resume` is taken, others wait."""
        if await self._keys.wait(longest_s) == resume:
            await self._keys.next(0)


class _Ear:
    """Cuts what a caller says at the limit, and notes when it was speech last."""

    def __init__(self, write: Write, longest_samples: int, now: Callable[[], float]) -> None:
        self._write = write
        self._now = now
        self._room = self._longest = longest_samples
        self.heard_at = now()
        self.spoken_s = 0.0

    @property
    def full(self) -> bool:
        """Whether the limit is reached."""
        return self._room <= 0

    @property
    def seconds(self) -> float:
        """How much was written."""
        return (self._longest - self._room) / SAMPLE_RATE

    def take(self, ulaw: bytes) -> None:
        """Write what fits of the sound that follows."""
        if self._room > 0:
            self._write(ulaw[: self._room])
            self._room -= min(len(ulaw), self._room)
        if is_speech(ulaw):
            self.heard_at, self.spoken_s = self._now(), self.seconds
