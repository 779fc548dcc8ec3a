"""Whole messages: RFC 3261 §7, §8.2.6 and §18.3."""

import pytest

from ivr.sip.headers import BadHeader, Headers
from ivr.sip.lines import MOST_HEADERS
from ivr.sip.message import ParseError, Request, Response, parse, response_to
from ivr.sip.uri import Uri, UriError
from tests.unit.sip.messages import INVITE, invite


def _request(data: bytes = INVITE) -> Request:
    message = parse(data)
    assert isinstance(message, Request)
    return message


def _refused(data: bytes) -> ParseError:
    with pytest.raises(ParseError) as caught:
        parse(data)
    return caught.value


class TestParse:
    def test_request(self) -> None:
        request = _request()
        assert (request.method, request.uri) == ("INVITE", "sip:1429@carrier.example")
        assert request.target.user == "1429"
        assert request.via.branch == "z9hG4bK776asdhds"
        assert (request.from_.display, request.from_tag) == ("Taro", "1928301774")
        assert request.to_tag is None
        assert request.call_id == "a84b4c76e66710@192.0.2.1"
        assert request.cseq == (314159, "INVITE")
        assert [contact.uri.port for contact in request.contacts] == [5062]
        assert request.max_forwards == 70
        assert request.content_type == ("application/sdp", {})
        assert request.body == b"v=0\n"
        assert request.routes == request.record_routes == []

    def test_response(self) -> None:
        start = b"INVITE sip:1429@carrier.example SIP/2.0"
        message = parse(invite(start, b"SIP/2.0 180 Ri ng"))
        assert isinstance(message, Response)
        assert (message.status, message.reason) == (180, "Ri ng")

    def test_leading_line_ends_are_skipped(self) -> None:
        assert _request(b"\r\n\r\n" + INVITE).method == "INVITE"

    def test_octets_beyond_the_body_are_dropped(self) -> None:
        assert _request(INVITE + b"OPTIONS sip:x SIP/2.0\r\n").body == b"v=0\n"

    def test_without_content_length_the_datagram_is_the_body(self) -> None:
        assert _request(invite(b"Content-Length: 4\r\n") + b"more").body == b"v=0\nmore"

    def test_folded_lines_become_one(self) -> None:
        request = _request(invite(b"Max-Forwards: 70", b"Subject: one\r\n\t two\r\n  three"))
        assert request.headers.get("Subject") == "one two three"

    @pytest.mark.parametrize(
        ("short", "name"),
        [
            (b"o", "Event"),
            (b"r", "Refer-To"),
            (b"x", "Session-Expires"),
            (b"u", "Allow-Events"),
            (b"b", "Referred-By"),
            (b"k", "Supported"),
            (b"e", "Content-Encoding"),
        ],
    )
    def test_compact_forms(self, short: bytes, name: str) -> None:
        request = _request(invite(b"Max-Forwards: 70", short + b": value"))
        assert request.headers.get(name) == "value"

    def test_octets_that_are_no_utf8_survive(self) -> None:
        data = invite(b"Max-Forwards: 70", b"Subject: \xff\xfe")
        assert b"Subject: \xff\xfe\r\n" in _request(data).encode()

    def test_the_version_ignores_case(self) -> None:
        assert _request(invite(b"SIP/2.0\r\nVia", b"sip/2.0\r\nVia")).method == "INVITE"

    def test_equal_content_lengths_may_stand_twice(self) -> None:
        data = invite(b"Content-Length: 4", b"Content-Length: 4\r\nl: 4")
        assert _request(data).body == b"v=0\n"


class TestRefuse:
    def _answerable(self, data: bytes, status: int = 400) -> Request:
        error = _refused(data)
        assert error.status == status
        assert error.message is not None
        assert error.message.cseq.number == 314159
        return error.message

    def test_a_body_shorter_than_announced(self) -> None:
        self._answerable(invite(b"Length: 4", b"Length: 5"))

    def test_two_content_lengths_that_differ(self) -> None:
        """The second would let a message be smuggled into a stream."""
        self._answerable(invite(b"Content-Length: 4", b"Content-Length: 4\r\nl: 0"))

    @pytest.mark.parametrize("length", [b"-4", b"4x", b"", b"+4", b"4, 4", b"9" * 4000])
    def test_a_content_length_that_is_none(self, length: bytes) -> None:
        self._answerable(invite(b"Length: 4", b"Length: " + length))

    def test_a_bare_cr_ends_no_line(self) -> None:
        evil = b"Subject: a\rVia: SIP/2.0/UDP evil"
        request = self._answerable(invite(b"Max-Forwards: 70", evil))
        assert len(request.vias) == 1
        assert b"\rVia: SIP/2.0/UDP evil" not in request.encode()

    def test_a_bare_lf_ends_no_line(self) -> None:
        request = self._answerable(invite(b"Max-Forwards: 70", b"Subject: a\nRoute: <sip:evil>"))
        assert request.routes == []
        assert response_to(request, 400).encode()

    def test_no_end_of_headers(self) -> None:
        self._answerable(INVITE[: INVITE.index(b"\r\n\r\n")])

    def test_a_line_without_a_colon(self) -> None:
        self._answerable(invite(b"Max-Forwards: 70", b"Max-Forwards 70"))

    def test_another_version(self) -> None:
        self._answerable(invite(b"SIP/2.0\r\nVia", b"SIP/3.0\r\nVia"), 505)

    def test_too_many_headers(self) -> None:
        extra = b"X-Y: z\r\n" * MOST_HEADERS
        self._answerable(invite(b"Max-Forwards: 70\r\n", extra))

    @pytest.mark.parametrize(
        "start",
        [
            b"INVITE  sip:1429@carrier.example SIP/2.0",
            b"INVITE sip:1429@carrier.example SIP/2.0 ",
            b"INVITE sip:1429@ carrier.example SIP/2.0",
            b"INVITE sip:1429@carrier.example",
            b"INV(TE sip:1429@carrier.example SIP/2.0",
            b"INVITE sip:1429@carrier.example HTTP/1.1",
            b"INVITE sip:1429@carrier.example SIP/2.0\r\n Subject: folded",
        ],
    )
    def test_a_broken_start_line(self, start: bytes) -> None:
        self._answerable(invite(b"INVITE sip:1429@carrier.example SIP/2.0", start))

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"\r\n",
            b"\r\n\r\n",
            b"\0\0\0\0",
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
            b"INVITE sip:x SIP/2.0\r\n",
            b"SIP/2.0 abc OK\r\n\r\n",
            b"SIP/2.0 700 Odd\r\nVia: SIP/2.0/UDP h\r\n\r\n",
            b"SIP/2.0 099 Odd\r\nVia: SIP/2.0/UDP h\r\n\r\n",
            b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h\r\nContent-Length: 7\r\n\r\n",
        ],
    )
    def test_silence(self, data: bytes) -> None:
        assert _refused(data).message is None

    def test_a_request_without_a_readable_via_cannot_be_answered(self) -> None:
        data = invite(b"SIP/2.0/UDP 192.0.2.1:5062", b";;,;").replace(b"Length: 4", b"Length: 9")
        assert _refused(data).message is None


class TestWrite:
    def test_round_trip(self) -> None:
        assert parse(_request().encode()).headers == _request().headers

    def test_content_length_is_the_bodys_own(self) -> None:
        request = _request()
        request.body = "特番".encode()
        assert b"Content-Length: 6\r\n\r\n\xe7" in request.encode()

    @pytest.mark.parametrize("evil", ["a\r\nRoute: <sip:evil>", "a\nb", "a\rb"])
    def test_a_line_break_forges_no_header(self, evil: str) -> None:
        for message in (
            Request("INVITE", "sip:x", Headers([("Subject", evil)])),
            Request("INVITE", evil),
            Response(200, evil),
        ):
            with pytest.raises(ValueError, match="line break"):
                message.encode()


class TestResponseTo:
    def test_takes_over_what_the_rfc_says(self) -> None:
        more = b"v: SIP/2.0/TCP b, SIP/2.0/UDP c\r\nRecord-Route: <sip:p;lr>"
        request = _request(invite(b"Max-Forwards: 70", more))
        response = response_to(request, 200, to_tag="abc", record_route=True)
        assert (response.status, response.reason) == (200, "OK")
        assert [via.host for via in response.vias] == ["192.0.2.1", "b", "c"]
        assert response.to_tag == "abc"
        assert response.from_tag == request.from_tag
        assert response.call_id == request.call_id
        assert response.cseq == request.cseq
        assert [route.address for route in response.record_routes] == ["sip:p;lr"]
        assert request.to_tag is None

    def test_a_tag_that_stands_stays(self) -> None:
        request = _request(invite(b"To: <sip:1429@carrier.example>", b"To: <sip:1429@c>;tag=old"))
        assert response_to(request, 200, to_tag="new").to_tag == "old"

    def test_trying_has_no_tag_and_gives_the_timestamp_back(self) -> None:
        request = _request(invite(b"Max-Forwards: 70", b"Timestamp: 54"))
        trying = response_to(request, 100, to_tag="abc")
        assert trying.to_tag is None
        assert trying.headers.get("Timestamp") == "54"
        assert "Timestamp" not in response_to(request, 180).headers

    def test_a_reason_of_ones_own(self) -> None:
        assert response_to(_request(), 404, "No Such Number").reason == "No Such Number"
        assert response_to(_request(), 499).reason == "Bad Request"


class TestStampSource:
    """RFC 3261 §18.2.1 and RFC 3581 §4."""

    def test_rport_is_filled_in(self) -> None:
        request = _request()
        request.stamp_source("198.51.100.7", 40000)
        assert (request.via.received, request.via.rport) == ("198.51.100.7", 40000)

    def test_without_rport_only_a_foreign_address_is_named(self) -> None:
        request = _request(invite(b";rport"))
        request.stamp_source("192.0.2.1", 40000)
        assert "received" not in request.via.params
        request.stamp_source("198.51.100.7", 40000)
        assert request.via.received == "198.51.100.7"
        assert "rport" not in request.via.params

    def test_the_hops_below_stay(self) -> None:
        more = b";rport, SIP/2.0/TCP b\r\nVia: SIP/2.0/UDP c\r\n"
        request = _request(invite(b";rport\r\n", more))
        request.stamp_source("198.51.100.7", 40000)
        assert [via.host for via in request.vias] == ["192.0.2.1", "b", "c"]
        assert [via.rport for via in request.vias] == [40000, None, None]


def test_a_missing_header_is_named() -> None:
    with pytest.raises(BadHeader, match="Call-ID: missing"):
        Request("INVITE", "sip:x").call_id  # noqa: B018


@pytest.mark.parametrize("filler", [b" ", b"\t", b"\r\n ", b"<sip:a>,", b'"a" ', b"%00", b"1"])
def test_a_datagram_full_of_one_thing_is_judged_at_once(filler: bytes) -> None:
    """Work that grew with the square of the length would hold this test, and a server, for long."""
    run = filler * (60_000 // len(filler))
    for place in (b"Contact: ", b"Subject: x", b'To: "', b"Call-ID: "):
        data = invite(b"Max-Forwards: 70", b"Max-Forwards: 70\r\n" + place + run + b"!")
        assert isinstance(parse(data), Request)
    with pytest.raises(UriError):
        Uri.parse("sip:" + run.decode() + "!@")
