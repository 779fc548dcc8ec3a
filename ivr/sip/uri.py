"""SIP, SIPS and tel URIs (RFC 3261 §19.1, RFC 3966)."""

import re
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address
from typing import NamedTuple
from urllib.parse import quote, unquote

from ivr.sip.abnf import GrammarError, Parameters, format_parameters

_CACHED_LENGTH = 200
"""Longer URIs are not remembered: a flood of them must not fill the memory."""

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*")
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.\-]*[A-Za-z0-9_.])?")
_IPV6_REFERENCE = re.compile(r"[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_FORBIDDEN = re.compile(r"[\s<>\"\x00-\x20\x7f]")
_SUBSCRIBER = re.compile(r"\+?[.()\-]*+[0-9A-Fa-f*#][0-9A-Fa-f*#.()\-]*")
_DIALLED = re.compile(r"\+?[.()\-]*+[0-9*#][0-9*#.()\-]*")
"""A user part that is a number; letters, which RFC 3966 has too, would make a number of `cafe`."""
_VISUAL_SEPARATORS = str.maketrans("", "", "-.()")

_USER_PLAIN = "-_.!~*'()&=+$,;?/"
_PASSWORD_PLAIN = "-_.!~*'()&=+$,"
_PARAMETER_PLAIN = "-_.!~*'()[]/:&+$"
_HEADER_PLAIN = "-_.!~*'()[]/?:+$"

_NEVER_DEFAULTED = ("user", "ttl", "method", "maddr", "transport")
"""uri-parameters that do not match when only one of two URIs has them (RFC 3261 §19.1.4)."""


class UriError(GrammarError):
    """The URI breaks its grammar."""


class Telephone(NamedTuple):
    """A telephone number as dialled: visual separators removed, `+` kept (RFC 3966)."""

    digits: str
    phone_context: str | None = None
    isub: str | None = None


class Uri:
    """One URI, its parts unescaped; immutable by convention, since parsed URIs are shared.

    `host` carries no brackets, also for IPv6. A `tel:` URI keeps its number in `user`; a URI of
    another scheme keeps everything after the colon in `opaque`.
    """

    __slots__ = ("headers", "host", "opaque", "params", "password", "port", "scheme", "user")

    def __init__(
        self,
        scheme: str = "sip",
        user: str | None = None,
        host: str = "",
        port: int | None = None,
        *,
        password: str | None = None,
        params: Parameters | None = None,
        headers: Mapping[str, str] | None = None,
        opaque: str = "",
    ) -> None:
        self.scheme = scheme
        self.user = user
        self.password = password
        self.host = host
        self.port = port
        self.params: Parameters = params or {}
        self.headers: Mapping[str, str] = headers or {}
        self.opaque = opaque

    @staticmethod
    def parse(text: str) -> "Uri":
        """Read a URI.

        Raises:
            UriError: with what is wrong.
        """
        return _parse_cached(text) if len(text) <= _CACHED_LENGTH else _parse(text)

    @property
    def is_sip(self) -> bool:
        return self.scheme in ("sip", "sips")

    @property
    def aor(self) -> str:
        """The address-of-record: scheme, user and host, nothing else (RFC 3261 §10.3)."""
        return Uri(self.scheme, self.user, self.host.lower()).__str__()

    def param(self, name: str) -> str | None:
        """A uri-parameter's value; "" when it stands without one, None when it is absent."""
        if name not in self.params:
            return None
        return self.params[name] or ""

    def telephone(self) -> Telephone | None:
        """The number a `tel:` URI names, or the one in the user part of a SIP URI, if any.

        In a SIP URI the number's own parameters stand inside the user part (RFC 3261 §19.1.6).
        """
        if self.user is None or (self.scheme != "tel" and not self.is_sip):
            return None
        number, *pairs = self.user.split(";")
        if self.scheme != "tel" and not _DIALLED.fullmatch(number):
            return None
        named = dict(self.params) if self.scheme == "tel" else {}
        for pair in pairs:
            name, _, value = pair.partition("=")
            named[name.lower()] = value
        digits = number.translate(_VISUAL_SEPARATORS)
        return Telephone(digits, named.get("phone-context"), named.get("isub"))

    def __str__(self) -> str:
        if self.scheme == "tel":
            return f"tel:{self.user}{format_parameters(self.params)}"
        if not self.is_sip:
            return f"{self.scheme}:{self.opaque}"
        text = f"{self.scheme}:{_format_userinfo(self)}{host_text(self.host)}"
        if self.port is not None:
            text += f":{self.port}"
        if self.params:
            text += format_parameters(
                {
                    _escape(name, _PARAMETER_PLAIN): value and _escape(value, _PARAMETER_PLAIN)
                    for name, value in self.params.items()
                }
            )
        if self.headers:
            text += "?" + "&".join(
                f"{_escape(name, _HEADER_PLAIN)}={_escape(value, _HEADER_PLAIN)}"
                for name, value in self.headers.items()
            )
        return text

    def __repr__(self) -> str:
        return f"<Uri {self.scheme}:{self.user or self.opaque}@{self.host}>"

    def __eq__(self, other: object) -> bool:
        """Equal by RFC 3261 §19.1.4: not a string comparison, and not transitive."""
        if self is other:
            return True
        if not isinstance(other, Uri):
            return NotImplemented
        return (
            self._key() == other._key()
            and self.password == other.password
            and self.opaque == other.opaque
            and _params_match(self.params, other.params, strict=self.scheme == "tel")
            and _headers_match(self.headers, other.headers)
        )

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[str, str | None, str, int | None]:
        telephone = self.telephone() if self.scheme == "tel" else None
        user = telephone.digits.lower() if telephone else self.user
        return self.scheme, user, _comparable_host(self.host), self.port


def host_text(host: str) -> str:
    """A host as it stands in a URI or Via: IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host


def parse_host_port(text: str, most: int = 65535) -> tuple[str, int | None]:
    """Read `host`, `host:port`, `[v6]` or `[v6]:port`; the host comes without brackets.

    An IPv6 text is only checked for its characters: RFC 5118 §4.10 wants a superfluous colon,
    which an older grammar produced, to be tolerated.

    Raises:
        UriError: no host, a bad character, or a port that is none.
    """
    if len(text) <= _CACHED_LENGTH:
        return _parse_host_port_cached(text, most)
    return _parse_host_port(text, most)


def _parse_host_port(text: str, most: int) -> tuple[str, int | None]:
    if text[:1] == "[":
        host, closed, rest = text[1:].partition("]")
        if not closed or not _IPV6_REFERENCE.fullmatch(host) or (rest and rest[0] != ":"):
            raise UriError(f"{text[:64]!r} is no IPv6 reference")
        port = rest[1:] if rest else None
    else:
        host, colon, port_text = text.partition(":")
        port = port_text if colon else None
        if not _HOST.fullmatch(host):
            raise UriError(f"{host[:64]!r} is no host name")
    if port is None:
        return host, None
    if not (port.isascii() and port.isdigit()) or len(port) > 9 or int(port) > most:
        raise UriError(f"{port[:16]!r} is no port")
    return host, int(port)


_parse_host_port_cached = lru_cache(maxsize=8192)(_parse_host_port)


def _parse(text: str) -> Uri:
    scheme, colon, rest = text.partition(":")
    if not colon or not _SCHEME.fullmatch(scheme):
        raise UriError(f"{text[:64]!r} names no scheme")
    if _FORBIDDEN.search(rest) or not rest:
        raise UriError("the URI is empty or holds a space, a bracket or a control character")
    scheme = scheme.lower()
    if scheme in ("sip", "sips"):
        return _parse_sip(scheme, rest)
    if scheme == "tel":
        return _parse_tel(rest)
    return Uri(scheme, opaque=rest)


_parse_cached = lru_cache(maxsize=8192)(_parse)


def _parse_sip(scheme: str, rest: str) -> Uri:
    userinfo, at, hostpart = rest.rpartition("@")
    user: str | None = None
    password: str | None = None
    if at:
        raw_user, colon, raw_password = userinfo.partition(":")
        if not raw_user:
            raise UriError("the user part is empty")
        user = _unescape(raw_user)
        password = _unescape(raw_password) if colon else None
    hostpart, _, header_text = hostpart.partition("?")
    hostport, semicolon, parameter_text = hostpart.partition(";")
    host, port = parse_host_port(hostport)
    return Uri(
        scheme,
        user,
        host,
        port,
        password=password,
        params=_parse_uri_parameters(parameter_text) if semicolon else None,
        headers=_parse_uri_headers(header_text) if header_text else None,
    )


def _parse_tel(rest: str) -> Uri:
    number, semicolon, parameter_text = rest.partition(";")
    if not _SUBSCRIBER.fullmatch(number):
        raise UriError(f"{number[:32]!r} is no telephone number")
    params = _parse_uri_parameters(parameter_text) if semicolon else {}
    # RFC 3966 §5.1.5 wants phone-context on a local number; phones dial `tel:1429` without.
    return Uri("tel", number, params=params)


def _parse_uri_parameters(text: str) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for piece in text.split(";"):
        name, equals, value = piece.partition("=")
        if not name:
            raise UriError("a uri-parameter has no name")
        key = _unescape(name).lower()
        if key in found:
            raise UriError(f"the uri-parameter {key[:32]} stands twice")
        found[key] = _unescape(value) if equals else None
    return found


def _parse_uri_headers(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for piece in text.split("&"):
        name, equals, value = piece.partition("=")
        if not name or not equals:
            raise UriError("a URI header needs a name and `=`")
        found[_unescape(name)] = _unescape(value)
    return found


def _unescape(text: str) -> str:
    if "%" not in text:
        return text
    if _BROKEN_ESCAPE.search(text):
        raise UriError("a % begins no escape")
    return unquote(text, errors="surrogateescape")


def _escape(text: str, plain: str) -> str:
    return (
        text
        if text.isalnum() and text.isascii()
        else quote(text, safe=plain, errors="surrogateescape")
    )


def _format_userinfo(uri: Uri) -> str:
    if uri.user is None:
        return ""
    user = _escape(uri.user, _USER_PLAIN)
    if uri.password is None:
        return user + "@"
    return f"{user}:{_escape(uri.password, _PASSWORD_PLAIN)}@"


def _params_match(one: Parameters, two: Parameters, *, strict: bool) -> bool:
    for name in one.keys() | two.keys():
        if name in one and name in two:
            if (one[name] or "").lower() != (two[name] or "").lower():
                return False
        elif strict or name in _NEVER_DEFAULTED:
            return False
    return True


def _headers_match(one: Mapping[str, str], two: Mapping[str, str]) -> bool:
    if not one and not two:
        return True
    return {name.lower(): value for name, value in one.items()} == {
        name.lower(): value for name, value in two.items()
    }


def _comparable_host(host: str) -> str:
    if ":" not in host:
        return host.lower()
    try:
        return IPv6Address(host).compressed
    except AddressValueError:
        return host.lower()
