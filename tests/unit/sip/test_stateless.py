"""Challenges without state: a copy gets the same answer, nothing is left (RFC 3261 §8.2.7)."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ivr.sip.endpoint import Census, Endpoint
from ivr.sip.events import CallReceived, Flow, MessageRejected, RequestReceived
from ivr.sip.message import Request, Response, parse
from ivr.sip.settings import EndpointSettings
from tests.support.sip_network import tokens

FLOW = Flow("UDP", ("192.0.2.9", 5060), ("192.0.2.1", 5062))
NOTHING = Census(0, 0, 0, 0)


def message(method: str, *fields: str, branch: str = "z9hG4bK1", tag: str = "") -> bytes:
    lines = [
        f"{method} sip:1429@carrier.example SIP/2.0",
        f"Via: SIP/2.0/UDP 192.0.2.1:5062;branch={branch};rport",
        "From: <sip:a@carrier.example>;tag=f1",
        f"To: <sip:b@carrier.example>{tag and f';tag={tag}'}",
        "Call-ID: c1",
        f"CSeq: 1 {method}",
        "Max-Forwards: 70",
        *fields,
    ]
    return ("\r\n".join(lines) + "\r\nContent-Length: 0\r\n\r\n").encode()


CONTACT = "Contact: <sip:a@192.0.2.1:5062>"


class Door:
    """An endpoint that challenges, and what it answered."""

    def __init__(self) -> None:
        self.endpoint = Endpoint(EndpointSettings(), tokens("t"), lambda: 0.5)
        self.endpoint.challenge_with(self._challenge)
        self.endpoint.shed_when(lambda: self.late)
        self.closed = False
        self.late = False
        self.asked: list[Request] = []

    def _challenge(
        self, request: Request, flow: Flow, salt: str, now: float
    ) -> Sequence[tuple[str, str]] | None:
        self.asked.append(request)
        return None if self.closed else (("WWW-Authenticate", f'Digest nonce="{salt}"'),)

    def send(self, data: bytes, now: float = 0.0) -> list[bytes]:
        self.endpoint.receive(data, FLOW, now)
        return [sent.data for sent in self.endpoint.take_transmits()]

    def answer(self, data: bytes) -> Response:
        (sent,) = self.send(data)
        response = parse(sent)
        assert isinstance(response, Response)
        return response


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.mark.parametrize("method", ["INVITE", "REGISTER"])
def test_a_stranger_is_challenged_and_forgotten(door: Door, method: str) -> None:
    response = door.answer(message(method, CONTACT))
    assert response.status == 401
    assert response.headers.get("WWW-Authenticate") == f'Digest nonce="{response.to_tag}"'
    assert response.via.received == "192.0.2.1"
    assert response.via.rport == 5062
    assert response.cseq.method == method
    assert response.headers.get("Server") == "tokuban"
    assert door.endpoint.take_events() == []
    assert door.endpoint.census() == NOTHING


def test_a_copy_gets_the_same_answer_and_another_request_another(door: Door) -> None:
    first = door.send(message("INVITE", CONTACT))
    assert door.send(message("INVITE", CONTACT), 0.5) == first
    other = door.answer(message("INVITE", CONTACT, branch="z9hG4bK2"))
    assert other.to_tag != door.answer(message("INVITE", CONTACT)).to_tag


def test_tags_of_two_endpoints_differ(door: Door) -> None:
    other = Endpoint(EndpointSettings(), tokens("u"), lambda: 0.5)
    other.challenge_with(lambda request, flow, salt, now: ())
    other.receive(message("INVITE", CONTACT), FLOW, 0.0)
    (sent,) = other.take_transmits()
    response = parse(sent.data)
    assert response.to_tag != door.answer(message("INVITE", CONTACT)).to_tag


def test_the_ack_of_a_challenge_finds_nothing_and_is_not_answered(door: Door) -> None:
    tag = door.answer(message("INVITE", CONTACT)).to_tag or ""
    assert door.send(message("ACK", tag=tag)) == []
    assert door.endpoint.take_events() == []


def test_a_cancel_of_a_challenged_invite_comes_too_late(door: Door) -> None:
    door.send(message("INVITE", CONTACT))
    assert door.answer(message("CANCEL")).status == 481


def test_credentials_are_for_the_user_agent_to_judge(door: Door) -> None:
    authorization = 'Authorization: Digest username="a"'
    assert door.send(message("INVITE", CONTACT, authorization)) == []
    (event,) = door.endpoint.take_events()
    assert isinstance(event, CallReceived)
    assert door.asked == []


def test_who_is_not_challenged_is_for_the_user_agent(door: Door) -> None:
    door.closed = True
    assert door.send(message("REGISTER")) == []
    (event,) = door.endpoint.take_events()
    assert isinstance(event, RequestReceived)


def test_other_methods_are_not_challenged(door: Door) -> None:
    assert door.send(message("OPTIONS")) == []
    (event,) = door.endpoint.take_events()
    assert isinstance(event, RequestReceived)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (message("INVITE"), 400),
        (message("INVITE", "Contact: <tel:1>"), 400),
        (message("INVITE", CONTACT, "Require: teleport"), 420),
        (message("INVITE", CONTACT, "Supported: timer", "Session-Expires: 30"), 422),
        (message("INVITE", CONTACT, tag="unknown"), 481),
    ],
    ids=["no-contact", "no-sip-contact", "extension", "interval", "no-dialog"],
)
def test_what_is_wrong_otherwise_is_refused_first(door: Door, data: bytes, status: int) -> None:
    assert door.answer(data).status == status
    (event,) = door.endpoint.take_events()
    assert isinstance(event, MessageRejected)
    assert door.asked == []


@pytest.mark.parametrize("method", ["INVITE", "REGISTER"])
def test_what_is_new_is_shed_while_it_is_late(door: Door, method: str) -> None:
    door.late = True
    response = door.answer(message(method, CONTACT))
    assert response.status == 503
    assert 5 <= int(response.headers.get("Retry-After") or 0) <= 15
    assert response.to_tag
    (event,) = door.endpoint.take_events()
    assert isinstance(event, MessageRejected)
    assert (event.status, door.asked) == (503, [])
    assert door.endpoint.census() == NOTHING
    door.late = False
    assert door.answer(message(method, CONTACT)).status == 401


def test_what_was_begun_goes_on_while_it_is_late(door: Door) -> None:
    door.late = True
    assert door.send(message("INVITE", CONTACT, 'Authorization: Digest username="a"')) == []
    (event,) = door.endpoint.take_events()
    assert isinstance(event, CallReceived)
    event.session.answer(b"v=0\r\n", 0.0)
    door.endpoint.take_transmits()
    assert door.send(message("ACK", tag=event.session.id, branch="z9hG4bK2")) == []
    bye = message("BYE", tag=event.session.id, branch="z9hG4bK3").replace(b"CSeq: 1", b"CSeq: 2")
    assert door.answer(bye).status == 200
    assert door.answer(message("INVITE", CONTACT, tag="unknown", branch="z9hG4bK4")).status == 481
