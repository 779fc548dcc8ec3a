"""The verbs of a call: barge-in, type-ahead, wrong keys, silence, and the ways it ends."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import pytest

from ivr.call.call import MOST_DIGITS, Call
from ivr.call.limits import CallLimits
from ivr.call.outcome import CallOver, Outcome
from ivr.call.subscriber import Subscriber
from prompts.catalogue import Prompt
from provisioning.contract import Profile, StorageUnavailable
from provisioning.profiles.store import ProfileFiles
from tests.support.scripted_call import (
    DOCOMO,
    PROMPT_S,
    Caller,
    EventLog,
    SpelledVoice,
    said,
)
from tests.support.scripted_leg import Ending, ScriptedLeg, account_of
from tests.support.virtual_loop import run_virtually

T = TypeVar("T")

ENTER = Prompt.FORWARDING_ENTER_TARGET
MENU = Prompt.FORWARDING_MENU
ONE = {"1": "one", "2": "two"}


@dataclass
class Talk:
    """A call and what can be seen of it."""

    call: Call
    leg: ScriptedLeg
    log: EventLog

    @property
    def heard(self) -> list[str]:
        return [SpelledVoice.read(ulaw) for ulaw in self.leg.heard]

    @property
    def now(self) -> float:
        return asyncio.get_running_loop().time()

    def after(self, seconds: float, keys: str) -> None:
        """Press `keys` all at once after `seconds`."""
        for key in keys:
            asyncio.get_running_loop().call_later(seconds, self.leg.press, key)


def talk(
    script: Callable[[Talk], Awaitable[T]],
    keys: str = "",
    *,
    limits: CallLimits | None = None,
    answered: bool = True,
) -> T:
    """Run `script` on a call in virtual time while its caller keys `keys`."""

    async def main() -> T:
        leg, log = ScriptedLeg(account_of(DOCOMO.number), "1429"), EventLog()
        subscriber = Subscriber(DOCOMO, ProfileFiles.load().of(Profile.DOCOMO), SpelledVoice())
        call = Call(leg, subscriber, limits or CallLimits(), log)
        Caller(leg, keys)
        if answered:
            await call.answer()
        return await script(Talk(call, leg, log))

    return run_virtually(main())


async def given_up(doing: Awaitable[object]) -> Outcome:
    with pytest.raises(CallOver) as over:
        await doing
    return over.value.outcome


class TestPlay:
    def test_a_prompt_is_heard_to_its_end(self) -> None:
        async def script(t: Talk) -> None:
            await t.call.play(MENU)
            assert (t.heard, t.now) == ([said(MENU)], PROMPT_S)

        talk(script)

    def test_a_key_stops_a_prompt_before_the_key_handler_returns(self) -> None:
        async def script(t: Talk) -> None:
            playing = asyncio.ensure_future(t.call.play(MENU))
            await asyncio.sleep(1)
            t.leg.press("1")
            assert t.leg.playing is None
            await playing
            assert t.now == 1

        talk(script)

    def test_the_key_that_stopped_a_prompt_answers_the_next_question(self) -> None:
        async def script(t: Talk) -> None:
            t.after(1, "2")
            await t.call.play(Prompt.FORWARDING_STOPPED)
            assert await t.call.choose(MENU, ONE) == "two"
            assert (t.heard, t.now) == ([said(Prompt.FORWARDING_STOPPED)], 1)

        talk(script)

    def test_a_warning_is_heard_through_and_forgets_what_was_keyed(self) -> None:
        async def script(t: Talk) -> None:
            t.leg.press("1")
            t.after(1, "2")
            await t.call.warn(Prompt.TARGET_FREEPHONE)
            assert t.now == PROMPT_S
            t.after(PROMPT_S + 2, "1")
            assert await t.call.choose(MENU, ONE) == "one"
            assert t.now == 2 * PROMPT_S + 2

        talk(script)

    def test_an_unanswered_call_cannot_speak(self) -> None:
        async def script(t: Talk) -> None:
            with pytest.raises(RuntimeError, match="answer the call first"):
                await t.call.play(MENU)
            assert t.heard == []

        talk(script, answered=False)

    def test_cancelling_stops_what_plays(self) -> None:
        async def script(t: Talk) -> None:
            playing = asyncio.ensure_future(t.call.play(MENU))
            await asyncio.sleep(1)
            playing.cancel()
            await asyncio.wait([playing])
            assert t.leg.playing is None

        talk(script)


class TestChoose:
    @pytest.mark.parametrize("keys", ["9,1", "*,#,1", "A,1", "9,9,1"])
    def test_a_wrong_key_is_said_and_asked_again(self, keys: str) -> None:
        async def script(t: Talk) -> None:
            assert await t.call.choose(MENU, ONE) == "one"
            wrong = keys.count(",")
            assert t.heard == [said(MENU), said(Prompt.INVALID_KEY)] * wrong + [said(MENU)]

        talk(script, keys)

    def test_what_follows_a_wrong_key_at_once_is_forgotten(self) -> None:
        async def script(t: Talk) -> None:
            for key in "91":
                t.leg.press(key)
            t.after(2 * PROMPT_S + 1, "2")
            assert await t.call.choose(MENU, ONE) == "two"

        talk(script)

    def test_silence_is_said_and_asked_again(self) -> None:
        async def script(t: Talk) -> None:
            t.after(PROMPT_S + 8 + 1, "1")
            assert await t.call.choose(MENU, ONE) == "one"
            assert t.heard == [said(MENU), said(Prompt.NO_INPUT)]

        talk(script)

    @pytest.mark.parametrize("attempts", [1, 2, 5])
    def test_after_the_last_attempt_the_network_says_goodbye(self, attempts: int) -> None:
        async def script(t: Talk) -> None:
            assert await given_up(t.call.choose(MENU, ONE)) is Outcome.GAVE_UP
            assert t.heard == [said(MENU), said(Prompt.NO_INPUT)] * attempts + [
                said(Prompt.GOODBYE)
            ]
            assert t.leg.ended == Ending(None)

        talk(script, limits=CallLimits(attempts=attempts))

    def test_choosing_once_asks_once(self) -> None:
        async def script(t: Talk) -> None:
            assert await t.call.choose_once(MENU, ONE, otherwise="other") == "other"
            assert t.heard == [said(MENU)]

        talk(script, "9")


class TestAsk:
    @pytest.mark.parametrize(
        ("keys", "number"),
        [
            ("0312345678#", "0312345678"),
            ("0#", "0"),
            ("09*0312345678#", "0312345678"),
            ("*,*,1#", "1"),
            ("9" * MOST_DIGITS + "#", "9" * MOST_DIGITS),
        ],
    )
    def test_a_number_is_closed_by_hash_and_star_starts_it_over(
        self, keys: str, number: str
    ) -> None:
        async def script(t: Talk) -> None:
            assert await t.call.ask(ENTER) == number

        talk(script, keys)

    @pytest.mark.parametrize("keys", ["#", "12A", "9" * (MOST_DIGITS + 1)])
    def test_a_wrong_entry_is_said_and_asked_again(self, keys: str) -> None:
        async def script(t: Talk) -> None:
            assert await t.call.ask(ENTER) == "12"
            assert t.heard[:3] == [said(ENTER), said(Prompt.INVALID_KEY), said(ENTER)]

        talk(script, keys + ",12#")

    def test_a_number_left_open_is_asked_again(self) -> None:
        async def script(t: Talk) -> None:
            t.after(1, "0312")
            t.after(30, "1")
            assert await given_up(t.call.ask(ENTER)) is Outcome.GAVE_UP
            assert t.heard[:3] == [said(ENTER), said(Prompt.NO_INPUT), said(ENTER)]

        talk(script)

    def test_the_time_between_keys_is_the_shorter_one(self) -> None:
        async def script(t: Talk) -> None:
            t.after(1, "0")
            await given_up(t.call.ask(ENTER))
            assert t.now == 1 + 4 + 2 * PROMPT_S

        talk(script, limits=CallLimits(attempts=1))

    def test_a_secret_is_answered_and_told_nowhere(self) -> None:
        async def script(t: Talk) -> None:
            t.call.conceal()
            t.after(1, "7")
            await t.call.play(MENU)
            for number, key in enumerate("351#", start=1):
                t.after(number, key)
            assert await t.call.ask(ENTER, secret=True) == "7351"
            t.after(1, "2")
            assert await t.call.choose(MENU, ONE) == "two"
            pressed = [facts["pressed"] for kind, facts in t.log.events if kind == "key.received"]
            told = [facts["key"] for facts in t.leg.events.of("key.pressed")]
            assert pressed == told == ["•"] * 5 + ["2"]

        talk(script)

    def test_what_is_heard_and_keyed_is_told(self) -> None:
        async def script(t: Talk) -> None:
            assert await t.call.ask(ENTER) == "12"
            assert [facts["prompt"] for facts in t.leg.events.of("prompt.started")] == [ENTER]
            assert [facts["key"] for facts in t.leg.events.of("key.pressed")] == ["1", "2", "#"]

        talk(script, "12#")

    def test_fewer_digits_may_be_asked_for(self) -> None:
        async def script(t: Talk) -> None:
            assert await given_up(t.call.ask(ENTER, most=3)) is Outcome.GAVE_UP

        talk(script, "1234#", limits=CallLimits(attempts=1))


class TestConfirm:
    @pytest.mark.parametrize(("key", "confirmed"), [("#", True), ("*", False)])
    def test_hash_confirms_and_star_does_not(self, key: str, confirmed: bool) -> None:
        async def script(t: Talk) -> None:
            prompt = Prompt.FORWARDING_CONFIRM_TARGET
            assert await t.call.confirm(prompt, "+81312345678") is confirmed

        talk(script, key)

    def test_a_confirmation_keyed_before_the_reading_is_forgotten(self) -> None:
        async def script(t: Talk) -> None:
            t.leg.press("#")
            confirming = t.call.confirm(Prompt.FORWARDING_CONFIRM_TARGET, "+81312345678")
            assert await given_up(confirming) is Outcome.GAVE_UP

        talk(script)


class TestKeep:
    def test_a_change_is_made_to_its_end_although_the_caller_hangs_up(self) -> None:
        async def script(t: Talk) -> None:
            made: list[float] = []

            async def change() -> None:
                await asyncio.sleep(2)
                made.append(t.now)

            keeping = asyncio.ensure_future(t.call.keep(change()))
            await asyncio.sleep(1)
            keeping.cancel()
            await asyncio.wait([keeping])
            assert keeping.cancelled()
            assert made == [2]

        talk(script)

    def test_its_failure_after_the_hang_up_is_noted(self) -> None:
        async def script(t: Talk) -> None:
            async def change() -> None:
                await asyncio.sleep(2)
                raise OSError("disk full")

            keeping = asyncio.ensure_future(t.call.keep(change()))
            await asyncio.sleep(1)
            keeping.cancel()
            await asyncio.wait([keeping])
            assert keeping.cancelled()
            assert t.log.events[-1] == ("change.failed-after-hang-up", {"error": "OSError"})

        talk(script)

    def test_a_store_that_gives_up_is_unavailable(self) -> None:
        async def script(t: Talk) -> None:
            async def change() -> None:
                raise asyncio.CancelledError

            with pytest.raises(StorageUnavailable):
                await t.call.keep(change())

        talk(script)

    def test_shutting_down_gives_a_change_up(self) -> None:
        async def script(t: Talk) -> None:
            async def change() -> None:
                await asyncio.sleep(60)

            keeping = asyncio.ensure_future(t.call.keep(change()))
            await asyncio.sleep(1)
            keeping.cancel()
            await asyncio.sleep(1)
            keeping.cancel()
            await asyncio.wait([keeping])
            assert t.now == 2

        talk(script)


class TestEnding:
    def test_hanging_up_twice_is_once(self) -> None:
        async def script(t: Talk) -> None:
            t.call.hang_up()
            t.call.hang_up()
            assert [event for event, _ in t.log.events].count("call.hung-up") == 1

        talk(script)

    def test_keys_after_the_end_are_not_taken(self) -> None:
        async def script(t: Talk) -> None:
            t.call.hang_up()
            assert t.leg.on_key is not None
            t.leg.on_key("1")
            assert "key.received" not in [event for event, _ in t.log.events]

        talk(script)

    def test_an_unanswered_call_ends_with_a_status(self) -> None:
        async def script(t: Talk) -> None:
            t.call.hang_up()
            assert t.leg.ended == Ending(480)

        talk(script, answered=False)

    @pytest.mark.parametrize("times", [1, 3])
    def test_a_talkie_is_spoken_as_often_as_set(self, times: int) -> None:
        async def script(t: Talk) -> None:
            talkie = t.call.talkie(Prompt.TALKIE_UNASSIGNED, then=404)
            assert await given_up(talkie) is Outcome.REFUSED
            assert t.heard == [said(Prompt.TALKIE_UNASSIGNED)] * times
            assert t.now == times * PROMPT_S + (times - 1) * 1.0
            assert t.leg.ended == Ending(404)

        talk(script, limits=CallLimits(talkie_times=times), answered=False)

    def test_an_answered_talkie_ends_with_bye(self) -> None:
        async def script(t: Talk) -> None:
            await given_up(t.call.talkie(Prompt.NOT_CONTRACTED, then=403))
            assert t.leg.ended == Ending(None)
            assert not t.leg.in_progress

        talk(script)
