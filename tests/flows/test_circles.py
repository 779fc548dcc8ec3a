"""Calls that go round through another carrier, which tells nothing of their way (FWD-06)."""

import asyncio
from collections import Counter

import pytest

from ivr.call.limits import CallLimits
from ivr.flows.underway import Key, Underway
from ivr.numbering.plan import national
from provisioning.contract import E164, Diversions, TrunkCaller
from tests.support.fakes import InMemoryForwarding
from tests.support.forwarded_call import LOOP, OTHER, OUTSIDE, RINGS_ON, TALKS_ON, call, to, user
from tests.support.scripted_call import AU, LINES, NTT, EventLog, Network, SpelledVoice, trunks_of
from tests.support.scripted_leg import Ending, ScriptedLeg
from tests.support.scripted_party import Script, ScriptedParty
from tests.support.virtual_loop import run_virtually

pytestmark = pytest.mark.rule("FWD-06")

A, B = E164("+819012345678"), E164("+819087654321")


def rounds(
    callers: list[E164 | None], script: Script, apart_s: float = 1, most: int = 3
) -> list[ScriptedLeg]:
    """Calls over a trunk to a line that forwards all of them to another carrier."""
    network = Network(
        InMemoryForwarding(LINES), trunks=trunks_of(OTHER), limits=CallLimits(forwardings=most)
    )
    network.forwarding.rows[AU.number] = Diversions(always=to(OUTSIDE))
    legs = [ScriptedLeg(TrunkCaller(OTHER, each, OTHER.caller_class), user(AU)) for each in callers]

    async def scene() -> None:
        incoming, running = network.incoming(), []
        for leg in legs:
            leg.parties = {OTHER.name: ScriptedParty(script)}
            running.append(asyncio.ensure_future(incoming.serve(leg, EventLog())))
            await asyncio.sleep(apart_s)
        await asyncio.sleep(60)
        for task in running:
            task.cancel()
        await asyncio.wait(running)

    run_virtually(scene())
    return legs


def refused(legs: list[ScriptedLeg]) -> list[bool]:
    """Which heard that it goes round, and was refused."""
    return [
        leg.ended == Ending(480) and LOOP in [SpelledVoice.read(ulaw) for ulaw in leg.heard]
        for leg in legs
    ]


@pytest.mark.parametrize("caller", [A, None])
def test_each_round_counts_where_no_header_tells_of_them(caller: E164 | None) -> None:
    assert refused(rounds([caller] * 5, RINGS_ON)) == [False] * 3 + [True] * 2


def test_calls_of_others_do_not_count() -> None:
    assert not any(refused(rounds([A, B, A, B, A, B], RINGS_ON)))


def test_calls_that_were_answered_go_round_no_more() -> None:
    assert not any(refused(rounds([A] * 6, TALKS_ON, apart_s=20)))


def test_what_is_over_is_forgotten() -> None:
    calls = Counter[Key]()
    one, other = Underway(calls, A), Underway(calls, A)
    with one.counted():
        one.add(AU.number)
        other.add(AU.number)
        other.add(NTT.number)
        assert other.rounds(AU.number) == 2
        other.answered()
        other.answered()
        assert one.rounds(AU.number) == 1
    assert calls == Counter()


@pytest.mark.rule("FWD-07")
@pytest.mark.parametrize(
    ("target", "phones", "cause", "status"),
    [
        (national(NTT.number), {}, "absent", 480),
        (user(LINES[0]), {}, "busy", 486),  # back to who calls
    ],
)
def test_a_forwarder_s_leg_is_recorded_where_there_was_nobody_to_ring(
    target: str, phones: dict[str, Script], cause: str, status: int
) -> None:
    number = E164("+81" + target[1:])
    heard = call({AU: Diversions(always=to(number))}, phones)
    record = heard.leg.records.only()
    assert (record.payer, record.destination, record.service) == (AU.number, number, "forwarding")
    assert (record.cause, record.sip_status, record.answered_at) == (cause, status, None)
