"""Parties that answer, in every way a phone may: one record a leg, and nothing is left."""

from dataclasses import replace

import pytest

from ivr.call.party import Presented, Ring, RingSign
from tests.support.text_phone import OFFER, USER, TextPhone
from tests.support.virtual_exchange import CALLING, NUMBER, TARGET, VirtualExchange, pass_, play
from tests.support.wire import Message

pytestmark = pytest.mark.rule("CALL-01")

BROKEN = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nm=audio\r\n"
SILENT = OFFER.replace("m=audio 9", "m=audio 0")
ELSEWHERE = OFFER.replace("RTP/AVP 0", "RTP/AVP 9").replace("0 PCMU", "9 G722")


def reasons(phone: TextPhone, method: str) -> list[str]:
    return [message.get("Reason") for message in phone.requests(method)]


class TestAnswers:
    def test_a_call_from_ring_to_hang_up(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            phone = exchange.phone()
            phone.invites(phone.rings(), phone.answers())
            caller = exchange.caller()
            await pass_()
            assert len(phone.requests("ACK")) == 1
            caller.hang_up()
            await pass_()
            assert len(phone.requests("BYE")) == 1

        exchange = play(scene)
        assert exchange.signs == [RingSign.RINGING]
        assert exchange.causes() == [(1, "hung-up", 200), (2, "far-hung-up", 200)]
        first, second = exchange.records.all
        assert {first.call_id, first.linked_id} == {second.call_id, second.linked_id}
        far = first if first.leg == 2 else second
        assert (far.line, far.payer, far.access, far.called) == (NUMBER, None, "os", USER)
        assert (far.presented, far.calling, far.destination) == (CALLING, CALLING, NUMBER)

    def test_the_party_hangs_up(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            phone = exchange.phone()
            phone.invites(phone.answers())
            caller = exchange.caller()
            await pass_()
            phone.bye(phone.one("INVITE"))
            await pass_()
            assert len(caller.requests("BYE")) == 1

        assert play(scene).causes() == [(1, "far-hung-up", 200), (2, "hung-up", 200)]

    def test_it_hangs_up_in_the_moment_it_answers(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            phone = exchange.phone()
            phone.invites(phone.answers(), phone.bye)
            caller = exchange.caller()
            await pass_()
            assert len(caller.requests("BYE")) == 1

        assert [cause for _, cause, _ in play(scene).causes()] == ["far-hung-up", "hung-up"]

    def test_the_first_of_two_phones_wins(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            first, second = exchange.phone(1), exchange.phone(2)
            first.invites(first.rings())
            second.invites(second.rings(), second.answers())
            caller = exchange.caller()
            await pass_()
            assert reasons(first, "CANCEL") == ['SIP;cause=200;text="Call completed elsewhere"']
            assert len(second.requests("ACK")) == 1
            assert exchange.media.stats().free_ports == exchange.ports - 2
            caller.hang_up()
            await pass_()

        exchange = play(scene)
        assert len(exchange.records.all) == 2

    def test_both_answer_at_once(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            first, second = exchange.phone(1), exchange.phone(2)
            for phone in (first, second):
                phone.invites(phone.rings(), phone.answers())
            caller = exchange.caller()
            await pass_()
            assert [len(phone.requests("ACK")) for phone in (first, second)] == [1, 1]
            assert sorted(len(phone.requests("BYE")) for phone in (first, second)) == [0, 1]
            caller.hang_up()
            await pass_()

        assert len(play(scene).records.all) == 2

    def test_two_phones_behind_one_contact_answer(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            phone = exchange.phone()
            phone.invites(phone.answers(tag="one"), phone.answers(tag="two"))
            caller = exchange.caller()
            await pass_()
            (bye,) = phone.requests("BYE")
            assert bye.to_tag == "two"
            caller.hang_up()
            await pass_()

        assert len(play(scene).records.all) == 2

    def test_an_answer_that_crosses_the_cancel_is_ended(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            phone = exchange.phone()
            phone.invites(phone.rings())

            def too_late(cancel: Message) -> None:
                phone.ok(cancel)
                phone.reply(phone.one("INVITE"), 200, sdp=OFFER)

            phone.acts["CANCEL"] = too_late
            caller = exchange.caller()
            await pass_()
            caller.give_up()
            await pass_()
            assert (len(phone.requests("ACK")), len(phone.requests("BYE"))) == (1, 1)

        assert play(scene).causes() == [(1, "cancelled", 487), (2, "cancelled", 487)]

    def test_who_was_silent_answers_after_the_caller_gave_up(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            phone = exchange.phone()
            caller = exchange.caller()
            await pass_()
            caller.give_up()
            await pass_()
            assert phone.requests("CANCEL") == []
            phone.reply(phone.requests("INVITE")[0], 200, sdp=OFFER)
            await pass_()
            assert (len(phone.requests("ACK")), len(phone.requests("BYE"))) == (1, 1)

        play(scene)

    @pytest.mark.parametrize("sdp", ["", BROKEN, SILENT, ELSEWHERE])
    def test_an_answer_without_usable_sound_is_no_answer(self, sdp: str) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            phone = exchange.phone()
            phone.invites(phone.answers(sdp))
            exchange.caller()
            await pass_()
            assert (len(phone.requests("ACK")), len(phone.requests("BYE"))) == (1, 1)

        exchange = play(scene)
        assert [rung.outcome for rung in exchange.rung] == [Ring.INCOMPATIBLE]
        assert exchange.causes()[1] == (2, "not-acceptable", 488)

    def test_another_phone_rings_on_when_one_answers_without_sound(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            broken, good = exchange.phone(1), exchange.phone(2)
            broken.invites(broken.answers(BROKEN))
            good.invites(good.rings())
            caller = exchange.caller()
            await pass_()
            good.reply(good.one("INVITE"), 200, sdp=OFFER)
            await pass_()
            caller.hang_up()
            await pass_()

        assert [rung.outcome for rung in play(scene).rung] == [Ring.ANSWERED]

    def test_an_answer_without_contact_can_be_spoken_to_by_nobody(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            phone = exchange.phone()
            phone.invites(lambda invite: phone.reply(invite, 200, sdp=OFFER, contact=False))
            exchange.caller()
            await pass_()

        exchange = play(scene)
        assert [(rung.outcome, rung.status) for rung in exchange.rung] == [(Ring.DECLINED, 502)]

    def test_an_answer_may_repeat_nothing_of_its_early_description(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            phone = exchange.phone()
            phone.invites(phone.rings(183, OFFER), phone.answers(""))
            caller = exchange.caller()
            await pass_()
            caller.hang_up()
            await pass_()

        assert [rung.outcome for rung in play(scene).rung] == [Ring.ANSWERED]


class TestWhere:
    def test_a_phone_behind_a_nat_is_spoken_to_where_it_registered_from(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            phone = exchange.phone(home=("10.0.0.7", 5062))
            phone.invites(phone.rings(), phone.answers())
            caller = exchange.caller()
            await pass_()
            assert phone.one("INVITE").start == "INVITE sip:phone@10.0.0.7:5062 SIP/2.0"
            assert len(phone.requests("ACK")) == 1
            caller.hang_up()
            await pass_()
            assert phone.one("BYE").start == "BYE sip:phone@10.0.0.7:5062 SIP/2.0"

        play(scene)

    def test_no_contact_sends_a_call_to_a_third_party(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            victim = exchange.phone(2, user="somebody else")
            phone = exchange.phone(1, home=victim.address)
            phone.invites(phone.rings())
            caller = exchange.caller()
            await pass_()
            caller.give_up()
            await pass_()
            assert victim.got == []

        play(scene)

    def test_a_path_is_gone_through_by_invite_and_cancel(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            path = "<sip:edge@192.0.2.101;lr>"
            phone = exchange.phone(home=("10.0.0.7", 5062), path=(path,))
            phone.invites(phone.rings())
            caller = exchange.caller()
            await pass_()
            caller.give_up()
            await pass_()
            assert phone.one("INVITE").all("Route") == phone.one("CANCEL").all("Route") == [path]

        play(scene)


class TestWhoIsSeen:
    @pytest.mark.rule("CALL-04")
    def test_no_word_of_a_withheld_caller_reaches_the_phone(self) -> None:
        """Neither their number nor anything of their own half of the call."""

        async def scene(exchange: VirtualExchange) -> None:
            exchange.target = replace(TARGET, presented=Presented(None, "Anonymous"))
            phone = exchange.phone()
            phone.invites(phone.rings(), phone.answers())
            caller = exchange.caller()
            await pass_()
            caller.hang_up()
            await pass_()
            assert {m.method for m in phone.got} == {"INVITE", "ACK", "BYE"}
            for message in phone.got:
                told = repr((message.start, message.headers, message.body))
                for secret in ("312345678", caller.address[0], caller.call_id):
                    assert secret not in told

        play(scene)

    @pytest.mark.rule("CALL-04")
    def test_a_caller_who_shows_their_number_is_seen(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            phone = exchange.phone()
            phone.invites(phone.refuses(486))
            exchange.caller()
            await pass_()
            invite = phone.one("INVITE")
            assert invite.get("From").startswith("<sip:0312345678@127.0.0.1;user=phone>;tag=")
            assert invite.get("Max-Forwards") == "70"

        play(scene)

    def test_the_hops_that_are_left_are_told(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            exchange.target = replace(TARGET, hops=7)
            phone = exchange.phone()
            phone.invites(phone.refuses(486))
            exchange.caller()
            await pass_()
            assert phone.one("INVITE").get("Max-Forwards") == "7"

        play(scene)
