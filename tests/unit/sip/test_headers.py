"""Header fields: RFC 3261 §7.3."""

import pytest

from ivr.sip.headers import BadHeader, Headers, canonical_name
from ivr.sip.values import CSeq, NameAddr


@pytest.mark.parametrize(
    ("name", "canonical"),
    [
        ("v", "Via"),
        ("V", "Via"),
        ("viA", "Via"),
        ("call-id", "Call-ID"),
        ("CSEQ", "CSeq"),
        ("www-authenticate", "WWW-Authenticate"),
        ("x-MY-header", "X-My-Header"),
        ("o", "Event"),
        ("r", "Refer-To"),
        ("x", "Session-Expires"),
        ("u", "Allow-Events"),
        ("b", "Referred-By"),
    ],
)
def test_names(name: str, canonical: str) -> None:
    assert canonical_name(name) == canonical


def test_names_ignore_case_and_know_their_short_form() -> None:
    headers = Headers([("i", "1@host")])
    assert headers.get("Call-ID") == headers.get("call-id") == headers.get("I") == "1@host"
    assert "CALL-ID" in headers
    assert headers.get("To") is None


def test_all_cuts_lists_and_leaves_other_headers() -> None:
    headers = Headers(
        [
            ("Supported", "100rel, timer"),
            ("k", "path"),
            ("Subject", "one, two"),
            ("Contact", '"a,b" <sip:x,1@h>, <sip:y@h>'),
        ]
    )
    assert headers.all("Supported") == ["100rel", "timer", "path"]
    assert headers.lines("Supported") == ["100rel, timer", "path"]
    assert headers.all("Subject") == ["one, two"]
    assert headers.all("m") == ['"a,b" <sip:x,1@h>', "<sip:y@h>"]
    assert headers.tokens("Supported") == {"100rel", "timer", "path"}


def test_a_stray_comma_is_no_value() -> None:
    assert Headers([("Allow", "INVITE,,ACK,"), ("Supported", "")]).all("Allow") == ["INVITE", "ACK"]
    assert Headers([("Supported", "")]).all("Supported") == []


def test_a_list_that_never_closes() -> None:
    with pytest.raises(BadHeader, match="Contact"):
        Headers([("Contact", '"open, <sip:x@y>')]).all("Contact")


def test_set_add_remove() -> None:
    headers = Headers([("Route", "<sip:a>")])
    headers.add("route", "<sip:b>")
    headers.add_first("ROUTE", "<sip:c>")
    assert headers.lines("Route") == ["<sip:c>", "<sip:a>", "<sip:b>"]
    headers.set("Route", "<sip:d>")
    assert headers.lines("Route") == ["<sip:d>"]
    headers.remove("Route")
    headers.remove("Route")
    assert len(headers) == 0


def test_typed_values_follow_changes() -> None:
    headers = Headers([("CSeq", "1 INVITE"), ("Route", "<sip:a>")])
    assert headers.parsed("CSeq", CSeq.parse).number == 1
    assert len(headers.parsed_list("Route", NameAddr.parse)) == 1
    headers.set("CSeq", "2 INVITE")
    headers.add("Route", "<sip:b>")
    assert headers.parsed("CSeq", CSeq.parse).number == 2
    assert len(headers.parsed_list("Route", NameAddr.parse)) == 2


def test_typed_values_are_read_once() -> None:
    headers = Headers([("CSeq", "1 INVITE")])
    assert headers.parsed("CSeq", CSeq.parse) is headers.parsed("CSeq", CSeq.parse)


def test_missing_and_broken_say_which_header() -> None:
    headers = Headers([("CSeq", "one INVITE")])
    with pytest.raises(BadHeader) as missing:
        headers.parsed("To", NameAddr.parse)
    assert (missing.value.name, missing.value.why) == ("To", "missing")
    with pytest.raises(BadHeader) as broken:
        headers.parsed("CSeq", CSeq.parse)
    assert broken.value.name == "CSeq"


def test_a_copy_is_independent() -> None:
    headers = Headers([("Via", "a")])
    copy = headers.copy()
    copy.add("Via", "b")
    assert headers.lines("Via") == ["a"]
    assert headers != copy


def test_order_of_a_name_is_kept() -> None:
    headers = Headers([("Via", "1"), ("To", "x"), ("v", "2")])
    assert list(headers) == [("Via", "1"), ("Via", "2"), ("To", "x")]
