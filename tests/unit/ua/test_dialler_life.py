"""What is heard before the answer, how many calls there may be, and how calls end."""

from collections.abc import Callable

import pytest

from ivr.call.party import Ring, RingSign, Target
from ivr.sip.settings import EndpointSettings
from ivr.sip.timers import Timing
from ivr.ua.policy import CallPolicy
from tests.support.text_phone import OFFER, USER, TextCaller
from tests.support.virtual_exchange import TARGET, VirtualExchange, pass_, play
from tests.support.wire import Message

pytestmark = pytest.mark.rule("CALL-01")

BROKEN = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nm=audio\r\n"


class TestSigns:
    def test_a_storm_of_provisional_responses_is_told_once(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            phone = exchange.phone()
            tags = [f"t{number % 40}" for number in range(400)]
            phone.invites(*(phone.rings(180 + 3 * (n % 2), tag=t) for n, t in enumerate(tags)))
            caller = exchange.caller()
            await pass_()
            assert exchange.endpoint.census().dialogs <= 25
            caller.give_up()
            await pass_()

        assert play(scene).signs == [RingSign.RINGING]

    @pytest.mark.parametrize(
        ("status", "sdp", "signs"),
        [
            (180, "", [RingSign.RINGING]),
            (180, OFFER, [RingSign.RINGING]),
            (182, "", [RingSign.RINGING]),
            (183, "", [RingSign.RINGING]),
            (183, BROKEN, [RingSign.RINGING]),
            (183, OFFER, [RingSign.EARLY_MEDIA]),
            (183, OFFER + "a=inactive\r\n", [RingSign.RINGING]),
        ],
    )
    def test_each_means_something(self, status: int, sdp: str, signs: list[RingSign]) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            phone = exchange.phone()
            phone.invites(phone.rings(status, sdp))
            caller = exchange.caller()
            await pass_()
            caller.give_up()
            await pass_()

        assert play(scene).signs == signs

    def test_the_second_phone_that_sounds_is_heard_once_the_first_refused(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            first, second = exchange.phone(1), exchange.phone(2)
            for phone in (first, second):
                phone.invites(phone.rings(183, OFFER))
            caller = exchange.caller()
            await pass_()
            first.reply(first.one("INVITE"), 486, contact=False)
            await pass_()
            caller.give_up()
            await pass_()

        assert play(scene).signs == [RingSign.EARLY_MEDIA]

    def test_a_reliable_response_is_acknowledged_on_its_side_alone(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            phone = exchange.phone()
            extra = ["Require: 100rel", "RSeq: 17"]
            phone.invites(lambda invite: phone.reply(invite, 183, sdp=OFFER, extra=extra))
            phone.acts["PRACK"] = phone.ok
            caller = exchange.caller()
            await pass_()
            assert phone.one("PRACK").get("RAck") == "17 1 INVITE"
            caller.give_up()
            await pass_()

        play(scene)


class TestCaps:
    def test_a_party_at_its_cap_is_busy(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            phone = exchange.phone()
            phone.acts["INVITE"] = phone.rings()
            callers = [exchange.caller() for _ in range(3)]
            await pass_()
            assert len(phone.requests("INVITE")) == 2
            assert exchange.agents.occupancy.of(USER) == 2
            assert [rung.outcome for rung in exchange.rung] == [Ring.BUSY]
            for caller in callers:
                caller.give_up()
            await pass_()

        play(scene, policy=CallPolicy(calls_per_user=2))

    def test_two_phones_of_one_account_are_one_call(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            phones = [exchange.phone(1), exchange.phone(2)]
            for phone in phones:
                phone.invites(phone.rings())
            caller = exchange.caller()
            await pass_()
            assert exchange.agents.occupancy.of(USER) == 1
            assert [len(phone.requests("INVITE")) for phone in phones] == [1, 1]
            caller.give_up()
            await pass_()
            assert exchange.agents.occupancy.of(USER) == 0

        play(scene, policy=CallPolicy(calls_per_user=1))

    def test_no_port_is_left(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            exchange.phone()
            taken = [exchange.media.open() for _ in range(exchange.ports - 1)]
            exchange.caller()
            await pass_()
            for leg in taken:
                leg.close()

        assert [rung.outcome for rung in play(scene).rung] == [Ring.CONGESTED]


class TestEnds:
    def test_a_phone_that_never_says_anything_again_is_hung_up_on(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            phone = exchange.phone()
            phone.invites(phone.answers())
            exchange.caller()
            await pass_(9)
            assert phone.requests("BYE") == []
            await pass_(3)
            assert len(phone.requests("BYE")) == 1

        exchange = play(scene, policy=CallPolicy(silence_s=10))
        assert {cause for _, cause, _ in exchange.causes()} <= {"no-media", "far-hung-up"}

    def test_a_carrier_that_stops_ends_both_halves(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            phone, ringing = exchange.phone(1), exchange.phone(2, user="r")
            phone.invites(phone.answers())
            ringing.invites(ringing.rings())
            caller = exchange.caller()
            await pass_()
            exchange.target = Target("r", users=("r",))
            exchange.caller()
            await pass_()
            await exchange.agents.calls.drain(5)
            await pass_()
            assert len(caller.requests("BYE")) == len(phone.requests("BYE")) == 1
            assert len(ringing.requests("CANCEL")) == 1

        causes = [(leg, cause) for leg, cause, _ in play(scene).causes()]
        assert causes.count((1, "carrier-stopped")) == 2
        assert causes.count((2, "carrier-stopped")) == 1

    def test_a_flow_that_forgets_its_party_leaves_nobody_behind(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            phone = exchange.phone()
            phone.invites(phone.answers())

            async def forgetful(leg: object) -> None:
                await leg.ring(TARGET, within_s=None, signs=lambda _: None)  # type: ignore[attr-defined]

            exchange.serve = forgetful
            exchange.caller()
            await pass_()
            assert len(phone.requests("BYE")) == 1

        play(scene)

    def test_a_caller_who_never_acknowledges(self) -> None:
        """Fault 11: BYE after 32 seconds, to both."""

        async def scene(exchange: VirtualExchange) -> None:
            phone = exchange.phone()
            phone.invites(phone.answers())
            caller = exchange.caller()
            caller.say = _but_ack(caller)  # type: ignore[method-assign]
            await pass_(31)
            assert phone.requests("BYE") == []
            await pass_(3)
            assert len(phone.requests("BYE")) == 1

        assert play(scene).causes() == [(1, "no-ack", 200), (2, "no-ack", 200)]

    def test_an_invite_that_comes_five_times_rings_once(self) -> None:
        """Fault 10."""

        async def scene(exchange: VirtualExchange) -> None:
            phone = exchange.phone()
            phone.invites(phone.rings())
            caller = exchange.caller()
            for _ in range(4):
                caller.dial()
            await pass_()
            assert len(phone.requests("INVITE")) == 1
            caller.give_up()
            await pass_()

        assert len(play(scene).records.all) == 2

    def test_many_calls_on_a_bad_day(self) -> None:
        """Every way to end at once, with short timers: one record a leg, and nothing left."""

        async def scene(exchange: VirtualExchange) -> None:
            phone = exchange.phone()
            acts = [phone.answers(), phone.refuses(486), phone.rings(), phone.answers(BROKEN)]

            def take_turns(invite: Message) -> None:
                acts[len(phone.requests("INVITE")) % len(acts)](invite)

            phone.acts["INVITE"] = take_turns
            callers = [exchange.caller() for _ in range(12)]
            await pass_()
            for caller in callers:
                caller.leave()
            await pass_(10)

        quick = EndpointSettings(timing=Timing(t1_s=0.05, t2_s=0.1, t4_s=0.1))
        exchange = play(scene, settings=quick)
        legs = [(record.call_id, record.leg) for record in exchange.records.all]
        assert len(legs) == len(set(legs)) == 24


def _but_ack(caller: TextCaller) -> Callable[..., None]:
    say = caller.say

    def quiet(method: str, number: int, to: str, body: str = "") -> None:
        if method != "ACK":
            say(method, number, to, body)

    return quiet
