"""REFER and what its sender is told (RFC 3515, RFC 4488)."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from ivr.sip.core import CARELESS
from ivr.sip.errors import WrongState
from ivr.sip.events import CallReceived, ReferReceived, RequestReceived
from ivr.sip.message import Request
from ivr.sip.referral import SUBSCRIPTION_S, Referral
from ivr.sip.referral_table import TABLE, Input, State
from ivr.sip.session import Session
from ivr.sip.settings import ALLOW, EndpointSettings
from tests.conformance.raw_wire import Wire, branch, message
from tests.support.sip_network import OTHER_SDP, Network, Node, pair
from tests.unit.sip.calls import dial

CAROL = "<sip:0312345678@192.0.2.2>"


@dataclass
class Call:
    """An established call whose caller understands NOTIFY, and answers it by hand."""

    network: Network
    alice: Node
    bob: Node
    ours: Session
    theirs: Session

    def refer(self, *headers: tuple[str, str]) -> Referral:
        """Have the caller send a REFER; the callee's referral."""
        self.send(*headers)
        return self.bob.all(ReferReceived)[-1].referral

    def send(self, *headers: tuple[str, str]) -> None:
        dialog = self.ours.require_dialog()
        self.ours.core.send_in_dialog(dialog, "REFER", CARELESS, self.network.now, headers=headers)
        self.network.run()

    def told(self, answer: int = 200) -> list[Request]:
        """Every NOTIFY so far; each that waits is answered, and what that sets off too."""
        self.network.run()
        while waiting := self.alice.all(RequestReceived):
            for event in waiting:
                self.alice.events.remove(event)
                self.alice.endpoint.answer(event.transaction, answer, self.network.now)
            self.network.run()
        return self.bob.requests("NOTIFY")


@pytest.fixture
def call() -> Call:
    network, alice, bob = pair(EndpointSettings(allow=(*ALLOW, "NOTIFY")))
    ours = dial(network, alice, bob)
    network.run()
    theirs = bob.one(CallReceived).session
    theirs.answer(OTHER_SDP, network.now)
    network.run()
    return Call(network, alice, bob, ours, theirs)


def states(notifies: list[Request]) -> list[tuple[bytes, str]]:
    return [
        (notify.body, (notify.headers.get("Subscription-State") or "").partition(";")[0])
        for notify in notifies
    ]


def test_the_sender_is_told_from_trying_to_the_result(call: Call) -> None:
    referral = call.refer(("Refer-To", CAROL), ("Referred-By", "<sip:alice@x>"))
    assert referral.target.uri.user == "0312345678"
    referral.accept(call.network.now)
    call.network.run()
    (accepted,) = call.bob.responses(202)
    assert accepted.contacts
    (first,) = call.told()
    assert first.headers.get("Event") == f"refer;id={referral.request.cseq.number}"
    assert str(first.content_type) == "message/sipfrag;version=2.0"
    assert first.contacts
    referral.tell(180, call.network.now)
    referral.tell(200, call.network.now)
    call.network.run()
    assert states(call.told()) == [
        (b"SIP/2.0 100 Trying\r\n", "active"),
        (b"SIP/2.0 180 Ringing\r\n", "active"),
        (b"SIP/2.0 200 OK\r\n", "terminated"),
    ]
    assert referral.state is State.OVER


def test_one_notify_is_under_way_at_a_time(call: Call) -> None:
    referral = call.refer(("Refer-To", CAROL))
    referral.accept(call.network.now)
    referral.tell(180, call.network.now)
    referral.tell(183, call.network.now)
    referral.tell(486, call.network.now)
    call.network.run(0.1)
    assert states(call.bob.requests("NOTIFY")) == [(b"SIP/2.0 100 Trying\r\n", "active")]
    assert states(call.told()) == [
        (b"SIP/2.0 100 Trying\r\n", "active"),
        (b"SIP/2.0 486 Busy Here\r\n", "terminated"),
    ]


def test_progress_while_one_is_under_way_is_told_after_it(call: Call) -> None:
    referral = call.refer(("Refer-To", CAROL))
    referral.accept(call.network.now)
    referral.tell(180, call.network.now)
    assert len(call.told()) == 2
    assert referral.state is State.WAITING


def test_a_sender_who_wants_no_word_gets_none(call: Call) -> None:
    referral = call.refer(("Refer-To", CAROL), ("Refer-Sub", "false"), ("Require", "norefersub"))
    referral.accept(call.network.now)
    referral.tell(200, call.network.now)
    call.network.run()
    (accepted,) = call.bob.responses(202)
    assert accepted.headers.get("Refer-Sub") == "false"
    assert call.told() == []


def test_a_refused_one_makes_no_subscription(call: Call) -> None:
    referral = call.refer(("Refer-To", CAROL))
    referral.refuse(403, call.network.now)
    referral.tell(200, call.network.now)
    call.network.run()
    assert len(call.bob.responses(403, "REFER")) == 1
    assert call.told() == []
    with pytest.raises(WrongState):
        referral.accept(call.network.now)


def test_who_refuses_a_notify_is_told_no_more(call: Call) -> None:
    referral = call.refer(("Refer-To", CAROL))
    referral.accept(call.network.now)
    call.network.run()
    assert len(call.told(answer=481)) == 1
    referral.tell(200, call.network.now)
    assert len(call.told()) == 1
    assert referral.state is State.OVER


def test_a_sender_who_is_gone_is_told_no_more(call: Call) -> None:
    referral = call.refer(("Refer-To", CAROL))
    call.network.lose = lambda sender, message, nth: sender is call.bob
    referral.accept(call.network.now)
    call.network.run(40.0)
    assert referral.state is State.OVER


def test_the_subscription_outlives_the_call_and_then_nothing_is_left(call: Call) -> None:
    referral = call.refer(("Refer-To", CAROL))
    referral.accept(call.network.now)
    call.network.run()
    call.told()
    call.ours.hang_up(call.network.now)
    call.network.run()
    assert call.theirs.ended
    referral.tell(200, call.network.now)
    call.network.run()
    assert [body for body, _ in states(call.bob.requests("NOTIFY"))][-1] == b"SIP/2.0 200 OK\r\n"
    call.network.run_out()
    assert referral.state is State.OVER
    assert set(call.bob.endpoint.census()) == {0}


def test_one_without_result_expires(call: Call) -> None:
    referral = call.refer(("Refer-To", CAROL))
    referral.accept(call.network.now)
    call.network.run()
    call.told()
    call.network.run(SUBSCRIPTION_S + 1.0)
    last = call.told()[-1]
    assert last.headers.get("Subscription-State") == "terminated;reason=timeout"
    assert referral.state is State.OVER


@pytest.mark.parametrize(
    "headers",
    [
        (),
        (("Refer-To", CAROL), ("Refer-To", CAROL)),
        (("Refer-To", "<sip:@>"),),
        (("Refer-To", "<unclosed"),),
    ],
    ids=["none", "two", "no URI", "grammar"],
)
def test_one_that_points_nowhere_is_a_bad_request(
    call: Call, headers: tuple[tuple[str, str], ...]
) -> None:
    call.send(*headers)
    assert call.bob.all(ReferReceived) == []
    assert len(call.bob.responses(400, "REFER")) == 1


def test_a_stranger_sends_nobody_anywhere() -> None:
    wire = Wire()
    data = message("REFER", via=branch("r"), extra="Refer-To: <sip:00441@x>\r\n", body=b"")
    assert wire.status(data) == 403
    inside = message("REFER", via=branch("s"), to="<sip:x@y>;tag=none", body=b"")
    assert wire.status(inside) == 481


def test_every_state_is_reached_left_and_named_by_a_clause() -> None:
    reached = {State.ASKED} | {step.next for step in TABLE.values()}
    assert reached == set(State)
    assert {state for state, _ in TABLE} == set(State) - {State.OVER}
    assert {event for _, event in TABLE} == set(Input)
    assert all(step.clause.startswith("RFC ") for step in TABLE.values())
