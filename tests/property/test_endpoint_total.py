"""Whatever arrives, the endpoint neither raises nor addresses what cannot be sent to."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ivr.sip.message import parse
from tests.conformance.raw_wire import Wire, branch, message

_METHODS = ("INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "UPDATE", "PRACK", "INFO", "REGISTER", "X")
_HEADERS = (
    "Via", "From", "To", "Call-ID", "CSeq", "Contact", "Content-Length", "Require", "Route",
    "Record-Route", "Session-Expires", "Min-SE", "RAck", "Expires", "Supported", "Max-Forwards",
)  # fmt: skip
_VALUES = st.one_of(
    st.sampled_from(
        ["", "*", "0", "-1", "99999999999999999999", "<sip:a@b>;tag=1", "<>", '"', "<sip:[::1>",
         "SIP/2.0/UDP h:70000;branch=z9hG4bK1", "1 INVITE", "1 1 INVITE", "<sip:a@b:70000>",
         "100rel", "timer", "90;refresher=uac", "a, b", "<sip:p;lr>, <sip:", "sip:%zz@x"]
    ),
    st.text(max_size=30),
)  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A request with headers replaced, doubled or cut, its parts in disagreement."""
    lines = message(
        draw(st.sampled_from(_METHODS)),
        via=branch(draw(st.sampled_from("123"))),
        cseq=draw(st.sampled_from(["1", "2", "3"])),
        to=draw(st.sampled_from(["<sip:1429@192.0.2.2>", "<sip:1429@192.0.2.2>;tag=t0001"])),
    ).split(b"\r\n")
    for _ in range(draw(st.integers(0, 3))):
        line = f"{draw(st.sampled_from(_HEADERS))}: {draw(_VALUES)}"
        lines.insert(draw(st.integers(1, 8)), line.encode("utf-8", "surrogatepass"))
    for _ in range(draw(st.integers(0, 2))):
        del lines[draw(st.integers(0, min(8, len(lines) - 1)))]
    data = b"\r\n".join(lines)
    return data[: draw(st.integers(0, len(data)))] if draw(st.booleans()) else data


@given(st.lists(st.one_of(damaged(), st.binary(max_size=60)), max_size=8), st.booleans())
def test_the_endpoint_is_total(datagrams: list[bytes], answer: bool) -> None:
    wire = Wire()
    for data in datagrams:
        wire.send(data)
        assert all(0 < flow.peer[1] < 65536 for flow in wire.flows)
        if answer and wire.calls() == 1 and not wire.session().answered:
            if not wire.session().ended:
                wire.session().answer(b"v=0\r\n", wire.now)
            wire.sent()
    for reply in wire.wait(5.0):
        parse(reply.encode())
    for event in wire.events:
        if hasattr(event, "session"):
            event.session.hang_up(wire.now)
    wire.wait(200.0)
    census = wire.endpoint.census()
    assert (census.client_transactions, census.dialogs) == (0, 0)
