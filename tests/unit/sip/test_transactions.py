"""Transactions in virtual time: every transition performed, every ignored pair without effect."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ivr.sip.message import response_to
from ivr.sip.transaction import ServerTransaction, Transaction
from ivr.sip.transaction_tables import MACHINES, Do, Input, Machine, State
from tests.unit.sip.bench import TCP, UDP, Bench


def start(machine: Machine, bench: Bench) -> Transaction:
    method = "INVITE" if machine.name.startswith("INVITE") else "OPTIONS"
    if "client" in machine.name:
        client = bench.client(method)
        client.response = response_to(client.request, 200, to_tag="2")
        return client
    server = bench.server(method)
    server.reply = response_to(server.request, 200, to_tag="2").encode()
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
