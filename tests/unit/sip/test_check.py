"""What must be refused before a request is acted on: RFC 3261 §8.2, RFC 4475."""

import pytest

from ivr.sip.check import check
from ivr.sip.message import ParseError, parse
from tests.unit.sip.messages import INVITE, invite


def _refused(data: bytes) -> ParseError:
    message = parse(data)
    with pytest.raises(ParseError) as caught:
        check(message)
    return caught.value


@pytest.mark.parametrize(
    "data",
    [
        INVITE,
        invite(b"Max-Forwards: 70\r\n"),
        invite(b"Max-Forwards: 70", b"Max-Forwards: 255"),
        invite(b";tag=1928301774"),
        invite(b"INVITE sip:1429@carrier.example", b"INVITE tel:1429"),
        invite(b"INVITE sip:1429@carrier.example", b"INVITE sips:1429@carrier.example"),
        invite(b"Max-Forwards: 70", b"Date: Sat, 13 Nov 2010 23:29:00 GMT"),
        invite(b"Contact: <sip:09000000001@192.0.2.1:5062>\r\n"),
        invite(b"Max-Forwards: 70", b"Expires: 4294967295"),
    ],
)
def test_accepted(data: bytes) -> None:
    check(parse(data))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"To: <sip:1429@carrier.example>\r\n", b""),
        (b"Call-ID: a84b4c76e66710@192.0.2.1\r\n", b""),
        (b"CSeq: 314159 INVITE\r\n", b""),
        (b"CSeq: 314159 INVITE", b"CSeq: 314159 BYE"),
        (b"CSeq: 314159 INVITE", b"CSeq: 314159 invite"),
        (b"CSeq: 314159 INVITE", b"CSeq: 2147483648 INVITE"),
        (b"CSeq: 314159 INVITE", b"CSeq: 314159 INVITE\r\nCSeq: 314159 INVITE"),
        (b"Call-ID: a84b4c76e66710", b"Call-ID: a84b 4c76e66710"),
        (b"Max-Forwards: 70", b"Max-Forwards: 256"),
        (b"Max-Forwards: 70", b"Max-Forwards: many"),
        (b"Max-Forwards: 70", b"Expires: 4294967296"),
        (b"Max-Forwards: 70", b"Expires: soon"),
        (b"Max-Forwards: 70", b"Date: Fri, 01 Jan 2010 16:00:00 EST"),
        (b"Max-Forwards: 70", b"Route: sip:p?x=y"),
        (b"Max-Forwards: 70", b'Record-Route: "open <sip:p>'),
        (b"192.0.2.1:5062;branch", b"192.0.2.1:70000;branch"),
        (b"192.0.2.1:5062;branch", b"192.0.2.1:0;branch"),
        (b"z9hG4bK776asdhds", b"z9hG4bK"),
        (b"Via: SIP/2.0/UDP", b"Via: SIP/7.0/UDP"),
        (b"tag=1928301774", b"tag=192, x"),
        (b'"Taro"', b'"Taro'),
        (b"<sip:09000000001@192.0.2.1:5062>", b"< sip:x@y >"),
        (b"application/sdp", b"sdp"),
        (b"INVITE sip:1429@", b"INVITE sip:1429:@:"),
        (b"INVITE sip:1429@carrier.example", b"INVITE sip:1429@carrier.example?Route=x"),
        (b"INVITE sip:1429@carrier.example", b"INVITE <sip:1429@carrier.example>"),
        (b"INVITE sip:1429@carrier.example", b"INVITE sip:1429@carrier.example:70000"),
    ],
)
def test_refused_with_400(old: bytes, new: bytes) -> None:
    error = _refused(invite(old, new))
    assert error.status == 400
    assert error.message is not None


@pytest.mark.parametrize("uri", [b"http://carrier.example", b"urn:service:sos", b"mailto:a@b"])
def test_unknown_schemes_get_416(uri: bytes) -> None:
    error = _refused(invite(b"INVITE sip:1429@carrier.example", b"INVITE " + uri))
    assert error.status == 416
    assert error.message is not None


def test_a_register_wants_an_address_of_record() -> None:
    data = INVITE.replace(b"INVITE", b"REGISTER").replace(b"To: <sip:", b"To: <isbn:")
    assert _refused(data).status == 400


def test_a_request_with_an_unreadable_via_meets_silence() -> None:
    error = _refused(invite(b"SIP/2.0/UDP 192.0.2.1:5062", b"nonsense"))
    assert (error.status, error.message) == (None, None)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"CSeq: 314159 INVITE", b"CSeq: 99999999999999999999 INVITE"),
        (b"To: <sip:1429@carrier.example>\r\n", b""),
        (b"SIP/2.0/UDP 192.0.2.1:5062", b"nonsense"),
    ],
)
def test_broken_responses_meet_silence(old: bytes, new: bytes) -> None:
    data = invite(old, new).replace(b"INVITE sip:1429@carrier.example SIP/2.0", b"SIP/2.0 200 OK")
    error = _refused(data)
    assert (error.status, error.message) == (None, None)
