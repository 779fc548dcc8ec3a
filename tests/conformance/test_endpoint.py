"""The endpoint against raw bytes: what RFC 3261 makes a server answer, and what it must bear.

Each class of cases stands for a defect that was found on the wire in other stacks.
"""

from __future__ import annotations

import pytest

from ivr.sip.endpoint import Endpoint
from ivr.sip.events import (
    CallReceived,
    Event,
    Flow,
    MessageRejected,
    RequestReceived,
    SessionConfirmed,
    SessionEnded,
    SessionReoffered,
)
from ivr.sip.message import Request, Response, parse, response_to
from ivr.sip.session import Session
from ivr.sip.settings import EndpointSettings
from tests.support.sip_network import OTHER_SDP, SDP, tokens

HOME = ("192.0.2.2", 5060)
PHONE = ("198.51.100.7", 40000)
FLOW = Flow("UDP", HOME, PHONE)


class Wire:
    """An endpoint and a phone made of strings."""

    def __init__(self, settings: EndpointSettings | None = None) -> None:
        self.endpoint = Endpoint(settings or EndpointSettings(), tokens("t"), lambda: 0.5)
        self.now = 0.0
        self.flows: list[Flow] = []
        self.events: list[Event] = []

    def send(self, data: str | bytes, flow: Flow = FLOW) -> list[Request | Response]:
        raw = data.encode() if isinstance(data, str) else data
        self.endpoint.receive(raw, flow, self.now)
        return self.sent()

    def sent(self) -> list[Request | Response]:
        transmits = self.endpoint.take_transmits()
        self.flows = [transmit.flow for transmit in transmits]
        self.events += self.endpoint.take_events()
        return [parse(transmit.data) for transmit in transmits]

    def wait(self, seconds: float) -> list[Request | Response]:
        """What goes out while time passes."""
        end, sent = self.now + seconds, []
        while (at := self.endpoint.next_deadline()) is not None and at <= end:
            self.now = at
            self.endpoint.handle_timers(at)
            sent += self.sent()
        self.now = end
        return sent

    def status(self, data: str | bytes, flow: Flow = FLOW) -> int:
        """The status of the one response."""
        (response,) = self.send(data, flow)
        assert isinstance(response, Response)
        return response.status

    def response(self, data: str | bytes, flow: Flow = FLOW) -> Response:
        (response,) = self.send(data, flow)
        assert isinstance(response, Response)
        return response

    def session(self) -> Session:
        (call,) = [event for event in self.events if isinstance(event, CallReceived)]
        return call.session

    def calls(self) -> int:
        return sum(isinstance(event, CallReceived) for event in self.events)


def message(
    method: str = "INVITE",
    *,
    via: str = "SIP/2.0/UDP 198.51.100.7:40000;branch=z9hG4bK1;rport",
    uri: str = "sip:1429@192.0.2.2",
    to: str = "<sip:1429@192.0.2.2>",
    cseq: str = "1",
    call_id: str = "call-1",
    extra: str = "",
    body: bytes = SDP,
    contact: str = "Contact: <sip:phone@198.51.100.7:40000>\r\n",
    max_forwards: int = 70,
) -> bytes:
    content = "Content-Type: application/sdp\r\n" if body else ""
    head = (
        f"{method} {uri} SIP/2.0\r\nVia: {via}\r\nMax-Forwards: {max_forwards}\r\n"
        f"From: <sip:phone@192.0.2.2>;tag=phone\r\nTo: {to}\r\nCall-ID: {call_id}\r\n"
        f"CSeq: {cseq} {method}\r\n{contact}{extra}{content}Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def branch(text: str) -> str:
    return f"SIP/2.0/UDP 198.51.100.7:40000;branch=z9hG4bK{text};rport"


def answered(wire: Wire, extra: str = "") -> tuple[Session, str]:
    """A call that is answered and acknowledged: the session and our To header."""
    wire.send(message(extra=extra))
    session = wire.session()
    session.answer(OTHER_SDP, wire.now)
    (response,) = wire.sent()
    to = response.headers.get("To") or ""
    wire.send(message("ACK", via=branch("ack"), to=to, body=b""))
    return session, to


class TestTransactions:
    def test_an_invite_retransmitted_before_and_after_the_answer_is_one_call(self) -> None:
        wire = Wire()
        for _ in range(5):
            wire.send(message())
        assert wire.calls() == 1
        wire.session().answer(OTHER_SDP, wire.now)
        wire.sent()
        assert wire.send(message()) == []
        assert wire.calls() == 1

    def test_the_same_invite_by_another_path_is_merged(self) -> None:
        wire = Wire()
        wire.send(message())
        assert wire.status(message(via=branch("other"))) == 482
        assert wire.calls() == 1
        wire.session().answer(OTHER_SDP, wire.now)
        wire.sent()
        assert wire.status(message(via=branch("third"))) == 482

    def test_the_same_branch_of_another_phone_is_another_call(self) -> None:
        wire = Wire()
        wire.send(message())
        wire.send(
            message(via="SIP/2.0/UDP 198.51.100.8:5060;branch=z9hG4bK1", call_id="call-2"),
            FLOW._replace(peer=("198.51.100.8", 5060)),
        )
        assert wire.calls() == 2

    def test_an_rfc_2543_invite_its_retransmission_and_its_ack(self) -> None:
        wire = Wire()
        old = message(via="SIP/2.0/UDP 198.51.100.7:40000")
        wire.send(old)
        wire.send(old)
        assert wire.calls() == 1
        wire.session().refuse(486, wire.now)
        (busy,) = wire.sent()
        to = busy.headers.get("To") or ""
        wire.send(message("ACK", via="SIP/2.0/UDP 198.51.100.7:40000", to=to, body=b""))
        assert wire.wait(4.0) == []

    def test_retransmitted_update_and_bye_get_the_same_answer_again(self) -> None:
        wire = Wire()
        _, to = answered(wire)
        update = message("UPDATE", via=branch("u"), to=to, cseq="2", body=b"")
        assert [wire.status(update), wire.status(update)] == [200, 200]
        bye = message("BYE", via=branch("b"), to=to, cseq="3", body=b"")
        assert [wire.status(bye), wire.status(bye)] == [200, 200]
        assert sum(isinstance(event, SessionEnded) for event in wire.events) == 1

    def test_a_refusal_is_repeated_and_forgotten_without_ack(self) -> None:
        wire = Wire()
        wire.send(message())
        wire.session().refuse(486, wire.now)
        assert len(wire.sent() + wire.wait(40.0)) == 11
        assert wire.endpoint.census() == (0, 0, 0, 0)

    def test_a_cancel_of_nothing_gets_481(self) -> None:
        assert Wire().status(message("CANCEL", body=b"")) == 481

    def test_a_cancel_after_the_answer_changes_nothing(self) -> None:
        wire = Wire()
        wire.send(message())
        wire.session().answer(OTHER_SDP, wire.now)
        wire.sent()
        assert wire.status(message("CANCEL", body=b"")) == 200
        assert not wire.session().ended

    def test_expires_ends_an_invite_that_nobody_answers(self) -> None:
        wire = Wire()
        wire.send(message(extra="Expires: 60\r\n"))
        wire.session().ringing(wire.now)
        wire.sent()
        assert wire.wait(59.0) == []
        statuses = [r.status for r in wire.wait(1.1) if isinstance(r, Response)]
        assert statuses == [487]


class TestDialogs:
    def test_requests_without_a_dialog_get_481(self) -> None:
        wire = Wire()
        for number, method in enumerate(("BYE", "INFO", "UPDATE", "PRACK", "INVITE", "OPTIONS")):
            data = message(method, via=branch(str(number)), to="<sip:x@y>;tag=none", body=b"")
            assert wire.status(data) == 481
        assert wire.status(message("BYE", via=branch("bare"), body=b"", call_id="c2")) == 481

    def test_a_reinvite_after_bye_gets_481(self) -> None:
        wire = Wire()
        _, to = answered(wire)
        wire.send(message("BYE", via=branch("b"), to=to, cseq="2", body=b""))
        assert wire.status(message(via=branch("re"), to=to, cseq="3")) == 481

    def test_a_bye_from_an_outsider_is_not_ours(self) -> None:
        wire = Wire()
        session, to = answered(wire)
        forged = message("BYE", via=branch("x"), to=to, cseq="2", body=b"").replace(
            b"tag=phone", b"tag=guess"
        )
        assert wire.status(forged) == 481
        assert not session.ended

    def test_a_request_out_of_order_gets_500(self) -> None:
        wire = Wire()
        session, to = answered(wire)
        assert wire.status(message("BYE", via=branch("b"), to=to, cseq="1", body=b"")) == 500
        assert not session.ended

    def test_record_route_is_echoed_and_becomes_the_route(self) -> None:
        wire = Wire()
        route = "Record-Route: <sip:203.0.113.1;lr>, <sip:203.0.113.2:5070;lr>\r\n"
        wire.send(message(extra=route))
        session = wire.session()
        session.answer(OTHER_SDP, wire.now)
        (response,) = wire.sent()
        hops = ["<sip:203.0.113.1;lr>", "<sip:203.0.113.2:5070;lr>"]
        assert response.headers.all("Record-Route") == hops
        to = response.headers.get("To") or ""
        wire.send(message("ACK", via=branch("ack"), to=to, body=b""))
        session.hang_up(wire.now)
        (bye,) = wire.sent()
        assert isinstance(bye, Request)
        assert bye.headers.all("Route") == hops
        assert bye.uri == "sip:phone@198.51.100.7:40000"
        assert wire.flows[0].peer == ("203.0.113.1", 5060)

    def test_a_strict_router_gets_its_uri_as_the_request_uri(self) -> None:
        wire = Wire()
        session, _ = answered(wire, "Record-Route: <sip:203.0.113.1>\r\n")
        session.hang_up(wire.now)
        (bye,) = wire.sent()
        assert isinstance(bye, Request)
        assert bye.uri == "sip:203.0.113.1"
        assert bye.headers.all("Route") == ["<sip:phone@198.51.100.7:40000>"]

    def test_requests_follow_the_contact_and_its_refresh(self) -> None:
        wire = Wire()
        session, to = answered(wire)
        moved = "Contact: <sip:phone@198.51.100.9:5080>\r\n"
        update = message("UPDATE", via=branch("u"), to=to, cseq="2", body=b"", contact=moved)
        assert wire.status(update) == 200
        session.hang_up(wire.now)
        (bye,) = wire.sent()
        assert isinstance(bye, Request)
        assert bye.uri == "sip:phone@198.51.100.9:5080"
        assert wire.flows[0].peer == ("198.51.100.9", 5080)

    def test_a_phone_behind_nat_is_reached_by_the_flow_it_came_on(self) -> None:
        wire = Wire()
        wire.send(
            message(
                via="SIP/2.0/UDP 10.0.0.5:5060;branch=z9hG4bK1;rport",
                contact="Contact: <sip:phone@10.0.0.5:5060>\r\n",
            )
        )
        session = wire.session()
        session.answer(OTHER_SDP, wire.now)
        (response,) = wire.sent()
        to = response.headers.get("To") or ""
        wire.send(message("ACK", via=branch("ack"), to=to, body=b""))
        session.hang_up(wire.now)
        wire.sent()
        assert wire.flows[0].peer == PHONE

    def test_a_connection_is_used_both_ways(self) -> None:
        wire = Wire()
        flow = Flow("TCP", HOME, PHONE, 3)
        via = "SIP/2.0/TCP 198.51.100.7:40000;branch=z9hG4bK1"
        contact = "Contact: <sip:phone@198.51.100.7:5060;transport=tcp>\r\n"
        wire.send(message(via=via, contact=contact), flow)
        session = wire.session()
        session.answer(OTHER_SDP, wire.now)
        (response,) = wire.sent()
        assert wire.flows == [flow]
        assert response.headers.get("Contact") == "<sip:192.0.2.2:5060;transport=tcp>"
        to = response.headers.get("To") or ""
        wire.send(message("ACK", via=via + "a", to=to, body=b""), flow)
        session.hang_up(wire.now)
        (bye,) = wire.sent()
        assert wire.flows == [flow]
        assert bye.via.transport == "TCP"

    def test_a_reinvite_without_handler_still_ends_with_the_call(self) -> None:
        wire = Wire()
        session, to = answered(wire)
        wire.send(message(via=branch("re"), to=to, cseq="2", body=OTHER_SDP))
        assert isinstance(wire.events[-1], SessionReoffered)
        wire.wait(0.3)
        session.hang_up(wire.now)
        statuses = [m.status for m in wire.sent() if isinstance(m, Response)]
        assert statuses == [487]


class TestAnswers:
    def test_unknown_and_unwanted_methods(self) -> None:
        wire = Wire()
        assert wire.status(message("FROBNICATE", body=b"")) == 501
        refusal = wire.response(message("SUBSCRIBE", via=branch("s"), body=b""))
        assert refusal.status == 405
        assert "INVITE" in refusal.headers.all("Allow")

    def test_an_unknown_extension_is_named(self) -> None:
        refusal = Wire().response(message(extra="Require: timer, teleport\r\n"))
        assert refusal.status == 420
        assert refusal.headers.all("Unsupported") == ["teleport"]

    def test_an_unknown_body_is_refused_with_what_is_known(self) -> None:
        data = message().replace(b"application/sdp", b"application/foo")
        refusal = Wire().response(data)
        assert refusal.status == 415
        assert refusal.headers.get("Accept") == "application/sdp"

    def test_a_body_whose_handling_is_optional_is_passed(self) -> None:
        wire = Wire()
        data = message(extra="Content-Disposition: render; handling=optional\r\n")
        wire.send(data.replace(b"application/sdp", b"application/foo"))
        assert wire.calls() == 1

    def test_a_content_type_with_parameters_is_understood(self) -> None:
        wire = Wire()
        wire.send(message().replace(b"application/sdp", b"Application/SDP;charset=utf-8"))
        assert wire.calls() == 1

    def test_an_encoded_body_is_refused(self) -> None:
        refusal = Wire().response(message(extra="Content-Encoding: gzip\r\n"))
        assert refusal.status == 415
        assert refusal.headers.get("Accept-Encoding") == "identity"

    def test_too_many_hops(self) -> None:
        wire = Wire()
        assert wire.status(message(max_forwards=0)) == 483
        wire.send(message("OPTIONS", via=branch("o"), max_forwards=0, body=b"", call_id="o"))
        assert isinstance(wire.events[-1], RequestReceived)

    @pytest.mark.parametrize(
        ("data", "status"),
        [
            (message(uri="sip:" + "9" * 3000 + "@x"), 414),
            (message(uri="mailto:a@b.example"), 416),
            (message().replace(b"SIP/2.0\r\n", b"SIP/7.0\r\n", 1), 505),
            (message().replace(b"CSeq: 1 INVITE", b"CSeq: 1 OPTIONS"), 400),
            (message(contact=""), 400),
            (message(extra="Session-Expires: 60\r\nSupported: timer\r\n"), 422),
        ],
        ids=["uri", "scheme", "version", "cseq", "contact", "interval"],
    )
    def test_broken_requests(self, data: bytes, status: int) -> None:
        wire = Wire()
        assert wire.status(data) == status
        assert wire.calls() == 0
        assert isinstance(wire.events[-1], MessageRejected)

    @pytest.mark.parametrize(
        "data",
        [
            message("ACK", body=b""),
            message("ACK", to="<sip:x@y>;tag=none", body=b""),
            message("ACK", body=b"").replace(b"CSeq: 1 ACK", b"CSeq: nonsense"),
            message("ACK", body=b"").replace(b"SIP/2.0\r\n", b"SIP/7.0\r\n", 1),
            message("ACK", extra="Require: teleport\r\n", body=b""),
            b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKq\r\nCSeq: 1 INVITE\r\n\r\n",
            b"SIP/2.0 999 What\r\n\r\n",
            b"\r\n\r\n",
            b"",
            b"\x00\xff" * 40,
            b"INVITE sip:x SIP/2.0\r\n\r\n",
        ],
    )
    def test_an_ack_a_response_and_noise_are_never_answered(self, data: bytes) -> None:
        wire = Wire()
        assert wire.send(data) == []
        assert wire.wait(40.0) == []

    def test_a_response_meant_for_someone_else_is_dropped(self) -> None:
        wire = Wire()
        options = parse(message("OPTIONS", body=b""))
        assert isinstance(options, Request)
        options.headers.remove("Via")
        wire.endpoint.request(options, FLOW, wire.now)
        (sent,) = wire.sent()
        assert isinstance(sent, Request)
        reply = response_to(sent, 200, to_tag="x")
        reply.headers.add("Via", "SIP/2.0/UDP 198.51.100.9;branch=z9hG4bKother")
        wire.send(reply.encode())
        assert isinstance(wire.events[-1], MessageRejected)


class TestDeafForGood:
    """A response must never be addressed to a port that cannot be sent to."""

    @pytest.mark.parametrize("port", ["70000", "0", "99999999"])
    @pytest.mark.parametrize("rport", ["", ";rport"])
    def test_every_port_we_send_to_exists(self, port: str, rport: str) -> None:
        wire = Wire()
        via = f"SIP/2.0/UDP 198.51.100.7:{port};branch=z9hG4bK1{rport}"
        wire.send(message("OPTIONS", via=via, body=b""))
        for event in wire.events:
            if isinstance(event, RequestReceived):
                response = response_to(event.request, 200)
                wire.endpoint.respond(event.transaction, response, wire.now)
                wire.sent()
        assert all(0 < flow.peer[1] < 65536 for flow in wire.flows)
        assert wire.send(message("OPTIONS", via=branch("z"), body=b"", call_id="z")) == []
        assert isinstance(wire.events[-1], RequestReceived)

    @pytest.mark.parametrize("contact", ["sip:a@198.51.100.7:70000", "sip:a@no.such.host"])
    def test_a_contact_that_cannot_be_reached_falls_back_to_the_flow(self, contact: str) -> None:
        wire = Wire()
        wire.send(message(contact=f"Contact: <{contact}>\r\n"))
        if wire.calls():
            wire.session().answer(OTHER_SDP, wire.now)
            (response,) = wire.sent()
            to = response.headers.get("To") or ""
            wire.send(message("ACK", via=branch("ack"), to=to, body=b""))
            wire.session().hang_up(wire.now)
            wire.sent()
        assert [flow.peer for flow in wire.flows] == [PHONE]

    @pytest.mark.parametrize(
        ("via", "peer"),
        [
            ("198.51.100.7:5070;branch=z9hG4bK1", ("198.51.100.7", 5070)),
            ("198.51.100.7;branch=z9hG4bK1", ("198.51.100.7", 5060)),
            ("203.0.113.5:5070;branch=z9hG4bK1", ("198.51.100.7", 5070)),
            ("203.0.113.5:5070;branch=z9hG4bK1;rport", PHONE),
            ("203.0.113.5;maddr=203.0.113.9;branch=z9hG4bK1;rport", PHONE),
            ("203.0.113.5;received=203.0.113.9;branch=z9hG4bK1;rport", PHONE),
        ],
    )
    def test_responses_go_to_the_packets_source(self, via: str, peer: tuple[str, int]) -> None:
        wire = Wire()
        response = wire.response(message("BYE", via=f"SIP/2.0/UDP {via}", body=b""))
        assert wire.flows[0].peer == peer
        if "rport" in via:
            assert response.via.rport == PHONE[1]
            assert response.via.received == PHONE[0]

    def test_a_reply_over_a_connection_needs_no_rport(self) -> None:
        wire = Wire()
        flow = Flow("TCP", HOME, PHONE, 9)
        wire.send(message("BYE", via="SIP/2.0/TCP 10.1.1.1;branch=z9hG4bK1", body=b""), flow)
        assert wire.flows == [flow]


class TestAbuse:
    def test_one_forged_packet_never_brings_two_back(self) -> None:
        junk = {
            "challenged": message(),
            "merged": message(via=branch("2")),
            "unknown": message("FROBNICATE", via=branch("3"), body=b""),
            "extension": message(via=branch("4"), call_id="4", extra="Require: x\r\n"),
            "stray": message("BYE", via=branch("5"), to="<sip:a@b>;tag=1", body=b""),
            "broken": message(via=branch("6")).replace(b"CSeq: 1 ", b"CSeq: x "),
            "re-INVITE": message(via=branch("7"), to="<sip:a@b>;tag=1"),
            "hops": message(via=branch("8"), call_id="8", max_forwards=0),
        }
        wire = Wire()
        for name, data in junk.items():
            answers = wire.send(data)
            if name == "challenged":
                wire.session().refuse(401, wire.now)
                answers += wire.sent()
            assert len(answers) == 1, name
        assert wire.wait(60.0) == []
        assert wire.endpoint.census() == (0, 0, 0, 0)

    def test_a_storm_of_one_invite_is_one_call(self) -> None:
        wire = Wire()
        answers = sum(len(wire.send(message())) for _ in range(400))
        assert wire.calls() == 1
        assert answers <= 400

    def test_refused_junk_leaves_no_session_behind(self) -> None:
        wire = Wire()
        for number in range(50):
            wire.send(message(via=branch(str(number)), to=f"<sip:a@b>;tag={number}"))
        assert wire.endpoint.census().dialogs == 0
        wire.wait(60.0)
        assert wire.endpoint.census() == (0, 0, 0, 0)

    def test_an_ack_on_the_invites_own_branch_confirms_too(self) -> None:
        wire = Wire()
        wire.send(message())
        wire.session().answer(OTHER_SDP, wire.now)
        (response,) = wire.sent()
        wire.send(message("ACK", to=response.headers.get("To") or "", body=b""))
        assert isinstance(wire.events[-1], SessionConfirmed)
        assert wire.wait(5.0) == []
