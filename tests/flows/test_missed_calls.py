"""Which calls a line's voicemail takes, and whose call that is."""

from dataclasses import replace

import pytest

from prompts.catalogue import Prompt
from provisioning.contract import (
    CallRecord,
    CarrierProfile,
    Condition,
    Profile,
)
from provisioning.profiles.store import ProfileFiles
from tests.support.diversions import unanswered
from tests.support.fakes import InMemoryDirectory
from tests.support.scripted_call import (
    ACCOUNTS,
    AU_OWNER,
    BEEP,
    BUSY_TONE,
    DOCOMO,
    LINES,
    NTT,
    OWNER,
    RAKUTEN,
    RING_BACK,
    Network,
    said,
)
from tests.support.scripted_leg import Ending
from tests.support.scripted_party import behaves
from tests.support.virtual_loop import run_virtually
from tests.support.voicemail_calls import (
    HELLO,
    OWNERS_PHONE,
    RECORDING_S,
    SAID,
    box,
    calls_owner,
    filled,
    network,
)

GREETING = said(Prompt.VOICEMAIL_GREETING_NUMBER, OWNER.number)
KEPT = said(Prompt.VOICEMAIL_KEPT)


@pytest.mark.rule("VM-01")
class TestWhichCallsItTakes:
    def test_a_line_that_rings_too_long(self) -> None:
        heard = calls_owner(network(), says={21: HELLO}, script=behaves())
        assert heard.prompts == [RING_BACK, GREETING, BEEP, KEPT]
        assert heard.leg.parties[OWNERS_PHONE].invitations[0].cancelled
        assert heard.leg.stopped_at[0] == pytest.approx(15, abs=0.2)

    def test_a_line_without_a_phone(self) -> None:
        heard = network().dial(DOCOMO, OWNERS_PHONE, says={5: HELLO})
        assert heard.prompts == [GREETING, BEEP, KEPT]

    def test_no_call_that_is_declined(self) -> None:
        heard = calls_owner(network(), script=behaves(refuses=603))
        assert heard.prompts == [BUSY_TONE]
        assert heard.ending == Ending(603)

    def test_no_call_that_is_answered(self) -> None:
        net = network()
        heard = calls_owner(net, script=behaves(answers_s=5, talks_s=20))
        assert heard.prompts == [RING_BACK]
        assert box(net) == ()

    def test_no_call_of_a_line_that_stopped_it(self) -> None:
        net = network()
        run_virtually(net.mailboxes.stop(OWNER.number))
        assert calls_owner(net).prompts == [BUSY_TONE]

    def test_no_call_of_a_line_without_it(self) -> None:
        heard = network().dial(OWNER, "09000000001")
        assert heard.prompts[0] == said(Prompt.TALKIE_UNREACHABLE)

    def test_no_call_to_oneself(self) -> None:
        net = network()
        assert net.dial(OWNER, OWNERS_PHONE).prompts == [BUSY_TONE]
        assert box(net) == ()

    @pytest.mark.rule("VM-02")
    def test_a_ring_time_of_nought_rings_nowhere(self) -> None:
        net = network()
        run_virtually(net.mailboxes.set_ring_time(OWNER.number, 0))
        heard = calls_owner(net, says={5: HELLO}, script=behaves(answers_s=3))
        assert heard.prompts == [GREETING, BEEP, KEPT]
        assert heard.leg.targets == []

    @pytest.mark.rule("VM-02")
    def test_every_call_of_an_au_line_that_said_so(self) -> None:
        net = network()
        run_virtually(net.mailboxes.start(AU_OWNER.number, (Condition.CFU,)))
        heard = net.dial(
            DOCOMO, "09000000008", phones={"09000000008": behaves(answers_s=3)}, says={5: HELLO}
        )
        assert heard.prompts[1:] == [BEEP, KEPT]
        assert heard.leg.targets == []
        assert len(box(net, AU_OWNER)) == 1

    def test_a_call_that_is_forwarded_there(self) -> None:
        net = network()
        net.forwarding.rows[DOCOMO.number] = unanswered(active=True, target=OWNER.number)
        heard = net.dial(NTT, "09000000001", says={9: HELLO})
        assert heard.prompts == [said(Prompt.CALL_FORWARDED), GREETING, BEEP, KEPT]
        [message] = box(net)
        assert message.caller == NTT.number
        records = {record.leg: record for record in heard.leg.records.all}
        assert records[2].payer == DOCOMO.number
        assert records[2].answered_at is not None


@pytest.mark.rule("LINE-03")
@pytest.mark.rule("VM-01")
def test_both_accesses_ring_before_voicemail() -> None:
    line = replace(RAKUTEN, options=frozenset({"voicemail"}))
    lines = (*(each for each in LINES if each != RAKUTEN), line)
    net = Network(directory=InMemoryDirectory(lines, ACCOUNTS))
    net.mailboxes = type(net.mailboxes)(lines)
    os_phone = behaves(rings_s=1)
    heard = net.dial(DOCOMO, "09000000002", phones={"09000000002": os_phone}, says={22: HELLO})
    assert [target.users for target in heard.leg.targets] == [
        ("09000000002-link",),
        ("09000000002",),
    ]
    assert heard.prompts[-2:] == [BEEP, KEPT]


def paying_profiles() -> ProfileFiles:
    """Carriers whose lines pay for the way to the centre."""

    def pays(carrier: CarrierProfile) -> CarrierProfile:
        rules = carrier.voicemail
        return carrier if rules is None else replace(
            carrier, voicemail=replace(rules, deposit_is_forwarded=True)
        )  # fmt: skip

    files = ProfileFiles.load()
    return ProfileFiles({profile: pays(files.of(profile)) for profile in Profile})


@pytest.mark.rule("VM-01")
@pytest.mark.rule("LINK-03")
class TestWhereTheLinePaysForItsDeposits:
    def called(self, hang_up_after_s: float | None = None) -> tuple[CallRecord, CallRecord]:
        net = network()
        net.profiles = paying_profiles()
        heard = calls_owner(net, says=SAID, hang_up_after_s=hang_up_after_s)
        [second] = heard.leg.records.all
        return heard.leg.ticket.record(), second

    def test_a_second_leg_is_the_called_line_s(self) -> None:
        first, second = self.called()
        assert (second.leg, second.service) == (2, "voicemail-deposit")
        assert (second.line, second.payer, second.destination) == (OWNER.number,) * 3
        assert second.linked_id == first.linked_id
        assert second.answered_at is not None
        assert (second.cause, first.payer) == ("completed", DOCOMO.number)

    def test_it_ends_with_the_caller_s_hang_up(self) -> None:
        _, second = self.called(hang_up_after_s=RECORDING_S + 2)
        assert (second.cause, second.answered_at is None) == ("hung-up", False)

    def test_a_full_box_costs_nothing(self) -> None:
        net = network()
        net.profiles = paying_profiles()
        run_virtually(filled(net, *[HELLO] * 20)())
        [second] = calls_owner(net).leg.records.all
        assert (second.service, second.answered_at) == ("voicemail-deposit", None)


@pytest.mark.rule("FWD-09")
class TestTheFallBack:
    def forwarded(self) -> Network:
        """Its forwarding to NTT has stopped its voicemail."""
        net = network()
        run_virtually(net.mailboxes.stop(OWNER.number))
        to_ntt = unanswered(active=True, target=NTT.number, ring_time_s=5)
        net.forwarding.rows[OWNER.number] = to_ntt
        return net

    def test_a_busy_destination_leads_back_to_the_forwarder_s_voicemail(self) -> None:
        net = self.forwarded()
        heard = net.dial(
            DOCOMO,
            OWNERS_PHONE,
            phones={OWNERS_PHONE: behaves(), "0300000003": behaves(refuses=486)},
            says={20: HELLO},
        )
        assert heard.prompts == [
            RING_BACK,
            said(Prompt.CALL_FORWARDED),
            GREETING,
            BEEP,
            KEPT,
        ]
        assert [message.caller for message in box(net)] == [DOCOMO.number]

    def test_a_destination_that_does_not_answer_does_not(self) -> None:
        net = self.forwarded()
        heard = net.dial(DOCOMO, OWNERS_PHONE, phones={OWNERS_PHONE: behaves()})
        assert heard.prompts[-1] == said(Prompt.TALKIE_UNREACHABLE)
        assert box(net) == ()
