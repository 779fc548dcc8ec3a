"""Messages on a stream: RFC 3261 §18.3, RFC 5626 §3.5.1."""

import pytest

from ivr.sip.framing import PING, PONG, FrameLimits, FramingError, StreamFramer
from tests.unit.sip.messages import INVITE, invite

LIMITS = FrameLimits(head=2000, body=3000)


def _feed(*pieces: bytes) -> list[bytes]:
    framer = StreamFramer(LIMITS)
    return [message for piece in pieces for message in framer.feed(piece)]


def _error(*pieces: bytes) -> FramingError:
    with pytest.raises(FramingError) as caught:
        _feed(*pieces)
    return caught.value


def test_two_messages_in_one_piece() -> None:
    assert _feed(INVITE + INVITE) == [INVITE, INVITE]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_messages_in_small_pieces(size: int) -> None:
    stream = INVITE + b"\r\n\r\n" + INVITE + b"\r\n" + INVITE
    pieces = [stream[start : start + size] for start in range(0, len(stream), size)]
    assert _feed(*pieces) == [INVITE, PING, INVITE, PONG, INVITE]


def test_partial_says_whether_a_message_has_begun() -> None:
    framer = StreamFramer()
    assert not framer.partial
    assert list(framer.feed(INVITE[:10])) == []
    assert framer.partial
    assert list(framer.feed(INVITE[10:])) == [INVITE]
    assert not framer.partial
    assert list(framer.feed(b"\r\n")) == []
    assert not framer.partial


def test_keep_alives() -> None:
    framer = StreamFramer()
    (ping,) = framer.feed(b"\r\n\r\n")
    assert ping is PING
    assert list(framer.feed(b"\r\n")) == []
    (half,) = framer.feed(b"\r\n")
    assert half is PING


@pytest.mark.parametrize(
    "header", [b"l: 4", b"L:4", b"content-LENGTH \t: 4 ", b"Content-Length:\r\n 4"]
)
def test_spellings_of_content_length(header: bytes) -> None:
    message = invite(b"Content-Length: 4", header)
    assert _feed(message + INVITE) == [message, INVITE]


def test_without_content_length_there_is_no_body() -> None:
    message = invite(b"Content-Length: 4\r\n").removesuffix(b"v=0\n")
    assert _feed(message + INVITE) == [message, INVITE]


@pytest.mark.parametrize(
    "header",
    [
        b"Content-Length: -1",
        b"Content-Length: 4\r\nl: 5",
        b"Content-Length: 4 4",
        b"Content-Length:",
        b"Content-Length: 99999999999",
    ],
)
def test_a_lost_frame_is_answered_400(header: bytes) -> None:
    error = _error(invite(b"Content-Length: 4", header))
    assert error.status == 400
    assert error.answer is not None
    assert error.answer.startswith(b"SIP/2.0 400 Bad Request\r\n")
    assert b"CSeq: 314159 INVITE\r\n" in error.answer


def test_an_endless_head_is_given_up() -> None:
    error = _error(INVITE[:-8] + b"X-Y: z\r\n" * 50, b"X-Y: z\r\n" * 400)
    assert error.status == 513
    assert error.answer is not None
    assert error.answer.startswith(b"SIP/2.0 513 ")


def test_a_long_head_in_one_piece_is_given_up() -> None:
    assert _error(invite(b"Max-Forwards: 70", b"Subject: " + b"x" * 2000)).status == 513


def test_a_long_body_is_given_up_before_it_arrives() -> None:
    error = _error(invite(b"Content-Length: 4", b"Content-Length: 3001"))
    assert error.status == 513
    assert error.answer is not None


@pytest.mark.parametrize("junk", [b"\0" * 2100, b"GET / HTTP/1.1\r\n" * 200])
def test_junk_is_not_answered(junk: bytes) -> None:
    assert _error(junk).answer is None


def test_an_ack_is_not_answered() -> None:
    assert _error(INVITE.replace(b"INVITE", b"ACK").replace(b": 4\r", b": x\r")).answer is None
