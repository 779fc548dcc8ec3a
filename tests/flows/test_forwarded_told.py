"""What is told of a forwarded call, who pays for it, and how it goes out to another carrier."""

from dataclasses import replace
from typing import ClassVar

import pytest

from ivr.call.limits import CallLimits
from ivr.call.outcome import Outcome
from ivr.call.party import Diverted, Presented, Target
from provisioning.contract import (
    E164,
    Condition,
    Diversions,
    TrunkCaller,
    TrunkClass,
)
from tests.support.diversions import unanswered
from tests.support.fakes import InMemoryForwarding
from tests.support.forwarded_call import (
    ANSWERS,
    IS_BUSY,
    LOOP,
    NOTICE,
    OTHER,
    OUTSIDE,
    RINGS_ON,
    TALKS_ON,
    call,
    rung,
    to,
    user,
)
from tests.support.scripted_call import (
    AU,
    DOCOMO,
    LINES,
    NTT,
    RAKUTEN,
    RING_BACK,
    Heard,
    Network,
)
from tests.support.scripted_leg import Ending, ScriptedLeg, account_of
from tests.support.scripted_party import Script


def comes_in(*diverted: Diverted, trusted: bool) -> Heard:
    """A call from another carrier, forwarded before, to a line that forwards it out again."""
    trunk = replace(OTHER, trusted=trusted)
    leg = ScriptedLeg(TrunkCaller(trunk, None, TrunkClass.FIXED), user(AU))
    leg.diverted, leg.forwardings = diverted, len(diverted)
    forwarding = {AU: Diversions(always=to(OUTSIDE))}
    return call(forwarding, {"other": ANSWERS}, outside=True, leg=leg)


def one_target(heard: Heard) -> Target:
    return heard.leg.targets[-1]


@pytest.mark.rule("FWD-08")
class TestWhatIsTold:
    def test_the_caller_hears_the_notice_then_the_ringing(self) -> None:
        heard = call({AU: Diversions(always=to(NTT))}, {user(NTT): ANSWERS})
        assert heard.prompts == [NOTICE, RING_BACK]
        assert heard.leg.provisional == [183, 180]

    def test_the_notice_comes_once_however_often_it_is_forwarded(self) -> None:
        twice = {AU: Diversions(always=to(NTT)), NTT: Diversions(busy=to(RAKUTEN))}
        heard = call(twice, {user(NTT): IS_BUSY, user(RAKUTEN): ANSWERS})
        assert heard.prompts == [NOTICE, RING_BACK]

    def test_the_destination_sees_the_caller_and_who_forwarded(self) -> None:
        twice = {AU: Diversions(always=to(NTT)), NTT: Diversions(busy=to(RAKUTEN))}
        heard = call(twice, {user(NTT): IS_BUSY, user(RAKUTEN): ANSWERS})
        target = one_target(heard)
        assert target.presented == Presented(DOCOMO.number)
        assert target.asserted == DOCOMO.number
        assert target.diversions == (
            Diverted(AU.number, Condition.CFU),
            Diverted(NTT.number, Condition.CFB),
        )

    def test_a_withheld_caller_stays_withheld(self) -> None:
        net = Network(InMemoryForwarding(LINES))
        net.forwarding.rows[AU.number] = Diversions(always=to(NTT))
        heard = net.dial(DOCOMO, "184" + user(AU), phones={user(NTT): ANSWERS})
        assert one_target(heard).presented == Presented(None, "Anonymous")

    def test_a_forwarder_who_withholds_is_not_shown_either(self) -> None:
        hiding = replace(AU, options=frozenset({"number-withheld"}))
        lines = (hiding, DOCOMO, NTT)
        heard = call({AU: Diversions(always=to(NTT))}, {user(NTT): ANSWERS}, called=AU, lines=lines)
        assert one_target(heard).diversions == (Diverted(AU.number, Condition.CFU, withheld=True),)


@pytest.mark.rule("FWD-07")
class TestWhoPays:
    def test_the_forwarder_pays_for_the_forwarded_leg_and_the_caller_for_the_first(self) -> None:
        heard = call({AU: unanswered(True, NTT.number)}, {user(AU): RINGS_ON, user(NTT): ANSWERS})
        first, second = heard.leg.targets
        assert (first.line, first.payer, first.service) == (AU.number, None, "line")
        assert (second.line, second.payer, second.service) == (AU.number, AU.number, "forwarding")
        record = heard.leg.ticket.record()
        assert (record.payer, record.service) == (DOCOMO.number, "line")

    TWICE: ClassVar = {AU: Diversions(always=to(NTT)), NTT: Diversions(busy=to(RAKUTEN))}

    def test_each_forwarder_of_a_chain_pays_for_its_own_leg(self) -> None:
        heard = call(self.TWICE, {user(NTT): IS_BUSY, user(RAKUTEN): ANSWERS})
        assert one_target(heard).payer == NTT.number
        between = heard.leg.records.only()
        assert (between.line, between.payer, between.destination) == (
            AU.number,
            AU.number,
            NTT.number,
        )
        assert (between.leg, between.service) == (2, "forwarding")
        assert between.linked_id == heard.leg.ticket.linked_id
        assert between.answered_at is not None
        assert (between.cause, between.sip_status) == ("far-hung-up", 200)

    def test_a_chain_that_nobody_answers_costs_nothing(self) -> None:
        heard = call(self.TWICE, {user(NTT): IS_BUSY, user(RAKUTEN): IS_BUSY})
        between = heard.leg.records.only()
        assert (between.answered_at, between.seconds, between.cause) == (None, 0.0, "refused")

    @pytest.mark.parametrize(("script", "cause"), [(RINGS_ON, "cancelled"), (TALKS_ON, "hung-up")])
    def test_a_chain_ends_with_its_caller(self, script: Script, cause: str) -> None:
        phones = {user(NTT): IS_BUSY, user(RAKUTEN): script}
        heard = call(self.TWICE, phones, hang_up_after_s=20)
        assert heard.leg.records.only().cause == cause

    def test_each_forwarder_of_a_circle_has_its_leg(self) -> None:
        circle = {
            AU: Diversions(always=to(NTT)),
            NTT: Diversions(always=to(RAKUTEN)),
            RAKUTEN: Diversions(always=to(AU)),
        }
        heard = call(circle, {})
        assert heard.ending == Ending(482)
        legs = heard.leg.records.all
        assert [(each.payer, each.destination) for each in legs] == [
            (AU.number, NTT.number),
            (NTT.number, RAKUTEN.number),
            (RAKUTEN.number, AU.number),
        ]
        assert {(each.service, each.answered_at) for each in legs} == {("forwarding", None)}

    def test_who_forwards_a_call_too_often_has_its_leg(self) -> None:
        heard = call(
            {AU: Diversions(always=to(OUTSIDE))}, {}, outside=True, limits=CallLimits(forwardings=0)
        )
        leg = heard.leg.records.only()
        assert (leg.payer, leg.destination, leg.answered_at) == (AU.number, OUTSIDE, None)

    def test_a_call_forwarded_once_has_no_leg_between(self) -> None:
        heard = call({AU: Diversions(always=to(NTT))}, {user(NTT): ANSWERS})
        assert heard.leg.records.all == []


@pytest.mark.rule("FWD-08")
class TestForwardedToAnotherCarrier:
    def test_the_number_is_rung_over_the_trunk(self) -> None:
        heard = call({AU: Diversions(always=to(OUTSIDE))}, {"other": ANSWERS}, outside=True)
        target = one_target(heard)
        assert (target.number, target.trunk, target.users) == ("0312345678", "other", ())
        assert (target.line, target.payer) == (AU.number, AU.number)
        assert target.diversions == (Diverted(AU.number, Condition.CFU),)
        assert heard.prompts == [NOTICE, RING_BACK]
        assert heard.outcome is Outcome.FAR_HUNG_UP

    def test_the_hop_limit_holds_for_it_too(self) -> None:
        heard = call(
            {AU: Diversions(always=to(OUTSIDE))},
            {"other": ANSWERS},
            outside=True,
            limits=CallLimits(forwardings=0),
        )
        assert heard.ending == Ending(480)
        assert heard.leg.targets == []

    @pytest.mark.rule("FWD-06")
    @pytest.mark.parametrize("trusted", [True, False])
    def test_a_call_that_the_line_forwarded_before_goes_no_round_more(self, trusted: bool) -> None:
        heard = comes_in(Diverted(AU.number, Condition.CFU), trusted=trusted)
        assert heard.prompts == [LOOP, LOOP]
        assert heard.ending == Ending(482)
        assert heard.leg.targets == []

    @pytest.mark.parametrize("trusted", [True, False])
    def test_who_forwarded_before_is_passed_on_from_a_trusted_carrier(self, trusted: bool) -> None:
        elsewhere = Diverted(E164("+81612345678"), Condition.CFB)
        heard = comes_in(elsewhere, trusted=trusted)
        own = Diverted(AU.number, Condition.CFU)
        assert one_target(heard).diversions == ((elsewhere, own) if trusted else (own,))

    def test_a_call_that_comes_back_from_there_uses_up_its_hops(self) -> None:
        leg = ScriptedLeg(account_of(DOCOMO.number), user(AU))
        leg.hops = 3
        forwarding = {AU: Diversions(always=to(OUTSIDE))}
        heard = call(forwarding, {"other": ANSWERS}, outside=True, leg=leg)
        assert one_target(heard).hops == 3

    def test_emergency_numbers_are_never_reached_by_forwarding(self) -> None:
        heard = call({AU: Diversions(always=to(E164("+81110")))}, {user(AU): ANSWERS}, outside=True)
        assert rung(heard) == [user(AU)]
