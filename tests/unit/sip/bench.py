"""One transaction layer on a bench: its user, its clock and what it sent."""

from __future__ import annotations

from ivr.sip.events import Flow
from ivr.sip.message import Request, Response, parse, response_to
from ivr.sip.timers import Timing
from ivr.sip.transaction import ClientTransaction, ServerTransaction
from ivr.sip.transaction_layer import TransactionLayer, server_key
from tests.support.sip_network import tokens

UDP = Flow("UDP", ("192.0.2.1", 5060), ("192.0.2.2", 5060))
TCP = UDP._replace(transport="TCP", connection=7)


class User:
    """Remembers what a transaction told it."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def on_response(self, transaction: ClientTransaction, response: Response, now: float) -> None:
        self.told.append(response.status)

    def on_failure(self, transaction: ClientTransaction, status: int, now: float) -> None:
        self.told.append(("failed", status))

    def on_ack(self, ack: Request, now: float) -> None:
        self.told.append("ack")

    def on_cancel(self, cancel: Request, now: float) -> None:
        self.told.append("cancel")

    def on_unreachable(self, now: float) -> None:
        self.told.append("unreachable")


class Bench:
    """One layer, its user, and a clock."""

    def __init__(self) -> None:
        self.layer = TransactionLayer(Timing(), lambda flow: "192.0.2.1:5060", tokens("t"))
        self.user = User()
        self.now = 0.0
        self.sent: list[tuple[float, str]] = []

    def request(self, method: str) -> Request:
        parsed = parse(
            f"{method} sip:b@192.0.2.2 SIP/2.0\r\n"
            "Max-Forwards: 70\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:b@x>\r\nCall-ID: c\r\n"
            f"CSeq: 1 {method}\r\nContent-Length: 0\r\n\r\n".encode()
        )
        assert isinstance(parsed, Request)
        return parsed

    def client(self, method: str, flow: Flow = UDP) -> ClientTransaction:
        return self.layer.start_client(self.request(method), flow, self.user, self.now)

    def server(self, method: str, flow: Flow = UDP) -> ServerTransaction:
        request = self.request(method)
        request.headers.add("Via", "SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bKx")
        key = server_key(request, method)
        transaction = self.layer.start_server(key, request, flow, flow, self.now)
        transaction.user = self.user
        return transaction

    def run_until(self, end: float) -> None:
        """Fire every timer up to `end` at its own instant, noting when what was sent."""
        self.note()
        while (at := self.layer.next_deadline()) is not None and at <= end:
            self.now = at
            self.layer.fire_due(at)
            self.note()
        self.now = end

    def note(self) -> None:
        for _, data in self.layer.transmits:
            self.sent.append((self.now, data.decode().split("\r\n")[0]))
        self.layer.transmits.clear()

    def times(self) -> list[float]:
        return [round(at, 3) for at, _ in self.sent]

    def receive(self, transaction: ClientTransaction, status: int) -> None:
        transaction.receive(response_to(transaction.request, status, to_tag="2"), self.now)
        self.note()

    def respond(self, transaction: ServerTransaction, status: int) -> bool:
        response = response_to(transaction.request, status, to_tag="2")
        done = transaction.respond(response, self.now)
        self.note()
        return done
