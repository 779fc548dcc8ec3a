"""Client transactions in virtual time: what is sent again, when, and what the user hears."""

from __future__ import annotations

import pytest

from ivr.sip.events import Flow
from ivr.sip.message import Request, parse, response_to
from ivr.sip.transaction_tables import State
from tests.unit.sip.bench import TCP, UDP, Bench


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
