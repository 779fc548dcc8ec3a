"""What phones may do while they are rung: each ends in one record a leg, and leaves nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from ivr.call.party import Ring, RingSign, Target
from ivr.sip.settings import EndpointSettings
from ivr.sip.timers import Timing
from ivr.ua.policy import CallPolicy
from provisioning.contract import E164, Trunk, TrunkClass
from tests.support.virtual_exchange import (
    CALLING,
    NUMBER,
    OFFER,
    TARGET,
    USER,
    TextCaller,
    TextPhone,
    VirtualExchange,
)
from tests.support.virtual_loop import run_virtually
from tests.support.wire import Message

pytestmark = pytest.mark.rule("CALL-01")

Scene = Callable[[VirtualExchange], Awaitable[None]]
BROKEN = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nm=audio\r\n"
SILENT = OFFER.replace("m=audio 9", "m=audio 0")
ELSEWHERE = OFFER.replace("RTP/AVP 0", "RTP/AVP 8").replace("0 PCMU", "8 PCMA")
BOTH = (RingSign.RINGING, RingSign.EARLY_MEDIA)


def play(
    scene: Scene,
    *,
    policy: CallPolicy | None = None,
    settings: EndpointSettings | None = None,
) -> VirtualExchange:
    """Run a scene in virtual time, and see that nothing is left of it."""

    async def run() -> VirtualExchange:
        exchange = VirtualExchange(policy, settings)
        await scene(exchange)
        await exchange.close()
        return exchange

    return run_virtually(run())


async def pass_(seconds: float = 1.0) -> None:
    await asyncio.sleep(seconds)


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
        assert (far.presented, far.calling) == (CALLING, CALLING)

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
            assert (len(first.requests("ACK")), len(first.requests("BYE"))) == (1, 0)
            assert (len(second.requests("ACK")), len(second.requests("BYE"))) == (1, 1)
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

    @pytest.mark.parametrize("sdp", ["", BROKEN, SILENT, ELSEWHERE.replace("8", "9")])
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
    def test_a_phone_that_vanished_ends_the_ring_in_32_seconds(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            exchange.phone().gone()
            exchange.caller()
            await pass_(31)
            assert exchange.rung == []
            await pass_(2)
            assert [(r.outcome, r.status) for r in exchange.rung] == [(Ring.UNREACHABLE, 408)]

        assert play(scene).causes()[1] == (2, "absent", 408)

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
            low, high = exchange.phone(1, q=0.5), exchange.phone(2, q=0.9)
            high.invites(high.rings())
            low.invites(low.rings())
            exchange.caller()
            await pass_(10)
            assert low.requests("INVITE") == []
            high.reply(high.one("INVITE"), 480, contact=False)
            await pass_()
            assert len(low.requests("INVITE")) == 1
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
            assert exchange.occupancy.of(USER) == 2
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
            assert exchange.occupancy.of(USER) == 1
            assert [len(phone.requests("INVITE")) for phone in phones] == [1, 1]
            caller.give_up()
            await pass_()
            assert exchange.occupancy.of(USER) == 0

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
            await exchange.calls.drain(5)
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

        assert play(scene).causes()[0] == (1, "no-ack", 200)

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

    def test_a_trunk_that_is_gone_is_unreachable(self) -> None:
        async def scene(exchange: VirtualExchange) -> None:
            exchange.target = Target("0312345678", trunk="nowhere")
            exchange.caller()
            await pass_()

        assert [rung.outcome for rung in play(scene).rung] == [Ring.UNREACHABLE]


def _but_ack(caller: TextCaller) -> Callable[..., None]:
    say = caller.say

    def quiet(method: str, number: int, to: str, body: str = "") -> None:
        if method != "ACK":
            say(method, number, to, body)

    return quiet
