"""What a running carrier tells a called phone: who calls, and who forwarded."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from lab.scenarios.hearing import loudest_hertz, loudest_window, tone_level
from lab.scenarios.phones.pjsua2_phone import Pjsua2Phone
from prompts.catalogue import Prompt, Voice
from tests.interop import lines
from tests.interop.wired import registered
from tests.support.carrier import Carrier
from tests.support.ear import Ear
from tests.support.waiting import until
from tests.support.wire import Message, WireCall, WirePhone

pytestmark = [pytest.mark.interop, pytest.mark.listens]

CALLER, FORWARDER, CALLED = lines.CROWD[-20], lines.CROWD[-21], lines.CROWD[-22]


@pytest.fixture
def caller(carrier: Carrier) -> Iterator[WirePhone]:
    with WirePhone(carrier.address, CALLER.number, CALLER.password) as phone:
        yield phone


@pytest.fixture
def called(carrier: Carrier) -> Iterator[WirePhone]:
    with registered(carrier, CALLED) as phone:
        yield phone


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


def put(carrier: Carrier, body: dict[str, Any]) -> None:
    """Make the forwarder's forwarding exactly this."""
    path = f"/v1/lines/{FORWARDER.number}/forwarding"
    carrier.send("PUT", path, body)


@contextmanager
def forwarded(carrier: Carrier) -> Iterator[None]:
    """Calls of the forwarder's line go to the called phone at once."""
    put(carrier, {"ring_time_s": 0, "no_answer": {"active": True, "target": full(CALLED.number)}})
    try:
        yield
    finally:
        put(carrier, {"ring_time_s": 15})


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
    with forwarded(carrier), rung(caller, FORWARDER.number, called) as invite:
        assert f"sip:{CALLER.number}@" in invite.get("From")
        assert FORWARDER.number in invite.get("Diversion")
        assert "reason=no-answer" in invite.get("Diversion")
        assert "cause=408" in "".join(invite.all("History-Info"))
    until(lambda: len(legs_of_forwarded(carrier)) == 2, "the records of both legs")
    first, second = legs_of_forwarded(carrier)
    assert (first["payer"], second["payer"]) == (full(CALLER.number), full(FORWARDER.number))
    assert second["linked_id"] == first["linked_id"]
    assert second["service"] == "forwarding"


def legs_of_forwarded(carrier: Carrier) -> list[dict[str, Any]]:
    """The records of the call to the forwarder, by leg."""
    rows = carrier.get("/v1/cdrs?limit=1000")["items"]
    calls = {row["call_id"] for row in rows if row["called"] == FORWARDER.number}
    return sorted((row for row in rows if row["call_id"] in calls), key=lambda row: row["leg"])


def ends_with_ring_back(ear: Ear) -> bool:
    """Whether the last seconds heard have a second of 400 Hz that swings.

    What swings by 16 Hz has a quarter of its power beside the 400 Hz; a pure tone has none.
    """
    second = loudest_window(ear.sound()[-24_000:], 0.95)
    if len(second) < 7200:
        return False
    return abs(loudest_hertz(second) - 400) < 2 and 0.6 < tone_level(second, 400) < 0.85


@pytest.mark.rule("CALL-03")
@pytest.mark.rule("FWD-08")
def test_a_softphone_hears_that_it_is_forwarded_and_then_the_ringing(
    carrier: Carrier, called: WirePhone, tmp_path: Path, voice: Voice
) -> None:
    record = tmp_path / "heard.wav"
    with forwarded(carrier), Pjsua2Phone(tmp_path / "caller") as phone:
        assert phone.register(CALLER.number, CALLER.password, carrier.address) == 200
        call, ear = phone.dial(FORWARDER.number, record), Ear(lambda: record, voice)
        ear.hears(Prompt.CALL_FORWARDED)
        invite = called.expect_request("INVITE")
        called.answer(invite, "180 Ringing")
        until(lambda: ends_with_ring_back(ear), f"ring-back; {ear.story()}")
        call.hang_up()
        called.answer(called.expect_request("CANCEL"))
        called.answer(invite, "487 Request Terminated")


def full(number: str) -> str:
    return "+81" + number[1:]
