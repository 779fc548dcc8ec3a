"""Responses written as text say what those built from headers say."""

import pytest

from ivr.sip.message import Request, Response, parse, response_to
from ivr.sip.reply import write_fields, write_reply

INVITE = (
    b"INVITE sip:1429@192.0.2.2 SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bK1\r\n"
    b"v: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK2, SIP/2.0/UDP 192.0.2.3;branch=z9hG4bK3\r\n"
    b"f: \xe5\xa4\xaa\xe9\x83\x8e\xff <sip:taro@192.0.2.1>;tag=1\r\nTo:   <sip:1429@192.0.2.2>\r\n"
    b"Call-ID: a b@c\r\nCSeq: 7  INVITE\r\n\r\n"
)


def invite() -> Request:
    request = parse(INVITE)
    assert isinstance(request, Request)
    return request


@pytest.mark.parametrize("body", [b"", b"v=0\r\n"], ids=["bare", "described"])
def test_a_written_reply_is_the_built_one(body: bytes) -> None:
    request = invite()
    built = response_to(request, 180, to_tag="t")
    built.headers.add("Server", "tokuban")
    built.body = body
    written = write_reply(
        request, 180, None, "<sip:1429@192.0.2.2>;tag=t", "Server: tokuban\r\n", body
    )
    assert written == built.encode()
    again = parse(written)
    assert isinstance(again, Response)
    assert again.body == body


@pytest.mark.parametrize("value", ["a\r\nContact: <sip:evil>", "a\nb", "a\rb"])
def test_no_value_forges_a_header(value: str) -> None:
    with pytest.raises(ValueError, match="line break"):
        write_fields([("Reason", value)])
    with pytest.raises(ValueError, match="line break"):
        write_reply(invite(), 486, value, "<sip:a>", "", b"")
