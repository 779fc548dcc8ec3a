"""Calls that leave over trunks."""

from dataclasses import replace

import pytest

from ivr.call.party import Ring, Target
from provisioning.contract import E164, Trunk, TrunkClass
from tests.support.text_phone import TextPhone
from tests.support.virtual_exchange import VirtualExchange, pass_, play

pytestmark = pytest.mark.rule("CALL-01")


class TestTrunks:
    OUT = Trunk("out", TrunkClass.FIXED, ("192.0.2.101:5060", "192.0.2.102:5060"), trusted=True)
    ABROAD = Target("+15551234567", trunk="out", asserted=E164("+819000000001"))

    def trunk(self, exchange: VirtualExchange, trunk: Trunk = OUT) -> list[TextPhone]:
        exchange.trunks.put(trunk, None)
        exchange.target = replace(self.ABROAD, trunk=trunk.name)
        return [TextPhone(exchange, (f"192.0.2.{101 + n}", 5060), "UDP") for n in range(2)]

    def test_the_first_peer_takes_the_call(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            first, second = self.trunk(exchange)
            first.invites(first.rings(), first.answers())
            caller = exchange.caller()
            await pass_()
            invite = first.one("INVITE")
            assert invite.start == "INVITE sip:+15551234567@192.0.2.101:5060;user=phone SIP/2.0"
            assert invite.get("P-Asserted-Identity") == "<sip:+819000000001@127.0.0.1;user=phone>"
            assert second.got == []
            caller.hang_up()
            await pass_()

        exchange = play(scene)
        assert sorted((r.leg, r.trunk) for r in exchange.records.all) == [(1, "other"), (2, "out")]

    @pytest.mark.parametrize("broken", [503, None])
    def test_the_next_peer_is_tried_when_one_is_out_of_order(self, broken: int | None) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            first, second = self.trunk(exchange)
            if broken is not None:
                first.invites(first.refuses(broken))
            second.invites(second.refuses(404))
            exchange.caller()
            await pass_(5)
            assert len(second.requests("INVITE")) == 1
            assert exchange.media.stats().free_ports == exchange.ports

        assert [(r.outcome, r.status) for r in play(scene).rung] == [(Ring.DECLINED, 404)]

    @pytest.mark.parametrize("status", [404, 486, 500, 302])
    def test_what_a_peer_says_of_the_number_counts(self, status: int) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            first, second = self.trunk(exchange)
            first.invites(first.refuses(status))
            exchange.caller()
            await pass_(5)
            assert second.got == []

        play(scene)

    def test_a_trunk_at_its_cap_is_congested(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            first, _ = self.trunk(exchange, replace(self.OUT, calls=1))
            first.acts["INVITE"] = first.rings()
            callers = [exchange.caller() for _ in range(2)]
            await pass_()
            assert [rung.outcome for rung in exchange.rung] == [Ring.CONGESTED]
            for caller in callers:
                caller.give_up()
            await pass_()

        play(scene)

    def test_a_trunk_that_registers_is_called_where_it_is(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            trunk = Trunk("pbx", TrunkClass.FIXED, (), account="pbx-1")
            exchange.trunks.put(trunk, None)
            exchange.target = Target("0312345678", trunk="pbx")
            phone = exchange.phone(user="pbx-1")
            phone.invites(phone.refuses(486))
            exchange.caller()
            await pass_()
            assert phone.one("INVITE").start == "INVITE sip:0312345678@192.0.2.101:5060 SIP/2.0"

        play(scene)

    def test_a_peer_s_address_is_tried_when_where_it_registered_is_silent(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            trunk = Trunk("pbx", TrunkClass.FIXED, ("192.0.2.150:5060",), account="pbx-1")
            exchange.trunks.put(trunk, None)
            exchange.target = Target("0312345678", trunk="pbx")
            registered = exchange.phone(user="pbx-1")
            peer = TextPhone(exchange, ("192.0.2.150", 5060), "UDP")
            peer.invites(peer.refuses(404))
            exchange.caller()
            await pass_(5)
            assert registered.requests("INVITE")
            assert len(peer.requests("INVITE")) == 1

        play(scene)

    def test_a_trunk_that_is_gone_is_unreachable(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            exchange.target = Target("0312345678", trunk="nowhere")
            exchange.caller()
            await pass_()

        assert [rung.outcome for rung in play(scene).rung] == [Ring.UNREACHABLE]
