"""Sessions are refreshed in time, and given up when the other end is silent (RFC 4028)."""

from __future__ import annotations

import pytest

from ivr.sip.events import (
    CallReceived,
    EndCause,
    ReofferAnswered,
    SessionConfirmed,
    SessionEnded,
    SessionReoffered,
)
from ivr.sip.session_table import State
from ivr.sip.settings import EndpointSettings
from tests.support.sip_network import OTHER_SDP, SDP, pair
from tests.unit.sip.calls import BOB, dial, ringing_call, talking

SHORT = EndpointSettings(session_expires_s=90)


def test_a_session_is_refreshed_at_half_time_and_lives() -> None:
    network, alice, bob, ours, theirs = ringing_call(SHORT)
    theirs.answer(OTHER_SDP, network.now)
    network.run(44.0)
    assert bob.requests("UPDATE") == []
    network.run(2.0)
    (refresh,) = bob.requests("UPDATE")
    assert refresh.body == b""
    assert refresh.headers.get("Session-Expires") == "90;refresher=uac"
    network.run(900.0)
    assert (ours.state, theirs.state) == (State.CONFIRMED, State.CONFIRMED)
    assert len(bob.requests("UPDATE")) > 15
    assert alice.all(SessionReoffered) == []


def test_the_caller_refreshes_when_it_said_so() -> None:
    network, alice, bob = pair(SHORT)
    alice.endpoint.invite(
        BOB,
        alice.flow_to(bob),
        "<sip:alice@x>",
        "<sip:bob@x>",
        SDP,
        network.now,
        [("Session-Expires", "90")],
    )
    network.run()
    invite = alice.requests("INVITE")[0]
    assert invite.headers.lines("Session-Expires") == ["90"]
    invite.headers.set("Session-Expires", "90;refresher=uac")
    invite.headers.set("Via", "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKuac")
    invite.headers.set("Call-ID", "uac")
    bob.endpoint.receive(invite.encode(), bob.flow_to(alice), network.now)
    network.run(0)
    session = bob.all(CallReceived)[1].session
    session.answer(OTHER_SDP, network.now)
    network.run(0)
    (answer,) = bob.responses(200, "INVITE")
    assert answer.headers.get("Session-Expires") == "90;refresher=uac"
    assert answer.headers.get("Require") == "timer"


def test_a_peer_that_fell_silent_is_given_up_when_the_session_expires() -> None:
    network, alice, bob, _, theirs = ringing_call(SHORT)
    theirs.answer(OTHER_SDP, network.now)
    network.run(1.0)
    network.lose = lambda sender, message, nth: True
    network.run(58.0)
    assert alice.all(SessionEnded) == []
    network.run(2.0)  # the side that does not refresh: 90 s less a third (RFC 4028 §10)
    assert alice.one(SessionEnded).cause is EndCause.SESSION_EXPIRED
    assert len(alice.requests("BYE")) >= 1
    network.run(20.0)
    assert bob.one(SessionEnded).cause is EndCause.TIMEOUT


def test_an_interval_below_ours_gets_422_and_is_asked_for_again_longer() -> None:
    network, alice, bob = pair()
    strict = network.node("carol", "192.0.2.3", EndpointSettings(min_se_s=600))
    modest = network.node("dave", "192.0.2.4", SHORT)
    ours = dial(network, modest, strict)
    ours_second = modest.endpoint.invite(
        "sip:c@x", modest.flow_to(strict), "<sip:d@x>", "<sip:c@x>", SDP, network.now
    )
    network.run()
    refusals = strict.responses(422)
    assert [r.headers.get("Min-SE") for r in refusals] == ["600", "600"]
    session = strict.all(CallReceived)[0].session
    assert session.request.headers.get("Session-Expires") == "600"
    session.answer(OTHER_SDP, network.now)
    network.run()
    assert State.CONFIRMED in (ours.state, ours_second.state)
    assert alice.sent == bob.sent == []


def test_a_refresh_by_reinvite_of_the_same_description_is_answered_unasked() -> None:
    old = EndpointSettings(
        session_expires_s=90, allow=("INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "PRACK")
    )
    network, alice, bob, ours, theirs = ringing_call(old)
    theirs.answer(OTHER_SDP, network.now)
    network.run(46.0)
    assert bob.requests("UPDATE") == []
    assert bob.requests("INVITE")[0].body == OTHER_SDP
    assert not alice.all(SessionReoffered)
    assert not bob.all(ReofferAnswered)
    assert bob.one(SessionConfirmed).session is theirs
    network.run(200.0)
    assert (ours.state, theirs.state) == (State.CONFIRMED, State.CONFIRMED)


@pytest.mark.parametrize("lost", [False, True])
def test_a_peer_without_a_timer_is_asked_whether_it_lives(lost: bool) -> None:
    network, alice, bob, _, theirs = ringing_call(EndpointSettings(supported=()))
    theirs.answer(OTHER_SDP, network.now)
    network.run()
    network.lose = lambda sender, message, nth: lost and sender is alice
    theirs.probe(network.now)
    network.run(33.0)
    assert len(alice.responses(200, "OPTIONS")) == (11 if lost else 1)
    assert theirs.state is (State.ENDED if lost else State.CONFIRMED)
    assert [each.cause for each in bob.all(SessionEnded)] == [EndCause.TIMEOUT][: int(lost)]


def test_a_peer_that_forgot_the_call_when_asked_has_ended_it() -> None:
    network, alice, bob, ours, theirs = ringing_call(EndpointSettings(supported=()))
    theirs.answer(OTHER_SDP, network.now)
    network.run()
    network.lose = lambda sender, message, nth: sender is alice
    ours.hang_up(network.now)
    network.run(40.0)
    network.lose = lambda sender, message, nth: False
    theirs.probe(network.now)
    network.run()
    assert len(alice.responses(481, "OPTIONS")) == 1
    assert bob.one(SessionEnded).cause is EndCause.TIMEOUT


def test_a_call_that_session_timers_watch_is_not_asked_about() -> None:
    network, _, bob, _, theirs = ringing_call(SHORT)
    theirs.answer(OTHER_SDP, network.now)
    network.run()
    theirs.probe(network.now)
    network.run()
    assert bob.requests("OPTIONS") == []


@pytest.mark.rule("CALL-02")
@pytest.mark.parametrize("update", [False, True])
def test_a_party_that_answers_no_change_any_more_is_hung_up_on(update: bool) -> None:
    network, alice, bob, ours, _ = talking()
    ours.reoffer(SDP, network.now, update=update)
    network.lose = lambda sender, message, nth: sender is bob
    network.run(33.0)
    assert ours.state is State.ENDED
    assert alice.one(SessionEnded).cause is EndCause.TIMEOUT
    assert len(alice.requests("BYE")) >= 1
