"""A message as a SIP request: read from a sender, written for a phone (RFC 3428)."""

from email.utils import formatdate

from ivr.numbering.presentation import ANONYMOUS, UNAVAILABLE
from ivr.sip.abnf import GrammarError
from ivr.sip.headers import Headers
from ivr.sip.message import Request
from ivr.ua.addresses import address, sender
from ivr.ua.bindings import Refused
from ivr.ua.ways import Way
from provisioning.contract import KeptMessage

TEXT = "text/plain"
_CHARSETS = frozenset(("utf-8", "us-ascii"))
_TAG_LENGTH = 16


def text_of(request: Request) -> str:
    """What a MESSAGE says.

    Raises:
        Refused: 415 for another body than plain text in UTF-8, 400 for one that is none.
    """
    kind = request.content_type
    charset = (kind.params.get("charset") or "utf-8").strip('"').lower() if kind else ""
    if kind is None or kind.name != TEXT or charset not in _CHARSETS:
        raise Refused(415, "Plain Text In UTF-8 Only", ("Accept", TEXT))
    try:
        text = request.body.decode()
    except UnicodeDecodeError:
        raise Refused(400, "The Text Is Not UTF-8") from None
    if not text:
        raise Refused(400, "No Text")
    return text


def addressed_to(request: Request) -> str:
    """The user, or the `tel:` number, whom a MESSAGE is for.

    Within a call the Request-URI is our own address; whom it is for then stands in To.
    """
    try:
        target = request.target if request.to_tag is None else request.to.uri
    except GrammarError:
        return ""
    return str(target) if target.scheme == "tel" else target.user or ""


def written(message: KeptMessage, text: str, way: Way, host: str) -> Request:
    """The request that takes a message to a phone.

    Call-ID, From tag and CSeq are the message's own, the same in every attempt: a phone that has
    it already, by another contact or a lost answer, knows it again (RFC 3261 §8.2.2.2).

    Args:
        host: the host in addresses of our network.
    """
    headers = Headers([("Max-Forwards", "70")])
    for route in way.routes:
        headers.add("Route", route)
    number, reason = (None, ANONYMOUS) if message.withheld else (message.sender, UNAVAILABLE)
    headers.add("From", f"{sender(number, reason, host)};tag={message.message_id[:_TAG_LENGTH]}")
    headers.add("To", f"<{address(message.to, host)}>")
    headers.add("Call-ID", message.message_id)
    headers.add("CSeq", "1 MESSAGE")
    headers.add("Date", formatdate(message.created_at, usegmt=True))
    if message.withheld:
        headers.add("Privacy", "id")
    headers.add("Content-Type", f"{TEXT};charset=UTF-8")
    return Request("MESSAGE", way.uri, headers, text.encode())
