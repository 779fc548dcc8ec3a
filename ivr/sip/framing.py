"""Cut a stream into messages by Content-Length (RFC 3261 §18.3, RFC 5626 §3.5.1)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ivr.sip.message import ParseError, Request, parse, response_to

PING = b"\r\n\r\n"
"""What a peer sends between messages to hear a CRLF back. Compare with `is`."""
PONG = b"\r\n"
"""A peer's answer to our ping. Compare with `is`."""

_LENGTH = re.compile(rb"^(?:content-length|l)[ \t]*+:([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_FOLD = re.compile(rb"\r\n[ \t]")


@dataclass(frozen=True, slots=True)
class FrameLimits:
    """How much of a peer's message is held, in octets; beyond, the stream is given up."""

    head: int = 32_768
    body: int = 65_536


class FramingError(ValueError):
    """Where the next message begins is lost: answer, then close (RFC 3261 §18.3).

    `answer` is the response as bytes, or None where the message cannot be answered.
    """

    def __init__(self, why: str, status: int, head: bytes) -> None:
        super().__init__(why)
        self.status = status
        self.answer = _answer(head, status)


class StreamFramer:
    """Collects one connection's octets and yields what is whole."""

    __slots__ = ("_buffer", "_limits", "_searched")

    def __init__(self, limits: FrameLimits | None = None) -> None:
        self._buffer = bytearray()
        self._limits = limits or FrameLimits()
        self._searched = 0

    @property
    def partial(self) -> bool:
        """Whether a message has begun and is not whole; a lone CRLF is not a message."""
        return len(self._buffer) > 2

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take octets in; yield messages, and PING or PONG for the CRLFs between them.

        Raises:
            FramingError: while iterating; nothing can be fed after it.
        """
        self._buffer += data
        while (message := self._next()) is not None:
            yield message

    def _next(self) -> bytes | None:
        buffer = self._buffer
        if buffer[:2] == b"\r\n":
            return self._between()
        end = buffer.find(b"\r\n\r\n", self._searched)
        if end < 0:
            # The next search begins where a split CRLFCRLF could.
            self._searched = max(0, len(buffer) - 3)
            if len(buffer) > self._limits.head:
                raise FramingError("the headers are too long", 513, bytes(buffer))
            return None
        head = bytes(buffer[:end])
        if len(head) > self._limits.head:
            raise FramingError("the headers are too long", 513, head)
        whole = end + 4 + self._content_length(head)
        if len(buffer) < whole:
            self._searched = end
            return None
        message = bytes(buffer[:whole])
        del buffer[:whole]
        self._searched = 0
        return message

    def _between(self) -> bytes | None:
        """CRLFs before a message; one alone may be half of a ping, so it waits for more."""
        buffer = self._buffer
        if len(buffer) < 4 and PING.startswith(buffer):
            return None
        if buffer[:4] == PING:
            del buffer[:4]
            return PING
        del buffer[:2]
        return PONG

    def _content_length(self, head: bytes) -> int:
        """Octets of body. A stream's message without Content-Length has none (§18.3, §20.14)."""
        found = {value.strip(b" \t") for value in _LENGTH.findall(_FOLD.sub(b" ", head))}
        if not found:
            return 0
        text = found.pop()
        if found or not text.isdigit() or len(text) > 10:
            raise FramingError("Content-Length is broken or stands twice", 400, head)
        if int(text) > self._limits.body:
            raise FramingError("the body is too long", 513, head)
        return int(text)


def _answer(head: bytes, status: int) -> bytes | None:
    """A response to the request a head belongs to, should it be readable that far."""
    cut = head[: head.rfind(b"\r\n")] if b"\r\n\r\n" not in head else head
    try:
        message = parse(_LENGTH.sub(b"Content-Length: 0", _FOLD.sub(b" ", cut)) + b"\r\n\r\n")
    except ParseError as error:
        if error.message is None:
            return None
        message = error.message
    if not isinstance(message, Request) or message.method == "ACK":
        return None
    return response_to(message, status).encode()
