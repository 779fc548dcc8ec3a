"""What any `ivr.call.leg.Leg` must do.

Subclass `LegContract` and give it a fixture `phone`: a leg with the far end's controls.
Times are real or virtual as the loop of the subclass is; no test depends on how fast it is.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

import pytest

from ivr.call.leg import Leg
from ivr.media.recorder import Recorder

SHORT = b"\xff" * 800
"""A tenth of a second."""
LONG = b"\xff" * 8000 * 60
PATIENCE_S = 5.0


class Phone(Protocol):
    """A leg, and what its far end can do and see."""

    @property
    def leg(self) -> Leg: ...

    async def press(self, key: str) -> None:
        """Press a key; returns once it is on its way."""
        ...

    def say(self, ulaw: bytes) -> None:
        """Say something, after which the far end is silent."""
        ...

    def final_status(self) -> int | None:
        """The final response that the caller got; None while there is none."""
        ...

    def got_bye(self) -> bool:
        """Whether the network said BYE."""
        ...


async def eventually(condition: Callable[[], bool]) -> None:
    """Wait until `condition` holds; fail after some seconds."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - the far end has no event to wait for
            await asyncio.sleep(0.005)


SPOKEN = b"\x10" * 800


class Recorded:
    """What was heard of the far end; `begun` is where the first packet stood."""

    def __init__(self) -> None:
        self.begun: int | None = None
        self._written: list[bytes] = []
        self._recorder = Recorder(self._written.append)

    def __call__(self, at: int, ulaw: bytes) -> None:
        self.begun = at if self.begun is None else self.begun
        self._recorder.feed(at, ulaw)

    def sound(self) -> bytes:
        return b"".join(self._written)


class Endings:
    """Collects what `done` was told."""

    def __init__(self) -> None:
        self.told: list[bool] = []

    def __call__(self, to_its_end: bool) -> None:
        self.told.append(to_its_end)


async def later() -> None:
    """Let audio of a tenth of a second pass, twice."""
    ended = asyncio.Event()
    asyncio.get_running_loop().call_later(0.2, ended.set)
    await ended.wait()


class LegContract:
    async def test_audio_ends_once_by_itself(self, phone: Phone) -> None:
        await phone.leg.answer()
        done = Endings()
        phone.leg.play(SHORT, done)
        assert done.told == []
        await eventually(lambda: done.told == [True])
        await later()
        assert done.told == [True]

    async def test_early_media_can_be_heard(self, phone: Phone) -> None:
        await phone.leg.progress()
        done = Endings()
        phone.leg.play(SHORT, done)
        await eventually(lambda: done.told == [True])

    async def test_empty_audio_ends_at_once_but_after_play(self, phone: Phone) -> None:
        await phone.leg.answer()
        done = Endings()
        phone.leg.play(b"", done)
        assert done.told == []
        await eventually(lambda: done.told == [True])

    async def test_new_audio_replaces_what_plays(self, phone: Phone) -> None:
        await phone.leg.answer()
        first, second = Endings(), Endings()
        phone.leg.play(LONG, first)
        phone.leg.play(SHORT, second)
        await eventually(lambda: second.told == [True])
        assert first.told == [False]

    async def test_stopping_is_told_once_and_not_from_inside(self, phone: Phone) -> None:
        await phone.leg.answer()
        done = Endings()
        phone.leg.play(LONG, done)
        phone.leg.stop_playing()
        assert done.told == []
        phone.leg.stop_playing()
        await eventually(lambda: done.told == [False])
        await later()
        assert done.told == [False]

    async def test_a_loop_ends_only_when_stopped(self, phone: Phone) -> None:
        await phone.leg.answer()
        done = Endings()
        phone.leg.play(SHORT, done, loop=True)
        await later()
        assert done.told == []
        phone.leg.stop_playing()
        await eventually(lambda: done.told == [False])

    async def test_audio_may_follow_from_inside_done(self, phone: Phone) -> None:
        await phone.leg.answer()
        second = Endings()
        phone.leg.play(SHORT, lambda _: phone.leg.play(SHORT, second))
        await eventually(lambda: second.told == [True])

    async def test_keys_come_one_by_one_in_order(self, phone: Phone) -> None:
        await phone.leg.answer()
        pressed: list[str] = []
        phone.leg.on_key = pressed.append
        for key in "1#*00":
            await phone.press(key)
        await eventually(lambda: pressed == list("1#*00"))

    async def test_a_key_may_stop_the_audio_it_interrupts(self, phone: Phone) -> None:
        await phone.leg.answer()
        done = Endings()
        phone.leg.on_key = lambda _: phone.leg.stop_playing()
        phone.leg.play(LONG, done)
        await phone.press("1")
        await eventually(lambda: done.told == [False])

    async def test_a_key_without_listener_is_harmless(self, phone: Phone) -> None:
        await phone.leg.answer()
        await phone.press("1")
        done = Endings()
        phone.leg.play(SHORT, done)
        await eventually(lambda: done.told == [True])

    async def test_hanging_up_an_answered_call_is_a_bye(self, phone: Phone) -> None:
        await phone.leg.answer()
        done = Endings()
        phone.leg.play(LONG, done)
        phone.leg.hang_up()
        await eventually(lambda: done.told == [False])
        await eventually(phone.got_bye)

    async def test_hanging_up_an_unanswered_call_is_its_final_response(self, phone: Phone) -> None:
        phone.leg.hang_up(404)
        await eventually(lambda: phone.final_status() == 404)
        assert not phone.got_bye()

    async def test_early_media_ends_with_the_final_response(self, phone: Phone) -> None:
        await phone.leg.progress()
        phone.leg.play(LONG)
        phone.leg.hang_up(403)
        await eventually(lambda: phone.final_status() == 403)

    @pytest.mark.parametrize("status", [None, 183, 200, 302])
    async def test_an_unanswered_call_needs_an_error_status(
        self, phone: Phone, status: int | None
    ) -> None:
        with pytest.raises(ValueError, match="status"):
            phone.leg.hang_up(status)
        phone.leg.hang_up(480)
        await eventually(lambda: phone.final_status() == 480)

    async def test_after_the_end_nothing_happens(self, phone: Phone) -> None:
        await phone.leg.answer()
        phone.leg.hang_up()
        done = Endings()
        phone.leg.play(SHORT, done)
        phone.leg.stop_playing()
        phone.leg.echo(True)
        phone.leg.record(lambda at, ulaw: None)
        phone.leg.hang_up()
        await eventually(lambda: done.told == [False])

    async def test_early_media_then_answer(self, phone: Phone) -> None:
        await phone.leg.progress()
        await phone.leg.answer()
        phone.leg.hang_up()
        await eventually(phone.got_bye)

    async def test_echo_goes_on_and_off(self, phone: Phone) -> None:
        await phone.leg.answer()
        phone.leg.echo(True)
        phone.leg.echo(False)
        done = Endings()
        phone.leg.play(SHORT, done)
        await eventually(lambda: done.told == [True])

    async def test_what_is_said_is_recorded_until_nobody_listens(self, phone: Phone) -> None:
        await phone.leg.answer()
        heard = Recorded()
        phone.leg.record(heard)
        phone.say(SPOKEN)
        await eventually(lambda: heard.sound().count(SPOKEN[:1]) == len(SPOKEN))
        phone.leg.record(None)
        before = heard.sound()
        phone.say(SPOKEN)
        await later()
        assert heard.sound() == before

    async def test_a_recording_begins_anew(self, phone: Phone) -> None:
        await phone.leg.answer()
        first, second = Recorded(), Recorded()
        phone.leg.record(first)
        phone.say(SPOKEN)
        await eventually(lambda: bool(first.sound()))
        phone.leg.record(second)
        phone.say(SPOKEN)
        await eventually(lambda: SPOKEN[:1] in second.sound())
        assert second.begun == 0
