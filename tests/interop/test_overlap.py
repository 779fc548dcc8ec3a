"""A phone that dials digit by digit, on the wire (RFC 3578 §2)."""

import urllib.request
from collections.abc import Iterator

import pytest

from tests.interop import lines
from tests.support.carrier import Carrier
from tests.support.wire import Message, WireCall, WirePhone, token

pytestmark = [pytest.mark.interop, pytest.mark.rule("LINE-04")]

LINE = lines.CROWD[-6]
TRIES = [lines.ECHO[:length] for length in range(1, len(lines.ECHO) + 1)]


@pytest.fixture
def phone(carrier: Carrier) -> Iterator[WirePhone]:
    """A phone of a line with the option."""
    change = {"options": ["overlap-dialling"]}
    path = f"/v1/lines/{LINE.number}"
    with urllib.request.urlopen(carrier.request(path, "PATCH", change), timeout=10) as answer:
        assert answer.status == 200
    with WirePhone(carrier.address, LINE.number, LINE.password) as phone:
        yield phone


def redirect(call: WireCall, number: str) -> None:
    """Let the next INVITE of the same Call-ID name another number."""
    host, port = call.phone.server
    call.uri = call.target = f"sip:{number}@{host}:{port}"
    call.to = f"<{call.uri}>"


def test_each_digit_in_an_invite_of_one_call_id(phone: WirePhone) -> None:
    with WireCall(phone, TRIES[0]) as call:
        statuses = []
        for digits in TRIES:
            redirect(call, digits)
            statuses.append(call.dial().status)
        assert statuses == [484] * (len(TRIES) - 1) + [200]
        call.bye()


def test_each_digit_in_a_call_of_its_own(phone: WirePhone) -> None:
    for digits in TRIES[:-1]:
        with WireCall(phone, digits) as call:
            assert call.dial().status == 484
    with WireCall(phone, TRIES[-1]) as call:
        assert call.dial().status == 200
        call.bye()


def test_a_code_that_begins_a_longer_one_gives_way_to_it(carrier: Carrier) -> None:
    """au's 141 waits for a further digit; 1417 comes, and takes its place."""
    line = lines.AU
    options = {"options": ["overlap-dialling", "voicemail"]}
    carrier.send("PATCH", f"/v1/lines/{line.number}", options)
    with (
        WirePhone(carrier.address, line.number, line.password) as phone,
        WireCall(phone, "141") as begun,
        WireCall(phone, "1417") as whole,
    ):
        branches = {call.call_id: token("z9hG4bK") for call in (begun, whole)}
        finals: dict[str, Message] = {}
        for call in (begun, whole):
            phone.send(call.invite(branches[call.call_id]))
        while len(finals) < len(branches):
            final = phone.expect(*range(200, 700), method="INVITE")
            finals[final.get("Call-ID")] = final
        assert finals[begun.call_id].status == 484
        assert finals[whole.call_id].status == 200
        begun.acknowledge(finals[begun.call_id], branches[begun.call_id])
        whole.acknowledge(finals[whole.call_id])
        whole.bye()
    carrier.send("PATCH", f"/v1/lines/{line.number}", {"options": []})
