"""What is read by its usual shape is read as the whole grammar would read it."""

from collections.abc import Callable
from typing import TypeVar

from hypothesis import example, given
from hypothesis import strategies as st

from ivr.sip import digest, sdp, values
from ivr.sip.abnf import GrammarError, split
from ivr.sip.digest import parse_fields
from ivr.sip.sdp import Sdp
from ivr.sip.values import NameAddr

T = TypeVar("T")

FIELDS = [
    'username="a"', 'realm="t"', 'uri="sip:x;y=z,a@b"', "algorithm=MD5", "qop=auth", 'qop="auth"',
    "nc=00000001", 'cnonce="c"', 'opaque=""', "foo=1", "x", "a=b c", '"a"="b"', 'Realm="t"',
    ' realm ="t"', 'uri="', "=", '"', " ", "\t", "\\", ",",
]  # fmt: skip
ADDRESSES = [
    "<", ">", "<sip:a@b>", "sip:a@b", ";tag=", ">;tag=", "abc", "a-b", '"', " ", "\t", ";lr", "é",
    "=",
]  # fmt: skip
LINES = [
    "v=0", "o=- 1 2 IN IP4 192.0.2.1", "o=- 1 x IN IP4 h", "s=-", "s=a m=b", "c=IN IP4 192.0.2.1",
    "c=IN IP4", "t=0 0", "a=sendonly", "m=audio 4000 RTP/AVP 0 8 101", "m=audio 4000/2 RTP/AVP 0",
    "m=audio 70000 RTP/AVP 0", "m=audio", "m=video 5000 RTP/AVP 97", "m=audio 0 RTP/AVP 8",
    "a=rtpmap:101 telephone-event/8000", "a=inactive", "b=AS:64", "x", "",
]  # fmt: skip
USUAL_OFFER = [LINES[index] for index in (0, 1, 3, 5, 7, 9, 15)]


def outcome(read: Callable[[str], T], text: str) -> T | None:
    """What is read, or None where it is refused."""
    try:
        return read(text)
    except GrammarError:
        return None


@given(st.lists(st.tuples(st.sampled_from(FIELDS), st.sampled_from([",", ", ", ""])), max_size=9))
@example([(field, ",") for field in FIELDS[:5]])
@example([('"', ""), ('username="a"', "")])
def test_digest_fields(pieces: list[tuple[str, str]]) -> None:
    text = "".join(field + comma for field, comma in pieces)
    usual = digest._usual_fields("," + text)
    whole = outcome(lambda rest: digest._read_fields(split(rest, ",")), text)
    if usual is not None:
        assert usual == whole
    assert outcome(parse_fields, "Digest " + text) == whole


@given(st.lists(st.sampled_from(ADDRESSES), max_size=6).map("".join))
@example("sip:a@b>;tag=abc")
def test_addresses(rest: str) -> None:
    usual = values._plain_name_addr("<" + rest)
    if usual is not None:
        # A space after the bracket leaves the address to the whole grammar.
        assert usual == NameAddr.parse(" <" + rest)


@given(st.lists(st.sampled_from(LINES), max_size=9), st.sampled_from(["\r\n", "\n", "\r\n\r\n"]))
@example(USUAL_OFFER, "\r\n")
def test_descriptions(lines: list[str], end: str) -> None:
    text = end.join(lines) + end
    usual = outcome(lambda whole: sdp._usual(whole), text)
    whole = outcome(sdp._Reader().read, text)
    if usual is not None:
        assert usual == whole
    assert outcome(lambda each: Sdp.parse(each.encode()), text) == whole


def test_the_usual_ones_are_usual() -> None:
    assert digest._usual_fields("," + ", ".join(FIELDS[:5])) is not None
    assert values._plain_name_addr("<sip:a@b>;tag=abc") is not None
    assert values._plain_name_addr("<sip:a@b>") is not None
    assert sdp._usual("\r\n".join(USUAL_OFFER)) is not None
