"""What a server must refuse in a message before it acts on it (RFC 3261 §8.2, RFC 4475)."""

import re

from ivr.sip.abnf import GrammarError, decimal, is_token
from ivr.sip.headers import BadHeader
from ivr.sip.message import Message, ParseError, Request, Response
from ivr.sip.uri import Uri, UriError
from ivr.sip.values import Via

_ONCE = """
Authentication-Info CSeq Call-ID Content-Disposition Content-Type Date Event Expires
From Max-Forwards Min-Expires Min-SE RAck RSeq Refer-To Replaces Retry-After Session-Expires
Subject To
"""
_SINGLE_HEADERS = frozenset(_ONCE.split())
_SCHEMES = frozenset(("sip", "sips", "tel"))
_MOST_DELTA = 2**32 - 1
_MAGIC_COOKIE = "z9hG4bK"
_DATE = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
    r" \d{4} \d\d:\d\d:\d\d GMT",
    re.IGNORECASE,
)


def check(message: Message) -> None:
    """Pass a message the RFC lets a server act on.

    Whether the server knows the method, the extensions or the body is not asked here.

    Raises:
        ParseError: with the status to answer; without a message where silence is right, as for
            every response.
    """
    try:
        via = message.via
        if isinstance(message, Response):
            _check_common(message)
            return
    except GrammarError as error:
        raise ParseError(str(error)) from None
    try:
        _check_hop(via)
        _check_common(message)
        _check_request(message)
    except GrammarError as error:
        raise ParseError(str(error), 400, message) from None
    _check_target(message)


def check_response(response: Response) -> None:
    """Pass a response that tells what it answers and whose it is; what else it says may be broken.

    Raises:
        ParseError: nothing is known of it that a transaction could go by.
    """
    try:
        _check_parties(response)
        response.call_id  # noqa: B018
        response.cseq  # noqa: B018
    except GrammarError as error:
        raise ParseError(str(error)) from None


def _check_parties(message: Message) -> None:
    for party in (message.from_, message.to):
        tag = party.params.get("tag")
        if tag is not None and not is_token(tag):
            raise BadHeader("From or To", "the tag is no token")


def _check_common(message: Message) -> None:
    fields, typed = message.headers.fields, message.headers.typed
    if sum(map(len, fields.values())) != len(fields):
        _check_single(fields)
    _check_parties(message)
    if "Call-ID" not in typed or "CSeq" not in typed:
        message.call_id  # noqa: B018
        message.cseq  # noqa: B018
    if "Contact" in fields:
        message.contacts  # noqa: B018
    if "Content-Type" in fields and fields["Content-Type"][0] != "application/sdp":
        message.content_type  # noqa: B018


def _check_single(fields: dict[str, list[str]]) -> None:
    for name, values in fields.items():
        if len(values) > 1 and name in _SINGLE_HEADERS:
            raise BadHeader(name, "stands more than once")


def _check_request(request: Request) -> None:
    if request.cseq.method != request.method:
        raise BadHeader("CSeq", "the method is not the request's")
    fields = request.headers.fields
    if "Max-Forwards" in fields and fields["Max-Forwards"][0] != "70":
        request.max_forwards  # noqa: B018
    if "Expires" in fields:
        decimal(fields["Expires"][0], _MOST_DELTA)
    if "Date" in fields and not _DATE.fullmatch(fields["Date"][0]):
        raise BadHeader("Date", "is no RFC 1123 date in GMT")
    if "Route" in fields or "Record-Route" in fields:
        _check_routes(request)
    if request.method == "REGISTER":
        _check_register(request)


def _check_routes(request: Request) -> None:
    request.routes  # noqa: B018
    request.record_routes  # noqa: B018


def _check_hop(via: Via) -> None:
    if via.protocol != "SIP/2.0" and via.protocol.upper() != "SIP/2.0":
        raise BadHeader("Via", "another protocol than SIP/2.0")
    if via.port is not None and not 0 < via.port < 65536:
        raise BadHeader("Via", "the port is none")
    if via.params.get("branch") in (_MAGIC_COOKIE, ""):
        raise BadHeader("Via", "the branch identifies nothing")


def _check_register(request: Request) -> None:
    """To and From of a REGISTER name an address-of-record (RFC 3261 §10.2, RFC 4475 §3.3.4)."""
    for name, party in (("To", request.to), ("From", request.from_)):
        if party.uri.scheme not in _SCHEMES:
            raise BadHeader(name, "is no address-of-record")


def _check_target(request: Request) -> None:
    try:
        target: Uri = request.target
    except UriError as error:
        raise ParseError(f"Request-URI: {error}", 400, request) from None
    if target.scheme not in _SCHEMES:
        raise ParseError(f"Request-URI: scheme {target.scheme[:32]}", 416, request)
    if target.headers:
        raise ParseError("Request-URI: carries headers", 400, request)
