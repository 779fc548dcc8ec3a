"""The ways the network ends a call, and how long its last words fade before it does."""

import asyncio

import pytest

from ivr.call.limits import CallLimits
from ivr.call.outcome import CallOver, Outcome
from prompts.catalogue import Prompt
from tests.support.scripted_call import FADING_S, PROMPT_S, said
from tests.support.scripted_leg import Ending
from tests.unit.call.talking import Talk, given_up, talk


def test_hanging_up_twice_is_once() -> None:
    async def script(t: Talk) -> None:
        t.call.hang_up()
        t.call.hang_up()
        assert [event for event, _ in t.log.events].count("call.hung-up") == 1

    talk(script)


def test_keys_after_the_end_are_not_taken() -> None:
    async def script(t: Talk) -> None:
        t.call.hang_up()
        assert t.leg.on_key is not None
        t.leg.on_key("1")
        assert "key.received" not in [event for event, _ in t.log.events]

    talk(script)


def test_an_unanswered_call_ends_with_a_status() -> None:
    async def script(t: Talk) -> None:
        t.call.hang_up()
        assert t.leg.ended == Ending(480)

    talk(script, answered=False)


@pytest.mark.parametrize("times", [1, 3])
def test_a_talkie_is_spoken_as_often_as_set(times: int) -> None:
    async def script(t: Talk) -> None:
        talkie = t.call.talkie(Prompt.TALKIE_UNASSIGNED, then=404)
        assert await given_up(talkie) is Outcome.REFUSED
        assert t.heard == [said(Prompt.TALKIE_UNASSIGNED)] * times
        assert t.now == times * PROMPT_S + (times - 1) * 1.0 + FADING_S
        assert t.leg.ended == Ending(404)

    talk(script, limits=CallLimits(talkie_times=times), answered=False)


def test_the_last_words_fade_before_the_network_hangs_up() -> None:
    async def script(t: Talk) -> None:
        await t.call.play(Prompt.FORWARDING_STOPPED)
        closing = asyncio.ensure_future(t.call.close())
        await asyncio.sleep(FADING_S - 0.1)
        early = t.leg.ended
        await closing
        assert early is None
        assert (t.leg.ended, t.now) == (Ending(None), PROMPT_S + FADING_S)

    talk(script)


def test_words_that_faded_or_were_cut_short_are_not_waited_for() -> None:
    async def faded(t: Talk) -> None:
        await t.call.play(Prompt.FORWARDING_STOPPED)
        await asyncio.sleep(FADING_S)
        await t.call.close()
        assert t.now == PROMPT_S + FADING_S

    async def cut_short(t: Talk) -> None:
        t.after(1, "1")
        await t.call.play(Prompt.FORWARDING_STOPPED)
        await t.call.close()
        assert t.now == 1

    talk(faded)
    talk(cut_short)


def test_a_call_refused_without_a_word_ends_at_once() -> None:
    async def script(t: Talk) -> None:
        with pytest.raises(CallOver):
            t.call.refuse(486)
        assert (t.leg.ended, t.now) == (Ending(486), 0)

    talk(script, answered=False)


def test_goodbye_and_apology_fade_too() -> None:
    async def goodbye(t: Talk) -> None:
        await t.call.give_up()
        assert t.now == PROMPT_S + FADING_S

    async def apology(t: Talk) -> None:
        await t.call.apologise(503)
        assert t.now == 2 * PROMPT_S + FADING_S

    talk(goodbye)
    talk(apology)


def test_an_answered_talkie_ends_with_bye() -> None:
    async def script(t: Talk) -> None:
        await given_up(t.call.talkie(Prompt.NOT_CONTRACTED, then=403))
        assert t.leg.ended == Ending(None)
        assert not t.leg.in_progress

    talk(script)
