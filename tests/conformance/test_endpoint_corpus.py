"""The torture messages of RFC 4475 and RFC 5118 against a whole endpoint."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import pytest

from ivr.sip.events import Flow, MessageRejected, RequestReceived
from ivr.sip.message import Response
from tests.conformance.raw_wire import HOME, PHONE, Wire, message

CORPUS = Path(__file__).parent / "corpus"
ROWS = list(csv.DictReader((CORPUS / "index.tsv").read_text("utf-8").splitlines(), delimiter="\t"))

OUTSIDE = {
    "wsinv.dat": "481",
    "mult-ip-in-header.dat": "481",
    "via-received-param-with-delim.dat": "481",
}
"""Fine messages of dialogs that do not exist here."""

JUDGED_ABOVE = {"2xx", "401", "404", "406", "405"}
"""Answers that the user agent gives: what earns one passes the endpoint."""


@pytest.mark.parametrize("transport", ["UDP", "TCP"])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["file"])
def test_torture(row: dict[str, str], transport: str) -> None:
    wire = Wire()
    flow = Flow(transport, HOME, PHONE, 0 if transport == "UDP" else 1)
    answers = wire.send((CORPUS / row["suite"] / row["file"]).read_bytes(), flow)

    assert len(answers) <= 1
    allowed = {*row["expect"].split(","), *row["tolerate"].split(","), OUTSIDE.get(row["file"])}
    if allowed & JUDGED_ABOVE:
        allowed.add("accept")
    assert outcome(wire, answers) in allowed
    assert all(0 < flow.peer[1] < 65536 for flow in wire.flows)

    wire.send(message("OPTIONS", call_id="still-alive", body=b""))
    assert isinstance(wire.events[-1], RequestReceived)


def outcome(wire: Wire, answers: Sequence[object]) -> str:
    """The status sent; `accept` for what reached the user agent, to be judged there; `none`."""
    for answer in answers:
        assert isinstance(answer, Response)
        return str(answer.status)
    passed = [event for event in wire.events if not isinstance(event, MessageRejected)]
    return "accept" if passed else "none"
