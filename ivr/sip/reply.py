"""Responses written straight from their request's header texts (RFC 3261 §8.2.6).

A `Response` is for whoever wants to look at its headers or change them. What is only to be sent
is cheaper as text: one f-string in place of a dictionary and a line for every header.
"""

from __future__ import annotations

from collections.abc import Iterable

from ivr.sip.message import Request
from ivr.sip.reasons import reason_phrase


def write_fields(headers: Iterable[tuple[str, str]]) -> str:
    """Header lines, each with its line end.

    Raises:
        ValueError: a value holds a line break, which would forge a header.
    """
    text = ""
    for name, value in headers:
        if "\n" in value or "\r" in value:
            raise ValueError(f"a line break inside {name}")
        text += f"{name}: {value}\r\n"
    return text


def write_reply(
    request: Request, status: int, reason: str | None, to: str, fields: str, body: bytes
) -> bytes:
    """A whole response to a request that `check` has passed.

    Args:
        to: the To value, its tag included.
        fields: further header lines, each with its line end.
        body: its Content-Type stands in `fields`.

    Raises:
        ValueError: the reason holds a line break.
    """
    if reason is None:
        reason = reason_phrase(status)
    elif "\n" in reason or "\r" in reason:
        raise ValueError("a line break inside the reason phrase")
    source = request.headers.fields
    vias = "\r\nVia: ".join(source["Via"])
    head = (
        f"SIP/2.0 {status} {reason}\r\nVia: {vias}\r\nFrom: {source['From'][0]}\r\nTo: {to}\r\n"
        f"Call-ID: {source['Call-ID'][0]}\r\nCSeq: {source['CSeq'][0]}\r\n"
        f"{fields}Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode("utf-8", "surrogateescape") + body
