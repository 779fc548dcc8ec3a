"""What becomes of a party that was rung when something else goes wrong."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from ivr.call.call import Call
from ivr.call.limits import CallLimits
from ivr.call.outcome import CallOver, Outcome
from ivr.call.party import HIDDEN, JoinEnd, Ring, Target
from ivr.call.subscriber import Subscriber, Visitor
from provisioning.contract import Profile
from provisioning.profiles.store import ProfileFiles
from tests.support.scripted_call import (
    BUSY_TONE,
    DOCOMO,
    RING_BACK,
    EventLog,
    SpelledVoice,
)
from tests.support.scripted_leg import Ending, ScriptedLeg, account_of
from tests.support.scripted_party import ScriptedFar, ScriptedParty, behaves
from tests.support.virtual_loop import run_virtually

CALLED = "0300000003"
TARGET = Target(CALLED, users=(CALLED,))


class SpeechlessLeg(ScriptedLeg):
    """A leg whose early media cannot be opened."""

    async def progress(self, *, ringing: bool = False) -> None:
        raise OSError("no RTP port is left")


@dataclass
class Scene:
    call: Call
    leg: ScriptedLeg
    log: EventLog
    party: ScriptedParty

    @property
    def far(self) -> ScriptedFar:
        far = self.party.invitations[-1].far
        assert far is not None
        return far

    @property
    def heard(self) -> list[str]:
        return [SpelledVoice.read(ulaw) for ulaw in self.leg.heard]


def play(scene: Callable[[Scene], Awaitable[None]], leg: type[ScriptedLeg] = ScriptedLeg) -> None:
    """Run a scene in virtual time; the called phone rings at 1 s and answers at 3 s."""

    async def main() -> None:
        caller, log = leg(account_of(DOCOMO.number), CALLED), EventLog()
        party = ScriptedParty(behaves(answers_s=3))
        caller.parties = {CALLED: party}
        subscriber = Subscriber(DOCOMO, ProfileFiles.load().of(Profile.DOCOMO), SpelledVoice())
        await scene(Scene(Call(caller, subscriber, CallLimits(), log), caller, log, party))

    run_virtually(main())


def test_a_party_that_answered_and_is_never_talked_to_is_hung_up() -> None:
    async def scene(s: Scene) -> None:
        rung = await s.call.ring(TARGET)
        assert rung.outcome is Ring.ANSWERED
        assert not s.far.got_bye
        s.call.release()
        assert s.far.got_bye

    play(scene)


def test_a_party_is_hung_up_when_the_caller_cannot_be_answered() -> None:
    class DeafLeg(ScriptedLeg):
        async def answer(self) -> None:
            raise OSError("no RTP port is left")

    async def scene(s: Scene) -> None:
        rung = await s.call.ring(TARGET)
        assert rung.far is not None
        with pytest.raises(OSError, match="RTP"):
            await s.call.talk(rung.far)
        assert s.far.got_bye

    play(scene, DeafLeg)


@pytest.mark.rule("CALL-01")
def test_they_talk_before_the_acknowledgement_is_there() -> None:
    class FarAwayLeg(ScriptedLeg):
        async def answer(self) -> None:
            await super().answer()
            await asyncio.sleep(5)

    async def scene(s: Scene) -> None:
        rung = await s.call.ring(TARGET)
        assert rung.far is not None
        talking = asyncio.ensure_future(s.call.talk(rung.far))
        await asyncio.sleep(1)
        assert s.leg.joined is s.far
        s.far.leave()
        with pytest.raises(CallOver, match="far-hung-up"):
            await talking
        assert s.leg.ended == Ending(None)

    play(scene, FarAwayLeg)


def test_ring_back_that_fails_is_logged_and_the_party_still_answers() -> None:
    async def scene(s: Scene) -> None:
        rung = await s.call.ring(TARGET)
        assert rung.outcome is Ring.ANSWERED
        assert [event for event, _ in s.log.events if event == "ring-back.failed"]
        assert s.heard == []

    play(scene, SpeechlessLeg)


def test_keys_while_it_rings_are_hidden_and_those_after_it_are_not() -> None:
    async def scene(s: Scene) -> None:
        asyncio.get_running_loop().call_later(1.5, s.leg.press, "7")
        await s.call.ring(TARGET, 2)
        s.leg.press("8")
        told = [facts["pressed"] for event, facts in s.log.events if event == "key.received"]
        assert told == [HIDDEN, "8"]
        assert [facts["key"] for facts in s.leg.events.of("key.pressed")] == [HIDDEN, "8"]

    play(scene)


def test_an_answered_caller_hears_ring_back_too() -> None:
    async def scene(s: Scene) -> None:
        await s.call.answer()
        await s.call.ring(TARGET)
        assert s.heard == [RING_BACK]
        assert s.leg.provisional == []

    play(scene)


def test_a_time_limit_counts_from_the_ring() -> None:
    async def scene(s: Scene) -> None:
        rung = await s.call.ring(TARGET, 2)
        assert rung.outcome is Ring.NO_ANSWER
        assert asyncio.get_running_loop().time() == pytest.approx(2)

    play(scene)


@pytest.mark.parametrize(
    ("end", "outcome"),
    [
        (JoinEnd.FAR_HUNG_UP, Outcome.FAR_HUNG_UP),
        (JoinEnd.FAR_LOST, Outcome.FAR_LOST),
        (JoinEnd.TRANSFERRED, Outcome.COMPLETED),
    ],
)
def test_how_the_conversation_ended_is_the_calls_outcome(end: JoinEnd, outcome: Outcome) -> None:
    async def scene(s: Scene) -> None:
        rung = await s.call.ring(TARGET)
        assert rung.far is not None
        asyncio.get_running_loop().call_later(9, s.far.leave, end)
        with pytest.raises(CallOver) as over:
            await s.call.talk(rung.far)
        assert over.value.outcome is outcome
        assert s.leg.ended == Ending(None)

    play(scene)


@pytest.mark.rule("CALL-03")
def test_an_answered_caller_hears_the_busy_tone_and_then_bye() -> None:
    async def scene(s: Scene) -> None:
        await s.call.answer()
        with pytest.raises(CallOver):
            await s.call.busy_tone(486)
        assert (s.heard, s.leg.ended) == ([BUSY_TONE], Ending(None))

    play(scene)


def test_a_caller_from_another_carrier_has_no_line() -> None:
    async def scene(s: Scene) -> None:
        call = Call(s.leg, Visitor(SpelledVoice()), CallLimits(), s.log)
        with pytest.raises(RuntimeError, match="no line"):
            _ = call.line
        with pytest.raises(RuntimeError, match="no line"):
            _ = call.profile

    play(scene)
