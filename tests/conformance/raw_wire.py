"""An endpoint and the raw bytes that a phone sends it."""

from __future__ import annotations

from ivr.sip.endpoint import Endpoint
from ivr.sip.events import CallReceived, Event, Flow
from ivr.sip.message import Request, Response, parse
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
