"""Who may use the API: programs on this host, and whoever has the token (RFC 6750)."""

import hmac
import ipaddress

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from provisioning.api.problems import problem

OPEN = frozenset({"/health", "/ready", "/metrics"})
"""What a supervisor or a scraper on another host may ask without a token."""

FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")
"""Their presence means that the true peer stands behind a proxy of this host."""

MOST_BODY_BYTES = 65_536


class Access:
    """ASGI middleware: 401 without the right to ask, 413 for a body no request of ours has."""

    def __init__(self, app: ASGIApp, token: str | None) -> None:
        self._app = app
        self._expected = f"Bearer {token}".encode() if token else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if scope["path"] not in OPEN and not self._may(scope, headers):
            await problem(401, "access-refused", _why(self._expected is not None))(
                scope, receive, send
            )
        elif _too_long(headers):
            await problem(413, "body-too-long", f"at most {MOST_BODY_BYTES} bytes with a length")(
                scope, receive, send
            )
        else:
            await self._app(scope, receive, send)

    def _may(self, scope: Scope, headers: Headers) -> bool:
        given = headers.get("authorization")
        if given is not None and self._expected is not None:
            return hmac.compare_digest(given.encode(), self._expected)
        return _is_here(scope, headers)


def _is_here(scope: Scope, headers: Headers) -> bool:
    """Whether a program on this host asks, and no page of a browser in its name.

    A page that had its own name point to 127.0.0.1 would still say that name in Host.
    """
    client = scope.get("client")
    if client is None or any(name in headers for name in FORWARDED):
        return False
    return _loopback(client[0]) and _loopback(_host(headers.get("host", "")))


def _host(authority: str) -> str:
    if authority.startswith("["):
        return authority[1:].partition("]")[0]
    return authority.partition(":")[0]


def _loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _too_long(headers: Headers) -> bool:
    length = headers.get("content-length")
    if length is None:
        return "transfer-encoding" in headers
    return not length.isascii() or not length.isdigit() or int(length) > MOST_BODY_BYTES


def _why(has_token: bool) -> str:
    if has_token:
        return "send the API token as `Authorization: Bearer …`, or ask from the same host"
    return "only programs on the same host may ask; set a token to ask from elsewhere"
