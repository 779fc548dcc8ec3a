"""Session descriptions among other parts of a body (RFC 5621, RFC 2046 §5.1)."""

import pytest

from ivr.sip.bodies import MOST_PARTS, description_in, unwrap
from ivr.sip.message import Request, parse

SDP = (
    b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
    b"m=audio 4000 RTP/AVP 0"
)
MIXED = "multipart/mixed;boundary=b"


def part(content: bytes, kind: str = "application/sdp", *fields: str) -> bytes:
    lines = [f"Content-Type: {kind}" if kind else "", *fields]
    head = "".join(f"{line}\r\n" for line in lines if line)
    return b"--b\r\n" + head.encode() + b"\r\n" + content + b"\r\n"


ISUP = part(b"\x01\x00\x0a--b", "application/ISUP;version=itu-t92+", "Content-Disposition: signal")
END = b"--b--\r\n"


@pytest.mark.parametrize(
    "body",
    [
        part(SDP) + END,
        part(SDP) + ISUP + END,
        ISUP + part(SDP) + END,
        b"a preamble\r\n" + part(SDP) + END + b"an epilogue",
        part(SDP, "Application/SDP;charset=utf-8") + END,
        part(SDP, "application/sdp", "Content-Disposition: session;handling=required") + END,
        part(SDP, "application/sdp", "Content-Transfer-Encoding: Binary") + END,
        part(SDP) + part(b"second") + END,
        part(SDP) + part(b"<x/>", "a/b", "Content-Disposition: signal ; handling = optional") + END,
    ],
)
def test_the_description_is_found(body: bytes) -> None:
    assert description_in(MIXED, body) == SDP


@pytest.mark.parametrize(
    "body",
    [
        b"",
        SDP,
        ISUP + END,
        part(SDP),
        part(SDP, "") + END,
        part(SDP, "application/sdp", "Content-Transfer-Encoding: base64") + END,
        part(SDP, "application/sdp", "Content-Disposition: early-session") + END,
        part(SDP) + part(b"x", "a/b", "Content-Disposition: signal;handling=required") + END,
        part(SDP) + ISUP * MOST_PARTS + END,
        b"--b--\r\n",
    ],
)
def test_there_is_none_to_be_had(body: bytes) -> None:
    assert description_in(MIXED, body) is None


@pytest.mark.parametrize(
    "kind",
    ["multipart/mixed", 'multipart/mixed;boundary=""', f"multipart/mixed;boundary={'b' * 71}",
     "multipart/mixed;boundary=other", "multipart/", "text/plain", "application/sdp", "multipart"],
)  # fmt: skip
def test_a_body_of_another_kind_is_left_alone(kind: str) -> None:
    assert description_in(kind, part(SDP) + END) is None


def test_a_quoted_boundary_with_spaces() -> None:
    body = (part(SDP) + END).replace(b"--b", b"--a b")
    assert description_in('multipart/mixed; boundary="a b"', body) == SDP


def test_the_last_alternative_is_the_best() -> None:
    body = (
        part(b"old")
        + part(SDP)
        + part(b"x", "a/b", "Content-Disposition: session;handling=required")
    )
    assert description_in("multipart/alternative;boundary=b", body + END) == SDP


def request(method: str, kind: str, body: bytes, *more: str) -> Request:
    head = "".join(f"{line}\r\n" for line in (f"Content-Type: {kind}", *more))
    text = (
        f"{method} sip:x@192.0.2.9 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n"
        f"From: <sip:a@b>;tag=1\r\nTo: <sip:x@b>\r\nCall-ID: c\r\nCSeq: 1 {method}\r\n"
        f"{head}Content-Length: {len(body)}\r\n\r\n"
    )
    parsed = parse(text.encode() + body)
    assert isinstance(parsed, Request)
    return parsed


@pytest.mark.parametrize("method", ["INVITE", "ACK", "PRACK", "UPDATE"])
def test_a_request_is_left_with_its_description(method: str) -> None:
    unwrapped = request(method, MIXED, ISUP + part(SDP) + END)
    unwrap(unwrapped)
    assert unwrapped.body == SDP
    assert unwrapped.content_type is not None
    assert unwrapped.content_type.name == "application/sdp"


def test_a_message_keeps_its_parts() -> None:
    body = part(b"hello", "text/plain") + END
    unwrapped = request("MESSAGE", MIXED, body)
    unwrap(unwrapped)
    assert unwrapped.body == body


@pytest.mark.parametrize(("handling", "left"), [("optional", b""), ("required", b"x")])
def test_an_optional_body_that_is_no_description_is_none(handling: str, left: bytes) -> None:
    """It must not be taken for an offer."""
    disposition = f"Content-Disposition: render;handling={handling}"
    unwrapped = request("INVITE", "text/plain", b"x", disposition)
    unwrap(unwrapped)
    assert unwrapped.body == left


@pytest.mark.parametrize("kind", ["", ";", "multipart/mixed;boundary", 'multipart/mixed;a="'])
def test_a_broken_type_is_left_to_be_refused(kind: str) -> None:
    unwrapped = request("INVITE", kind, b"x")
    unwrap(unwrapped)
    assert unwrapped.body == b"x"
