"""A call that a line forwards: whom it rings then, and where it ends."""

from dataclasses import replace
from itertools import pairwise

import pytest

from ivr.call.limits import CallLimits
from ivr.call.outcome import Outcome
from ivr.call.party import Diverted
from prompts.catalogue import Prompt
from provisioning.contract import (
    E164,
    Condition,
    Diversions,
)
from tests.support.diversions import unanswered
from tests.support.fakes import InMemoryDirectory, InMemoryForwarding
from tests.support.forwarded_call import (
    ANSWERS,
    IS_BUSY,
    LOOP,
    NO_ANSWER,
    NOTICE,
    OUTSIDE,
    RINGS_ON,
    UNREACHABLE,
    call,
    rung,
    to,
    user,
)
from tests.support.scripted_call import (
    AU,
    BUSY_TONE,
    DOCOMO,
    LINK,
    NTT,
    RAKUTEN,
    RING_BACK,
    SUSPENDED,
    Heard,
    Network,
    said,
)
from tests.support.scripted_leg import Ending, ScriptedLeg, account_of
from tests.support.scripted_party import Script, behaves


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
