"""A call that a line forwards: whom it rings then, what is told of it, and where it ends."""

from dataclasses import replace
from itertools import pairwise
from typing import ClassVar

import pytest

from ivr.call.limits import CallLimits
from ivr.call.outcome import Outcome
from ivr.call.party import Diverted, Presented, Target
from prompts.catalogue import Prompt
from provisioning.contract import (
    E164,
    Condition,
    Diversion,
    Diversions,
    Line,
    Trunk,
    TrunkCaller,
    TrunkClass,
)
from tests.support.diversions import unanswered
from tests.support.fakes import InMemoryDirectory, InMemoryForwarding
from tests.support.scripted_call import (
    ACCOUNTS,
    AU,
    BUSY_TONE,
    DOCOMO,
    LINES,
    LINK,
    NTT,
    RAKUTEN,
    RING_BACK,
    SUSPENDED,
    Heard,
    Network,
    said,
    trunks_of,
)
from tests.support.scripted_leg import Ending, ScriptedLeg, account_of
from tests.support.scripted_party import Script, behaves

NOTICE = said(Prompt.CALL_FORWARDED)
LOOP = said(Prompt.TALKIE_FORWARDING_LOOP)
NO_ANSWER = said(Prompt.TALKIE_NO_ANSWER)
UNREACHABLE = said(Prompt.TALKIE_UNREACHABLE)
ANSWERS = behaves(answers_s=2, talks_s=5)
RINGS_ON = behaves()
TALKS_ON = behaves(answers_s=2)
IS_BUSY = behaves(rings_s=None, refuses=486)
OUTSIDE = E164("+81312345678")
OTHER = Trunk("other", TrunkClass.FIXED, ("192.0.2.1:5060",), prefixes=("0", "+"))


def user(line: Line) -> str:
    return "0" + line.number.removeprefix("+81")


def to(target: E164 | Line) -> Diversion:
    return Diversion(True, target.number if isinstance(target, Line) else target)


def call(
    diversions: dict[Line, Diversions],
    phones: dict[str, Script],
    *,
    called: Line = AU,
    limits: CallLimits | None = None,
    leg: ScriptedLeg | None = None,
    lines: tuple[Line, ...] = LINES,
    outside: bool = False,
    hang_up_after_s: float | None = None,
) -> Heard:
    """DOCOMO calls a line, of which some forward."""
    net = Network(
        InMemoryForwarding(lines),
        directory=InMemoryDirectory(lines, ACCOUNTS),
        limits=limits or CallLimits(),
        trunks=trunks_of(OTHER) if outside else None,
    )
    net.forwarding.rows.update({line.number: set_ for line, set_ in diversions.items()})
    return net.dial(DOCOMO, user(called), phones=phones, leg=leg, hang_up_after_s=hang_up_after_s)


def rung(heard: Heard) -> list[str]:
    """The numbers that were rung, in order."""
    return [target.number for target in heard.leg.targets]


@pytest.mark.rule("FWD-05")
class TestOnEachCondition:
    def test_always_rings_the_destination_alone(self) -> None:
        heard = call({AU: Diversions(always=to(NTT))}, {user(AU): ANSWERS, user(NTT): ANSWERS})
        assert rung(heard) == [user(NTT)]
        assert heard.outcome is Outcome.FAR_HUNG_UP

    def test_busy(self) -> None:
        heard = call({AU: Diversions(busy=to(NTT))}, {user(AU): IS_BUSY, user(NTT): ANSWERS})
        assert rung(heard) == [user(AU), user(NTT)]
        assert heard.outcome is Outcome.FAR_HUNG_UP

    @pytest.mark.parametrize("ring_time_s", [5, 24, 55])
    def test_no_answer_after_the_lines_own_time(self, ring_time_s: int) -> None:
        diversions = unanswered(True, NTT.number, ring_time_s)
        heard = call({AU: diversions}, {user(AU): RINGS_ON, user(NTT): ANSWERS})
        assert rung(heard) == [user(AU), user(NTT)]
        assert heard.leg.stopped_at[0] == pytest.approx(ring_time_s, abs=0.2)
        assert heard.leg.parties[user(AU)].invitations[0].cancelled

    def test_a_ring_time_of_none_forwards_at_once(self) -> None:
        diversions = unanswered(True, NTT.number, 0)
        heard = call({RAKUTEN: diversions}, {user(NTT): ANSWERS}, called=RAKUTEN)
        assert rung(heard)[-1] == user(NTT)
        assert (user(RAKUTEN),) not in [target.users for target in heard.leg.targets]

    def test_unreachable_where_the_carrier_has_it(self) -> None:
        heard = call(
            {RAKUTEN: Diversions(unreachable=to(NTT))}, {user(NTT): ANSWERS}, called=RAKUTEN
        )
        assert rung(heard)[-1] == user(NTT)
        assert heard.leg.targets[-1].diversions[0].condition is Condition.CFNRC

    def test_unreachable_counts_as_unanswered_elsewhere(self) -> None:
        heard = call({AU: unanswered(True, NTT.number)}, {user(NTT): ANSWERS})
        assert heard.leg.targets[-1].diversions == (Diverted(AU.number, Condition.CFNR),)

    def test_the_carriers_precedence_chooses(self) -> None:
        diversions = Diversions(unreachable=to(NTT), no_answer=to(OUTSIDE))
        heard = call({RAKUTEN: diversions}, {user(NTT): ANSWERS}, called=RAKUTEN)
        assert rung(heard)[-1] == user(NTT)

    @pytest.mark.parametrize("status", [603, 488])
    def test_a_refusal_stays_with_the_line(self, status: int) -> None:
        refuses = behaves(refuses=status)
        every = Diversions(busy=to(NTT), no_answer=to(NTT), unreachable=to(NTT))
        heard = call({AU: every}, {user(AU): refuses, user(NTT): ANSWERS})
        assert rung(heard) == [user(AU)]
        assert heard.ending == Ending(status)

    def test_an_answered_call_is_not_forwarded(self) -> None:
        every = Diversions(busy=to(NTT), no_answer=to(NTT), unreachable=to(NTT))
        heard = call({AU: every}, {user(AU): ANSWERS})
        assert rung(heard) == [user(AU)]
        assert heard.prompts == [RING_BACK]


@pytest.mark.rule("FWD-04")
class TestLinkIsNeverForwarded:
    EVERY = Diversions(to(NTT), to(NTT), to(NTT), to(NTT))

    @pytest.mark.parametrize(
        ("script", "ending"),
        [
            (ANSWERS, Ending(None)),
            (IS_BUSY, Ending(486)),
            (behaves(refuses=603), Ending(603)),
            (RINGS_ON, Ending(480)),
        ],
    )
    def test_what_rings_on_link_stays(self, script: Script, ending: Ending) -> None:
        phones = {LINK.user: script, user(NTT): ANSWERS}
        heard = call({RAKUTEN: self.EVERY}, phones, called=RAKUTEN)
        assert rung(heard) == [user(RAKUTEN)]
        assert heard.ending == ending
        assert NOTICE not in heard.prompts

    def test_logged_out_it_is_the_diallers_forwarding(self) -> None:
        phones = {user(RAKUTEN): ANSWERS, user(NTT): ANSWERS}
        heard = call({RAKUTEN: self.EVERY}, phones, called=RAKUTEN)
        assert rung(heard) == [user(RAKUTEN), user(NTT)]
        assert heard.leg.targets[0].users == (LINK.user,)


@pytest.mark.rule("FWD-06")
class TestWhereItEnds:
    def test_a_destination_forbidden_by_now_leaves_the_call_with_its_line(self) -> None:
        abroad = Diversions(always=to(E164("+12125551234")), busy=to(NTT))
        heard = call({AU: abroad}, {user(AU): IS_BUSY, user(NTT): ANSWERS})
        assert rung(heard) == [user(AU), user(NTT)]
        told = heard.event("forwarding.forbidden")
        assert (told["line"], told["why"]) == (AU.number, "INTERNATIONAL")

    def test_a_line_forwarded_to_itself_rings(self) -> None:
        heard = call({AU: Diversions(always=to(AU))}, {user(AU): ANSWERS})
        assert rung(heard) == [user(AU)]

    def test_a_circle_of_two_ends_with_a_talkie(self) -> None:
        heard = call({AU: Diversions(always=to(NTT)), NTT: Diversions(always=to(AU))}, {})
        assert heard.prompts == [NOTICE, LOOP, LOOP]
        assert (heard.ending, heard.outcome) == (Ending(482), Outcome.REFUSED)
        assert heard.leg.targets == []

    def test_a_circle_of_three_on_different_conditions(self) -> None:
        circle = {
            AU: Diversions(always=to(NTT)),
            NTT: Diversions(busy=to(RAKUTEN)),
            RAKUTEN: Diversions(unreachable=to(AU)),
        }
        heard = call(circle, {user(NTT): IS_BUSY})
        assert heard.ending == Ending(482)
        assert rung(heard) == [user(NTT), user(RAKUTEN), user(RAKUTEN)]
        assert heard.prompts == [NOTICE, LOOP, LOOP]

    @pytest.mark.parametrize(("most", "ending"), [(9, Ending(None)), (10, Ending(None))])
    def test_a_long_chain_within_the_limit_is_connected(self, most: int, ending: Ending) -> None:
        heard = chain(9, CallLimits(forwardings=most))
        assert heard.ending == ending

    def test_a_chain_over_the_limit_ends_with_a_talkie(self) -> None:
        heard = chain(9, CallLimits(forwardings=8))
        assert heard.prompts == [NOTICE, LOOP, LOOP]
        assert heard.ending == Ending(480)
        assert heard.leg.targets == []

    @pytest.mark.parametrize(("before", "ending"), [(4, Ending(None)), (5, Ending(480))])
    def test_forwardings_before_it_came_here_count(self, before: int, ending: Ending) -> None:
        leg = ScriptedLeg(account_of(DOCOMO.number), user(AU))
        leg.forwardings = before
        heard = call({AU: Diversions(always=to(NTT))}, {user(NTT): ANSWERS}, leg=leg)
        assert heard.ending == ending

    def test_no_forwarding_at_all_when_so_set(self) -> None:
        heard = call({AU: Diversions(always=to(NTT))}, {}, limits=CallLimits(forwardings=0))
        assert heard.prompts == [LOOP, LOOP]

    @pytest.mark.parametrize(
        ("target", "prompt", "status"),
        [
            (SUSPENDED.number, Prompt.TALKIE_SUSPENDED, 403),
            (OUTSIDE, Prompt.TALKIE_UNASSIGNED, 404),
        ],
    )
    def test_a_destination_that_leads_nowhere(
        self, target: E164, prompt: Prompt, status: int
    ) -> None:
        heard = call({AU: Diversions(always=to(target))}, {})
        assert heard.prompts == [said(prompt)] * 2
        assert heard.ending == Ending(status)

    def test_back_to_the_caller_is_busy(self) -> None:
        heard = call({AU: Diversions(always=to(DOCOMO))}, {user(DOCOMO): ANSWERS})
        assert heard.prompts == [NOTICE, BUSY_TONE]
        assert heard.ending == Ending(486)

    @pytest.mark.parametrize(
        ("script", "prompts", "status"),
        [
            (IS_BUSY, [BUSY_TONE], 486),
            (RINGS_ON, [RING_BACK, NO_ANSWER, NO_ANSWER], 480),
            (behaves(rings_s=None, refuses=480), [UNREACHABLE] * 2, 480),
        ],
    )
    def test_a_destination_that_nobody_answers(
        self, script: Script, prompts: list[str], status: int
    ) -> None:
        heard = call({AU: Diversions(always=to(NTT))}, {user(NTT): script})
        assert heard.prompts == [NOTICE, *prompts]
        assert heard.ending == Ending(status)


def chain(length: int, limits: CallLimits) -> Heard:
    """Each of so many lines forwards all calls to the next one; the last one answers."""
    numbers = [E164(f"+8190000001{n:02}") for n in range(length + 1)]
    lines = tuple(replace(AU, number=number) for number in numbers)
    diversions = {line: Diversions(always=to(after)) for line, after in pairwise(lines)}
    accounts = tuple(account_of(number) for number in numbers)
    net = Network(InMemoryForwarding((*lines, DOCOMO)), limits=limits)
    net.directory = InMemoryDirectory((*lines, DOCOMO), accounts)
    net.forwarding.rows.update({line.number: set_ for line, set_ in diversions.items()})
    return net.dial(DOCOMO, user(lines[0]), phones={user(lines[-1]): ANSWERS})


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
