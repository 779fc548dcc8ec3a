"""Voicemail is started, stopped and set by dialling, its greeting spoken, its PIN keyed."""

import pytest

from ivr.call.outcome import Outcome
from prompts.catalogue import Prompt
from provisioning.contract import Condition, Greeting, Mailbox, PinVerdict, StorageUnavailable
from tests.support.scripted_call import AU, AU_OWNER, BEEP, DOCOMO, OWNER, Heard, Network, said
from tests.support.scripted_leg import Ending, ScriptedLeg, account_of
from tests.support.virtual_loop import run_virtually
from tests.support.voicemail_calls import HELLO, HUSH, network, pressing

MISSED = frozenset({Condition.CFB, Condition.CFNR, Condition.CFNRC})
HUNG_UP = Ending(None)
MENU = said(Prompt.GREETING_MENU)
SPEAK = said(Prompt.GREETING_SPEAK)
CONFIRM = said(Prompt.GREETING_CONFIRM)


def setting(net: Network, line: object = OWNER) -> Mailbox:
    found = run_virtually(net.mailboxes.of(line.number))  # type: ignore[attr-defined]
    assert found is not None
    return found


def own_greeting(net: Network) -> bytes | None:
    return run_virtually(net.mailboxes.greeting(OWNER.number))


@pytest.mark.rule("VM-02")
class TestStartAndStop:
    def test_1410_stops_and_1411_starts(self) -> None:
        net = network()
        stopped = net.dial(OWNER, "1410")
        assert stopped.prompts == [said(Prompt.VOICEMAIL_STOPPED)]
        assert setting(net).conditions == frozenset()
        started = net.dial(OWNER, "1411")
        assert started.prompts == [said(Prompt.VOICEMAIL_STARTED, 15)]
        assert setting(net).conditions == MISSED
        assert (started.ending, started.outcome) == (HUNG_UP, Outcome.COMPLETED)

    def test_1412_takes_every_call_of_an_au_line_and_1411_missed_ones(self) -> None:
        net = network()
        heard = net.dial(AU_OWNER, "1412")
        assert heard.prompts == [said(Prompt.VOICEMAIL_STARTED_ALWAYS)]
        assert setting(net, AU_OWNER).conditions == {Condition.CFU}
        heard = net.dial(AU_OWNER, "1411")
        assert heard.prompts == [said(Prompt.VOICEMAIL_STARTED, 24)]
        assert setting(net, AU_OWNER).conditions == MISSED

    @pytest.mark.parametrize("code", ["1411", "1410", "1419", "1414", "1415", "1417"])
    def test_a_line_without_voicemail_is_refused_free(self, code: str) -> None:
        heard = network().dial(DOCOMO, code)
        assert heard.prompts == [said(Prompt.NOT_CONTRACTED)] * 2
        assert heard.ending == Ending(403)
        assert not heard.leg.answered

    @pytest.mark.parametrize("code", ["1410", "1411"])
    def test_what_cannot_be_stored_is_not_said(self, code: str) -> None:
        net = network()
        net.mailboxes.unavailable = True
        heard = net.dial(OWNER, code)
        assert heard.prompts == [said(Prompt.TRY_LATER)]
        assert (heard.ending, heard.outcome) == (Ending(503), Outcome.TRY_LATER)

    def test_they_are_free(self) -> None:
        heard = network().dial(OWNER, "1411")
        assert heard.leg.ticket.record().service == "voicemail-start"
        assert heard.leg.records.secured == []


@pytest.mark.rule("VM-02")
class TestTakingNone:
    def test_1610_takes_no_messages_and_1611_takes_them_again(self) -> None:
        net = network()
        stopped = net.dial(AU_OWNER, "1610")
        assert stopped.prompts == [said(Prompt.VOICEMAIL_TAKES_NONE)]
        assert not setting(net, AU_OWNER).takes_messages
        assert setting(net, AU_OWNER).conditions == MISSED
        started = net.dial(AU_OWNER, "1611")
        assert started.prompts == [said(Prompt.VOICEMAIL_TAKES_MESSAGES)]
        assert setting(net, AU_OWNER).takes_messages
        assert (started.ending, started.outcome) == (HUNG_UP, Outcome.COMPLETED)
        assert started.leg.records.secured == []

    def test_what_cannot_be_stored_is_not_said(self) -> None:
        net = network()
        net.mailboxes.unavailable = True
        assert net.dial(AU_OWNER, "1610").prompts == [said(Prompt.TRY_LATER)]

    def test_a_line_without_voicemail_is_refused(self) -> None:
        assert network().dial(AU, "1610").ending == Ending(403)

    def test_callers_are_told_free_of_charge_and_leave_nothing(self) -> None:
        net = network()
        run_virtually(net.mailboxes.set_taking(AU_OWNER.number, False))
        for own in (None, HELLO):
            if own is not None:
                setting_own = net.mailboxes.set_greeting(AU_OWNER.number, Greeting.OWN, own)
                run_virtually(setting_own)
            heard = net.dial(DOCOMO, "09000000008")
            told = [said(Prompt.TALKIE_VOICEMAIL_TAKES_NONE)] * 2
            assert heard.prompts[-2:] == told
            assert (HELLO in heard.leg.heard) == (own is not None)
            assert (heard.ending, heard.leg.answered) == (Ending(480), False)
        assert run_virtually(net.mailboxes.messages(AU_OWNER.number)) == ()

    def test_au_s_1414_is_the_greeting(self) -> None:
        heard = network().dial(AU_OWNER, "1414", "2", hang_up_after_s=8)
        assert heard.prompts[:2] == [MENU, said(Prompt.GREETING_PLAIN_SET)]


@pytest.mark.rule("VM-02")
class TestTheRingTime:
    def test_1419_asks_for_seconds(self) -> None:
        net = network()
        heard = net.dial(OWNER, "1419", "30#")
        assert heard.prompts == [
            said(Prompt.FORWARDING_ENTER_RING_TIME, 0, 120),
            said(Prompt.FORWARDING_RING_TIME_SET, 30),
        ]
        assert setting(net).ring_time_s == 30

    def test_1418_and_two_digits_set_au_s(self) -> None:
        net = network()
        heard = net.dial(AU_OWNER, "141805")
        assert heard.prompts == [said(Prompt.FORWARDING_RING_TIME_SET, 5)]
        assert setting(net, AU_OWNER).ring_time_s == 5

    @pytest.mark.parametrize("dialled", ["141804", "141856", "1418*5", "14189999999999"])
    def test_what_is_no_ring_time_changes_nothing(self, dialled: str) -> None:
        net = network()
        heard = net.dial(AU_OWNER, dialled)
        assert heard.prompts == [said(Prompt.FORWARDING_RING_TIME_REFUSED)]
        assert setting(net, AU_OWNER).ring_time_s == 24

    def test_121_seconds_are_too_many_for_docomo(self) -> None:
        net = network()
        heard = net.dial(OWNER, "1419", "121#")
        assert heard.prompts[-1] == said(Prompt.FORWARDING_RING_TIME_REFUSED)
        assert setting(net).ring_time_s == 15


def speaks(net: Network, keys: str, says: dict[float, bytes]) -> Heard:
    """The owner dials 1414; the recording begins at 10.5 s."""
    return net.dial(OWNER, "1414", keys, says=says)


RECORDING_S = 3 + 0.5 + 3 + 1


@pytest.mark.rule("VM-05")
class TestTheGreeting:
    def test_it_is_charged_and_secured_first(self) -> None:
        heard = network().dial(OWNER, "1414", "2")
        record = heard.leg.ticket.record()
        assert (record.service, record.payer) == ("voicemail-greeting", OWNER.number)
        assert heard.leg.records.secured == [(record.call_id, 1)]

    def test_nothing_is_answered_that_cannot_be_recorded(self) -> None:
        leg = ScriptedLeg(account_of(OWNER.number), "1414")
        leg.records.away = StorageUnavailable("the disk is full")
        heard = network().dial(OWNER, "1414", leg=leg)
        assert heard.ending == Ending(503)
        assert not leg.answered

    def test_the_number_is_said_or_not(self) -> None:
        net = network()
        heard = net.dial(OWNER, "1414", "2,1,2")
        assert heard.prompts[:3] == [MENU, said(Prompt.GREETING_PLAIN_SET), MENU]
        assert heard.prompts[3] == said(Prompt.GREETING_NUMBER_SET)
        assert setting(net).greeting is Greeting.PLAIN

    def test_own_words_are_recorded_played_and_confirmed(self) -> None:
        net = network()
        heard = speaks(net, "3,#,#", {RECORDING_S + 0.1: HELLO})
        assert heard.prompts[:3] == [MENU, SPEAK, BEEP]
        assert heard.leg.heard[3] == HELLO
        assert heard.prompts[4:6] == [CONFIRM, said(Prompt.GREETING_OWN_SET)]
        assert setting(net).greeting is Greeting.OWN
        assert own_greeting(net) == HELLO

    def test_silence_behind_the_words_is_cut_off(self) -> None:
        net = network()
        spoken = {RECORDING_S + 0.1: HELLO} | {RECORDING_S + 1 + at: HUSH for at in range(12)}
        leg = pressing({3.5: "3", RECORDING_S + 14: "#"}, OWNER, "1414")
        net.dial(OWNER, "1414", leg=leg, says=spoken)
        greeting = own_greeting(net)
        assert greeting is not None
        assert greeting == HELLO + HUSH[:2400]

    def test_star_speaks_again(self) -> None:
        net = network()
        again = HELLO[::-1]
        at_s = RECORDING_S + 0.5 + 2 + 3 + 0.5 + 3 + 1
        heard = speaks(net, "3,#,*,#,#", {RECORDING_S + 0.1: HELLO, at_s + 0.1: again})
        assert heard.prompts.count(SPEAK) == 2
        assert own_greeting(net) == again

    def test_unconfirmed_words_are_not_kept(self) -> None:
        net = network()
        speaks(net, "3,#,9,9,9", {RECORDING_S + 0.1: HELLO})
        assert setting(net).greeting is Greeting.NUMBER

    @pytest.mark.parametrize("sound", [b"", HELLO[:1]])
    def test_nothing_and_one_sample_are_refused(self, sound: bytes) -> None:
        net = network()
        heard = speaks(net, "3,#,#", {RECORDING_S + 0.1: sound})
        assert said(Prompt.GREETING_REFUSED) in heard.prompts
        assert setting(net).greeting is Greeting.NUMBER

    def test_hanging_up_before_it_is_confirmed_changes_nothing(self) -> None:
        net = network()
        net.dial(
            OWNER, "1414", "3,#", says={RECORDING_S + 0.1: HELLO}, hang_up_after_s=RECORDING_S + 4
        )
        assert setting(net).greeting is Greeting.NUMBER


@pytest.mark.rule("VM-02")
class TestThePin:
    def test_it_is_keyed_twice(self) -> None:
        net = network()
        heard = net.dial(OWNER, "1415", "1234#,1234#")
        assert heard.prompts == [
            said(Prompt.PIN_NEW),
            said(Prompt.PIN_AGAIN),
            said(Prompt.PIN_SET),
        ]
        verdict = run_virtually(net.mailboxes.check_pin(OWNER.number, "1234"))
        assert verdict is PinVerdict.RIGHT

    @pytest.mark.parametrize(
        ("keys", "why"), [("123#", Prompt.PIN_REFUSED), ("1234#,4321#", Prompt.PIN_DIFFERENT)]
    )
    def test_what_is_none_changes_nothing(self, keys: str, why: Prompt) -> None:
        net = network()
        heard = net.dial(OWNER, "1415", keys)
        assert heard.prompts[-1] == said(why)
        assert not setting(net).has_pin

    def test_it_is_neither_logged_nor_told(self) -> None:
        heard = network().dial(OWNER, "1415", "7391#7391#")
        shown = [facts["pressed"] for event, facts in heard.events if event == "key.received"]
        told = [facts["key"] for kind, facts in heard.leg.events.told if kind == "key.pressed"]
        assert len(shown) == len(told) == 10
        assert set(shown) == set(told) == {"•"}


@pytest.mark.rule("FWD-02")
@pytest.mark.rule("FWD-09")
def test_au_s_1420_is_one_call_for_both_services() -> None:
    heard = network().dial(AU, "1420")
    assert heard.prompts == [said(Prompt.FORWARDING_ENDED)]
