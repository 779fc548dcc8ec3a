"""A form with a file, as a browser writes it (RFC 7578)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message

MEDIA_TYPE = "multipart/form-data"
MOST_PARTS = 20
MOST_HEAD_BYTES = 2_000

_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{1,70}")
_HEAD_END = b"\r\n\r\n"


class BadForm(Exception):
    """What was sent is no such form."""


@dataclass(frozen=True, slots=True)
class Part:
    """One field; `is_file` for what a file chooser sends, also when nothing was chosen."""

    name: str
    content: bytes
    is_file: bool


def parts(media_type: str, body: bytes) -> Iterator[Part]:
    """The fields of a body, in their order.

    Raises:
        BadForm: the media type has no boundary, or the body is not cut by it.
    """
    boundary = _parameter(media_type, "content-type", "boundary") or ""
    if not _BOUNDARY.fullmatch(boundary):
        raise BadForm("no boundary")
    first, *pieces = (b"\r\n" + body).split(b"\r\n--" + boundary.encode("ascii"))
    if first or not pieces or not pieces[-1].startswith(b"--") or len(pieces) > MOST_PARTS + 1:
        raise BadForm("not cut by its boundary")
    for piece in pieces[:-1]:
        yield _part(piece)


def _part(piece: bytes) -> Part:
    head, end, content = piece.partition(_HEAD_END)
    if not end or not head.startswith(b"\r\n") or len(head) > MOST_HEAD_BYTES:
        raise BadForm("a part has no header")
    try:
        lines = head.decode("utf-8").split("\r\n")
    except UnicodeDecodeError:
        raise BadForm("a header is no text") from None
    for line in lines:
        header, _, value = line.partition(":")
        if header.strip().lower() == "content-disposition":
            name = _parameter(value, "content-disposition", "name")
            if name is not None:
                is_file = _parameter(value, "content-disposition", "filename") is not None
                return Part(name, content, is_file)
    raise BadForm("a part has no name")


def _parameter(value: str, header: str, name: str) -> str | None:
    message = Message()
    message[header] = value
    found = message.get_param(name, header=header)
    return found if isinstance(found, str) else None
