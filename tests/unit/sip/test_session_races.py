"""What crosses on the way: CANCEL and the answer, and the answers of several forks."""

from __future__ import annotations

from ivr.sip.events import (
    CallReceived,
    EndCause,
    SessionAnswered,
    SessionEnded,
    SessionRefused,
)
from ivr.sip.message import Request
from tests.support.sip_network import OTHER_SDP, SDP, pair
from tests.unit.sip.calls import dial

# CANCEL and its races


def test_cancel_waits_for_a_provisional() -> None:
    network, alice, bob = pair()
    ours = dial(network, alice, bob)
    ours.cancel(network.now)
    network.run(0.15)
    assert alice.requests("CANCEL") == []
    network.run(0.3)
    (cancel,) = alice.requests("CANCEL")
    (invite,) = alice.requests("INVITE")
    assert cancel.headers.all("Via") == invite.headers.all("Via")
    assert str(cancel.cseq) == "1 CANCEL"
    assert alice.one(SessionEnded).cause is EndCause.CANCELLED
    assert bob.one(SessionEnded).cause is EndCause.CANCELLED
    (refusal,) = bob.responses(487)
    (granted,) = bob.responses(200, "CANCEL")
    assert granted.to_tag == refusal.to_tag is not None
    network.run_out()
    assert refusal.cseq.method == "INVITE"
    assert alice.endpoint.census() == bob.endpoint.census() == (0, 0, 0, 0)


def test_an_answer_that_crosses_the_cancel_is_acknowledged_and_hung_up() -> None:
    network, alice, bob = pair()
    ours = dial(network, alice, bob)
    network.run()
    theirs = bob.one(CallReceived).session
    theirs.ringing(network.now)
    network.run()
    ours.cancel(network.now)
    theirs.answer(OTHER_SDP, network.now)
    network.run()
    assert [r.method for r in alice.sent if isinstance(r, Request)] == [
        "INVITE",
        "CANCEL",
        "ACK",
        "BYE",
    ]
    assert alice.one(SessionEnded).cause is EndCause.CANCELLED
    assert bob.one(SessionEnded).cause is EndCause.BYE
    assert bob.responses(487) == []


def test_an_answer_that_comes_before_any_provisional_to_an_abandoned_call() -> None:
    network, alice, bob = pair()
    ours = dial(network, alice, bob)
    ours.cancel(network.now)
    network.run(0.05)
    bob.one(CallReceived).session.answer(OTHER_SDP, network.now)
    network.run()
    assert alice.requests("CANCEL") == []
    assert len(alice.requests("ACK")) == len(alice.requests("BYE")) == 1


def test_a_cancel_that_brings_no_final_response_is_over_after_32_seconds() -> None:
    network, alice, bob = pair()
    ours = dial(network, alice, bob)
    network.run()
    bob.one(CallReceived).session.ringing(network.now)
    network.run()
    network.lose = lambda sender, message, nth: True
    ours.cancel(network.now)
    network.run(31.9)
    assert alice.all(SessionEnded) == []
    network.run(0.2)
    assert alice.one(SessionEnded).cause is EndCause.CANCELLED
    network.run(1)
    assert alice.endpoint.census() == (0, 0, 0, 0)


def test_ringing_forever_is_cancelled_by_timer_c() -> None:
    network, alice, bob = pair()
    dial(network, alice, bob)
    network.run()
    bob.one(CallReceived).session.ringing(network.now)
    network.run(184.0)
    assert alice.requests("CANCEL") == []
    network.run(2.0)
    assert len(alice.requests("CANCEL")) == 1
    assert alice.one(SessionEnded).cause is EndCause.CANCELLED


# Forks


def test_every_fork_is_acknowledged_and_all_but_the_first_are_hung_up() -> None:
    network, alice, bob = pair()
    ours = dial(network, alice, bob)
    network.run(0)
    (invite,) = alice.requests("INVITE")
    for tag, host in (("one", "192.0.2.7"), ("two", "192.0.2.8"), ("one", "192.0.2.7")):
        alice.endpoint.receive(answer_of(invite, tag, host), alice.flow_to(bob), network.now)
        network.run(0)
    acks, (bye,) = alice.requests("ACK"), alice.requests("BYE")
    assert [(ack.to_tag, ack.uri) for ack in acks] == [
        ("one", "sip:phone@192.0.2.7"),
        ("two", "sip:phone@192.0.2.8"),
        ("one", "sip:phone@192.0.2.7"),
    ]
    assert (bye.to_tag, bye.uri) == ("two", "sip:phone@192.0.2.8")
    assert len(alice.all(SessionAnswered)) == 1
    assert ours.dialog is not None
    assert ours.dialog.remote_tag == "one"


def test_a_copy_of_the_answer_after_its_transaction_is_acknowledged_again() -> None:
    network, alice, bob = pair()
    dial(network, alice, bob)
    network.run(0)
    (invite,) = alice.requests("INVITE")
    answer = answer_of(invite, "one", "192.0.2.7")
    alice.endpoint.receive(answer, alice.flow_to(bob), network.now)
    network.run(40.0)
    alice.endpoint.receive(answer, alice.flow_to(bob), network.now)
    network.run(0)
    assert len(alice.requests("ACK")) == 2


def test_an_answer_without_contact_fails_the_call() -> None:
    network, alice, bob = pair()
    dial(network, alice, bob)
    network.run(0)
    (invite,) = alice.requests("INVITE")
    answer = answer_of(invite, "one", "192.0.2.7").replace(b"Contact", b"X-Contact")
    alice.endpoint.receive(answer, alice.flow_to(bob), network.now)
    network.run(0)
    assert alice.one(SessionRefused).status == 502


def answer_of(invite: Request, tag: str, host: str) -> bytes:
    headers = invite.headers
    return (
        f"SIP/2.0 200 OK\r\nVia: {headers.get('Via')}\r\nFrom: {headers.get('From')}\r\n"
        f"To: {headers.get('To')};tag={tag}\r\nCall-ID: {invite.call_id}\r\n"
        f"CSeq: {headers.get('CSeq')}\r\nContact: <sip:phone@{host}>\r\n"
        f"Content-Type: application/sdp\r\nContent-Length: {len(SDP)}\r\n\r\n"
    ).encode() + SDP
