"""Codes that begin longer ones, from a phone that dials digit by digit (RFC 3578)."""

import asyncio

import pytest

from ivr.call.limits import CallLimits
from ivr.call.outcome import Outcome
from prompts.catalogue import Prompt
from tests.support.scripted_call import AU, AU_OWNER, EventLog, Network, said
from tests.support.scripted_leg import Ending, ScriptedLeg, account_of
from tests.support.virtual_loop import run_virtually
from tests.support.voicemail_calls import network

pytestmark = pytest.mark.rule("LINE-04")

WAIT_S = CallLimits().inter_digit_s
INCOMPLETE = Ending(484)


def overlapping() -> Network:
    net = network()
    net.overlap = True
    return net


def test_141_is_the_guide_once_no_further_digit_comes() -> None:
    heard = overlapping().dial(AU_OWNER, "141", hang_up_after_s=WAIT_S + 5)
    assert heard.prompts[0] == said(Prompt.VOICEMAIL_GUIDE)
    before = overlapping().dial(AU_OWNER, "141", hang_up_after_s=WAIT_S - 0.1)
    assert (before.prompts, before.leg.answered) == ([], False)


def test_a_phone_that_sends_whole_numbers_never_waits() -> None:
    heard = network().dial(AU_OWNER, "141", hang_up_after_s=1)
    assert heard.prompts == [said(Prompt.VOICEMAIL_GUIDE)]


def digit_by_digit(net: Network, *tries: str, pause_s: float = 1.0) -> list[ScriptedLeg]:
    """Each try comes a while after the one before, whatever became of that."""
    legs = [ScriptedLeg(account_of(AU_OWNER.number), dialled) for dialled in tries]

    async def dial() -> None:
        incoming, calls = net.incoming(), []
        for leg in legs:
            calls.append(asyncio.ensure_future(incoming.serve(leg, EventLog())))
            await asyncio.sleep(pause_s)
        await asyncio.gather(*calls)

    run_virtually(dial())
    return legs


def test_1417_is_reached_by_a_phone_that_sent_141() -> None:
    *begun, whole = digit_by_digit(overlapping(), "1", "14", "141", "1417", pause_s=0.5)
    assert [leg.ended for leg in begun] == [INCOMPLETE] * 3
    assert whole.ticket.service == "voicemail-check"
    assert whole.ended == Ending(None)


def test_1417_and_a_number_reach_another_box() -> None:
    remote = "1417" + "09000000007"
    tries = [remote[:length] for length in range(3, len(remote) + 1)]
    *begun, whole = digit_by_digit(overlapping(), *tries)
    assert [leg.ended for leg in begun] == [INCOMPLETE] * len(begun)
    assert whole.ticket.service == "voicemail-remote"


def test_one_digit_of_a_ring_time_is_enough_for_who_waits() -> None:
    net = overlapping()
    heard = net.dial(AU_OWNER, "14187")
    assert heard.prompts == [said(Prompt.FORWARDING_RING_TIME_SET, 7)]
    assert heard.outcome is Outcome.COMPLETED
    assert next(leg.ended for leg in digit_by_digit(net, "14181", "141812")) == INCOMPLETE
    box = run_virtually(net.mailboxes.of(AU_OWNER.number))
    assert box is not None
    assert box.ring_time_s == 12


def test_another_account_s_digits_end_no_wait() -> None:
    net = overlapping()
    waiting = ScriptedLeg(account_of(AU_OWNER.number), "141")
    other = ScriptedLeg(account_of(AU.number), "1417")

    async def dial() -> None:
        incoming = net.incoming()
        first = asyncio.ensure_future(incoming.serve(waiting, EventLog()))
        await asyncio.sleep(0.5)
        await incoming.serve(other, EventLog())
        await first

    run_virtually(dial())
    assert waiting.ended == Ending(None)
