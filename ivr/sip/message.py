"""SIP messages: parsed from bytes, typed on demand, written back (RFC 3261 §7).

`parse` splits a message into its start line, headers and body, and reads the five headers that
every message is asked for; what any other says is read when somebody asks. `check` in
`ivr.sip.check` asks about everything the RFC obliges a server to refuse.
"""

import re
from functools import lru_cache

from ivr.sip.abnf import GrammarError, decimal, is_token, split
from ivr.sip.headers import BadHeader, Headers
from ivr.sip.lines import read_fields
from ivr.sip.reasons import reason_phrase
from ivr.sip.uri import Uri
from ivr.sip.values import CSeq, MediaType, NameAddr, Via

_STRAY_LINE_END = re.compile(r"\r(?!\n)|(?<!\r)\n")
_ANY_VERSION = re.compile(r"SIP/\d+\.\d+", re.IGNORECASE)


class _Message:
    """What requests and responses share: headers, a body, typed access to the usual headers.

    Typed access raises BadHeader when the header is missing or broken.
    """

    __slots__ = ("body", "headers")

    headers: Headers
    body: bytes

    @property
    def via(self) -> Via:
        """The topmost Via."""
        known: Via | None = self.headers.typed.get("Via")
        return self.headers.parsed("Via", _top_via) if known is None else known

    @property
    def vias(self) -> list[Via]:
        return self.headers.parsed_list("Via", Via.parse)

    @property
    def from_(self) -> NameAddr:
        known: NameAddr | None = self.headers.typed.get("From")
        return self.headers.parsed("From", NameAddr.parse) if known is None else known

    @property
    def to(self) -> NameAddr:
        known: NameAddr | None = self.headers.typed.get("To")
        return self.headers.parsed("To", NameAddr.parse) if known is None else known

    @property
    def from_tag(self) -> str | None:
        known: NameAddr | None = self.headers.typed.get("From")
        return (self.from_ if known is None else known).params.get("tag")

    @property
    def to_tag(self) -> str | None:
        known: NameAddr | None = self.headers.typed.get("To")
        return (self.to if known is None else known).params.get("tag")

    @property
    def call_id(self) -> str:
        known: str | None = self.headers.typed.get("Call-ID")
        return self.headers.parsed("Call-ID", _call_id) if known is None else known

    @property
    def cseq(self) -> CSeq:
        known: CSeq | None = self.headers.typed.get("CSeq")
        return self.headers.parsed("CSeq", CSeq.parse) if known is None else known

    @property
    def contacts(self) -> list[NameAddr]:
        """Every Contact; a `*` is one whose `is_star` is true."""
        return self.headers.parsed_list("Contact", NameAddr.parse)

    @property
    def routes(self) -> list[NameAddr]:
        return self.headers.parsed_list("Route", NameAddr.parse)

    @property
    def record_routes(self) -> list[NameAddr]:
        return self.headers.parsed_list("Record-Route", NameAddr.parse)

    @property
    def content_type(self) -> MediaType | None:
        """None when the header is absent."""
        known: MediaType | None = self.headers.typed.get("Content-Type")
        if known is not None or "Content-Type" not in self.headers:
            return known
        return self.headers.parsed("Content-Type", MediaType.parse)

    def encode(self) -> bytes:
        """The message as it goes on the wire, with its own Content-Length.

        Raises:
            ValueError: a value holds a line break, which would forge a header.
        """
        lines = [self._start_line()]
        lines += [
            f"{name}: {value}"
            for name, values in self.headers.fields.items()
            if name != "Content-Length"
            for value in values
        ]
        lines.append(f"Content-Length: {len(self.body)}\r\n\r\n")
        head = "\r\n".join(lines)
        if head.count("\n") != len(lines) + 1 or head.count("\r") != len(lines) + 1:
            raise ValueError("a line break inside a header value or the start line")
        return head.encode("utf-8", "surrogateescape") + self.body

    def _start_line(self) -> str:
        raise NotImplementedError


class Request(_Message):
    """A request; `uri` is the Request-URI as text, `target` the same parsed."""

    __slots__ = ("method", "uri")

    def __init__(
        self, method: str, uri: str, headers: Headers | None = None, body: bytes = b""
    ) -> None:
        self.method = method
        self.uri = uri
        self.headers = Headers() if headers is None else headers
        self.body = body

    @property
    def target(self) -> Uri:
        """The Request-URI. Raises UriError."""
        return Uri.parse(self.uri)

    @property
    def max_forwards(self) -> int | None:
        """None when absent. Raises BadHeader unless it is 0 to 255."""
        known: int | None = self.headers.typed.get("Max-Forwards")
        if known is not None or "Max-Forwards" not in self.headers:
            return known
        return self.headers.parsed("Max-Forwards", _max_forwards)

    def stamp_source(self, host: str, port: int) -> None:
        """Write into the top Via where the request came from (RFC 3261 §18.2.1, RFC 3581 §4).

        Raises BadHeader when there is no readable Via.
        """
        via = self.via
        params = via.params
        if "rport" in params:
            stamped_params = {**params, "received": host, "rport": str(port)}
            stamped = Via(via.transport, via.host, via.port, stamped_params, via.protocol)
        elif via.host != host:
            stamped = via.with_params(received=host)
        else:
            return
        first = self.headers.fields["Via"][0]
        if first[-6:] == ";rport" and "," not in first and "received" not in params:
            # What most phones write needs no formatting of the parts again.
            text = f"{first}={port};received={host}"
        elif "," in first:
            text = ", ".join((str(stamped), *split(first, ",")[1:]))
        else:
            text = str(stamped)
        self.headers.set_first("Via", text, stamped)

    def _start_line(self) -> str:
        return f"{self.method} {self.uri} SIP/2.0"

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.uri[:80]}>"


class Response(_Message):
    """A response."""

    __slots__ = ("reason", "status")

    def __init__(
        self, status: int, reason: str = "", headers: Headers | None = None, body: bytes = b""
    ) -> None:
        self.status = status
        self.reason = reason
        self.headers = Headers() if headers is None else headers
        self.body = body

    def _start_line(self) -> str:
        return f"SIP/2.0 {self.status} {self.reason}"

    def __repr__(self) -> str:
        return f"<Response {self.status} {self.reason[:40]}>"


Message = Request | Response


class ParseError(ValueError):
    """The bytes are no message a server may act on; the peer is at fault.

    `message` is the request as far as it could be read, to be answered with `status`; when it is
    None nothing can be answered and silence is right.
    """

    def __init__(
        self, reason: str, status: int | None = None, message: Request | None = None
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.message = message


def parse(data: bytes) -> Message:
    """Read one datagram or one framed message.

    Leading CRLFs are skipped and octets beyond Content-Length dropped (RFC 3261 §18.3).

    Raises:
        ParseError: and nothing else, whatever the bytes.
    """
    start = 0
    while data[start : start + 2] == b"\r\n":
        start += 2
    end = data.find(b"\r\n\r\n", start)
    fault = ""
    if end < 0:
        end, fault = len(data.rstrip(b"\r\n")), "the headers never end"
    head = data[start:end].decode("utf-8", "surrogateescape")
    lines = head.split("\r\n")
    if head.count("\r") + head.count("\n") != 2 * len(lines) - 2:
        fault = "a CR or LF that ends no line"
        lines = [_STRAY_LINE_END.sub(" ", line) for line in lines]
    fields, broken = read_fields(lines)
    headers = Headers.of(fields)
    _read_ahead(headers)
    message, status, why = _start(lines[0], headers)
    message.body, short = _body(fields.get("Content-Length"), data[end + 4 :])
    fault = why or fault or broken or short
    if fault:
        raise _refusal(fault, status or 400, message)
    return message


def response_to(
    request: Request,
    status: int,
    reason: str | None = None,
    to_tag: str | None = None,
    *,
    record_route: bool = False,
) -> Response:
    """A response with what RFC 3261 §8.2.6 takes over from its request.

    Copies every Via, From, To, Call-ID and CSeq as they stood; `to_tag` joins To unless it has one
    or the status is 100; Timestamp goes back in a 100; Record-Route when asked for (§12.1.1).
    Headers a broken request lacks are left out.
    """
    source = request.headers
    names = _COPIED_FOR_DIALOG if record_route else _COPIED
    fields = source.taken(names if status > 100 else _COPIED_WITH_TIME)
    if to_tag and status > 100 and (to := source.get("To")) and not _has_tag(request):
        fields.put("To", f"{to};tag={to_tag}")
    return Response(status, reason or reason_phrase(status), fields)


_COPIED = ("Via", "From", "To", "Call-ID", "CSeq")
_COPIED_WITH_TIME = (*_COPIED, "Timestamp")
_COPIED_FOR_DIALOG = (*_COPIED, "Record-Route")
_USUAL_METHODS = frozenset(("INVITE", "ACK", "BYE", "CANCEL", "REGISTER", "OPTIONS", "PRACK"))


def _has_tag(request: Request) -> bool:
    try:
        return request.to_tag is not None
    except BadHeader:
        return False


def _start(line: str, headers: Headers) -> tuple[Message, int, str]:
    """The message a start line opens, and with what status and why it must be refused."""
    words = line.split(" ")
    if len(words) == 3 and words[2] == "SIP/2.0":
        method, uri, _ = words
        fault = (
            ""
            if uri and (method in _USUAL_METHODS or is_token(method))
            else "the start line is broken"
        )
        return Request(method, uri, headers), 400, fault
    if line[:8].upper() == "SIP/2.0 ":
        return _status_line(words, headers)
    return _odd_request_line(line, headers)


def _status_line(words: list[str], headers: Headers) -> tuple[Message, int, str]:
    code = words[1]
    fine = len(code) == 3 and code.isascii() and code.isdigit() and 100 <= int(code) <= 699
    fault = "" if fine else f"{code[:16]!r} is no status"
    return Response(int(code) if fine else 0, " ".join(words[2:]), headers), 400, fault


def _odd_request_line(line: str, headers: Headers) -> tuple[Message, int, str]:
    words = line.split()
    version = words[-1] if words else ""
    method, uri = words[0] if words else "", " ".join(words[1:-1])
    if line.split(" ")[:1] + line.split(" ")[2:] != [method, version] or len(words) != 3:
        return Request(method, uri, headers), 400, "the start line is broken"
    if version.upper() == "SIP/2.0":
        return Request(method, uri, headers), 400, ""
    if _ANY_VERSION.fullmatch(version):
        return Request(method, uri, headers), 505, f"{version[:16]} is not spoken here"
    return Request(method, uri, headers), 400, "the start line names no SIP version"


def _read_ahead(headers: Headers) -> None:
    """Read what every message is asked for, in a third of the time of one question each.

    What is missing or broken is left to whoever asks for it.
    """
    fields, typed = headers.fields, headers.typed
    try:
        typed["Via"] = _top_via(fields["Via"][0])
        typed["From"] = NameAddr.parse(fields["From"][0])
        typed["To"] = NameAddr.parse(fields["To"][0])
        typed["Call-ID"] = _call_id(fields["Call-ID"][0])
        typed["CSeq"] = CSeq.parse(fields["CSeq"][0])
    except (KeyError, GrammarError):
        return


def _body(lengths: list[str] | None, rest: bytes) -> tuple[bytes, str]:
    if not lengths:
        return rest, ""
    if len(lengths) == 1 and lengths[0] == str(len(rest)):
        return rest, ""  # what is announced is what is there
    try:
        length = decimal(lengths[0], 2**31)
        if any(decimal(other, 2**31) != length for other in lengths[1:]):
            return b"", "two Content-Length headers differ"
    except GrammarError as error:
        return b"", f"Content-Length: {error}"
    if length > len(rest):
        return rest, f"the body has {len(rest)} octets of the {length} announced"
    return rest[:length], ""


def _refusal(why: str, status: int, message: Message) -> ParseError:
    """A request whose Via cannot be read cannot be answered, nor can any response."""
    if isinstance(message, Response) or not message.method:
        return ParseError(why)
    try:
        message.via  # noqa: B018  # asked for whether it can be read
    except BadHeader:
        return ParseError(why)
    return ParseError(why, status, message)


def _top_via(text: str) -> Via:
    return Via.parse(split(text, ",")[0] if "," in text else text)


def _call_id(text: str) -> str:
    if not text or " " in text or "\t" in text:
        raise GrammarError("wants one word")
    return text


@lru_cache(maxsize=512)
def _max_forwards(text: str) -> int:
    return decimal(text, 255)
