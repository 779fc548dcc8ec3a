"""What a running carrier tells a called phone: who calls, and who forwarded."""

import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.interop import lines
from tests.support.carrier import Carrier
from tests.support.wire import Message, WireCall, WirePhone

pytestmark = pytest.mark.interop

CALLER, FORWARDER, CALLED = lines.CROWD[-20], lines.CROWD[-21], lines.CROWD[-22]


@pytest.fixture
def caller(carrier: Carrier) -> Iterator[WirePhone]:
    with WirePhone(carrier.address, CALLER.number, CALLER.password) as phone:
        yield phone


@pytest.fixture
def called(carrier: Carrier) -> Iterator[WirePhone]:
    with WirePhone(carrier.address, CALLED.number, CALLED.password) as phone:
        assert phone.register().status == 200
        yield phone
        assert phone.register(0).status == 200


@contextmanager
def rung(caller: WirePhone, number: str, called: WirePhone) -> Iterator[Message]:
    """Call a number until `called` is rung; it gets its INVITE, declines, and the call is over."""
    with WireCall(caller, number) as call:
        branch = "z9hG4bKrung" + number
        caller.send(call.invite(branch))
        invite = called.expect_request("INVITE", timeout_s=20)
        yield invite
        called.answer(invite, "603 Decline")
        caller.send(call.text("CANCEL", call.cseq, branch=branch))
        assert call.wait_final(branch).status in (487, 603)


def put(carrier: Carrier, path: str, body: dict[str, Any]) -> None:
    with urllib.request.urlopen(carrier.request(path, "PUT", body), timeout=10) as answer:
        assert answer.status == 200


@pytest.mark.rule("CALL-04")
def test_a_line_sees_who_calls(caller: WirePhone, called: WirePhone) -> None:
    with rung(caller, CALLED.number, called) as invite:
        assert f"sip:{CALLER.number}@" in invite.get("From")
        assert CALLED.number in invite.get("To")
        assert invite.all("P-Asserted-Identity") == []
        assert invite.all("Privacy") == []
        assert invite.get("Max-Forwards") == "69"


@pytest.mark.rule("CALL-04")
def test_184_leaves_no_trace_of_the_number(caller: WirePhone, called: WirePhone) -> None:
    with rung(caller, "184" + CALLED.number, called) as invite:
        assert invite.get("From").startswith('"Anonymous" <sip:anonymous@anonymous.invalid>')
        assert invite.all("Privacy") == ["id"]
        assert CALLER.number.removeprefix("0") not in repr(invite)


@pytest.mark.rule("FWD-07")
@pytest.mark.rule("FWD-08")
def test_a_forwarded_call_says_so(carrier: Carrier, caller: WirePhone, called: WirePhone) -> None:
    at_once = {"ring_time_s": 0, "no_answer": {"active": True, "target": full(CALLED.number)}}
    put(carrier, f"/v1/lines/{FORWARDER.number}/forwarding", at_once)
    with rung(caller, FORWARDER.number, called) as invite:
        put(carrier, f"/v1/lines/{FORWARDER.number}/forwarding", {"ring_time_s": 15})
        assert f"sip:{CALLER.number}@" in invite.get("From")
        assert FORWARDER.number in invite.get("Diversion")
        assert "reason=no-answer" in invite.get("Diversion")
        assert "cause=408" in "".join(invite.all("History-Info"))
    rows = carrier.get("/v1/cdrs?limit=100")["items"]
    [first] = [row for row in rows if row["called"] == FORWARDER.number]
    [second] = [row for row in rows if row["call_id"] == first["call_id"] and row["leg"] == 2]
    assert (first["payer"], second["payer"]) == (full(CALLER.number), full(FORWARDER.number))
    assert second["linked_id"] == first["linked_id"]
    assert second["service"] == "forwarding"


def full(number: str) -> str:
    return "+81" + number[1:]
