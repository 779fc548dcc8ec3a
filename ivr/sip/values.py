"""What single headers say: addresses, Via, CSeq, media types (RFC 3261 §20)."""

import re
from functools import lru_cache
from typing import NamedTuple

from ivr.sip.abnf import (
    TOKEN_CHARACTERS,
    GrammarError,
    Parameters,
    decimal,
    format_parameters,
    is_token,
    leading_quoted,
    parse_parameters,
    quote,
    unquote,
)
from ivr.sip.uri import Uri, host_text, parse_host_port

MOST_CSEQ = 2**31 - 1
"""RFC 3261 §8.1.1.5."""

_MOST_PORT = 10**9
"""Beyond every port: see `Via`."""

_NO_PARAMETERS: Parameters = {}
_USUAL_METHODS = frozenset(("INVITE", "ACK", "BYE", "CANCEL", "REGISTER", "OPTIONS", "PRACK"))
_DISPLAY_CHARACTERS = TOKEN_CHARACTERS | {" ", "\t"}

_CACHED_LENGTH = 200
"""Longer texts are not remembered: a flood of them must not fill the memory."""

_T = r"[A-Za-z0-9\-.!%*_+`'~]"
_USUAL_ADDRESS = re.compile(rf'(?:"([^"\\]*+)" ?|((?:{_T}++ )*))<([^<> "]++)>(?:;tag=({_T}++))?')
_USUAL_VIA = re.compile(rf"SIP/2\.0/([A-Z]++) ([^ \t;,\"<]++)(;rport)?;branch=({_T}++)(;rport)?")


class NameAddr(NamedTuple):
    """An address with a display name and header parameters: From, To, Contact, Route …

    `address` is the URI as text; `uri` parses it. `display` is unescaped.
    """

    address: str
    display: str = ""
    params: Parameters = _NO_PARAMETERS

    @staticmethod
    def parse(text: str) -> "NameAddr":
        """Read a name-addr or addr-spec with its parameters (RFC 3261 §20.10).

        Raises:
            GrammarError: with what is wrong. The URI inside is not looked at.
        """
        return _cached_name_addr(text) if len(text) <= _CACHED_LENGTH else _name_addr(text)

    @property
    def uri(self) -> Uri:
        """The address, parsed. Raises UriError when it is none."""
        return Uri.parse(self.address)

    @property
    def is_star(self) -> bool:
        """The `*` that a REGISTER may carry as its Contact."""
        return self.address == "*"

    @property
    def tag(self) -> str | None:
        return self.params.get("tag")

    def param(self, name: str) -> str | None:
        """A header parameter unquoted; "" when it stands without a value, None when absent."""
        if name not in self.params:
            return None
        return unquote(self.params[name] or "")

    def with_params(self, **params: str | None) -> "NameAddr":
        """The same address with parameters set."""
        return self._replace(params={**self.params, **params})

    def __str__(self) -> str:
        if self.is_star:
            return "*"
        display = quote(self.display) + " " if self.display else ""
        return f"{display}<{self.address}>{format_parameters(self.params)}"


class Via(NamedTuple):
    """One hop of a request's way (RFC 3261 §20.42, RFC 3581).

    `port` is what the sender wrote and may lie beyond 65535: `check` refuses that, and the
    response must still be sent where the request came from. `host` carries no brackets.
    """

    transport: str
    host: str
    port: int | None = None
    params: Parameters = _NO_PARAMETERS
    protocol: str = "SIP/2.0"

    @staticmethod
    def parse(text: str) -> "Via":
        """Read a Via value. Raises GrammarError."""
        usual = _USUAL_VIA.fullmatch(text)
        if usual is None:
            return _via(text)
        transport, sent_by, early, branch, late = usual.groups()
        if early and late:
            return _via(text)
        params: dict[str, str | None] = {"branch": branch}
        if late:
            params["rport"] = None
        elif early:
            params = {"rport": None, "branch": branch}
        host, port = parse_host_port(sent_by, _MOST_PORT)
        return Via(transport, host, port, params)

    @property
    def branch(self) -> str | None:
        return self.params.get("branch")

    @property
    def sent_by(self) -> tuple[str, int | None]:
        """Host in lower case and port, as transactions compare them (RFC 3261 §17.2.3)."""
        return self.host.lower(), self.port

    @property
    def received(self) -> str | None:
        """Brackets around an IPv6 address are tolerated (RFC 5118 §4.5)."""
        received = self.params.get("received")
        return received.strip("[]") if received else None

    @property
    def rport(self) -> int | None:
        """The source port a server filled in; None when absent or only asked for."""
        text = self.params.get("rport")
        return int(text) if text and text.isascii() and text.isdigit() and len(text) < 6 else None

    @property
    def wants_rport(self) -> bool:
        return "rport" in self.params

    @property
    def maddr(self) -> str | None:
        return self.params.get("maddr")

    def with_params(self, **params: str | None) -> "Via":
        """The same hop with parameters set."""
        return self._replace(params={**self.params, **params})

    def __str__(self) -> str:
        port = "" if self.port is None else f":{self.port}"
        where = f"{host_text(self.host)}{port}{format_parameters(self.params)}"
        return f"{self.protocol}/{self.transport} {where}"


class CSeq(NamedTuple):
    """A request's number and method (RFC 3261 §20.16)."""

    number: int
    method: str

    @staticmethod
    def parse(text: str) -> "CSeq":
        """Read a CSeq. Raises GrammarError."""
        return _cached_cseq(text) if len(text) <= _CACHED_LENGTH else _cseq(text)

    def __str__(self) -> str:
        return f"{self.number} {self.method}"


class MediaType(NamedTuple):
    """A Content-Type: type/subtype in lower case, and its parameters (RFC 3261 §20.15)."""

    name: str
    params: Parameters = _NO_PARAMETERS

    @staticmethod
    def parse(text: str) -> "MediaType":
        """Read `type/subtype;parameters`. Raises GrammarError."""
        if text == "application/sdp":
            return _SDP_TYPE
        name, semicolon, parameter_text = text.partition(";")
        kind, slash, subtype = name.partition("/")
        if not slash or not is_token(kind.strip()) or not is_token(subtype.strip()):
            raise GrammarError("wants type/subtype")
        params = parse_parameters(parameter_text) if semicolon else _NO_PARAMETERS
        return MediaType(f"{kind.strip()}/{subtype.strip()}".lower(), params)

    def __str__(self) -> str:
        return self.name + format_parameters(self.params)


_SDP_TYPE = MediaType("application/sdp")


def _name_addr(text: str) -> NameAddr:
    if text[:1] == "<":
        plain = _plain_name_addr(text)
        if plain is not None:
            return plain
    usual = _USUAL_ADDRESS.fullmatch(text)
    if usual is not None:  # what phones write, in a third of the time of the whole grammar
        quoted, bare, address, tag = usual.groups()
        display = bare.rstrip(" ") if bare else quoted or ""
        return NameAddr(address, display, {"tag": tag} if tag else _NO_PARAMETERS)
    display, rest = "", text
    if text[:1] == '"':
        display, rest = _quoted_display(text)
    opened = rest.find("<")
    if opened < 0:
        return _addr_spec(rest)
    if opened > 0:
        display = _bare_display(rest[:opened])
    address, closed, tail = rest[opened + 1 :].partition(">")
    if not closed or not address or " " in address:
        raise GrammarError("the address in angle brackets is broken")
    return NameAddr(address, display, _tail_parameters(tail))


def _plain_name_addr(text: str) -> NameAddr | None:
    """`<address>` or `<address>;tag=token`, which needs no expression; None for all else."""
    address, closed, tag = text[1:].partition(">;tag=")
    if not closed:
        address, closed, tag = text[1:-1], text[-1], "t"
    broken = ">" in address or "<" in address or '"' in address or " " in address
    if broken or not address or closed[0] != ">" or not (tag.isalnum() and tag.isascii()):
        return None
    return NameAddr(address, "", {"tag": tag} if len(closed) > 1 else _NO_PARAMETERS)


_cached_name_addr = lru_cache(maxsize=8192)(_name_addr)
"""The requests of a dialog repeat their From, To and Contact: most are found here."""


def _via(text: str) -> Via:
    if text[:8] == "SIP/2.0/":
        transport, _, rest = text[8:].partition(" ")
        protocol = "SIP/2.0"
    else:
        protocol, transport, rest = _spaced_protocol(text)
    sent_by, semicolon, parameter_text = rest.partition(";")
    sent_by = sent_by.strip(" \t")
    if " " in sent_by or not transport:
        protocol, transport, rest = _spaced_protocol(text)
        sent_by, semicolon, parameter_text = rest.partition(";")
        sent_by = "".join(sent_by.split())  # `host : port` has room for spaces
    host, port = parse_host_port(sent_by, _MOST_PORT)
    params = parse_parameters(parameter_text) if semicolon else _NO_PARAMETERS
    return Via(transport.upper(), host, port, params, protocol)


def _cseq(text: str) -> CSeq:
    words = text.split()
    if len(words) != 2 or not (words[1] in _USUAL_METHODS or is_token(words[1])):
        raise GrammarError("wants a number and a method")
    return CSeq(decimal(words[0], MOST_CSEQ), words[1])


_cached_cseq = lru_cache(maxsize=1024)(_cseq)


def _quoted_display(text: str) -> tuple[str, str]:
    display, _, rest = text[1:].partition('"')
    if "\\" in display or not rest:
        quoted, rest = leading_quoted(text)
        display = unquote(quoted)
    rest = rest.lstrip(" \t")
    if rest[:1] != "<":
        raise GrammarError("a display name without an address")
    return display, rest


def _addr_spec(text: str) -> NameAddr:
    """A URI without brackets: its `;` belongs to the header, and a `?` is not allowed (§20)."""
    address, semicolon, tail = text.partition(";")
    address = address.strip(" \t")
    if not address or " " in address or "?" in address or '"' in address or "," in address:
        raise GrammarError("an address with spaces, commas or headers needs angle brackets")
    return NameAddr(address, "", parse_parameters(tail) if semicolon else _NO_PARAMETERS)


def _bare_display(text: str) -> str:
    """Tokens with spaces between; letters beyond ASCII are tolerated, since phones send them."""
    for character in text:
        if character not in _DISPLAY_CHARACTERS and character.isascii():
            raise GrammarError(f"a display name with {character!r} needs quotes")
    return " ".join(text.split())


def _tail_parameters(tail: str) -> Parameters:
    tail = tail.strip(" \t")
    if not tail:
        return _NO_PARAMETERS
    if tail[0] != ";":
        raise GrammarError("something follows the address that is no parameter")
    return parse_parameters(tail[1:])


def _spaced_protocol(text: str) -> tuple[str, str, str]:
    """A Via whose slashes stand among spaces, `SIP / 2.0 / UDP host`: legal, and rare."""
    name, _, rest = text.partition("/")
    version, slash, rest = rest.partition("/")
    transport, _, sent_by = rest.strip(" \t").partition(" ")
    name, version = name.strip(" \t"), version.strip(" \t")
    if not (slash and is_token(name) and is_token(version) and is_token(transport)):
        raise GrammarError("wants SIP/2.0/transport and a host")
    return f"{name}/{version}", transport, sent_by
