"""What is settled before a page is asked: host, transport, size, and headers of every answer."""

import re
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from urllib.parse import quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from provisioning.portal.settings import PortalSettings, host_of, is_loopback

MOST_BODY_BYTES = 16_384
"""No form of ours is longer, but one that uploads a greeting."""

UPLOAD = re.compile(r"/voicemail/[^/]{1,40}/greeting/own$")
MOST_UPLOAD_BYTES = 12_582_912
"""A minute in stereo at 48 kHz, as a computer records it."""

HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; script-src 'self'; "
    "img-src 'self'; media-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # `no-referrer` would make a browser send `Origin: null` with our own forms.
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
"""Headers of every answer; none allows a script or a style that is not a file of ours."""

SPOKEN_TO = re.compile(r"/voicemail/[^/]{1,40}(?:/greeting/own|/pin)?$")
"""The pages into which a greeting is spoken."""
MICROPHONE = {
    "permissions-policy": HEADERS["permissions-policy"].replace(
        "microphone=()", "microphone=(self)"
    )
}

PRIVATE = "no-store"
HSTS = "max-age=31536000"

SECURE = "tokuban.secure"
"""Key of the scope: whether the browser speaks HTTPS.

The scope's scheme says so: the web server takes it, and the client's address, from
`X-Forwarded-Proto` and `X-Forwarded-For` of the trusted proxies alone.
"""

Refuse = Callable[[Scope, Receive, Send, int, str], Awaitable[None]]
"""Answers a refused request with a page: status and the key of its text."""


class Guard:
    """ASGI middleware: 421, 403 and 413 before any page; security headers on all of them.

    What asks for a page of the public name by plain HTTP is sent to HTTPS.
    """

    def __init__(self, app: ASGIApp, settings: PortalSettings, refuse: Refuse) -> None:
        self._app, self._settings, self._refuse = app, settings, refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host = host_of(headers.get("host", ""))
        scope[SECURE] = scope["scheme"] == "https"
        further = MICROPHONE if SPOKEN_TO.search(scope["path"]) else {}
        guarded = _Guarded(send, HEADERS | further, secure=scope[SECURE])
        if self._belongs_to_https(scope, host, headers):
            await RedirectResponse(self._by_https(scope))(scope, receive, guarded)
            return
        refusal = self._refusal(scope, host, headers)
        if refusal is not None:
            await self._refuse(scope, receive, guarded, *refusal)
            return
        await self._app(scope, _limited(receive, _most(scope)), guarded)

    def _belongs_to_https(self, scope: Scope, host: str, headers: Headers) -> bool:
        if scope[SECURE] or not self._settings.is_public(host):
            return False
        # A proxy that is not trusted, or says no scheme, would send its browser here for ever.
        said = headers.get("x-forwarded-proto")
        led = said == "http" if said else "x-forwarded-for" not in headers
        return led and scope["method"] in ("GET", "HEAD")

    def _by_https(self, scope: Scope) -> str:
        query = scope["query_string"].decode("latin-1")
        path = quote(scope["path"]) + (f"?{query}" if query else "")
        return f"{self._settings.public_url}{path}"

    def _may_be_plain(self, scope: Scope, host: str) -> bool:
        if self._settings.is_public(host):
            return False
        return self._settings.insecure_http or _is_here(scope, host)

    def _refusal(self, scope: Scope, host: str, headers: Headers) -> tuple[int, str] | None:
        if not self._settings.knows(host):
            return HTTPStatus.MISDIRECTED_REQUEST, "host"
        if not (scope[SECURE] or self._may_be_plain(scope, host)):
            return HTTPStatus.FORBIDDEN, "https"
        length = headers.get("content-length", "0")
        # int() of thousands of digits is slow, and refused by Python itself.
        known = length.isascii() and length.isdigit() and len(length) < 10
        if not known or int(length) > _most(scope):
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large"
        return None


class _Guarded:
    """Sends on, with the security headers added; what names no caching is not to be stored."""

    def __init__(self, send: Send, headers: Mapping[str, str], *, secure: bool) -> None:
        self._send, self._headers, self._secure = send, headers, secure

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.update(self._headers)
            headers.setdefault("cache-control", PRIVATE)
            if self._secure:
                headers["strict-transport-security"] = HSTS
        await self._send(message)


class BodyTooLong(Exception):
    """The body, sent without its length, went on beyond what any form has."""


def takes_file(scope: Scope) -> bool:
    """Whether the form that is sent has a file."""
    return scope["method"] == "POST" and UPLOAD.search(scope["path"]) is not None


def _most(scope: Scope) -> int:
    """How long the body of a request may be."""
    return MOST_UPLOAD_BYTES if takes_file(scope) else MOST_BODY_BYTES


def _limited(receive: Receive, most: int) -> Receive:
    taken = 0

    async def limited() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > most:
            raise BodyTooLong
        return message

    return limited


def _is_here(scope: Scope, host: str) -> bool:
    """Whether a browser on this host asks; plain HTTP then crosses no network."""
    client = scope.get("client")
    return client is not None and is_loopback(client[0]) and is_loopback(host)
