"""How many calls one account and one line have at once, whatever way they came about."""

from dataclasses import replace

import pytest

from ivr.call.party import Ring, Target
from ivr.ua.causes import Cause
from ivr.ua.occupancy import line_key
from ivr.ua.policy import CallPolicy
from provisioning.contract import E164, Trunk, TrunkClass
from tests.support.diversions import unanswered
from tests.support.scripted_call import AU
from tests.support.text_phone import USER, TextCaller, TextPhone
from tests.support.virtual_exchange import LINE, TARGET, VirtualExchange, pass_, play
from tests.unit.ua.test_served_calls import NEXT, serve_lines, told

FORWARDER = E164("+819000000018")
OUT = Trunk("out", TrunkClass.FIXED, ("192.0.2.101:5060", "192.0.2.102:5060"))
FORWARDED = Target("+15551234567", trunk="out", line=FORWARDER, payer=FORWARDER)
OTHERS = E164("+819000000019")
REFUSED = "refer.refused"
TWO = CallPolicy(calls_per_user=2)


def way_out(exchange: VirtualExchange) -> TextPhone:
    """Have callers be forwarded to another carrier, whose switch this is."""
    exchange.trunks.put(OUT, None)
    exchange.target = FORWARDED
    return TextPhone(exchange, ("192.0.2.101", 5060), "UDP")


def forwarded(exchange: VirtualExchange) -> int:
    return exchange.agents.occupancy.of(line_key(FORWARDER))


async def leave(*callers: TextCaller) -> None:
    for caller in callers:
        caller.leave()
    await pass_()


@pytest.mark.rule("FWD-07")
class TestForwarded:
    def test_ringing_legs_count_for_the_forwarder(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            switch = way_out(exchange)
            switch.acts["INVITE"] = switch.rings()
            callers = [exchange.caller() for _ in range(5)]
            await pass_()
            assert (len(switch.requests("INVITE")), forwarded(exchange)) == (2, 2)
            assert [(r.outcome, r.status) for r in exchange.rung] == [(Ring.BUSY, 486)] * 3
            assert exchange.agents.occupancy.of("trunk:out") == 2
            for caller in callers:
                caller.give_up()
            await pass_()
            assert forwarded(exchange) == 0

        play(scene, policy=TWO)

    def test_answered_legs_count_to_their_end(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            switch = way_out(exchange)
            switch.acts["INVITE"] = switch.answers()
            talking = [exchange.caller() for _ in range(2)]
            await pass_()
            refused = exchange.caller()
            await pass_()
            assert told(refused) == [486]
            assert forwarded(exchange) == 2
            await leave(talking[0])
            over = switch.one("BYE").get("Call-ID")
            (left,) = [i for i in switch.requests("INVITE") if i.get("Call-ID") != over]
            assert forwarded(exchange) == 1
            switch.bye(left)
            await pass_()
            assert forwarded(exchange) == 0
            later = exchange.caller()
            await pass_()
            assert told(later) == [200]
            await leave(later)

        play(scene, policy=TWO)

    def test_another_lines_are_its_own(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            switch = way_out(exchange)
            switch.acts["INVITE"] = switch.rings()
            callers = [exchange.caller() for _ in range(2)]
            await pass_()
            exchange.target = replace(FORWARDED, line=OTHERS, payer=OTHERS)
            callers.append(exchange.caller())
            await pass_()
            exchange.target = replace(FORWARDED, line=None, payer=None)
            callers.append(exchange.caller())
            await pass_()
            assert len(switch.requests("INVITE")) == 4
            for caller in callers:
                caller.give_up()
            await pass_()

        play(scene, policy=TWO)

    @pytest.mark.parametrize("status", [404, 486, 503])
    def test_refused_legs_count_no_longer(self, status: int) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            switch = way_out(exchange)
            switch.acts["INVITE"] = switch.refuses(status)
            for _ in range(3):
                exchange.caller()
                await pass_(40)
            assert len(switch.requests("INVITE")) == 3
            assert forwarded(exchange) == 0

        play(scene, policy=TWO)

    def test_a_full_trunk_keeps_no_count(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            switch = way_out(exchange)
            exchange.trunks.put(replace(OUT, calls=1), None)
            switch.acts["INVITE"] = switch.rings()
            callers = [exchange.caller() for _ in range(2)]
            await pass_()
            assert [rung.outcome for rung in exchange.rung] == [Ring.CONGESTED]
            assert forwarded(exchange) == 1
            for caller in callers:
                caller.give_up()
            await pass_()

        play(scene, policy=TWO)

    def test_one_party_with_two_phones_counts_once(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            phones = [exchange.phone(1), exchange.phone(2)]
            phones[0].invites(phones[0].rings(), phones[0].answers())
            phones[1].invites(phones[1].rings())
            exchange.target = replace(TARGET, line=FORWARDER, payer=FORWARDER)
            caller = exchange.caller()
            await pass_()
            assert (exchange.agents.occupancy.of(USER), forwarded(exchange)) == (1, 1)
            await leave(caller)

        play(scene, policy=CallPolicy(calls_per_user=1))

    def test_who_is_forwarded_beyond_it_hears_busy(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            serve_lines(exchange, {LINE: unanswered(True, AU.number, 5)})
            first, second = exchange.phone(), exchange.phone(2, user=NEXT.user)
            first.acts["INVITE"] = first.rings()
            second.acts["INVITE"] = second.answers()
            talking = exchange.caller()
            await pass_(9)
            refused = exchange.caller()
            await pass_(15)
            assert (told(talking)[-1], told(refused)[-1]) == (200, 486)
            assert len(second.requests("INVITE")) == 1
            await leave(talking)

        exchange = play(scene, policy=CallPolicy(calls_per_user=1))
        legs = [r for r in exchange.records.all if r.service == "forwarding"]
        assert [r.cause for r in legs] == [Cause.BUSY, Cause.FAR_HUNG_UP]
        assert {r.payer for r in legs} == {LINE.number}


class Referring:
    """A phone that answers callers of another carrier and sends them on, and who they go to."""

    def __init__(self, exchange: VirtualExchange) -> None:
        self.exchange = exchange
        self.phone, self.next = exchange.phone(), exchange.phone(2, user="next")
        self.phone.acts["INVITE"] = self.phone.answers()
        self.next.acts["INVITE"] = self.next.answers()
        for each in (self.phone, self.next):
            each.acts["NOTIFY"] = each.ok

    async def talk(self) -> TextCaller:
        """One more caller talks to the phone."""
        self.exchange.target = TARGET
        caller = self.exchange.caller()
        await pass_()
        return caller

    async def refer(self) -> int | None:
        """Send the latest caller on: how REFER is answered."""
        self.exchange.target = Target("next", users=("next",))
        invite = self.phone.requests("INVITE")[-1]
        self.phone.request(
            "REFER", invite, [f"Refer-To: <sip:{USER}@192.0.2.1>", "Contact: <sip:phone@x>"]
        )
        await pass_()
        return [m.status for m in self.phone.got if m.status and m.method == "REFER"][-1]

    async def hang_up(self) -> None:
        """End the phone's own part in the latest call."""
        self.phone.bye(self.phone.requests("INVITE")[-1])
        await pass_()

    @property
    def counted(self) -> int:
        return self.exchange.agents.occupancy.of(USER)


@pytest.mark.rule("CALL-01")
class TestReferred:
    def test_transferred_calls_count_for_who_pays(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            it = Referring(exchange)
            first = await it.talk()
            assert it.counted == 1
            assert await it.refer() == 202
            await it.hang_up()
            assert (len(it.next.requests("INVITE")), it.counted) == (1, 1)
            second = await it.talk()
            assert it.counted == 2
            assert await it.refer() == 486
            assert (len(it.next.requests("INVITE")), it.counted) == (1, 2)
            third = await it.talk()
            assert told(third) == [486]
            await leave(first)
            assert it.counted == 1
            assert await it.refer() == 202
            await leave(second)
            assert it.counted == 0

        exchange = play(scene, policy=TWO)
        refused = [facts["status"] for event, facts in exchange.notes.lines if event == REFUSED]
        assert refused == [486]

    def test_the_new_partys_hang_up_ends_the_count(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            it = Referring(exchange)
            await it.talk()
            await it.refer()
            await it.hang_up()
            it.next.bye(it.next.one("INVITE"))
            await pass_()
            assert it.counted == 0

        play(scene, policy=TWO)

    def test_a_transfer_that_fails_gives_the_old_call_back_alone(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            it = Referring(exchange)
            it.next.acts["INVITE"] = it.next.refuses(486)
            caller = await it.talk()
            for _ in range(3):
                assert await it.refer() == 202
                assert it.counted == 1
            await leave(caller)

        play(scene, policy=TWO)

    def test_who_is_sent_gives_up(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            it = Referring(exchange)
            it.next.acts["INVITE"] = it.next.rings()
            caller = await it.talk()
            assert await it.refer() == 202
            assert it.counted == 2
            await leave(caller)
            assert it.counted == 0

        play(scene, policy=TWO)

    def test_a_carrier_that_stops_counts_none(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            it = Referring(exchange)
            await it.talk()
            await it.refer()
            await it.hang_up()
            await exchange.agents.transfers.drain()
            await exchange.agents.calls.drain(5)
            assert it.counted == 0

        play(scene, policy=TWO)
