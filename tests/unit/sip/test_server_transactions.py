"""Server transactions in virtual time, and the keys that tell them apart."""

from __future__ import annotations

import pytest

from ivr.sip.message import Request
from ivr.sip.transaction_layer import server_key
from ivr.sip.transaction_tables import State
from tests.unit.sip.bench import TCP, Bench


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
