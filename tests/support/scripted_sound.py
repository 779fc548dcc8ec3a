"""What plays to a scripted party: audio lasts as long as it would, in the loop's own time."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from ivr.call.party import PlayEnded

BYTES_A_SECOND = 8000


@dataclass(slots=True)
class Playing:
    """What is playing now."""

    ulaw: bytes
    done: PlayEnded | None
    timer: asyncio.TimerHandle | None


class ScriptedSound:
    """Plays, and remembers: `heard` has every audio that began, `looped` what was to repeat.

    `stopped_at` has when audio was stopped, in the loop's time.

    `on_silence` is called whenever audio ends by itself or is stopped; `mute` is set at the end.
    """

    def __init__(self) -> None:
        self.on_silence: Callable[[], None] | None = None
        self.heard: list[bytes] = []
        self.looped: list[bytes] = []
        self.stopped_at: list[float] = []
        self.mute = False
        self._playing: Playing | None = None

    @property
    def playing(self) -> bytes | None:
        """The audio that plays now."""
        return self._playing.ulaw if self._playing else None

    def play(self, ulaw: bytes, done: PlayEnded | None = None, *, loop: bool = False) -> None:
        self._end(to_its_end=False)
        if self.mute:
            if done:
                asyncio.get_running_loop().call_soon(done, False)
            return
        self.heard.append(ulaw)
        if loop:
            self.looped.append(ulaw)
        seconds = len(ulaw) / BYTES_A_SECOND
        timer = (
            None if loop and ulaw else asyncio.get_running_loop().call_later(seconds, self._played)
        )
        self._playing = Playing(ulaw, done, timer)

    def stop_playing(self) -> None:
        if self._playing:
            self.stopped_at.append(asyncio.get_running_loop().time())
            self._end(to_its_end=False)
            self._silent()

    def fall_silent(self) -> None:
        """Nothing plays any more, now or later."""
        self.mute = True
        self._end(to_its_end=False)

    def _played(self) -> None:
        self._end(to_its_end=True)
        self._silent()

    def _silent(self) -> None:
        if self.on_silence and not self.mute:
            self.on_silence()

    def _end(self, *, to_its_end: bool) -> None:
        playing, self._playing = self._playing, None
        if playing is None:
            return
        if playing.timer:
            playing.timer.cancel()
        if playing.done:
            asyncio.get_running_loop().call_soon(playing.done, to_its_end)
