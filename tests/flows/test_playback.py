"""1417 as the owner of a box hears it: counts, messages, keys, and what is charged."""

import asyncio
from dataclasses import replace
from datetime import date, time

import pytest

from ivr.call.outcome import Outcome
from prompts.catalogue import Prompt
from provisioning.contract import E164, Access, MessageMark, StorageUnavailable
from tests.support.fake_mailboxes import InMemoryMailboxes
from tests.support.fakes import InMemoryDirectory
from tests.support.scripted_call import (
    ACCOUNTS,
    AU_OWNER,
    DOCOMO,
    LINES,
    LINK,
    OWNER,
    PROMPT_S,
    RAKUTEN,
    Heard,
    Network,
    SpelledVoice,
    said,
)
from tests.support.scripted_leg import Ending, ScriptedLeg, account_of
from tests.support.voicemail_calls import HELLO, box, filled, network, pressing

DAY, HOUR = date(2026, 11, 22), time(15, 5, 3)
MENU = said(Prompt.VOICEMAIL_MENU)
NEW = said(Prompt.VOICEMAIL_NEW, 1)
END = said(Prompt.VOICEMAIL_END)
GONE = said(Prompt.VOICEMAIL_GONE)
LONG = b"".join(bytes([octet]) * 8000 for octet in range(30))
"""Thirty seconds, each its own."""


def message(ordinal: int, hour: int = 15, caller: str = DOCOMO.number) -> str:
    return said(Prompt.VOICEMAIL_MESSAGE, ordinal, DAY, time(hour, 5, 3), caller)


def hears(net: Network, keys: str = "", *sounds: bytes, saved: int = 0, **more: object) -> Heard:
    """The owner dials 1417; the box has `sounds` in it."""
    prepare = filled(net, *sounds, saved=saved)
    return net.dial(OWNER, "1417", keys, prepare=prepare, **more)  # type: ignore[arg-type]


def played(heard: Heard) -> list[str]:
    """What was heard, sounds of messages by their first octet and their length in seconds."""
    return [
        f"({ulaw[0]}: {len(ulaw) / 8000:.1f} s)" if ulaw and ulaw[:1] < b" " else text
        for ulaw in heard.leg.heard
        for text in [SpelledVoice.read(ulaw)]
    ]


@pytest.mark.rule("VM-03")
class TestTheCourse:
    def test_count_ordinal_date_time_caller_message_and_menu(self) -> None:
        heard = hears(network(), "", b"\x10" * 16_000)
        assert played(heard)[:4] == [NEW, message(1), "(16: 2.0 s)", MENU]
        assert heard.leg.answered

    def test_three_silences_say_goodbye(self) -> None:
        heard = hears(network(), "", b"\x10" * 16_000)
        silent = [MENU, said(Prompt.NO_INPUT)]
        assert played(heard)[3:] == [*silent * 3, said(Prompt.GOODBYE)]
        assert (heard.ending, heard.outcome) == (Ending(None), Outcome.GAVE_UP)

    def test_the_messages_come_in_turn_and_end(self) -> None:
        heard = hears(network(), "4,#", b"\x10" * 16_000, b"\x11" * 16_000)
        assert played(heard) == [
            said(Prompt.VOICEMAIL_NEW, 2),
            message(1),
            "(16: 2.0 s)",
            MENU,
            message(2, 16),
            "(17: 2.0 s)",
            MENU,
            END,
        ]
        assert heard.outcome is Outcome.COMPLETED

    def test_saved_messages_follow_the_new_ones(self) -> None:
        heard = hears(network(), "4,4", b"\x10" * 16_000, b"\x11" * 16_000, saved=1)
        assert played(heard)[:5] == [NEW, message(1, 16), "(17: 2.0 s)", MENU, said(
            Prompt.VOICEMAIL_SAVED_FOLLOW, 1
        )]  # fmt: skip
        assert played(heard)[5:] == [message(2), "(16: 2.0 s)", MENU, END]

    def test_saved_messages_alone_are_reached(self) -> None:
        heard = hears(network(), "4", b"\x10" * 16_000, saved=1)
        assert played(heard)[:2] == [said(Prompt.VOICEMAIL_SAVED_ALONE, 1), message(1)]

    def test_a_caller_who_withheld_is_not_told(self) -> None:
        net = network()
        heard = net.dial(OWNER, "1417", "4", prepare=filled(net, HELLO, callers=[None]))
        assert heard.prompts[1] == said(Prompt.VOICEMAIL_MESSAGE_WITHHELD, 1, DAY, HOUR)

    def test_a_message_heard_to_its_end_is_saved(self) -> None:
        net = network()
        hears(net, "4", HELLO)
        assert [each.mark for each in box(net)] == [MessageMark.SAVED]

    def test_one_that_cannot_be_marked_is_heard_and_stays_new(self) -> None:
        net = network()

        async def away(mailboxes: InMemoryMailboxes) -> None:
            mailboxes.unavailable = True

        heard = hears(net, "4", HELLO, leg=meanwhile(net, 1, away))
        assert heard.prompts[-2:] == [MENU, END]
        assert heard.outcome is Outcome.COMPLETED
        assert [each.mark for each in box(net)] == [MessageMark.NEW]

    def test_a_message_left_before_its_end_stays_new(self) -> None:
        net = network()
        leg = pressing({10: "#"})
        heard = hears(net, "", LONG, leg=leg)
        assert [each.mark for each in box(net)] == [MessageMark.NEW]
        assert played(heard)[-1] == END


BEGINS_S = 2 * PROMPT_S
"""When the first message begins: behind its count and its introduction."""


def wound(keys: dict[float, str]) -> list[str]:
    """What is heard of a long message while keys are pressed at its seconds."""
    leg = pressing({BEGINS_S + at: run for at, run in keys.items()})
    return played(hears(network(), "", LONG, leg=leg, hang_up_after_s=BEGINS_S + 60))[2:]


@pytest.mark.rule("VM-03")
class TestKeysDuringAMessage:
    def test_7_goes_back_five_seconds(self) -> None:
        assert wound({12: "7"})[:2] == ["(0: 30.0 s)", "(7: 23.0 s)"]

    def test_7_goes_back_to_the_beginning_at_most(self) -> None:
        assert wound({3: "7"})[:2] == ["(0: 30.0 s)", "(0: 30.0 s)"]

    def test_7_in_the_menu_plays_the_last_five_seconds(self) -> None:
        assert wound({31: "7"})[:3] == ["(0: 30.0 s)", MENU, "(25: 5.0 s)"]

    def test_9_goes_forward_five_seconds(self) -> None:
        assert wound({12: "9"})[:2] == ["(0: 30.0 s)", "(17: 13.0 s)"]

    def test_9_near_the_end_leads_to_the_menu(self) -> None:
        assert [each for each in wound({27: "9"}) if each][:2] == ["(0: 30.0 s)", MENU]

    def test_9_and_7_keyed_at_once_lead_back(self) -> None:
        assert wound({12: "97"})[:3] == ["(0: 30.0 s)", "(17: 13.0 s)", "(12: 17.9 s)"]

    def test_8_pauses_and_8_resumes(self) -> None:
        heard = wound({12: "8", 20: "8"})
        assert heard[:3] == ["(0: 30.0 s)", "(12: 18.0 s)", MENU]

    def test_a_pause_ends_after_twenty_seconds(self) -> None:
        leg = pressing({BEGINS_S + 12: "8"})
        hears(network(), "", LONG, leg=leg, hang_up_after_s=BEGINS_S + 12 + 20.5)
        assert leg.heard[-1] == LONG[12 * 8000 :]

    def test_any_other_key_ends_a_pause_and_counts(self) -> None:
        heard = wound({12: "8", 15: "7"})
        assert heard[:2] == ["(0: 30.0 s)", "(7: 23.0 s)"]

    def test_1_plays_it_again(self) -> None:
        assert wound({12: "1"})[:2] == ["(0: 30.0 s)", "(0: 30.0 s)"]

    def test_65_tells_the_time_and_goes_on(self) -> None:
        heard = wound({12: "65"})
        assert heard[:3] == ["(0: 30.0 s)", said(Prompt.VOICEMAIL_TIME, DAY, HOUR), "(12: 18.0 s)"]

    def test_66_tells_the_caller_and_goes_on(self) -> None:
        heard = wound({12: "66"})
        assert heard[:3] == [
            "(0: 30.0 s)",
            said(Prompt.VOICEMAIL_CALLER, DOCOMO.number),
            "(12: 18.0 s)",
        ]

    def test_a_key_without_a_meaning_is_told(self) -> None:
        assert wound({12: "5"})[:3] == ["(0: 30.0 s)", said(Prompt.INVALID_KEY), MENU]

    def test_6_alone_is_no_command(self) -> None:
        assert wound({12: "6"})[:3] == ["(0: 30.0 s)", said(Prompt.INVALID_KEY), MENU]

    def test_a_key_stops_the_sound_at_once(self) -> None:
        leg = pressing({BEGINS_S + 12: "3"})
        hears(network(), "", LONG, leg=leg)
        assert leg.stopped_at == [pytest.approx(BEGINS_S + 12)]


@pytest.mark.rule("VM-03")
class TestTheOtherKeys:
    def test_64_goes_to_the_previous_message(self) -> None:
        heard = hears(network(), "4,64", b"\x10" * 16_000, b"\x11" * 16_000)
        assert played(heard)[4:8] == [message(2, 16), "(17: 2.0 s)", MENU, message(1)]

    def test_64_at_the_first_message_begins_it_anew(self) -> None:
        heard = hears(network(), "64", HELLO)
        assert heard.prompts[4] == message(1)

    def test_64_passes_over_a_message_that_was_erased(self) -> None:
        sounds = [bytes([octet]) * 16_000 for octet in (16, 17, 18)]
        heard = played(hears(network(), "4,3,64,4", *sounds))
        back = heard.index(message(3, 17)) + 3
        assert heard[back : back + 3] == [GONE, message(1), "(16: 2.0 s)"]
        assert message(3, 17) in heard[back:]

    def test_64_over_the_erased_first_message_leads_on(self) -> None:
        heard = hears(network(), "3,64,4", HELLO, HELLO).prompts
        assert [each for each in heard if each in (GONE, message(2, 16))] == [
            message(2, 16),
            GONE,
            message(2, 16),
        ]

    def test_2_saves_and_goes_on(self) -> None:
        net = network()
        heard = hears(net, "2", HELLO)
        assert played(heard)[-2:] == [said(Prompt.VOICEMAIL_SAVED), END]
        assert [each.mark for each in box(net)] == [MessageMark.SAVED]

    @pytest.mark.rule("VM-04")
    def test_saving_again_does_not_prolong(self) -> None:
        net = network()
        hears(net, "2", HELLO)
        [before] = box(net)
        net.mailboxes.now += 3600
        net.dial(OWNER, "1417", "2")
        assert box(net) == (before,)

    @pytest.mark.rule("VM-04")
    def test_3_erases_and_goes_on(self) -> None:
        net = network()
        heard = hears(net, "3", HELLO)
        assert played(heard)[-2:] == [said(Prompt.VOICEMAIL_ERASED), END]
        assert box(net) == ()

    def test_a_key_passes_introduction_and_count_over(self) -> None:
        net = network()
        leg = pressing({0.5: "3"})
        heard = hears(net, "", HELLO, leg=leg)
        assert heard.prompts == [NEW, said(Prompt.VOICEMAIL_ERASED), END]
        assert leg.stopped_at == [pytest.approx(0.5)]

    def test_keys_typed_ahead_erase_three(self) -> None:
        net = network()
        heard = hears(net, "", HELLO, HELLO, HELLO, leg=pressing({0.5: "333"}))
        assert box(net) == ()
        assert heard.prompts[-1] == END


@pytest.mark.rule("VM-03")
class TestTwoPhonesInOneBox:
    def test_a_message_erased_elsewhere_is_told_and_passed(self) -> None:
        net = network()

        async def erased(mailboxes: InMemoryMailboxes) -> None:
            second = (await mailboxes.messages(OWNER.number))[1]
            await mailboxes.erase(OWNER.number, second.id)

        heard = hears(net, "4,4", HELLO, HELLO, HELLO, leg=meanwhile(net, 7, erased))
        known = (message(1), GONE, message(3, 17), END)
        assert tuple(text for text in heard.prompts if text in known) == known

    @pytest.mark.parametrize("key", ["2", "3"])
    def test_one_erased_while_it_is_heard_is_told(self, key: str) -> None:
        net = network()

        async def erased(mailboxes: InMemoryMailboxes) -> None:
            [only] = await mailboxes.messages(OWNER.number)
            await mailboxes.erase(OWNER.number, only.id)

        leg = meanwhile(net, 7, erased)
        heard = hears(net, key, HELLO, leg=leg)
        assert heard.prompts[-2:] == [GONE, END]

    def test_one_whose_sound_is_out_of_reach_is_told_and_passed(self) -> None:
        net = network()
        sound = net.mailboxes.sound

        async def elsewhere(line: E164, message: str) -> bytes:
            if message == (await net.mailboxes.messages(line))[0].id:
                raise StorageUnavailable("another carrier of this office keeps it")
            return await sound(line, message)

        net.mailboxes.sound = elsewhere  # type: ignore[method-assign]
        heard = hears(net, ",4", HELLO, HELLO)
        assert heard.prompts[1:3] == [said(Prompt.VOICEMAIL_OUT_OF_REACH), message(2, 16)]
        assert heard.prompts[-1] == END

    def test_a_message_that_comes_meanwhile_is_heard(self) -> None:
        net = network()

        async def left(mailboxes: InMemoryMailboxes) -> None:
            await mailboxes.leave(OWNER.number, HELLO, DOCOMO.number)

        heard = hears(net, "4,4", HELLO, leg=meanwhile(net, 7, left))
        assert heard.prompts[4:6] == [NEW, message(2, 16)]
        assert heard.prompts[-1] == END


def meanwhile(net: Network, at_s: float, change: object) -> ScriptedLeg:
    """A leg during whose call another phone changes the box."""
    leg = ScriptedLeg(account_of(OWNER.number), "1417")
    answer = leg.answer

    async def answered() -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(at_s, lambda: loop.create_task(change(net.mailboxes)))  # type: ignore[operator]
        await answer()

    leg.answer = answered  # type: ignore[method-assign]
    return leg


@pytest.mark.rule("VM-05")
@pytest.mark.rule("LINK-03")
class TestWhatIsCharged:
    @pytest.mark.parametrize("saved", [0, 1])
    def test_hearing_messages_is_playback_and_secured_first(self, saved: int) -> None:
        heard = hears(network(), "4", HELLO, saved=saved)
        record = heard.leg.ticket.record()
        assert (record.service, record.payer) == ("voicemail-playback", OWNER.number)
        assert heard.leg.answered
        assert heard.leg.records.secured == [(record.call_id, 1)]

    def test_an_empty_box_says_so_and_ends_free(self) -> None:
        heard = hears(network())
        assert heard.prompts == [said(Prompt.VOICEMAIL_EMPTY)]
        assert heard.ending == Ending(None)
        assert heard.leg.ticket.record().service == "voicemail-check"
        assert heard.leg.records.secured == []

    def test_nothing_is_answered_that_cannot_be_recorded(self) -> None:
        leg = ScriptedLeg(account_of(OWNER.number), "1417")
        leg.records.away = StorageUnavailable("the disk is full")
        heard = hears(network(), "", HELLO, leg=leg)
        assert heard.prompts == [said(Prompt.TRY_LATER)]
        assert (heard.ending, heard.outcome) == (Ending(503), Outcome.TRY_LATER)
        assert not leg.answered

    @pytest.mark.parametrize("account", [LINK, account_of(RAKUTEN.number)])
    def test_the_access_is_the_one_it_was_dialled_on(self, account: object) -> None:
        line = replace(RAKUTEN, options=frozenset({"voicemail"}))
        lines = [*(each for each in LINES if each != RAKUTEN), line]
        net = Network(
            directory=InMemoryDirectory(lines, ACCOUNTS), mailboxes=InMemoryMailboxes(lines)
        )
        leg = ScriptedLeg(account, "1417")  # type: ignore[arg-type]
        net.dial(line, "1417", "4", leg=leg, prepare=filled(net, HELLO, line=line))
        record = leg.ticket.record()
        wanted = Access.LINK if account is LINK else Access.OS
        assert (record.service, record.access) == ("voicemail-playback", wanted)


@pytest.mark.rule("VM-03")
def test_a_line_without_voicemail_is_refused_free() -> None:
    heard = network().dial(DOCOMO, "1417")
    assert heard.prompts == [said(Prompt.NOT_CONTRACTED)] * 2
    assert heard.ending == Ending(403)


class TestAuS141:
    @pytest.mark.rule("VM-05")
    def test_1_plays_and_is_charged_as_1417(self) -> None:
        net = network()
        heard = net.dial(AU_OWNER, "141", "1,4", prepare=filled(net, HELLO, line=AU_OWNER))
        assert heard.prompts[:3] == [said(Prompt.VOICEMAIL_GUIDE), NEW, message(1)]
        assert heard.leg.ticket.record().service == "voicemail-playback"
        assert len(heard.leg.records.secured) == 1

    @pytest.mark.rule("VM-05")
    def test_2_is_the_greeting_and_charged(self) -> None:
        heard = network().dial(AU_OWNER, "141", "2,2")
        assert said(Prompt.GREETING_PLAIN_SET) in heard.prompts
        assert heard.leg.ticket.record().service == "voicemail-greeting"
        assert len(heard.leg.records.secured) == 1

    @pytest.mark.rule("VM-02")
    def test_3_is_the_pin_and_free(self) -> None:
        heard = network().dial(AU_OWNER, "141", "3,1234#,1234#")
        assert heard.prompts[-1] == said(Prompt.PIN_SET)
        assert heard.leg.ticket.record().service == "voicemail-guide"
        assert heard.leg.records.secured == []
