"""The endpoint against raw bytes: the transactions and dialogs RFC 3261 makes of them.

Each class of cases stands for a defect that was found on the wire in other stacks.
"""

from __future__ import annotations

from ivr.sip.events import Flow, SessionEnded, SessionReoffered
from ivr.sip.message import Request, Response
from tests.conformance.raw_wire import FLOW, HOME, PHONE, Wire, answered, branch, message
from tests.support.sip_network import OTHER_SDP


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
