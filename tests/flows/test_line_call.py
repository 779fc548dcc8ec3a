"""A line calls a line: what the caller hears, and how the call ends."""

from dataclasses import replace

import pytest

from ivr.call.limits import CallLimits
from ivr.call.outcome import Outcome
from ivr.call.party import JoinEnd, Ring, Rung, Signs, Target
from prompts.catalogue import Prompt
from provisioning.contract import E164, Access, Line
from tests.support.fakes import InMemoryDirectory, InMemoryForwarding
from tests.support.scripted_call import (
    ACCOUNTS,
    BUSY_TONE,
    DOCOMO,
    LINES,
    LINK,
    NTT,
    RAKUTEN,
    RING_BACK,
    Heard,
    Network,
    said,
)
from tests.support.scripted_leg import Ending, ScriptedLeg, account_of
from tests.support.scripted_party import Script, ScriptedFar, behaves

CALLED = "0300000003"
"""The NTT line, dialled and as its user."""
NO_ANSWER = said(Prompt.TALKIE_NO_ANSWER)
UNREACHABLE = said(Prompt.TALKIE_UNREACHABLE)
CONGESTED = said(Prompt.TALKIE_CONGESTED)
NOT_AVAILABLE = said(Prompt.TALKIE_NOT_AVAILABLE)


def call(
    script: Script, *, hang_up_after_s: float | None = None, limits: CallLimits | None = None
) -> Heard:
    """DOCOMO calls NTT, whose phone does as the script says."""
    net = Network(limits=limits or CallLimits())
    return net.dial(DOCOMO, CALLED, phones={CALLED: script}, hang_up_after_s=hang_up_after_s)


def far_of(heard: Heard, user: str = CALLED) -> ScriptedFar:
    far = heard.leg.parties[user].invitations[-1].far
    assert far is not None
    return far


@pytest.mark.rule("CALL-01")
class TestAConversation:
    def test_it_rings_and_both_talk_until_the_called_party_hangs_up(self) -> None:
        heard = call(behaves(answers_s=7, talks_s=60))
        assert heard.prompts == [RING_BACK]
        assert heard.leg.provisional == [180]
        assert heard.leg.answered
        assert (heard.ending, heard.outcome) == (Ending(None), Outcome.FAR_HUNG_UP)
        assert heard.lasted_s == pytest.approx(67, abs=0.1)

    def test_the_callers_hang_up_ends_the_other_half(self) -> None:
        heard = call(behaves(answers_s=7), hang_up_after_s=30)
        assert heard.outcome is None
        assert far_of(heard).got_bye

    def test_a_lost_party_ends_the_call(self) -> None:
        heard = call(behaves(answers_s=7, talks_s=60, leaves=JoinEnd.FAR_LOST))
        assert (heard.ending, heard.outcome) == (Ending(None), Outcome.FAR_LOST)

    def test_a_conversation_lasts_longer_than_any_service(self) -> None:
        limits = CallLimits(longest_call_s=60)
        heard = call(behaves(answers_s=7, talks_s=36_000), limits=limits)
        assert heard.outcome is Outcome.FAR_HUNG_UP
        assert heard.lasted_s > 36_000

    def test_keys_are_between_the_two_of_them(self) -> None:
        net = Network()
        leg = ScriptedLeg(account_of(DOCOMO.number), CALLED)
        script = behaves(answers_s=2, talks_s=20)
        heard = net.dial(DOCOMO, CALLED, "1,2,3,4", leg=leg, phones={CALLED: script})
        assert leg.on_key is None
        assert "key.received" not in [event for event, _ in heard.events]
        assert "key.pressed" not in [kind for kind, _ in leg.events.told]

    def test_a_caller_who_gives_up_stops_the_ringing(self) -> None:
        heard = call(behaves(), hang_up_after_s=10)
        assert heard.outcome is None
        assert heard.leg.parties[CALLED].invitations[0].cancelled

    def test_the_caller_is_answered_only_when_the_party_is(self) -> None:
        heard = call(behaves(answers_s=7), hang_up_after_s=6.9)
        assert not heard.leg.answered

    def test_a_line_is_rung_by_its_number_in_the_callers_name(self) -> None:
        [target] = call(behaves(answers_s=1, talks_s=1)).leg.targets
        assert (target.number, target.users, target.trunk) == (CALLED, (CALLED,), None)
        assert (target.line, target.payer, target.service) == (NTT.number, None, "line")
        assert (target.diversions, target.alive_within_s) == ((), None)

    def test_the_record_says_what_served_the_call(self) -> None:
        record = call(behaves(answers_s=7, talks_s=60)).leg.ticket.record()
        assert (record.service, record.destination) == ("line", NTT.number)
        assert (record.line, record.payer, record.presented) == (DOCOMO.number,) * 3


@pytest.mark.rule("CALL-03")
class TestWhatIsHeardMeanwhile:
    def test_ring_back_begins_with_the_ringing(self) -> None:
        heard = call(behaves(rings_s=3), hang_up_after_s=2.9)
        assert heard.prompts == []
        assert heard.leg.provisional == []

    def test_the_partys_own_sound_takes_its_place(self) -> None:
        heard = call(behaves(rings_s=1, early_media_s=4), hang_up_after_s=9)
        assert heard.prompts == [RING_BACK]
        assert heard.leg.stopped_at == [pytest.approx(4)]

    def test_the_partys_own_sound_from_the_beginning(self) -> None:
        heard = call(behaves(rings_s=4, early_media_s=1), hang_up_after_s=5)
        assert heard.prompts == []
        assert heard.leg.provisional == [183, 180]

    def test_ring_back_ends_with_the_answer(self) -> None:
        heard = call(behaves(rings_s=1, answers_s=6, talks_s=9))
        assert heard.leg.stopped_at == [pytest.approx(6)]

    def test_a_busy_tone_lasts_a_while(self) -> None:
        heard = call(behaves(rings_s=None, refuses=486), limits=CallLimits(busy_tone_s=3))
        assert heard.prompts == [BUSY_TONE]
        assert heard.leg.looped == heard.leg.heard
        assert heard.lasted_s == pytest.approx(3.2)


TALKIES = [
    pytest.param(behaves(refuses=486), [BUSY_TONE], 486, id="busy"),
    pytest.param(behaves(rings_s=None, refuses=600), [BUSY_TONE], 486, id="busy-everywhere"),
    pytest.param(behaves(rings_s=None, refuses=603), [BUSY_TONE], 603, id="declined"),
    pytest.param(behaves(refuses=403), [BUSY_TONE], 603, id="refused"),
    pytest.param(behaves(rings_s=None, refuses=401), [BUSY_TONE], 603, id="challenged"),
    pytest.param(behaves(rings_s=None, refuses=302), [BUSY_TONE], 603, id="redirected"),
    pytest.param(behaves(rings_s=None, refuses=480), [UNREACHABLE] * 2, 480, id="absent"),
    pytest.param(behaves(rings_s=None, refuses=503), [UNREACHABLE] * 2, 480, id="down"),
    pytest.param(behaves(rings_s=None, refuses=488), [NOT_AVAILABLE] * 2, 488, id="incompatible"),
]


@pytest.mark.rule("CALL-01")
@pytest.mark.rule("LINE-05")
class TestWhenNobodyAnswers:
    @pytest.mark.parametrize(("script", "prompts", "status"), TALKIES)
    def test_the_caller_hears_why(self, script: Script, prompts: list[str], status: int) -> None:
        heard = call(script)
        assert heard.prompts == prompts
        assert (heard.ending, heard.outcome) == (Ending(status), Outcome.REFUSED)
        assert heard.early_media
        assert not heard.leg.answered

    def test_a_line_rings_for_as_long_as_is_set(self) -> None:
        heard = call(behaves(rings_s=1), limits=CallLimits(ring_s=40))
        assert heard.prompts == [RING_BACK, NO_ANSWER, NO_ANSWER]
        assert heard.leg.stopped_at == [pytest.approx(40, abs=0.2)]
        assert heard.ending == Ending(480)
        assert heard.leg.parties[CALLED].invitations[0].cancelled

    def test_a_phone_that_is_not_there_is_out_of_range(self) -> None:
        heard = Network().dial(DOCOMO, CALLED)
        assert heard.prompts == [UNREACHABLE, UNREACHABLE]
        assert heard.ending == Ending(480)

    def test_a_line_without_accounts_is_out_of_range(self) -> None:
        heard = Network(directory=InMemoryDirectory(LINES)).dial(DOCOMO, CALLED)
        assert heard.prompts == [UNREACHABLE, UNREACHABLE]
        assert heard.leg.targets == []

    def test_a_congested_network_says_so(self) -> None:
        heard = Network().dial(DOCOMO, CALLED, leg=CongestedLeg(CALLED))
        assert heard.prompts == [CONGESTED, CONGESTED]
        assert heard.ending == Ending(503)

    @pytest.mark.parametrize("dialled", ["09000000001", "18409000000001", "+819000000001"])
    def test_a_line_that_calls_itself_is_busy(self, dialled: str) -> None:
        heard = Network().dial(DOCOMO, dialled, phones={"09000000001": behaves(answers_s=1)})
        assert heard.prompts == [BUSY_TONE]
        assert heard.ending == Ending(486)
        assert heard.leg.targets == []


class CongestedLeg(ScriptedLeg):
    """A network without a free port."""

    def __init__(self, dialled: str) -> None:
        super().__init__(account_of(DOCOMO.number), dialled)

    async def ring(self, target: Target, *, within_s: float | None, signs: Signs) -> Rung:
        return Rung(Ring.CONGESTED, 503)


OS_USER = "09000000002"
IOS = replace(RAKUTEN, options=frozenset({"ios-handset"}))
DIALLED = "09000000002"
ANSWERS = behaves(answers_s=2, talks_s=5)


def rings(
    phones: dict[str, Script], *, called: Line = RAKUTEN, access: Access = Access.OS
) -> Heard:
    """Another rakuten line calls one, from its own dialler or from Link."""
    other = replace(RAKUTEN, number=E164("+819000000009"))
    leg = ScriptedLeg(account_of(other.number, access), DIALLED)
    lines = (called, other)
    net = Network(directory=InMemoryDirectory(lines, ACCOUNTS))
    net.forwarding = InMemoryForwarding(lines)
    return net.dial(other, DIALLED, leg=leg, phones=phones)


@pytest.mark.rule("LINE-03")
class TestTheTwoAccessesOfARakutenLine:
    @pytest.mark.parametrize("access", list(Access))
    def test_link_rings_while_it_is_registered(self, access: Access) -> None:
        heard = rings({LINK.user: ANSWERS, OS_USER: ANSWERS}, access=access)
        [target] = heard.leg.targets
        assert target.users == (LINK.user,)
        assert target.alive_within_s == CallLimits().link_alive_s
        assert heard.outcome is Outcome.FAR_HUNG_UP

    @pytest.mark.parametrize("access", list(Access))
    def test_the_dialler_rings_when_link_is_logged_out(self, access: Access) -> None:
        heard = rings({OS_USER: ANSWERS}, access=access)
        assert [target.users for target in heard.leg.targets] == [(LINK.user,), (OS_USER,)]
        assert heard.leg.targets[1].alive_within_s is None
        assert heard.outcome is Outcome.FAR_HUNG_UP

    def test_the_dialler_rings_when_link_gives_no_sign_in_time(self) -> None:
        heard = rings({LINK.user: behaves(rings_s=4.2, answers_s=9), OS_USER: ANSWERS})
        assert heard.leg.parties[LINK.user].invitations[0].cancelled
        assert heard.outcome is Outcome.FAR_HUNG_UP
        assert heard.lasted_s == pytest.approx(4 + 2 + 5, abs=0.2)

    def test_link_that_rings_in_time_may_be_answered_late(self) -> None:
        late = behaves(rings_s=3.8, answers_s=30, talks_s=5)
        heard = rings({LINK.user: late, OS_USER: ANSWERS})
        assert heard.outcome is Outcome.FAR_HUNG_UP
        assert len(heard.leg.targets) == 1

    def test_an_ios_handset_rings_its_dialler_for_other_callers(self) -> None:
        phones = {LINK.user: ANSWERS, OS_USER: ANSWERS}
        heard = rings(phones, called=IOS, access=Access.OS)
        assert [target.users for target in heard.leg.targets] == [(OS_USER,)]
        heard = rings(phones, called=IOS, access=Access.LINK)
        assert [target.users for target in heard.leg.targets] == [(LINK.user,)]

    def test_a_line_that_answers_on_neither_is_out_of_range(self) -> None:
        heard = rings({})
        assert heard.prompts == [UNREACHABLE, UNREACHABLE]
        assert len(heard.leg.targets) == 2

    def test_a_refusal_on_link_rings_nothing_else(self) -> None:
        heard = rings({LINK.user: behaves(refuses=486), OS_USER: ANSWERS})
        assert heard.prompts == [BUSY_TONE]
        assert len(heard.leg.targets) == 1

    def test_all_accounts_of_an_access_ring(self) -> None:
        second = replace(LINK, user="tablet-link")
        net = Network(directory=InMemoryDirectory(LINES, (*ACCOUNTS, second)))
        net_phones = {second.user: ANSWERS}
        heard = net.dial(DOCOMO, DIALLED, phones=net_phones)
        assert heard.leg.targets[0].users == (LINK.user, second.user)
        assert heard.outcome is Outcome.FAR_HUNG_UP
