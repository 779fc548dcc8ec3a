"""The endpoint against raw bytes: what it refuses, what it ignores and what it must bear.

Each class of cases stands for a defect that was found on the wire in other stacks.
"""

from __future__ import annotations

import pytest

from ivr.sip.events import Flow, MessageRejected, RequestReceived, SessionConfirmed
from ivr.sip.message import Request, parse, response_to
from tests.conformance.raw_wire import FLOW, HOME, PHONE, Wire, branch, message
from tests.support.sip_network import OTHER_SDP


class TestAnswers:
    def test_unknown_and_unwanted_methods(self) -> None:
        wire = Wire()
        assert wire.status(message("FROBNICATE", body=b"")) == 501
        refusal = wire.response(message("PUBLISH", via=branch("s"), body=b""))
        assert refusal.status == 405
        assert "INVITE" in refusal.headers.all("Allow")

    def test_an_unknown_extension_is_named(self) -> None:
        wire = Wire()
        refusal = wire.response(message(extra="Require: timer, teleport\r\n"))
        assert refusal.status == 420
        assert refusal.headers.all("Unsupported") == ["teleport"]
        (event,) = (each for each in wire.events if isinstance(each, MessageRejected))
        assert event.reason == "INVITE: Bad Extension; Unsupported: teleport"

    def test_an_unknown_body_is_refused_with_what_is_known(self) -> None:
        data = message().replace(b"application/sdp", b"application/foo")
        refusal = Wire().response(data)
        assert refusal.status == 415
        assert refusal.headers.get("Accept") == "application/sdp, multipart/mixed"

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

    @pytest.mark.parametrize("data", [b"\r\n", b"\r\n\r\n", b"\0", b"\0\0\0\0", b""])
    def test_what_keeps_a_nat_open_is_no_message(self, data: bytes) -> None:
        wire = Wire()
        assert wire.send(data) == []
        assert wire.events == []

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
