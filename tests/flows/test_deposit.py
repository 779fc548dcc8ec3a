"""A missed call leaves a message: what the caller hears, and what is in the box."""

import asyncio
from dataclasses import replace

import pytest

from ivr.call.outcome import Outcome
from prompts.catalogue import Prompt
from provisioning.contract import (
    E164,
    Access,
    Greeting,
    Language,
    MessageMark,
    StorageUnavailable,
    Trunk,
    TrunkCaller,
    TrunkClass,
)
from tests.support.fake_mailboxes import InMemoryMailboxes
from tests.support.fakes import InMemoryDirectory
from tests.support.scripted_call import (
    ACCOUNTS,
    BEEP,
    DOCOMO,
    LINES,
    OWNER,
    RING_BACK,
    Network,
    said,
)
from tests.support.scripted_leg import Ending, ScriptedLeg, account_of
from tests.support.scripted_party import behaves
from tests.support.virtual_loop import run_virtually
from tests.support.voicemail_calls import (
    HELLO,
    HUSH,
    NOVEMBER_22,
    OWNERS_PHONE,
    RECORDING_S,
    SAID,
    box,
    calls_owner,
    filled,
    greeted_by,
    network,
    sound_of,
)

GREETING = said(Prompt.VOICEMAIL_GREETING_NUMBER, OWNER.number)
KEPT = said(Prompt.VOICEMAIL_KEPT)
RECORDED = said(Prompt.VOICEMAIL_RECORDED, "1", "2", "#")
FULL = said(Prompt.TALKIE_VOICEMAIL_FULL)
AWAY = said(Prompt.TALKIE_VOICEMAIL_AWAY)


@pytest.mark.rule("VM-01")
class TestARecording:
    def test_a_busy_line_s_caller_leaves_a_message(self) -> None:
        net = network()
        heard = calls_owner(net, says=SAID)
        assert heard.prompts == [GREETING, BEEP, KEPT]
        assert (heard.ending, heard.outcome) == (Ending(None), Outcome.COMPLETED)
        [message] = box(net)
        assert (message.line, message.caller) == (OWNER.number, DOCOMO.number)
        assert (message.mark, message.recorded_at) == (MessageMark.NEW, NOVEMBER_22)
        assert sound_of(net, message) == HELLO

    def test_silence_ends_it(self) -> None:
        heard = calls_owner(network(), says=SAID)
        assert heard.lasted_s == pytest.approx(RECORDING_S + 1 + 10 + 3 + 0.5, abs=0.1)

    def test_hanging_up_keeps_what_was_said(self) -> None:
        net = network()
        heard = calls_owner(net, says=SAID, hang_up_after_s=RECORDING_S + 2)
        assert heard.outcome is None
        assert [sound_of(net, message) for message in box(net)] == [HELLO]

    def test_hanging_up_in_the_greeting_leaves_nothing(self) -> None:
        net = network()
        calls_owner(net, hang_up_after_s=2)
        assert box(net) == ()
        assert net.mailboxes.going_on == []

    def test_who_says_nothing_hears_that_nothing_was_kept(self) -> None:
        net = network()
        heard = calls_owner(net)
        assert heard.prompts == [GREETING, BEEP, said(Prompt.VOICEMAIL_NOTHING_KEPT)]
        assert box(net) == ()

    def test_it_ends_at_the_limit(self) -> None:
        net = network()
        says = {RECORDING_S + at: HELLO for at in range(0, 240, 2)}
        heard = calls_owner(net, says=says)
        assert heard.prompts == [GREETING, BEEP, KEPT]
        assert heard.lasted_s == pytest.approx(RECORDING_S + 180 + 3.5, abs=0.1)
        assert len(sound_of(net, box(net)[0])) == 180 * 8000

    def test_a_phone_that_sends_all_at_once_is_cut_at_the_limit(self) -> None:
        net = network()
        calls_owner(net, says={RECORDING_S + 1: HELLO * 100})
        assert len(sound_of(net, box(net)[0])) == 180 * 8000

    def test_a_day_of_silence_is_ten_seconds(self) -> None:
        net = network()
        says = {RECORDING_S + at: HUSH for at in range(86_400)}
        heard = calls_owner(net, says=says)
        assert heard.lasted_s < RECORDING_S + 15
        assert all(message.seconds <= 11 for message in box(net))

    def test_a_flood_of_keys_ends_nothing(self) -> None:
        net, leg = network(), ScriptedLeg(account_of(DOCOMO.number), OWNERS_PHONE)
        heard = calls_owner(net, "," + "12345" * 400, says=SAID, leg=leg)
        assert heard.prompts[-2:] == [BEEP, KEPT]
        assert [sound_of(net, message) for message in box(net)] == [HELLO]

    def test_a_key_passes_the_greeting_over(self) -> None:
        net = network()
        leg = ScriptedLeg(account_of(DOCOMO.number), OWNERS_PHONE)

        async def key() -> None:
            asyncio.get_running_loop().call_later(1.2, leg.press, "#")

        heard = net.dial(
            DOCOMO,
            OWNERS_PHONE,
            leg=leg,
            phones={OWNERS_PHONE: behaves(refuses=486)},
            says={3: HELLO},
            prepare=key,
        )
        assert heard.prompts == [GREETING, BEEP, KEPT]
        assert leg.stopped_at == [pytest.approx(1.2)]
        assert len(box(net)) == 1


@pytest.mark.rule("VM-01")
class TestTheKeysAfterIt:
    def test_pound_twice_keeps_it(self) -> None:
        net = network()
        heard = calls_owner(net, "#,#", says={RECORDING_S + 0.1: HELLO})
        assert heard.prompts == [GREETING, BEEP, RECORDED, KEPT]

    def test_it_is_replayed_and_kept(self) -> None:
        net = network()
        heard = calls_owner(net, "#,1,#", says={RECORDING_S + 0.1: HELLO})
        assert heard.leg.heard[3] == HELLO
        assert heard.prompts[2] == heard.prompts[4] == RECORDED
        assert heard.prompts[-1] == KEPT

    def test_it_is_spoken_again(self) -> None:
        net = network()
        again = HELLO[:12000]
        heard = calls_owner(
            net, "#,2,#,#", says={RECORDING_S + 0.1: HELLO, RECORDING_S + 5.2: again}
        )
        assert heard.prompts == [GREETING, BEEP, RECORDED, BEEP, RECORDED, KEPT]
        assert [sound_of(net, message) for message in box(net)] == [again]

    def test_silence_there_keeps_it(self) -> None:
        heard = calls_owner(network(), "#", says={RECORDING_S + 0.1: HELLO})
        assert heard.prompts == [GREETING, BEEP, RECORDED, KEPT]
        assert heard.outcome is Outcome.COMPLETED

    def test_hanging_up_there_keeps_it(self) -> None:
        net = network()
        calls_owner(net, "#", says={RECORDING_S + 0.1: HELLO}, hang_up_after_s=RECORDING_S + 4)
        assert len(box(net)) == 1

    def test_who_never_ends_is_ended_and_kept(self) -> None:
        net = network()
        heard = calls_owner(net, "#," + "1," * 2000, says={RECORDING_S + 0.1: HELLO})
        assert heard.lasted_s < net.limits.longest_call_s + 30
        assert heard.prompts[-1] == KEPT
        assert len(box(net)) == 1


@pytest.mark.rule("VM-01")
def test_a_key_while_it_rings_passes_no_greeting_over() -> None:
    leg = ScriptedLeg(account_of(DOCOMO.number), OWNERS_PHONE)
    net = network()

    async def key() -> None:
        asyncio.get_running_loop().call_later(5, leg.press, "#")

    script = behaves()
    heard = net.dial(DOCOMO, OWNERS_PHONE, leg=leg, phones={OWNERS_PHONE: script}, prepare=key)
    assert heard.prompts[:3] == [RING_BACK, GREETING, BEEP]


@pytest.mark.rule("VM-01")
class TestTheGreeting:
    def test_without_the_number(self) -> None:
        net = network()
        greeted_by(net, Greeting.PLAIN)
        heard = calls_owner(net, says=SAID)
        assert heard.prompts[0] == said(Prompt.VOICEMAIL_GREETING_PLAIN)

    def test_the_owner_s_own_words(self) -> None:
        net = network()
        own = HELLO * 2
        greeted_by(net, Greeting.OWN, own)
        heard = calls_owner(net, says={0.2 + 4 + 1 + 1: HELLO})
        assert heard.leg.heard[0] == own
        assert heard.prompts[1:] == [BEEP, KEPT]

    def test_own_words_that_cannot_be_read_are_replaced(self) -> None:
        class Unreadable(InMemoryMailboxes):
            async def greeting(self, line: E164) -> bytes | None:
                raise StorageUnavailable("the disk does not answer")

        net = network()
        net.mailboxes = Unreadable(LINES)
        assert calls_owner(net, says=SAID).prompts == [GREETING, BEEP, KEPT]


@pytest.mark.rule("VM-01")
def test_a_full_box_refuses_by_talkie_unanswered() -> None:
    net = network()
    fill = filled(net, *[HELLO] * 20)
    run_virtually(fill())
    heard = calls_owner(net)
    assert heard.prompts == [FULL, FULL]
    assert heard.ending == Ending(480)
    assert not heard.leg.answered
    assert len(box(net)) == 20


@pytest.mark.rule("VM-08")
class TestNothingIsLost:
    def test_a_full_disk_is_told_before_the_tone(self) -> None:
        net = network()
        net.mailboxes.no_room = True
        heard = calls_owner(net)
        assert heard.prompts == [AWAY, AWAY]
        assert heard.ending == Ending(503)
        assert not heard.leg.answered

    def test_a_disk_that_fills_up_keeps_what_was_written(self) -> None:
        net, leg = network(), ScriptedLeg(account_of(DOCOMO.number), OWNERS_PHONE)

        async def breaks() -> None:
            loop = asyncio.get_running_loop()
            loop.call_later(RECORDING_S + 3, net.mailboxes.break_disk)

        heard = net.dial(
            DOCOMO,
            OWNERS_PHONE,
            leg=leg,
            phones={OWNERS_PHONE: behaves(refuses=486)},
            says=SAID,
            prepare=breaks,
        )
        assert heard.prompts == [GREETING, BEEP, said(Prompt.VOICEMAIL_CUT_SHORT), KEPT]
        assert [sound_of(net, message) for message in box(net)] == [HELLO]

    def test_twenty_callers_at_once_leave_no_place_taken(self) -> None:
        net = network()
        for _ in range(20):
            calls_owner(net, says=SAID, hang_up_after_s=RECORDING_S + 2)
        assert len(box(net)) == 20
        assert calls_owner(net).prompts == [FULL, FULL]


class TestWhoCalled:
    @pytest.mark.rule("CALL-04")
    def test_who_withholds_stays_withheld_to_the_owner(self) -> None:
        net = network()
        calls_owner(net, says=SAID, dialled="184" + OWNERS_PHONE)
        assert [message.caller for message in box(net)] == [None]

    def test_another_carrier_s_caller_is_shown(self) -> None:
        net = network()
        trunk = Trunk("other", TrunkClass.FIXED, trusted=True)
        caller = TrunkCaller(trunk, E164("+81312345678"), TrunkClass.FIXED)
        calls_owner(net, says=SAID, leg=ScriptedLeg(caller, OWNERS_PHONE))
        assert [message.caller for message in box(net)] == ["+81312345678"]

    @pytest.mark.rule("VM-01")
    def test_another_carrier_s_caller_hears_the_owner_s_language(self) -> None:
        english = replace(OWNER, language=Language.EN)
        lines = [english if line is OWNER else line for line in LINES]
        net = Network(directory=InMemoryDirectory(lines, ACCOUNTS))
        caller = TrunkCaller(Trunk("other", TrunkClass.FIXED), None, TrunkClass.FIXED)
        calls_owner(net, says=SAID, leg=ScriptedLeg(caller, OWNERS_PHONE))
        assert net.voices.asked == ["ja", "en"]
        calls_owner(net, says=SAID)
        assert net.voices.asked[2:] == ["ja"], "a line of ours hears its own"


@pytest.mark.rule("VM-01")
def test_the_caller_s_leg_is_an_ordinary_call() -> None:
    heard = calls_owner(network(), says=SAID)
    record = heard.leg.ticket.record()
    assert (record.service, record.payer) == ("line", DOCOMO.number)
    assert (record.destination, record.access) == (OWNER.number, Access.OS)
    assert heard.leg.answered
    assert len(heard.leg.records.all) == 0
