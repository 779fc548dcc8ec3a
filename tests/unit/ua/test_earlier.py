"""Who forwarded a call before it came here."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.call.party import Diverted
from ivr.sip.diverted import Cause
from ivr.sip.message import Request, parse
from ivr.ua.earlier import CONDITIONS, diverted_before
from provisioning.contract import E164, Condition


def invite(*headers: str) -> Request:
    lines = (
        "INVITE sip:0300000003@192.0.2.1 SIP/2.0",
        "Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKe",
        "From: <sip:0312345678@192.0.2.9>;tag=e",
        "To: <sip:0300000003@192.0.2.1>",
        "Call-ID: e",
        "CSeq: 1 INVITE",
        *headers,
        "",
        "",
    )
    request = parse("\r\n".join(lines).encode())
    assert isinstance(request, Request)
    return request


FIRST = Diverted(E164("+81300000003"), Condition.CFB)
SECOND = Diverted(E164("+819000000004"), Condition.CFNR, withheld=True)


@pytest.mark.rule("FWD-08")
@pytest.mark.parametrize(
    "headers",
    [
        (
            "Diversion: <sip:+819000000004@x>;reason=no-answer;privacy=full",
            "Diversion: <sip:0300000003@x>;reason=user-busy",
        ),
        (
            "History-Info: <sip:0300000003@x>;index=1, "
            "<sip:+819000000004@x;cause=486?Privacy=history>;index=1.1;mp=1, "
            "<sip:09000000005@x;cause=408>;index=1.1.1;mp=1.1",
        ),
    ],
    ids=["Diversion", "History-Info"],
)
def test_each_is_told_oldest_first(headers: tuple[str, ...]) -> None:
    assert diverted_before(invite(*headers)) == (FIRST, SECOND)


def test_who_cannot_be_read_is_left_out() -> None:
    unreadable = ("Diversion: <sip:anonymous@x>", "Diversion: <tel:110>", "Diversion: nonsense<")
    assert diverted_before(invite(*unreadable)) == ()
    assert diverted_before(invite()) == ()


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40))
def test_nothing_a_peer_writes_is_an_error(value: str) -> None:
    diverted_before(invite(f"Diversion: {value}", f"History-Info: {value}"))


def test_every_cause_is_a_condition() -> None:
    assert CONDITIONS.keys() == set(Cause)
