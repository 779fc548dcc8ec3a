"""Parties that refuse, vanish, or ring for ever."""

from dataclasses import replace

import pytest

from ivr.call.party import Ring
from ivr.sip.events import Flow
from tests.support.text_phone import CARRIER, OFFER
from tests.support.virtual_exchange import TARGET, VirtualExchange, pass_, play

pytestmark = pytest.mark.rule("CALL-01")


class TestRefusals:
    @pytest.mark.parametrize(
        ("status", "told", "outcome", "cause"),
        [
            (486, 486, Ring.BUSY, "busy"),
            (600, 600, Ring.BUSY, "busy"),
            (603, 603, Ring.DECLINED, "declined"),
            (404, 404, Ring.DECLINED, "declined"),
            (401, 401, Ring.DECLINED, "declined"),
            (407, 407, Ring.DECLINED, "declined"),
            (488, 488, Ring.INCOMPATIBLE, "not-acceptable"),
            (480, 480, Ring.UNREACHABLE, "absent"),
            (430, 430, Ring.UNREACHABLE, "absent"),
            (503, 503, Ring.UNREACHABLE, "absent"),
        ],
    )
    def test_each_has_its_outcome(self, status: int, told: int, outcome: Ring, cause: str) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            phone = exchange.phone()
            phone.invites(phone.refuses(status))
            exchange.caller()
            await pass_()
            assert len(phone.requests("INVITE")) == 1

        exchange = play(scene)
        assert [(rung.outcome, rung.status) for rung in exchange.rung] == [(outcome, told)]
        assert exchange.causes()[1] == (2, cause, told)

    @pytest.mark.parametrize("status", [300, 301, 302, 305])
    def test_no_redirection_is_followed(self, status: int) -> None:
        """Toll fraud: a phone must not send a caller to a number that costs."""

        async def scene(exchange: VirtualExchange) -> None:
            phone, other = exchange.phone(1), exchange.phone(2, user="somebody else")
            contact = f"Contact: <sip:0990123456@{other.address[0]}>"
            phone.invites(
                lambda invite: phone.reply(invite, status, contact=False, extra=[contact])
            )
            exchange.caller()
            await pass_()
            assert other.got == []

        exchange = play(scene)
        assert [(rung.outcome, rung.status) for rung in exchange.rung] == [(Ring.DECLINED, 480)]
        assert "call.redirection-refused" in exchange.notes.events()

    def test_the_best_refusal_of_several_counts(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            for number, status in ((1, 503), (2, 486), (3, 404)):
                phone = exchange.phone(number)
                phone.invites(phone.refuses(status))
            exchange.caller()
            await pass_()

        assert [rung.outcome for rung in play(scene).rung] == [Ring.BUSY]

    def test_a_refusal_for_everywhere_stops_the_others(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            first, second = exchange.phone(1), exchange.phone(2)
            first.invites(first.rings())
            second.invites(second.rings(), second.refuses(603))
            exchange.caller()
            await pass_()
            assert len(first.requests("CANCEL")) == 1

        assert [rung.status for rung in play(scene).rung] == [603]

    def test_nobody_is_registered(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            exchange.caller()
            await pass_()

        exchange = play(scene)
        assert [(rung.outcome, rung.status) for rung in exchange.rung] == [(Ring.UNREACHABLE, 480)]
        assert [leg for leg, _, _ in exchange.causes()] == [1]

    @pytest.mark.rule("CALL-02")
    def test_a_phone_that_vanished_leaves_time_for_a_talkie_within_32_seconds(self) -> None:
        """Fault 14."""

        async def scene(exchange: VirtualExchange) -> None:
            exchange.phone().gone()
            exchange.caller()
            await pass_(11.9)
            assert exchange.rung == []
            await pass_(0.2)
            assert [(r.outcome, r.status) for r in exchange.rung] == [(Ring.UNREACHABLE, 408)]

        assert play(scene).causes()[1] == (2, "absent", 408)

    def test_a_phone_that_has_answered_anything_is_given_its_time(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            phone = exchange.phone()
            phone.invites(phone.rings(100))
            caller = exchange.caller()
            await pass_(40)
            assert exchange.rung == []
            caller.give_up()
            await pass_()

        play(scene)

    @pytest.mark.parametrize(("branch", "ends"), [("its own", True), ("another", False)])
    def test_a_closed_port_ends_the_ring_at_once(self, branch: str, ends: bool) -> None:
        """What ICMP quotes of our INVITE shows its branch; whoever forges it does not know it."""

        async def scene(exchange: VirtualExchange) -> None:
            phone = exchange.phone()
            caller = exchange.caller()
            await pass_(0.1)
            invite = phone.requests("INVITE")[0]
            via = invite.get("Via")
            if branch == "another":
                via = via.replace("branch=z9hG4bK", "branch=z9hG4bKx")
            quoted = f"{invite.start}\r\nVia: {via}\r\nMax-Forw".encode()
            flow = Flow("UDP", CARRIER, phone.address)
            exchange.driver.refused(quoted[:30], flow)
            exchange.driver.refused(quoted, flow._replace(peer=("192.0.2.77", 5060)))
            exchange.driver.refused(quoted, flow)
            await pass_(0.1)
            assert [r.status for r in exchange.rung] == ([503] if ends else [])
            caller.give_up()
            await pass_(13)

        play(scene)

    @pytest.mark.parametrize("status", [100, 180])
    def test_a_phone_whose_connection_is_lost_rings_no_more(self, status: int) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            phone = exchange.phone(transport="TLS")
            phone.invites(phone.rings(status))
            exchange.caller()
            await pass_(5)
            assert exchange.rung == []
            phone.gone()
            exchange.driver.lost(Flow("TLS", CARRIER, phone.address))
            await pass_(0.1)
            assert [(r.outcome, r.status) for r in exchange.rung] == [(Ring.UNREACHABLE, 503)]

        play(scene)

    def test_a_connection_that_is_gone_ends_it_at_once(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            exchange.phone(transport="TCP").gone()
            exchange.caller()
            await pass_()
            assert [(r.outcome, r.status) for r in exchange.rung] == [(Ring.UNREACHABLE, 503)]

        play(scene)

    def test_a_transport_that_is_not_up_ends_it_at_once(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            exchange.phone(transport="WSS")
            exchange.caller()
            await pass_()

        assert [rung.outcome for rung in play(scene).rung] == [Ring.UNREACHABLE]


class TestTime:
    def test_nobody_answers(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            exchange.within_s = 15
            phone = exchange.phone()
            phone.invites(phone.rings())
            exchange.caller()
            await pass_(14.9)
            assert exchange.rung == []
            await pass_(0.5)
            assert [(r.outcome, r.status) for r in exchange.rung] == [(Ring.NO_ANSWER, 480)]
            assert len(phone.requests("CANCEL")) == 1
            assert phone.one("INVITE").get("Expires") == "15"

        exchange = play(scene)
        assert exchange.causes()[1] == (2, "no-answer", 480)
        assert [record.q850 for record in exchange.records.all if record.leg == 2] == [19]

    def test_no_sign_of_life_in_the_time_that_is_left_is_unreachable(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            exchange.within_s = 10
            exchange.phone().gone()
            exchange.caller()
            await pass_(11)

        assert [rung.outcome for rung in play(scene).rung] == [Ring.UNREACHABLE]

    @pytest.mark.rule("LINE-03")
    def test_an_app_must_ring_in_time(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            exchange.target = replace(TARGET, alive_within_s=3)
            phone = exchange.phone()
            phone.invites(lambda invite: phone.reply(invite, 100, contact=False))
            exchange.caller()
            await pass_(3.5)
            assert [rung.outcome for rung in exchange.rung] == [Ring.UNREACHABLE]
            await pass_(1)
            assert len(phone.requests("CANCEL")) == 1

        play(scene)

    @pytest.mark.rule("LINE-03")
    def test_an_app_that_rings_has_time_to_answer(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            exchange.target = replace(TARGET, alive_within_s=3)
            phone = exchange.phone()
            phone.invites(phone.rings())
            caller = exchange.caller()
            await pass_(10)
            phone.reply(phone.one("INVITE"), 200, sdp=OFFER)
            await pass_()
            caller.hang_up()
            await pass_()

        assert [rung.outcome for rung in play(scene).rung] == [Ring.ANSWERED]

    def test_a_phone_that_never_ends_its_ringing_is_given_up(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            phone = exchange.phone()
            phone.invites(phone.rings())
            exchange.caller()
            await pass_(184)
            assert exchange.rung == []
            await pass_(3)
            assert [rung.outcome for rung in exchange.rung] == [Ring.NO_ANSWER]

        play(scene)

    def test_a_phone_that_rings_on_after_the_cancel_is_forgotten_in_32_seconds(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            phone = exchange.phone()
            phone.invites(phone.rings())
            del phone.acts["CANCEL"]
            caller = exchange.caller()
            await pass_(2)
            caller.give_up()
            for _ in range(33):
                await pass_()
                phone.reply(phone.one("INVITE"), 180)
            assert len(exchange.agents.dialler) == 0

        play(scene)

    def test_a_phone_that_vanishes_while_it_rings_leaves_nothing(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            exchange.within_s = 10
            phone = exchange.phone()
            phone.invites(phone.rings())
            exchange.caller()
            await pass_(5)
            phone.gone()

        assert play(scene).causes()[1] == (2, "no-answer", 480)

    def test_less_wanted_phones_ring_when_the_others_refused(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            exchange.within_s = 30
            low, high = exchange.phone(1, q=0.5), exchange.phone(2, q=0.9)
            high.invites(high.rings())
            low.invites(low.rings())
            exchange.caller()
            await pass_(10)
            assert low.requests("INVITE") == []
            high.reply(high.one("INVITE"), 480, contact=False)
            await pass_()
            assert low.one("INVITE").get("Expires") == "20"
            low.reply(low.one("INVITE"), 486, contact=False)
            await pass_()

        assert [rung.outcome for rung in play(scene).rung] == [Ring.BUSY]

    def test_they_ring_too_when_nothing_is_heard_of_the_others(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            low = exchange.phone(1, q=0.5)
            exchange.phone(2, q=0.9).gone()
            low.invites(low.rings(), low.answers())
            caller = exchange.caller()
            await pass_(3.5)
            assert low.requests("INVITE") == []
            await pass_(1)
            caller.hang_up()
            await pass_()

        assert [rung.outcome for rung in play(scene).rung] == [Ring.ANSWERED]
