"""Parsers are total, and what they wrote they read again unchanged."""

import contextlib
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from ivr.sip.abnf import GrammarError, quote, unquote
from ivr.sip.bodies import description_in
from ivr.sip.check import check
from ivr.sip.digest import parse_fields
from ivr.sip.framing import FrameLimits, FramingError, StreamFramer
from ivr.sip.headers import Headers
from ivr.sip.message import Message, ParseError, Request, Response, parse, response_to
from ivr.sip.offer_answer import Capabilities, NotAcceptable, accept_answer, answer, make_offer
from ivr.sip.sdp import Media, Origin, Sdp, SdpError
from ivr.sip.uri import Uri, UriError
from ivr.sip.values import CSeq, MediaType, NameAddr, Via

CORPUS = sorted((Path(__file__).parents[1] / "conformance" / "corpus").glob("*/*.dat"))
MESSAGES = [path.read_bytes() for path in CORPUS]
SPICES = [
    b"\r\n",
    b"\n",
    b"\r",
    b'"',
    b"<",
    b">",
    b";",
    b",",
    b":",
    b"\0",
    b"\xff",
    b" ",
    b"%",
    b"@",
]

TOKEN = st.text("abcXYZ019-.!%*_+`'~", min_size=1, max_size=12)
HOST = st.one_of(
    st.from_regex(r"[a-z][a-z0-9\-]{0,8}[a-z0-9](\.[a-z]{2,5})?", fullmatch=True),
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(str),
)
TEXT = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=20)
PORT = st.none() | st.integers(0, 65535)


@st.composite
def mutants(draw: st.DrawFn) -> bytes:
    """A torture message cut, doubled or spiced somewhere."""
    data = draw(st.sampled_from(MESSAGES))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 12)))
        piece = draw(st.sampled_from(SPICES) | st.binary(max_size=4) | st.just(data[start:end] * 2))
        data = data[:start] + piece + data[end:]
    return data


@st.composite
def uris(draw: st.DrawFn) -> Uri:
    names = st.text("abcdefghij-_%41;=&é", min_size=1, max_size=8).map(str.lower)
    user = draw(st.none() | st.text(min_size=1, max_size=12))
    return Uri(
        draw(st.sampled_from(["sip", "sips"])),
        user,
        draw(HOST),
        draw(PORT),
        password=draw(st.none() | TEXT) if user else None,
        params=draw(st.dictionaries(names, st.none() | TEXT, max_size=3)),
        headers=draw(st.dictionaries(names, TEXT, max_size=3)),
    )


HEADERS = st.lists(
    st.tuples(st.sampled_from(["Via", "Contact", "Subject", "Supported", "X-Own"]), TEXT),
    max_size=6,
).map(lambda items: Headers((name, value.strip(" \t")) for name, value in items))


def _read(data: bytes) -> tuple[Message | None, ParseError | None]:
    try:
        message = parse(data)
        check(message)
    except ParseError as error:
        return None, error
    return message, None


class TestTotal:
    """Whatever the octets: a value, or the error the docstring names, and no other."""

    @given(st.binary(max_size=400) | mutants())
    @example(b"SIP/2.0 ")
    @example(b"\r\n \r\n\r\n")
    def test_messages(self, data: bytes) -> None:
        message, refusal = _read(data)
        if message is not None:
            assert parse(message.encode()).body == message.body
        elif refusal is not None and refusal.message is not None:
            assert refusal.status in (400, 416, 505)
            response_to(refusal.message, refusal.status, to_tag="t").encode()

    @given(st.lists(st.binary(max_size=60) | mutants(), max_size=6))
    def test_streams(self, pieces: list[bytes]) -> None:
        framer = StreamFramer(FrameLimits(head=600, body=600))
        taken = 0
        with contextlib.suppress(FramingError):
            for piece in pieces:
                taken += sum(map(len, framer.feed(piece)))
        assert taken <= sum(map(len, pieces))

    @given(st.text(max_size=60) | st.text('sip:@;?=%[]<>"0a.', max_size=30))
    def test_uris(self, text: str) -> None:
        for candidate in (text, "sip:" + text, "tel:" + text):
            try:
                uri = Uri.parse(candidate)
            except UriError:
                continue
            assert Uri.parse(str(uri)) == uri

    @given(st.text(max_size=60) | st.text('sip:@;?=<>" ,\\0a/.', max_size=30))
    def test_values(self, text: str) -> None:
        for read in (NameAddr.parse, Via.parse, CSeq.parse, MediaType.parse, parse_fields):
            try:
                read(text)
            except GrammarError:
                continue

    @given(st.binary(max_size=200) | mutants().map(lambda data: data.partition(b"\r\n\r\n")[2]))
    def test_descriptions(self, data: bytes) -> None:
        try:
            sdp = Sdp.parse(data)
        except SdpError:
            return
        assert Sdp.parse(sdp.encode()) == sdp
        try:
            settled = answer(sdp, Capabilities(), address="127.0.0.1", port=20000, session_id=1)
        except NotAcceptable:
            return
        assert len(settled.sdp.media) == len(sdp.media)
        assert Sdp.parse(settled.sdp.encode()) == settled.sdp


class TestFixedPoint:
    """Reading what was written gives what was meant."""

    @given(uris())
    def test_uris(self, uri: Uri) -> None:
        again = Uri.parse(str(uri))
        assert again == uri
        assert str(again) == str(uri)

    @given(TEXT, uris(), st.dictionaries(TOKEN.map(str.lower), st.none() | TEXT.map(quote)))
    def test_addresses(self, display: str, uri: Uri, params: dict[str, str | None]) -> None:
        address = NameAddr(str(uri), display, params)
        assert NameAddr.parse(str(address)) == address

    @given(TOKEN.map(str.upper), HOST, PORT, st.dictionaries(TOKEN.map(str.lower), TOKEN))
    def test_vias(
        self, transport: str, host: str, port: int | None, params: dict[str, str | None]
    ) -> None:
        via = Via(transport, host, port, params)
        assert Via.parse(str(via)) == via

    @given(TEXT)
    def test_quoted_strings(self, text: str) -> None:
        assert unquote(quote(text)) == text

    @given(TOKEN, uris(), HEADERS, st.binary(max_size=50))
    def test_requests(self, method: str, uri: Uri, headers: Headers, body: bytes) -> None:
        again = parse(Request(method, str(uri), headers, body).encode())
        again.headers.remove("Content-Length")
        assert isinstance(again, Request)
        assert (again.method, again.uri, again.body) == (method, str(uri), body)
        assert again.headers == headers

    @given(st.integers(100, 699), TEXT, HEADERS, st.binary(max_size=50))
    def test_responses(self, status: int, reason: str, headers: Headers, body: bytes) -> None:
        again = parse(Response(status, reason, headers, body).encode())
        again.headers.remove("Content-Length")
        assert isinstance(again, Response)
        assert (again.status, again.reason, again.body) == (status, reason, body)
        assert again.headers == headers

    @given(st.lists(st.sampled_from(MESSAGES[:1] * 3), max_size=4), st.integers(1, 50))
    def test_streams(self, messages: list[bytes], size: int) -> None:
        stream = b"".join(messages)
        framer = StreamFramer()
        cut = [stream[start : start + size] for start in range(0, len(stream), size)]
        assert [message for piece in cut for message in framer.feed(piece)] == messages


MEDIA = st.builds(
    Media,
    st.sampled_from(["audio", "video", "application"]),
    st.sampled_from([0, 4000, 65535]),
    st.lists(st.sampled_from(["0", "8", "18", "101", "x"]), min_size=1, max_size=4).map(tuple),
    st.lists(
        st.sampled_from(
            [
                ("rtpmap", "101 telephone-event/8000"),
                ("rtpmap", "0 PCMA/8000"),
                ("sendonly", None),
                ("inactive", None),
                ("ptime", "20"),
            ]
        ),
        max_size=4,
    ).map(tuple),
    st.none() | st.just("192.0.2.7"),
)


@given(st.lists(MEDIA, max_size=5).map(tuple), st.sampled_from([None, "0.0.0.0", "192.0.2.1"]))
def test_an_answer_never_goes_beyond_its_offer(
    media: tuple[Media, ...], connection: str | None
) -> None:
    offer = Sdp(Origin(1, 1, "192.0.2.1"), media, connection)
    try:
        settled = answer(offer, Capabilities(), address="127.0.0.1", port=20000, session_id=1)
    except NotAcceptable:
        return
    assert [line.kind for line in settled.sdp.media] == [line.kind for line in offer.media]
    for line, offered in zip(settled.sdp.media, offer.media, strict=True):
        assert set(line.formats) <= set(offered.formats)
        assert not line.port or offered.port
        theirs, ours = offer.direction_of(offered), settled.sdp.direction_of(line)
        assert not line.port or not ours.sends or theirs.receives
        assert not line.port or not ours.receives or theirs.sends


@given(st.permutations(["PCMU", "PCMA"]), st.permutations(["PCMU", "PCMA"]), st.booleans())
def test_offerer_and_answerer_settle_on_the_same(
    mine: list[str], theirs: list[str], events: bool
) -> None:
    offer = make_offer(
        Capabilities(tuple(mine), events), address="192.0.2.1", port=4000, session_id=1
    )
    settled = answer(
        Sdp.parse(offer.encode()),
        Capabilities(tuple(theirs)),
        address="127.0.0.1",
        port=20000,
        session_id=2,
    )
    accepted = accept_answer(offer, Sdp.parse(settled.sdp.encode()))
    assert settled.audio is not None
    assert accepted.codec_name == settled.audio.codec_name == mine[0]
    assert accepted.event_payload_type == settled.audio.event_payload_type
    assert (accepted.event_payload_type is not None) == events


@given(st.binary(max_size=300), st.sampled_from([b"--b\r\n", b"--b--", b"\r\n\r\n", b"--b"]))
def test_parts_of_a_body_are_read_whatever_they_are(data: bytes, cut: bytes) -> None:
    """And what is found is a piece of what came."""
    for body in (
        data,
        cut + data + b"\r\n--b--",
        b"--b\r\nContent-Type: application/sdp\r\n" + data,
    ):
        found = description_in("multipart/mixed;boundary=b", body)
        assert found is None or found in body
