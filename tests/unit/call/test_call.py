"""The verbs of a call: barge-in, type-ahead, wrong keys, silence, and changes that are kept."""

import asyncio

import pytest

from ivr.call.keys import MOST_DIGITS
from ivr.call.limits import CallLimits
from ivr.call.outcome import Outcome
from prompts.catalogue import Prompt
from provisioning.contract import StorageUnavailable
from tests.support.scripted_call import FADING_S, PROMPT_S, said
from tests.support.scripted_leg import Ending
from tests.unit.call.talking import Talk, given_up, talk

ENTER = Prompt.FORWARDING_ENTER_TARGET
MENU = Prompt.FORWARDING_MENU
ONE = {"1": "one", "2": "two"}


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
            assert t.now == 1 + 4 + 2 * PROMPT_S + FADING_S

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
