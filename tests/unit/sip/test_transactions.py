"""Transactions in virtual time: every transition performed, every ignored pair without effect."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ivr.sip.events import Flow
from ivr.sip.message import Request, Response, parse, response_to
from ivr.sip.timers import Timing
from ivr.sip.transaction import ClientTransaction, ServerTransaction, Transaction
from ivr.sip.transaction_layer import TransactionLayer, server_key
from ivr.sip.transaction_tables import MACHINES, Do, Input, Machine, State
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
        while (at := self.layer.timers.next_deadline()) is not None and at <= end:
            self.now = at
            self.layer.timers.fire_due(at)
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


def start(machine: Machine, bench: Bench) -> Transaction:
    method = "INVITE" if machine.name.startswith("INVITE") else "OPTIONS"
    if "client" in machine.name:
        client = bench.client(method)
        client.response = response_to(client.request, 200, to_tag="2")
        return client
    server = bench.server(method)
    server.response = response_to(server.request, 200, to_tag="2")
    server.ack = bench.request("ACK")
    return server


PAIRS = [(machine, state, event) for machine in MACHINES for state in State for event in Input]


@pytest.mark.parametrize(
    ("machine", "state", "event"), PAIRS, ids=lambda value: getattr(value, "name", None)
)
def test_every_pair_is_performed_or_ignored(machine: Machine, state: State, event: Input) -> None:
    bench = Bench()
    transaction = start(machine, bench)
    transaction.state = state
    bench.layer.transmits.clear()
    step = machine.table.get((state, event))

    assert transaction.advance(event, 1.0) is (step is not None)

    if step is None:
        assert transaction.state is state
        assert bench.layer.transmits == []
        assert bench.user.told == []
        return
    assert transaction.state is step.next
    sends = {Do.SEND, Do.RESEND, Do.SEND_TRYING, Do.SEND_ACK} & set(step.do)
    tells = {Do.PASS_UP, Do.REPORT_TIMEOUT, Do.REPORT_TRANSPORT_ERROR} & set(step.do)
    assert len(bench.layer.transmits) == len(sends)
    assert len(bench.user.told) == len(tells)
    known = {**bench.layer.clients, **bench.layer.servers}
    assert (transaction.key in known) is (step.next is not State.TERMINATED)


def test_timers_a_and_b_double_until_64_t1() -> None:
    bench = Bench()
    bench.client("INVITE")
    bench.run_until(40.0)
    assert bench.times() == [0.0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    assert bench.user.told == [("failed", 408)]


def test_timers_e_and_f_double_to_t2() -> None:
    bench = Bench()
    bench.client("OPTIONS")
    bench.run_until(40.0)
    assert bench.times() == [0.0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert bench.user.told == [("failed", 408)]


def test_a_provisional_slows_timer_e_to_t2() -> None:
    bench = Bench()
    transaction = bench.client("OPTIONS")
    bench.run_until(0.2)
    bench.receive(transaction, 100)
    bench.run_until(9.0)
    assert bench.times() == [0.0, 0.5, 4.5, 8.5]
    assert bench.user.told == [100]


@pytest.mark.parametrize("method", ["INVITE", "OPTIONS"])
def test_nothing_is_retransmitted_on_a_reliable_transport(method: str) -> None:
    bench = Bench()
    bench.client(method, TCP)
    bench.run_until(40.0)
    assert bench.times() == [0.0]
    assert bench.user.told == [("failed", 408)]


@pytest.mark.parametrize("status", [100, 180, 181, 182, 183, 199])
def test_any_provisional_stops_the_invite(status: int) -> None:
    bench = Bench()
    transaction = bench.client("INVITE")
    bench.run_until(0.2)
    bench.receive(transaction, status)
    bench.run_until(100.0)
    assert bench.times() == [0.0]
    assert bench.user.told == [status]


@pytest.mark.parametrize("status", [302, 401, 404, 486, 500, 603])
def test_every_refusal_is_acknowledged_as_often_as_it_comes(status: int) -> None:
    bench = Bench()
    transaction = bench.client("INVITE")
    bench.run_until(0.1)
    bench.receive(transaction, status)
    bench.receive(transaction, status)
    assert [line.split()[0] for _, line in bench.sent] == ["INVITE", "ACK", "ACK"]
    assert bench.user.told == [status]
    bench.run_until(32.0)
    assert transaction.state is State.COMPLETED
    bench.run_until(32.2)
    assert transaction.terminated


def test_the_ack_of_a_refusal_keeps_branch_route_and_the_peers_tag() -> None:
    bench = Bench()
    request = bench.request("INVITE")
    request.headers.add("Route", "<sip:p1.x;lr>, <sip:p2.x;lr>")
    transaction = bench.layer.start_client(request, UDP, bench.user, 0.0)
    bench.layer.transmits.clear()
    transaction.receive(response_to(request, 486, to_tag="theirs"), 0.1)
    (transmit,) = bench.layer.transmits
    ack = parse(transmit.data)
    assert isinstance(ack, Request)
    assert (ack.method, ack.uri) == ("ACK", request.uri)
    assert ack.headers.all("Via") == request.headers.all("Via")
    assert ack.headers.all("Route") == ["<sip:p1.x;lr>", "<sip:p2.x;lr>"]
    assert ack.to_tag == "theirs"
    assert str(ack.cseq) == "1 ACK"


def test_several_answers_reach_the_user_until_timer_m() -> None:
    bench = Bench()
    transaction = bench.client("INVITE")
    bench.receive(transaction, 200)
    bench.run_until(10.0)
    bench.receive(transaction, 200)
    assert bench.user.told == [200, 200]
    bench.run_until(32.0)
    assert transaction.terminated


@pytest.mark.parametrize(("flow", "gone_s"), [(UDP, 5.0), (TCP, 0.0)])
def test_timer_k(flow: Flow, gone_s: float) -> None:
    bench = Bench()
    transaction = bench.client("OPTIONS", flow)
    bench.receive(transaction, 200)
    bench.receive(transaction, 200)
    assert bench.user.told == [200]
    bench.run_until(gone_s)
    assert transaction.terminated


def test_100_goes_out_after_200_ms_and_to_a_retransmission_before() -> None:
    bench = Bench()
    bench.server("INVITE")
    bench.run_until(1.0)
    assert bench.sent == [(0.2, "SIP/2.0 100 Trying")]
    eager = Bench()
    transaction = eager.server("INVITE")
    transaction.receive_again(0.1)
    eager.note()
    assert [line for _, line in eager.sent] == ["SIP/2.0 100 Trying"]


def test_no_100_when_the_user_is_quick() -> None:
    bench = Bench()
    transaction = bench.server("INVITE")
    bench.respond(transaction, 180)
    bench.run_until(5.0)
    assert [line for _, line in bench.sent] == ["SIP/2.0 180 Ringing"]


def test_a_refusal_is_retransmitted_by_g_until_h() -> None:
    bench = Bench()
    transaction = bench.server("INVITE")
    bench.respond(transaction, 486)
    bench.run_until(40.0)
    expected = [0.0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert bench.times() == expected
    assert transaction.terminated


def test_a_refusal_stops_at_its_ack_and_stays_for_timer_i() -> None:
    bench = Bench()
    transaction = bench.server("INVITE")
    bench.respond(transaction, 486)
    transaction.receive_ack(bench.request("ACK"), 0.1)
    bench.run_until(5.0)
    assert transaction.state is State.CONFIRMED
    bench.run_until(5.2)
    assert transaction.terminated
    assert bench.times() == [0.0]


@pytest.mark.parametrize("status", [401, 407])
def test_a_challenge_is_sent_once_for_every_request_that_asks(status: int) -> None:
    bench = Bench()
    transaction = bench.server("INVITE")
    bench.respond(transaction, status)
    bench.run_until(10.0)
    assert bench.times() == [0.0]
    transaction.receive_again(10.0)
    bench.run_until(31.0)
    assert bench.times() == [0.0, 10.0]
    bench.run_until(33.0)
    assert transaction.terminated


def test_an_invite_retransmitted_after_the_answer_is_absorbed() -> None:
    bench = Bench()
    transaction = bench.server("INVITE")
    bench.respond(transaction, 200)
    transaction.receive_again(1.0)
    bench.run_until(31.0)
    assert bench.times() == [0.0]
    bench.run_until(32.0)
    assert transaction.terminated


def test_a_non_invite_request_is_answered_again_until_timer_j() -> None:
    bench = Bench()
    transaction = bench.server("OPTIONS")
    transaction.receive_again(0.1)
    bench.note()
    assert bench.sent == []
    bench.respond(transaction, 200)
    transaction.receive_again(0.2)
    bench.note()
    assert len(bench.sent) == 2
    assert not bench.respond(transaction, 500)
    bench.run_until(32.0)
    assert transaction.terminated


@pytest.mark.parametrize("method", ["INVITE", "OPTIONS"])
def test_an_answered_request_is_not_kept_for_the_32_seconds_that_follow(method: str) -> None:
    bench = Bench()
    transaction = bench.server(method)
    bench.respond(transaction, 200)
    assert not transaction.terminated
    assert len(transaction.request.headers) == 0
    assert transaction.response is None


def test_a_slow_non_invite_user_earns_a_late_100_and_silence_after_timer_f() -> None:
    bench = Bench()
    transaction = bench.server("OPTIONS")
    bench.run_until(3.4)
    assert bench.sent == []
    bench.run_until(40.0)
    assert bench.sent == [(3.5, "SIP/2.0 100 Trying")]
    assert transaction.terminated
    assert not bench.respond(transaction, 200)


@pytest.mark.parametrize(
    ("status", "final"), [(486, State.CONFIRMED), (200, State.COMPLETED)], ids=["I", "J"]
)
def test_nothing_lingers_on_a_reliable_transport(status: int, final: State) -> None:
    bench = Bench()
    transaction = bench.server("INVITE" if status == 486 else "OPTIONS", TCP)
    bench.respond(transaction, status)
    if status == 486:
        transaction.receive_ack(bench.request("ACK"), 0.0)
    assert transaction.state is final
    bench.run_until(0.0)
    assert transaction.terminated


@pytest.mark.parametrize("make", [Bench.client, Bench.server], ids=["client", "server"])
def test_a_terminated_transaction_leaves_nothing(
    make: Callable[[Bench, str], Transaction],
) -> None:
    bench = Bench()
    for method in ("INVITE", "OPTIONS"):
        transaction = make(bench, method)
        if isinstance(transaction, ServerTransaction):
            bench.respond(transaction, 200)
    bench.run_until(100.0)
    layer = bench.layer
    assert (layer.clients, layer.servers, layer._by_flow) == ({}, {}, {})
    assert len(layer.timers) == 0


def test_a_broken_transport_fails_what_uses_it_alone() -> None:
    bench = Bench()
    lost = bench.client("OPTIONS", TCP)
    kept = bench.client("OPTIONS", UDP)
    bench.layer.transport_failed(TCP, 0.1)
    assert bench.user.told == [("failed", 503)]
    assert lost.terminated
    assert not kept.terminated


def via(text: str, method: str = "INVITE") -> Request:
    request = Bench().request(method)
    request.headers.set("Via", text)
    return request


def test_keys_tell_branch_sent_by_and_method_apart() -> None:
    one = via("SIP/2.0/UDP a.x:5060;branch=z9hG4bK1")
    assert server_key(one, "INVITE") != server_key(one, "CANCEL")
    for other in ("b.x:5060;branch=z9hG4bK1", "a.x:5061;branch=z9hG4bK1", "a.x;branch=z9hG4bK2"):
        assert server_key(one, "INVITE") != server_key(via(f"SIP/2.0/UDP {other}"), "INVITE")
    assert server_key(via("SIP/2.0/UDP A.X:5060;branch=z9hG4bK1"), "INVITE") == server_key(
        one, "INVITE"
    )


@pytest.mark.parametrize("branch", ["", ";branch=1", ";branch=z9hG4bK"])
def test_an_rfc_2543_request_is_told_by_its_headers(branch: str) -> None:
    one, same = via(f"SIP/2.0/UDP a.x{branch}"), via(f"SIP/2.0/UDP a.x{branch}")
    assert server_key(one, "INVITE") == server_key(same, "INVITE")
    same.headers.set("CSeq", "2 INVITE")
    assert server_key(one, "INVITE") != server_key(same, "INVITE")
