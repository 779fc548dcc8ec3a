"""Calls between two endpoints over a network that loses, doubles and delays."""

from __future__ import annotations

import gc
from collections.abc import Callable
from random import Random
from weakref import ref

import pytest

from ivr.sip.errors import WrongState
from ivr.sip.events import (
    CallReceived,
    EndCause,
    ForeignInfoReceived,
    InfoReceived,
    SessionAnswered,
    SessionChallenged,
    SessionConfirmed,
    SessionEnded,
    SessionProgress,
    SessionRefused,
)
from ivr.sip.headers import Headers
from ivr.sip.message import Message, Request, Response
from ivr.sip.session_table import TABLE, State
from tests.support.sip_network import OTHER_SDP, SDP, Node, pair
from tests.unit.sip.calls import BOB, dial, talking


def test_a_call_from_ringing_to_bye_leaves_nothing_behind() -> None:
    network, alice, bob = pair()
    ours = dial(network, alice, bob)
    network.run()
    theirs = bob.one(CallReceived).session
    theirs.ringing(network.now)
    network.run(1.0)
    theirs.answer(OTHER_SDP, network.now)
    network.run(1.0)
    assert alice.one(SessionProgress).response.status == 180
    assert alice.one(SessionAnswered).session is ours
    assert bob.one(SessionConfirmed).session is theirs
    assert (ours.remote_sdp, theirs.remote_sdp) == (OTHER_SDP, SDP)
    theirs.hang_up(network.now, reason='Q.850;cause=16;text="done"')
    network.run()
    assert alice.one(SessionEnded).cause is EndCause.BYE
    assert bob.one(SessionEnded).cause is EndCause.LOCAL
    (bye,) = bob.requests("BYE")
    assert bye.headers.get("Reason") == 'Q.850;cause=16;text="done"'
    network.run_out()
    assert alice.endpoint.census() == bob.endpoint.census() == (0, 0, 0, 0)


@pytest.mark.parametrize("transport", ["UDP", "TCP"])
def test_the_answer_is_repeated_until_its_ack_on_every_transport(transport: str) -> None:
    network, alice, bob = pair()

    def lose_acks(sender: Node, message: Message, nth: int) -> bool:
        acks = len(alice.requests("ACK"))
        return isinstance(message, Request) and message.method == "ACK" and acks < 3

    network.lose = lose_acks
    dial(network, alice, bob, transport)
    network.run()
    bob.one(CallReceived).session.answer(OTHER_SDP, network.now)
    network.run(10.0)
    assert len(bob.responses(200, "INVITE")) == 3
    assert len(alice.requests("ACK")) == 3
    assert len(alice.all(SessionAnswered)) == len(bob.all(SessionConfirmed)) == 1


def test_an_answer_never_acknowledged_ends_in_bye_after_32_seconds() -> None:
    network, alice, bob = pair()
    network.lose = lambda sender, message, nth: (
        isinstance(message, Request) and message.method == "ACK"
    )
    dial(network, alice, bob)
    network.run()
    theirs = bob.one(CallReceived).session
    answered_at = network.now
    theirs.answer(OTHER_SDP, network.now)
    network.run(31.9)
    assert bob.requests("BYE") == []
    network.run(0.2)
    assert len(bob.requests("BYE")) == 1
    assert bob.one(SessionEnded).cause is EndCause.NO_ACK
    assert network.now - answered_at == pytest.approx(32.1)
    assert len(bob.responses(200, "INVITE")) == 11


def test_hanging_up_before_the_ack_waits_for_it() -> None:
    network, alice, bob = pair()
    dial(network, alice, bob)
    network.run()
    theirs = bob.one(CallReceived).session
    theirs.answer(OTHER_SDP, network.now)
    theirs.hang_up(network.now)
    assert bob.requests("BYE") == []
    network.run()
    assert [m.method for m in bob.sent if isinstance(m, Request)] == ["BYE"]
    assert bob.one(SessionEnded).cause is EndCause.LOCAL
    assert alice.one(SessionEnded).cause is EndCause.BYE


def test_a_refusal_is_reported_and_acknowledged() -> None:
    network, alice, bob = pair()
    dial(network, alice, bob)
    network.run()
    bob.one(CallReceived).session.refuse(486, network.now, [("Retry-After", "5")])
    network.run()
    refused = alice.one(SessionRefused)
    assert refused.status == 486
    assert refused.response is not None
    assert refused.response.headers.get("Retry-After") == "5"
    assert len(alice.requests("ACK")) == 1
    network.run_out()
    assert alice.endpoint.census() == bob.endpoint.census() == (0, 0, 0, 0)


def test_a_callee_that_is_not_there_fails_the_call_in_32_seconds() -> None:
    network, alice, bob = pair()
    network.lose = lambda sender, message, nth: True
    dial(network, alice, bob)
    network.run(31.9)
    assert alice.all(SessionRefused) == []
    network.run(0.2)
    assert alice.one(SessionRefused).status == 408
    assert alice.one(SessionRefused).response is None


def test_a_closed_port_fails_the_call_at_once() -> None:
    network, alice, bob = pair()
    dial(network, alice, bob)
    alice.endpoint.transport_failed(alice.flow_to(bob), network.now)
    network.run(0)
    assert alice.one(SessionRefused).status == 503


def test_credentials_go_out_with_the_same_call_id_and_the_next_cseq() -> None:
    network, alice, bob = pair()
    ours = dial(network, alice, bob)
    network.run()
    bob.one(CallReceived).session.refuse(
        401, network.now, [("WWW-Authenticate", 'Digest realm="x", nonce="n"')]
    )
    network.run()
    assert alice.one(SessionChallenged).session is ours
    assert len(alice.requests("ACK")) == 1
    ours.retry([("Authorization", "Digest made-by-the-test")], network.now)
    network.run()
    first, second = alice.requests("INVITE")
    assert second.call_id == first.call_id
    assert second.from_tag == first.from_tag
    assert second.to_tag is None
    assert (first.cseq.number, second.cseq.number) == (1, 2)
    assert second.via.branch != first.via.branch
    assert second.headers.get("Authorization") == "Digest made-by-the-test"
    theirs = bob.all(CallReceived)[1].session
    theirs.answer(OTHER_SDP, network.now)
    network.run()
    ack = alice.requests("ACK")[-1]
    assert ack.cseq.number == 2
    assert ack.headers.get("Authorization") == "Digest made-by-the-test"
    assert theirs.state is State.CONFIRMED


@pytest.mark.parametrize("header", ["To", "From", "Call-ID"])
def test_a_response_that_is_nobodys_changes_nothing(header: str) -> None:
    """Its transaction would stop asking, and its session would wait for ever."""
    network, alice, bob = pair()
    network.lose = lambda sender, message, nth: True
    ours = dial(network, alice, bob)
    ringing = Response(180, "Ringing", Headers())
    for name in ("Via", "From", "To", "Call-ID", "CSeq"):
        if name != header:
            ringing.headers.add(name, ours.request.headers.get(name) or "")
    network.run()
    alice.endpoint.receive(ringing.encode(), alice.flow_to(bob), network.now)
    ours.hang_up(network.now)
    network.run_out()
    assert ours.ended
    assert len(alice.requests("INVITE")) > 1
    assert alice.endpoint.census() == (0, 0, 0, 0)


@pytest.mark.parametrize(
    "told", ["Require: 100rel\r\nRSeq: " + "9" * 5000, 'Require: "\r\nRSeq: 1']
)
def test_a_broken_wish_for_a_prack_is_none(told: str) -> None:
    network, alice, bob = pair()
    ours = dial(network, alice, bob)
    fields = ours.request.headers
    lines = [f"{name}: {fields.get(name)}" for name in ("Via", "From", "Call-ID", "CSeq")]
    lines += [f"To: {fields.get('To')};tag=b", "Contact: <sip:bob@192.0.2.2>", told]
    data = "\r\n".join(["SIP/2.0 180 Ringing", *lines, "Content-Length: 0", "", ""]).encode()
    alice.endpoint.receive(data, alice.flow_to(bob), network.now)
    network.run(0)
    assert ours.state is State.PROCEEDING
    assert alice.requests("PRACK") == []


def test_a_challenge_may_be_left_unanswered() -> None:
    network, alice, bob = pair()
    ours = dial(network, alice, bob)
    network.run()
    bob.one(CallReceived).session.refuse(407, network.now)
    network.run()
    ours.hang_up(network.now)
    network.run(0)
    assert alice.one(SessionEnded).cause is EndCause.LOCAL


def test_info_is_answered_and_told() -> None:
    network, _, bob, ours, _ = talking()
    ours.info("application/dtmf-relay", b"Signal=5\r\nDuration=160\r\n", network.now)
    network.run()
    info = bob.one(InfoReceived).request
    assert info.body == b"Signal=5\r\nDuration=160\r\n"
    assert str(info.content_type) == "application/dtmf-relay"
    assert len(bob.responses(200, "INFO")) == 1


def test_information_nobody_understands_is_refused_with_what_is_known() -> None:
    network, _, bob, ours, _ = talking()
    ours.info("application/broadsoft", b"event talk\r\n", network.now)
    network.run()
    bob.one(ForeignInfoReceived).info.refuse(network.now)
    network.run()
    (refusal,) = bob.responses(415, "INFO")
    assert refusal.headers.get("Accept") == "application/dtmf-relay, application/dtmf"
    assert bob.all(InfoReceived) == []


# Late offers


def test_an_offer_in_the_answer_is_answered_in_the_ack() -> None:
    network, alice, bob = pair()
    ours = alice.endpoint.invite(
        BOB, alice.flow_to(bob), "<sip:alice@x>", "<sip:bob@x>", b"", network.now
    )
    network.run()
    theirs = bob.one(CallReceived).session
    assert theirs.remote_sdp == b""
    theirs.answer(OTHER_SDP, network.now)
    network.run(0.1)
    assert alice.one(SessionAnswered).response.body == OTHER_SDP
    assert alice.requests("ACK") == []
    ours.acknowledge(SDP, network.now)
    network.run(0.1)
    assert bob.one(SessionConfirmed).request.body == SDP
    assert theirs.remote_sdp == SDP
    with pytest.raises(WrongState):
        ours.acknowledge(SDP, network.now)


# Orders


def test_orders_that_do_not_fit_say_so() -> None:
    network, _, _, ours, theirs = talking()
    orders: tuple[Callable[[], None], ...] = (
        lambda: theirs.ringing(network.now),
        lambda: theirs.answer(SDP, network.now),
        lambda: theirs.refuse(486, network.now),
        lambda: ours.retry([], network.now),
    )
    for order in orders:
        with pytest.raises(WrongState, match="CONFIRMED"):
            order()
    ours.hang_up(network.now)
    ours.hang_up(network.now)
    with pytest.raises(WrongState):
        ours.info("text/plain", b"", network.now)
    with pytest.raises(WrongState):
        ours.reoffer(SDP, network.now)


def test_every_state_of_a_session_is_reached() -> None:
    reached = {State.OFFERED, State.CALLING}
    for _ in State:
        reached |= {row.next for (state, _), row in TABLE.items() if state in reached}
    assert reached == set(State)
    assert all(row.clause.startswith("RFC ") for row in TABLE.values())


@pytest.mark.parametrize("loss", [3, 4, 5, 7])
def test_calls_survive_loss_in_both_directions(loss: int) -> None:
    network, alice, bob = pair()
    network.lose = lambda sender, message, nth: nth % loss == 0
    for _ in range(20):
        ours = dial(network, alice, bob)
        network.run(3.0)
        theirs = bob.all(CallReceived)[-1].session
        theirs.ringing(network.now)
        network.run(1.0)
        theirs.answer(OTHER_SDP, network.now)
        network.run(10.0)
        assert (ours.state, theirs.state) == (State.CONFIRMED, State.CONFIRMED)
        ours.hang_up(network.now)
        network.run(20.0)
        assert theirs.ended
    assert len(bob.all(CallReceived)) == len(alice.all(SessionEnded)) == 20
    assert len(bob.all(SessionEnded)) == 20


def test_a_call_leaves_no_reference_cycle_behind() -> None:
    gc.disable()
    try:
        network, alice, bob, ours, _ = talking()
        ours.reoffer(SDP, network.now)
        network.run()
        ours.hang_up(network.now)
        network.run_out()
        gone = [ref(event.session) for event in alice.all(SessionEnded) + bob.all(SessionEnded)]
        for node in (alice, bob):
            node.events.clear()
            node.sent.clear()
        del ours, _
        assert [session() for session in gone] == [None, None]
    finally:
        gc.enable()


def test_a_challenge_after_early_media_drops_its_dialog() -> None:
    network, alice, bob = pair()
    ours = dial(network, alice, bob)
    network.run()
    theirs = bob.one(CallReceived).session
    theirs.ringing(network.now)
    network.run()
    assert alice.endpoint.census().dialogs == 1
    theirs.refuse(407, network.now)
    network.run()
    ours.retry([("Proxy-Authorization", "Digest made-by-the-test")], network.now)
    network.run()
    assert alice.endpoint.census().dialogs == 0
    bob.all(CallReceived)[1].session.answer(OTHER_SDP, network.now)
    network.run()
    assert alice.endpoint.census().dialogs == 1


@pytest.mark.parametrize("seed", range(8))
def test_calls_survive_a_bad_network(seed: int) -> None:
    """10 % loss, 3 % duplicates, a tenth of the packets overtaken by others."""
    dice = Random(seed)
    network, alice, bob = pair()
    network.lose = lambda sender, message, nth: dice.random() < 0.1

    def delays(nth: int) -> list[float]:
        late = 0.08 if dice.random() < 0.1 else 0.0
        copies = 2 if dice.random() < 0.03 else 1
        return [0.03 + late + dice.uniform(-0.015, 0.015) for _ in range(copies)]

    network.delays = delays
    for number in range(12):
        ours = dial(network, alice, bob)
        network.run(6.0)
        theirs = bob.all(CallReceived)[number].session
        theirs.progress(OTHER_SDP, network.now)
        network.run(4.0)
        theirs.answer(OTHER_SDP, network.now)
        network.run(16.0)
        assert (ours.state, theirs.state) == (State.CONFIRMED, State.CONFIRMED)
        (theirs if number % 2 else ours).hang_up(network.now)
        network.run(25.0)
        assert ours.ended
        assert theirs.ended
    network.run_out()
    assert alice.endpoint.census() == bob.endpoint.census() == (0, 0, 0, 0)
    assert len(bob.all(CallReceived)) == len(bob.all(SessionConfirmed)) == 12
    assert len(alice.all(SessionEnded)) == len(bob.all(SessionEnded)) == 12
