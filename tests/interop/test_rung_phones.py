"""Phones that are rung by the whole carrier, and do not behave as phones should."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.interop import lines
from tests.support.carrier import Carrier
from tests.support.open_phone import Ringing, give_up
from tests.support.waiting import until
from tests.support.wire import Message, WireCall, WirePhone, token

pytestmark = [pytest.mark.interop, pytest.mark.rule("CALL-01")]

CALLER, CALLED = lines.CROWD[80], lines.CROWD[81]
HELLO, ANSWER = bytes(range(1, 161)), bytes(range(160, 0, -1))


@pytest.fixture
def caller(carrier: Carrier) -> Iterator[WirePhone]:
    with WirePhone(carrier.address, CALLER.number, CALLER.password) as phone:
        yield phone


@pytest.fixture
def phones(carrier: Carrier) -> Iterator[list[WirePhone]]:
    """Two phones that share one account."""
    with ExitStack() as stack:
        both = [
            stack.enter_context(WirePhone(carrier.address, CALLED.number, CALLED.password))
            for _ in range(2)
        ]
        for phone in both:
            assert phone.register().status == 200
        yield both
        for phone in both:
            phone.drain(0.05)
            assert phone.register(0).status == 200


def records(carrier: Carrier, call: WireCall) -> list[dict[str, Any]]:
    """The records of both legs of a call."""

    def kept() -> list[dict[str, Any]]:
        rows = carrier.get("/v1/cdrs?limit=1000")["items"]
        ids = {row["call_id"] for row in rows if row["sip_call_id"] == call.call_id}
        found = [row for row in rows if row["call_id"] in ids]
        return found if len(found) > 1 else []

    return sorted(until(kept, "both records"), key=lambda row: int(row["leg"]))


def dial(call: WireCall) -> str:
    """Send the INVITE; its branch."""
    branch = token("z9hG4bK")
    call.phone.send(call.invite(branch))
    return branch


def cancelled(ringing: Ringing) -> Message:
    """Obey the CANCEL that comes."""
    cancel = ringing.phone.expect_request("CANCEL")
    ringing.phone.answer(cancel)
    ringing.respond("487 Request Terminated")
    ringing.phone.expect_request("ACK")
    return cancel


def test_two_phones_ring_and_the_one_that_answers_talks(
    carrier: Carrier, caller: WirePhone, phones: list[WirePhone]
) -> None:
    with WireCall(caller, CALLED.number) as call:
        branch = dial(call)
        with Ringing(phones[0]) as silent, Ringing(phones[1]) as taken:
            for ringing in (silent, taken):
                ringing.respond("180 Ringing")
            caller.expect(180, method="INVITE")
            taken.accept()
            assert "Call completed elsewhere" in cancelled(silent).get("Reason")
            assert call.wait_final(branch).status == 200
            until(lambda: said(call, HELLO, taken), "the party hearing the caller")
            until(lambda: said_back(taken, ANSWER, call), "the caller hearing the party")
            assert call.bye().status == 200
            phones[1].answer(phones[1].expect_request("BYE"))
    first, second = records(carrier, call)
    assert (first["cause"], second["cause"]) == ("hung-up", "far-hung-up")
    assert (first["linked_id"], second["payer"]) == (second["linked_id"], None)


def said(call: WireCall, sound: bytes, ringing: Ringing) -> bool:
    """Say it once more; whether it has come over."""
    call.rtp.send(sound)
    return any(packet.payload == sound for packet in ringing.rtp.waiting())


def said_back(ringing: Ringing, sound: bytes, call: WireCall) -> bool:
    ringing.rtp.send(sound)
    return any(packet.payload == sound for packet in call.rtp.waiting())


def test_no_redirection_is_followed(
    carrier: Carrier, caller: WirePhone, phones: list[WirePhone]
) -> None:
    """Toll fraud: neither to a number that costs nor to another host."""
    stranger = f"sip:0990123456@{caller.host}:{caller.port}"
    with WireCall(caller, CALLED.number) as call:
        branch = dial(call)
        with Ringing(phones[0]) as first, Ringing(phones[1]) as second:
            for ringing in (first, second):
                contact = [("Contact", f"<{stranger}>")]
                ringing.respond("302 Moved Temporarily", contact)
                ringing.phone.expect_request("ACK")
        caller.expect(183, method="INVITE")
        caller.send(call.text("CANCEL", call.cseq, branch=branch))
        assert call.wait_final(branch).status == 487
        assert not [message for message in caller.drain(0.2) if message.status is None]
    assert records(carrier, call)[1]["cause"] == "declined"


def test_an_answer_after_the_caller_gave_up_is_ended(
    carrier: Carrier, caller: WirePhone, phones: list[WirePhone]
) -> None:
    with WireCall(caller, CALLED.number) as call:
        branch = dial(call)
        with Ringing(phones[0]) as late, Ringing(phones[1]) as other:
            for ringing in (late, other):
                ringing.respond("180 Ringing")
            caller.expect(180, method="INVITE")
            assert give_up(call, branch, other).status == 487
            late.phone.answer(late.phone.expect_request("CANCEL"))
            late.accept()
            late.phone.answer(late.phone.expect_request("BYE"))
    assert [row["cause"] for row in records(carrier, call)] == ["cancelled", "cancelled"]
