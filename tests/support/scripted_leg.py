"""A leg without a network: audio lasts as long as it would, in the loop's own time."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from ivr.call.party import KeyHandler, PlayEnded
from ivr.ua.ticket import Tickets
from provisioning.contract import E164, Access, Account
from tests.support.fake_records import InMemoryRecords, ToldEvents

BYTES_A_SECOND = 8000


@dataclass(frozen=True, slots=True)
class Ending:
    """How the network ended the call: `status` is None for BYE."""

    status: int | None
    reason: str | None = None


@dataclass(slots=True)
class Playing:
    """What is playing now."""

    ulaw: bytes
    done: PlayEnded | None
    timer: asyncio.TimerHandle | None


class ScriptedLeg:
    """A `Leg` (tests/contract/leg_contract.py) that remembers what was done to it.

    `heard` has every audio that began to play, `looped` what of it was to repeat,
    `ended` how the network hung up.
    `on_silence` is called whenever audio ends by itself or is stopped.
    """

    def __init__(self, account: Account, dialled: str) -> None:
        self.on_key: KeyHandler | None = None
        self.on_silence: Callable[[], None] | None = None
        self.heard: list[bytes] = []
        self.ended: Ending | None = None
        self.answered = False
        self.in_progress = False
        self.echoing = False
        self.looped: list[bytes] = []
        self._account = account
        self._dialled = dialled
        self.records, self.events = InMemoryRecords(), ToldEvents()
        tickets = Tickets(self.records, self.events, lambda: (1000.0, 2000.0))
        self.ticket = tickets.caller(account, dialled, self.call_id)
        self._playing: Playing | None = None

    @property
    def call_id(self) -> str:
        return "scripted@test"

    @property
    def account(self) -> Account:
        return self._account

    @property
    def dialled(self) -> str:
        return self._dialled

    @property
    def playing(self) -> bytes | None:
        """The audio that plays now."""
        return self._playing.ulaw if self._playing else None

    def press(self, key: str) -> None:
        """The caller presses a key."""
        if self.on_key and not self.ended:
            self.on_key(key)

    async def progress(self) -> None:
        await asyncio.sleep(0)
        self.in_progress = self.in_progress or not self.answered

    async def answer(self) -> None:
        await asyncio.sleep(0)
        self.answered = True

    def play(self, ulaw: bytes, done: PlayEnded | None = None, *, loop: bool = False) -> None:
        self._end(to_its_end=False)
        if self.ended:
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
            self._end(to_its_end=False)
            self._silent()

    def echo(self, on: bool) -> None:
        self.echoing = on and not self.ended

    def hang_up(self, status: int | None = None, reason: str | None = None) -> None:
        if self.ended:
            return
        if not self.answered and not (status and 400 <= status <= 699):
            raise ValueError(f"an unanswered call ends with a final status, not {status}")
        self.ended = Ending(None if self.answered else status, reason)
        self.echoing = False
        self._end(to_its_end=False)

    def _played(self) -> None:
        self._end(to_its_end=True)
        self._silent()

    def _silent(self) -> None:
        if self.on_silence and not self.ended:
            self.on_silence()

    def _end(self, *, to_its_end: bool) -> None:
        playing, self._playing = self._playing, None
        if playing is None:
            return
        if playing.timer:
            playing.timer.cancel()
        if playing.done:
            asyncio.get_running_loop().call_soon(playing.done, to_its_end)


def account_of(line: E164, access: Access = Access.OS) -> Account:
    """An account of `line` that needs no credentials, since no leg asks for them."""
    return Account(user="0" + line.removeprefix("+81"), line=line, access=access, ha1={})
