"""Bodies of several parts: the session description is taken out of them (RFC 5621, RFC 2046 §5.1).

Equipment at the edge of ISDN and cars in distress send their description beside another part.
"""

from ivr.sip.abnf import GrammarError
from ivr.sip.message import Request, Response
from ivr.sip.sdp import CONTENT_TYPE
from ivr.sip.values import MediaType

_MULTIPART = "multipart/"
_ALTERNATIVE = "multipart/alternative"
_DESCRIBED = frozenset(("INVITE", "ACK", "PRACK", "UPDATE"))
"""Methods whose bodies, and whose responses' bodies, are session descriptions."""
_AS_IT_IS = frozenset(("", "7bit", "8bit", "binary"))
_LONGEST_BOUNDARY = 70
"""RFC 2046 §5.1.1."""
MOST_PARTS = 16
"""Our limit; nothing sensible has more than three."""

Part = tuple[dict[str, str], bytes]
"""Fields of a part by their names in lower case, and what it holds."""


def unwrap(message: Request | Response) -> None:
    """Leave of a message's body the session description in it, if that is one part of several.

    A body of any other kind stays, to be refused with 415, unless the message says that it is
    optional: then it is as good as none (RFC 5621 §8.2).
    """
    fields = message.headers
    kind = fields.get("Content-Type")
    if kind is None or kind == CONTENT_TYPE or _method(message) not in _DESCRIBED:
        return
    found = description_in(kind, message.body)
    if found is not None:
        message.body = found
        fields.set("Content-Type", CONTENT_TYPE)
    elif is_optional(fields.get("Content-Disposition")) and not _is_description(kind):
        message.body = b""


def description_in(kind: str, body: bytes) -> bytes | None:
    """The session description among the parts of a body; None where there is none to be had.

    Of alternatives the last one is the best (RFC 2046 §5.1.4). A part that we do not know and
    that must be understood makes the whole worthless.
    """
    if not kind.lower().startswith(_MULTIPART):
        return None
    try:
        whole = MediaType.parse(kind)
    except GrammarError:
        return None
    parts = _parts(body, (whole.params.get("boundary") or "").strip('"'))
    described = [content for fields, content in parts if _describes(fields)]
    strange = [fields for fields, _ in parts if not _describes(fields)]
    is_choice = whole.name == _ALTERNATIVE
    if not described or (not is_choice and any(map(_must_be_known, strange))):
        return None
    return described[-1 if is_choice else 0]


def is_optional(disposition: str | None) -> bool:
    """Whether a Content-Disposition says that a body need not be understood."""
    return _handling(disposition) == "optional"


def _parts(body: bytes, boundary: str) -> list[Part]:
    """What stands between the boundaries; nothing where there are too many, or no last one."""
    if not 0 < len(boundary) <= _LONGEST_BOUNDARY:
        return []
    line = b"\r\n--" + boundary.encode("utf-8", "surrogateescape")
    pieces = (b"\r\n" + body).split(line, MOST_PARTS + 2)
    if len(pieces) < 3 or len(pieces) > MOST_PARTS + 2 or not pieces[-1].startswith(b"--"):
        return []
    return [_part(piece) for piece in pieces[1:-1]]


def _part(piece: bytes) -> Part:
    """One part; its first line is the rest of the boundary's."""
    head, _, content = piece.partition(b"\r\n\r\n")
    fields: dict[str, str] = {}
    for line in head.decode("utf-8", "surrogateescape").split("\r\n")[1:]:
        name, _, value = line.partition(":")
        fields.setdefault(name.strip().lower(), value.strip())
    return fields, content


def _describes(fields: dict[str, str]) -> bool:
    plain = fields.get("content-transfer-encoding", "").lower() in _AS_IT_IS
    disposition = fields.get("content-disposition", "session").partition(";")[0].strip().lower()
    return plain and disposition == "session" and _is_description(fields.get("content-type", ""))


def _is_description(kind: str) -> bool:
    return kind.partition(";")[0].strip().lower() == CONTENT_TYPE


def _must_be_known(fields: dict[str, str]) -> bool:
    """Only what says so itself: many a part is meant for others, and does not say it."""
    return _handling(fields.get("content-disposition")) == "required"


def _handling(disposition: str | None) -> str:
    for parameter in (disposition or "").lower().split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip() == "handling":
            return value.strip().strip('"')
    return ""


def _method(message: Request | Response) -> str:
    return message.method if isinstance(message, Request) else message.cseq.method
