"""A phone that dials digit by digit, on the wire (RFC 3578 §2)."""

import urllib.request
from collections.abc import Iterator

import pytest

from tests.interop import lines
from tests.support.carrier import Carrier
from tests.support.wire import WireCall, WirePhone

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
