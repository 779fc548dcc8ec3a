"""A box heard from another phone: number, PIN, three errors, and the fourth that locks."""

import pytest

from prompts.catalogue import Prompt
from provisioning.contract import E164, StorageUnavailable, Trunk, TrunkCaller, TrunkClass
from tests.support.scripted_call import DOCOMO, NTT, OWNER, Heard, Network, said
from tests.support.scripted_leg import Ending, ScriptedLeg, account_of
from tests.support.virtual_loop import run_virtually
from tests.support.voicemail_calls import HELLO, filled, network, pressing

NUMBER = "05009991417"
"""docomo's for remote use (profiles/docomo.toml)."""
LINE = "09000000007#"
ENTER_LINE = said(Prompt.REMOTE_ENTER_LINE)
ENTER = said(Prompt.PIN_ENTER)
WRONG = said(Prompt.PIN_WRONG)
LOCKED = said(Prompt.PIN_LOCKED)
GOODBYE = said(Prompt.GOODBYE)

pytestmark = pytest.mark.rule("VM-03")


def with_pin(*sounds: bytes) -> Network:
    net = network()
    run_virtually(net.mailboxes.set_pin(OWNER.number, "1234"))
    run_virtually(filled(net, *sounds)())
    return net


def from_elsewhere(dialled: str = NUMBER) -> ScriptedLeg:
    trunk = Trunk("other", TrunkClass.FIXED)
    return ScriptedLeg(TrunkCaller(trunk, E164("+81312345678"), TrunkClass.FIXED), dialled)


class TestWithThePin:
    @pytest.mark.parametrize(("dialled", "keys"), [("141709000000007", ""), (NUMBER, LINE + ",")])
    def test_any_line_hears_the_box(self, dialled: str, keys: str) -> None:
        heard = with_pin(HELLO).dial(NTT if dialled == NUMBER else DOCOMO, dialled, keys + "1234#")
        asked = [ENTER_LINE] if keys else []
        assert heard.prompts[: len(asked) + 2] == [*asked, ENTER, said(Prompt.VOICEMAIL_NEW, 1)]

    def test_another_carrier_s_caller_hears_it(self) -> None:
        leg = from_elsewhere()
        heard = with_pin(HELLO).dial(NTT, NUMBER, LINE + ",1234#,4", leg=leg)
        assert heard.prompts[:3] == [ENTER_LINE, ENTER, said(Prompt.VOICEMAIL_NEW, 1)]
        assert heard.prompts[-1] == said(Prompt.VOICEMAIL_END)
        assert leg.ticket.record().payer is None

    def test_the_caller_pays_and_the_record_is_secured_first(self) -> None:
        heard = with_pin(HELLO).dial(DOCOMO, "141709000000007", "1234#,4")
        record = heard.leg.ticket.record()
        assert (record.service, record.payer) == ("voicemail-remote", DOCOMO.number)
        assert (record.call_id, 1) in heard.leg.records.secured

    def test_nothing_is_answered_that_cannot_be_recorded(self) -> None:
        leg = ScriptedLeg(account_of(DOCOMO.number), "141709000000007")
        leg.records.away = StorageUnavailable("the disk is full")
        heard = with_pin(HELLO).dial(DOCOMO, "141709000000007", leg=leg)
        assert heard.ending == Ending(503)
        assert not leg.answered

    def test_an_empty_box_is_free_there_too(self) -> None:
        heard = with_pin().dial(DOCOMO, "141709000000007", "1234#")
        assert heard.prompts[-1] == said(Prompt.VOICEMAIL_EMPTY)
        assert heard.leg.ticket.record().service == "voicemail-check"


class TestWithoutThePin:
    def guesses(self, net: Network, *pins: str, dialled: str = "141709000000007") -> Heard:
        return net.dial(DOCOMO, dialled, ",".join(f"{pin}#" for pin in pins))

    def test_three_errors_end_the_call_and_the_fourth_locks(self) -> None:
        net = with_pin(HELLO)
        first = self.guesses(net, "1111", "2222", "3333", "1234")
        assert first.prompts == [ENTER, WRONG, ENTER, WRONG, ENTER, WRONG, GOODBYE]
        assert first.ending == Ending(None)
        second = self.guesses(net, "4444", "1234")
        assert second.prompts == [ENTER, LOCKED, GOODBYE]
        assert self.guesses(net, "1234").prompts == [ENTER, LOCKED, GOODBYE]

    def test_a_locked_box_is_open_to_its_own_line(self) -> None:
        net = with_pin(HELLO)
        for _ in range(2):
            self.guesses(net, "1111", "2222", "3333")
        assert net.dial(OWNER, "1417").prompts[0] == said(Prompt.VOICEMAIL_NEW, 1)

    def test_a_right_one_forgets_the_wrong_ones(self) -> None:
        net = with_pin(HELLO)
        for _ in range(3):
            heard = self.guesses(net, "1111", "2222", "1234")
            assert heard.prompts[4] == ENTER
            assert heard.prompts[5] not in (WRONG, LOCKED)

    @pytest.mark.parametrize("number", ["09000000001", "0312345678", "110", "9", "0300000003"])
    def test_a_number_without_a_box_answers_like_one_with(self, number: str) -> None:
        heard = self.guesses(with_pin(), "1111", "2222", "3333", dialled="1417" + number)
        assert heard.prompts == [ENTER, WRONG, ENTER, WRONG, ENTER, WRONG, GOODBYE]

    def test_a_box_without_a_pin_is_heard_from_its_own_line_alone(self) -> None:
        net = network()
        run_virtually(filled(net, HELLO)())
        assert WRONG in self.guesses(net, "0000", "1234").prompts

    def test_no_key_is_logged_before_one_is_admitted(self) -> None:
        net = with_pin(HELLO)
        keyed = {3.2: LINE, 7.5: "7391#", 8.5: "7392#", 14.0: "1234#", 20.0: "4"}
        heard = net.dial(DOCOMO, NUMBER, leg=pressing(keyed, DOCOMO, NUMBER))
        shown = [facts["pressed"] for event, facts in heard.events if event == "key.received"]
        assert len(shown) == 12 + 5 + 5 + 5 + 1
        assert shown[-1] == "4"
        assert set(shown[:-1]) == {"•"}

    def test_another_carrier_s_caller_reaches_no_code(self) -> None:
        leg = from_elsewhere("1417")
        heard = with_pin(HELLO).dial(NTT, "1417", leg=leg)
        assert heard.ending == Ending(404)
