"""Early media, re-INVITE and UPDATE between two endpoints."""

from __future__ import annotations

import pytest

from ivr.sip.errors import WrongState
from ivr.sip.events import (
    AnswerReceived,
    CallReceived,
    EndCause,
    ReofferAnswered,
    ReofferRefused,
    SessionAnswered,
    SessionEnded,
    SessionProgress,
    SessionRefused,
    SessionReoffered,
)
from ivr.sip.message import Message, Request, Response
from ivr.sip.session import Session
from ivr.sip.session_offers import Offer
from ivr.sip.session_table import State
from ivr.sip.settings import EndpointSettings
from tests.support.sip_network import OTHER_SDP, SDP, Network, Node, pair
from tests.unit.sip.calls import dial, ringing_call, talking

THIRD_SDP = SDP.replace(b"- 1 1 ", b"- 1 3 ").replace(b"4000", b"6000")


# 100rel


def test_early_media_is_reliable_and_the_answer_carries_no_second_description() -> None:
    network, alice, bob, ours, theirs = ringing_call()
    theirs.progress(OTHER_SDP, network.now)
    network.run()
    (progress,) = bob.responses(183)
    assert progress.headers.get("Require") == "100rel"
    (prack,) = alice.requests("PRACK")
    assert prack.headers.get("RAck") == f"{progress.headers.get('RSeq')} 1 INVITE"
    assert len(bob.responses(200, "PRACK")) == 1
    assert ours.remote_sdp == OTHER_SDP
    theirs.answer(OTHER_SDP, network.now)
    network.run()
    assert alice.one(SessionAnswered).response.body == b""
    assert ours.remote_sdp == OTHER_SDP
    assert (ours.state, theirs.state) == (State.CONFIRMED, State.CONFIRMED)


def test_a_reliable_provisional_is_repeated_until_its_prack_and_heard_once() -> None:
    network, alice, bob, _, theirs = ringing_call()
    network.lose = lambda sender, message, nth: (
        isinstance(message, Request) and message.method == "PRACK" and len(sender.sent) < 4
    )
    theirs.progress(OTHER_SDP, network.now)
    network.run(20.0)
    assert len(bob.responses(183)) >= 2
    assert len(alice.all(SessionProgress)) == 1
    repeated = len(bob.responses(183))
    network.run(20.0)
    assert len(bob.responses(183)) == repeated


def test_the_answer_waits_for_the_prack_of_a_description() -> None:
    network, alice, bob, _, theirs = ringing_call()
    theirs.progress(OTHER_SDP, network.now)
    theirs.answer(OTHER_SDP, network.now)
    assert bob.responses(200, "INVITE") == []
    network.run()
    assert len(bob.responses(200, "INVITE")) == 1
    assert alice.one(SessionAnswered).response.status == 200


def test_reliable_provisionals_go_out_one_after_another() -> None:
    network, alice, bob, _, theirs = ringing_call()
    theirs.progress(OTHER_SDP, network.now)
    theirs.progress(OTHER_SDP, network.now)
    network.run(0.005)
    assert len(bob.responses(183)) == 1
    network.run()
    first, second = bob.responses(183)
    numbers = [int(r.headers.get("RSeq") or "0") for r in (first, second)]
    assert numbers[1] == numbers[0] + 1
    assert len(alice.requests("PRACK")) == 2


def test_a_provisional_never_acknowledged_ends_the_call() -> None:
    network, alice, bob, _, theirs = ringing_call()
    network.lose = lambda sender, message, nth: (
        isinstance(message, Request) and message.method == "PRACK"
    )
    theirs.progress(OTHER_SDP, network.now)
    network.run(32.5)
    assert bob.one(SessionEnded).cause is EndCause.NO_PRACK
    assert alice.one(SessionRefused).status == 504


@pytest.mark.parametrize("change", ["rseq", "cseq", "method"])
def test_a_prack_must_name_rseq_cseq_and_method(change: str) -> None:
    network, alice, bob, _, theirs = ringing_call()
    held: list[Request] = []

    def hold(sender: Node, message: Message, nth: int) -> bool:
        if isinstance(message, Request) and message.method == "PRACK":
            held.append(message)
            return True
        return False

    network.lose = hold
    theirs.progress(OTHER_SDP, network.now)
    network.run(0.1)
    rseq, cseq, method = (held[0].headers.get("RAck") or "").split()
    wrong = {
        "rseq": f"{int(rseq) + 1} {cseq} {method}",
        "cseq": f"{rseq} {int(cseq) + 1} {method}",
        "method": f"{rseq} {cseq} UPDATE",
    }[change]
    prack = held[0]
    prack.headers.set("RAck", wrong)
    bob.endpoint.receive(prack.encode(), bob.flow_to(alice), network.now)
    network.run(0.0)
    assert len(bob.responses(481, "PRACK")) == 1
    repeated = len(bob.responses(183))
    network.run(2.0)
    assert len(bob.responses(183)) > repeated


def test_a_peer_without_100rel_gets_an_ordinary_183() -> None:
    network, alice, bob = pair()
    plain = network.node("carol", "192.0.2.3", EndpointSettings(supported=("timer",)))
    dial(network, plain, bob)
    network.run()
    theirs = bob.one(CallReceived).session
    theirs.progress(OTHER_SDP, network.now)
    network.run()
    (progress,) = bob.responses(183)
    assert progress.body == OTHER_SDP
    assert "RSeq" not in progress.headers
    theirs.answer(OTHER_SDP, network.now)
    network.run()
    assert plain.one(SessionAnswered).response.body == OTHER_SDP
    assert alice.sent == []


# re-INVITE and UPDATE


@pytest.mark.parametrize("update", [False, True])
def test_a_change_is_offered_answered_and_filed(update: bool) -> None:
    network, alice, bob, ours, theirs = talking()
    ours.reoffer(THIRD_SDP, network.now, update=update)
    network.run()
    assert bob.one(SessionReoffered).request.body == THIRD_SDP
    theirs.accept_reoffer(SDP, network.now)
    network.run(1.0)
    assert alice.one(ReofferAnswered).response.body == SDP
    assert (ours.local_sdp, ours.remote_sdp) == (THIRD_SDP, SDP)
    assert (theirs.local_sdp, theirs.remote_sdp) == (SDP, THIRD_SDP)
    assert len(alice.requests("ACK")) == (1 if update else 2)
    assert len(bob.responses(200)) == 2


def test_a_refused_change_leaves_the_call_as_it_was() -> None:
    network, alice, _, ours, theirs = talking()
    ours.reoffer(THIRD_SDP, network.now)
    network.run()
    theirs.refuse_reoffer(488, network.now)
    network.run()
    assert alice.one(ReofferRefused).response.status == 488
    assert ours.local_sdp == SDP
    assert theirs.remote_sdp == SDP
    ours.reoffer(THIRD_SDP, network.now)
    network.run()
    theirs.accept_reoffer(SDP, network.now)


def test_the_answer_to_a_reinvite_is_repeated_until_its_ack() -> None:
    network, alice, bob, ours, theirs = talking()
    network.lose = lambda sender, message, nth: (
        isinstance(message, Request) and message.method == "ACK" and len(sender.requests("ACK")) < 4
    )
    ours.reoffer(THIRD_SDP, network.now)
    network.run()
    theirs.accept_reoffer(SDP, network.now)
    network.run(5.0)
    assert len(bob.responses(200, "INVITE")) == 1 + 3
    assert len(alice.all(ReofferAnswered)) == 1
    assert theirs.state is State.CONFIRMED


def test_a_reinvite_whose_answer_is_never_acknowledged_ends_the_call() -> None:
    network, _, bob, ours, theirs = talking()
    network.lose = lambda sender, message, nth: (
        isinstance(message, Request) and message.method == "ACK"
    )
    ours.reoffer(THIRD_SDP, network.now)
    network.run()
    theirs.accept_reoffer(SDP, network.now)
    network.run(33.0)
    assert bob.one(SessionEnded).cause is EndCause.NO_ACK


def _reinvite(network: Network, alice: Node, bob: Node, cseq: int, body: bytes) -> None:
    """A re-INVITE of alice's to bob, outside of her session's own bookkeeping."""
    invite = alice.requests("INVITE")[0]
    invite.headers.set("Via", f"SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKown{cseq}")
    invite.headers.set("To", alice.requests("ACK")[0].headers.get("To") or "")
    invite.headers.set("CSeq", f"{cseq} INVITE")
    if not body:
        invite.headers.remove("Content-Type")
    invite.body = body
    bob.endpoint.receive(invite.encode(), bob.flow_to(alice), network.now)
    network.run(0)


def _ack(network: Network, alice: Node, bob: Node, cseq: int, body: bytes = b"") -> None:
    ack = alice.requests("ACK")[0]
    ack.headers.set("Via", f"SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKack{cseq}")
    ack.headers.set("CSeq", f"{cseq} ACK")
    if body:
        ack.headers.set("Content-Type", "application/sdp")
    ack.body = body
    bob.endpoint.receive(ack.encode(), bob.flow_to(alice), network.now)
    network.run(0)


def _answers_to(bob: Node, cseq: int) -> int:
    return sum(each.cseq.number == cseq for each in bob.responses(200, "INVITE"))


def _two_changes(second: bytes) -> tuple[Network, Node, Node, Session]:
    """Two re-INVITEs of the caller's, CSeq 2 and 3, both accepted and none acknowledged yet."""
    network, alice, bob, _, theirs = talking()
    # Alice knows nothing of them, so that what she would send does not come between.
    network.lose = lambda sender, message, nth: (
        sender is alice or (isinstance(message, Response) and message.cseq.method == "INVITE")
    )
    for cseq, body in ((2, THIRD_SDP), (3, second)):
        _reinvite(network, alice, bob, cseq, body)
        theirs.accept_reoffer(OTHER_SDP, network.now)
        network.run(0)
    return network, alice, bob, theirs


def test_the_ack_of_a_later_reinvite_stands_for_a_lost_one() -> None:
    network, alice, bob, theirs = _two_changes(SDP)
    network.run(1.0)
    assert min(_answers_to(bob, cseq) for cseq in (2, 3)) >= 2
    _ack(network, alice, bob, 3)
    sent = len(bob.sent)
    network.run(40.0)
    assert len(bob.sent) == sent
    assert theirs.state is State.CONFIRMED


def test_each_answer_to_a_reinvite_is_stopped_by_its_own_ack_alone() -> None:
    network, alice, bob, theirs = _two_changes(SDP)
    _ack(network, alice, bob, 2)
    network.run(3.0)
    assert _answers_to(bob, 2) == 1
    assert _answers_to(bob, 3) > 1
    _ack(network, alice, bob, 3)
    network.run(40.0)
    assert theirs.state is State.CONFIRMED


@pytest.mark.parametrize("acknowledged", [(), (2,)])
def test_a_later_reinvite_never_acknowledged_ends_the_call(acknowledged: tuple[int, ...]) -> None:
    network, alice, bob, _ = _two_changes(SDP)
    for cseq in acknowledged:
        _ack(network, alice, bob, cseq)
    network.run(33.0)
    assert bob.one(SessionEnded).cause is EndCause.NO_ACK
    sent = len(bob.responses(200, "INVITE"))
    network.run(40.0)
    assert len(bob.responses(200, "INVITE")) == sent


def test_the_late_ack_of_an_earlier_reinvite_does_not_settle_our_offer() -> None:
    network, alice, bob, theirs = _two_changes(b"")
    _ack(network, alice, bob, 2)
    open_before = theirs.offer is Offer.LOCAL
    _ack(network, alice, bob, 3, SDP)
    assert (open_before, theirs.offer) == (True, Offer.STABLE)
    assert bob.one(AnswerReceived).request.body == SDP
    assert theirs.remote_sdp == SDP


@pytest.mark.parametrize("update", [False, True])
def test_glare_is_answered_491_and_the_callee_tries_again_first(update: bool) -> None:
    network, alice, bob, ours, theirs = talking()
    ours.reoffer(THIRD_SDP, network.now, update=update)
    theirs.reoffer(SDP, network.now, update=update)
    network.run(0.1)
    assert len(alice.responses(491)) == len(bob.responses(491)) == 1
    assert alice.all(SessionReoffered) == bob.all(SessionReoffered) == []
    network.run(1.0)  # the callee waits 1.0 s, the caller 3.05 s (RFC 3261 §14.1)
    ours.accept_reoffer(OTHER_SDP, network.now)
    network.run(0.1)
    assert bob.one(ReofferAnswered).response.body == OTHER_SDP
    network.run(2.5)
    theirs.accept_reoffer(SDP, network.now)
    network.run()
    assert alice.one(ReofferAnswered).response.body == SDP


def test_a_second_change_while_the_first_waits_gets_500_with_retry_after() -> None:
    network, alice, bob, ours, _ = talking()
    ours.reoffer(THIRD_SDP, network.now)
    network.run()
    (first,) = alice.requests("INVITE")[1:]
    first.headers.set("Via", "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKsecond")
    first.headers.set("CSeq", "3 INVITE")
    bob.endpoint.receive(first.encode(), bob.flow_to(alice), network.now)
    network.run(0)
    (refusal,) = bob.responses(500)
    assert 0 <= int(refusal.headers.get("Retry-After") or "-1") <= 10
    with pytest.raises(WrongState):
        ours.reoffer(SDP, network.now)


def test_update_in_early_media_changes_the_description_before_the_answer() -> None:
    network, alice, bob, ours, theirs = ringing_call()
    theirs.progress(OTHER_SDP, network.now)
    network.run()
    theirs.reoffer(THIRD_SDP, network.now, update=True)
    network.run()
    assert alice.one(SessionReoffered).request.method == "UPDATE"
    ours.accept_reoffer(SDP, network.now)
    network.run()
    assert bob.one(ReofferAnswered).response.body == SDP
    theirs.answer(b"", network.now)
    network.run()
    assert ours.remote_sdp == theirs.local_sdp == THIRD_SDP
    assert ours.state is State.CONFIRMED


def test_an_update_before_the_first_answer_gets_500_with_retry_after() -> None:
    network, alice, bob, _, theirs = ringing_call()
    theirs.ringing(network.now)
    network.run()
    early = alice.requests("INVITE")[0]
    early.method = "UPDATE"
    early.headers.set("Via", "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKupdate")
    early.headers.set("To", bob.responses(180)[0].headers.get("To") or "")
    early.headers.set("CSeq", "2 UPDATE")
    bob.endpoint.receive(early.encode(), bob.flow_to(alice), network.now)
    network.run(0)
    (refusal,) = bob.responses(500, "UPDATE")
    assert "Retry-After" in refusal.headers


@pytest.mark.parametrize("answer", [SDP, b""])
def test_a_reinvite_without_offer_is_answered_in_its_ack_or_is_told_not_to_be(
    answer: bytes,
) -> None:
    network, alice, bob, _, theirs = talking()
    _reinvite(network, alice, bob, 2, b"")
    assert bob.one(SessionReoffered).request.body == b""
    theirs.accept_reoffer(THIRD_SDP, network.now)
    _ack(network, alice, bob, 2, answer)
    assert bob.one(AnswerReceived).request.body == answer
    assert (theirs.local_sdp, theirs.remote_sdp) == (THIRD_SDP, SDP)


def test_hanging_up_answers_a_change_that_waits() -> None:
    network, _, bob, ours, theirs = talking()
    ours.reoffer(THIRD_SDP, network.now)
    network.run()
    theirs.hang_up(network.now)
    network.run()
    assert len(bob.responses(487, "INVITE")) == 1
    with pytest.raises(WrongState):
        theirs.accept_reoffer(SDP, network.now)


def test_a_peer_that_forgot_the_call_ends_it() -> None:
    network, alice, bob, ours, theirs = talking()
    network.lose = lambda sender, message, nth: sender is bob
    theirs.hang_up(network.now)
    network.run(40.0)
    network.lose = lambda sender, message, nth: False
    ours.reoffer(THIRD_SDP, network.now)
    network.run()
    assert len(bob.responses(481, "INVITE")) == 1
    assert alice.one(SessionEnded).cause is EndCause.TIMEOUT


def test_a_change_that_is_never_answered_ends_the_call() -> None:
    network, alice, _, ours, _ = talking()
    network.lose = lambda sender, message, nth: True
    ours.reoffer(THIRD_SDP, network.now)
    network.run(33.0)
    assert alice.one(SessionEnded).cause is EndCause.TIMEOUT
