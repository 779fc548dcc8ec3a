"""Who may use the API: programs on this host, and whoever has a token (RFC 6750)."""

import hmac
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import Request
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from provisioning.api.problems import Problem, answer_to, problem
from provisioning.audit.model import Origin
from provisioning.contract import ContractError
from provisioning.tokens.model import Scope as Right
from provisioning.tokens.model import covers
from provisioning.tokens.service import PREFIX, Tokens

OPEN = frozenset({"/health", "/ready", "/metrics"})
"""What a supervisor or a scraper on another host may ask without a token."""

PORTAL = "/portal"
"""Below it people log in; the portal looks after its own sessions."""

OWN_PAGE = frozenset({"none", "same-origin"})
"""Sec-Fetch-Site of what a person asked a browser for, and of pages of ours; no page can forge it.

A browser sends `same-site` for a page that another port of this host served: that is a stranger's.
"""

MAILBOX = "/lab/mail"
"""Below it lies the one page of the laboratory that a person opens in a browser."""

ERASE_FORM = ("POST", f"{MAILBOX}/page/erase")
"""The one thing that a person changes there; the page checks for itself where the form stood."""

FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-proto", "x-real-ip")
"""Their presence means that the true peer stands behind a proxy of this host."""

ALL = frozenset(Right)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, as the audit names them, and what they may do."""

    who: str
    rights: frozenset[Right]


AREAS: Mapping[str, str] = {
    "customers": "customers",
    "contracts": "customers",
    "plans": "customers",
    "lines": "lines",
    "accounts": "lines",
    "number-blocks": "numbers",
    "numbers": "numbers",
    "number-orders": "orders",
    "audit": "audit",
    "cdrs": "calls",
    "calls": "calls",
    "charges": "calls",
    "quote": "calls",
    "messages": "messages",
    "voicemail": "voicemail",
    "events": "events",
    "tokens": "tokens",
    "trunks": "trunks",
    "freephones": "freephones",
    "directory-issues": "freephones",
    "explain": "freephones",
}
"""The area of scopes that guards each collection of `/v1`."""

ONLY_READ = frozenset({"audit", "calls", "events"})
"""Areas that nobody changes by HTTP."""


def needed(method: str, path: str) -> Right | None:
    """The scope a request needs; None where any caller may ask."""
    parts = path.split("/")
    if parts[1] == "lab":
        return Right.LAB
    area = AREAS.get(parts[2]) if parts[1] == "v1" and len(parts) > 2 else None
    if area is None:
        return None
    if area == "voicemail" and parts[-1].startswith("sound."):
        return Right.VOICEMAIL_SOUND
    verb = "read" if method in ("GET", "HEAD") or area in ONLY_READ else "write"
    return Right(f"{area}:{verb}")


def caller(request: Request) -> Caller:
    """Who asks, as `Access` found out."""
    found: Caller = request.state.caller
    return found


def origin(request: Request) -> Origin:
    """Who changes something and from where, for the audit."""
    peer = request.client.host if request.client else "unknown"
    return Origin(who=caller(request).who, source=f"http from {peer}")


class Access:
    """ASGI middleware: 401 for who has no right to ask at all, 403 for who lacks the scope.

    `token` opens everything. `lab_token` opens `/lab`, which programs on this host then need
    it for as well: they are told the `lab_token_file`, which its owner alone can read. A person
    at a browser of this host may read the caught mail without it, and erase it by the form on its
    page; a page of another site in that browser gets nothing. Every other secret is an API token
    and has its own scopes.
    """

    def __init__(
        self,
        app: ASGIApp,
        tokens: Tokens,
        token: str | None,
        lab_token: str | None = None,
        lab_token_file: str | None = None,
    ) -> None:
        self._app, self._tokens = app, tokens
        self._lab_token_file = lab_token_file
        self._fixed: Mapping[str, Caller] = {
            secret: who
            for secret, who in (
                (lab_token, Caller("lab token", frozenset({Right.LAB}))),
                (token, Caller("http.token", ALL)),
            )
            if secret
        }
        self._has_token = token is not None
        self._here = Caller("api", ALL - {Right.LAB} if lab_token else ALL)
        self._person = Caller("browser", ALL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _is_open(scope["path"]):
            await self._app(scope, receive, send)
            return
        try:
            asking = await self._caller(scope, Headers(scope=scope), scope["path"])
        except ContractError as error:
            await answer_to(error)(scope, receive, send)
            return
        if asking is None:
            await problem(401, "access-refused", _why(self._has_token))(scope, receive, send)
            return
        right = needed(scope["method"], scope["path"])
        if right is Right.LAB and asking is self._here and right not in asking.rights:
            await self._ask_for_lab_token()(scope, receive, send)
            return
        if right and not covers(asking.rights, right):
            detail = f"this needs the scope {right}: send a token that has it"
            await problem(403, "not-in-scope", detail)(scope, receive, send)
            return
        scope.setdefault("state", {})["caller"] = asking
        await self._app(scope, receive, send)

    async def _caller(self, scope: Scope, headers: Headers, path: str) -> Caller | None:
        given = headers.get("authorization")
        if given is None:
            if not _is_here(scope, headers):
                return None
            is_person = "sec-fetch-site" in headers and _is_for_people(scope["method"], path)
            return self._person if is_person else self._here
        kind, _, secret = given.partition(" ")
        if kind.lower() != "bearer":
            return None
        known = self._fixed_one(secret.strip())
        if known is not None and _is_here(scope, headers):
            return Caller(known.who, ALL)  # it may do here what it may do without a token
        return known or await self._token(secret.strip())

    def _ask_for_lab_token(self) -> Problem:
        more = {"token_file": self._lab_token_file} if self._lab_token_file else {}
        where = f" (it is in {self._lab_token_file})" if self._lab_token_file else ""
        detail = f"send the lab token as `Authorization: Bearer …`{where}"
        return problem(401, "access-refused", detail, **more)

    def _fixed_one(self, secret: str) -> Caller | None:
        for known, who in self._fixed.items():
            if hmac.compare_digest(secret.encode(), known.encode()):
                return who
        return None

    async def _token(self, secret: str) -> Caller | None:
        if not secret.startswith(PREFIX):
            return None
        token = await self._tokens.check(secret)
        return Caller(f"token {token.id}", token.scopes) if token else None


def _is_for_people(method: str, path: str) -> bool:
    if path == MAILBOX or path.startswith(f"{MAILBOX}/"):
        return method in ("GET", "HEAD") or (method, path) == ERASE_FORM
    return False


def _is_open(path: str) -> bool:
    return path in OPEN or path in ("/", PORTAL) or path.startswith(f"{PORTAL}/")


def _is_here(scope: Scope, headers: Headers) -> bool:
    """Whether a program on this host asks, and no page of a browser in its name.

    A page that had its own name point to 127.0.0.1 would still say that name in Host.
    """
    client = scope.get("client")
    if client is None or any(name in headers for name in FORWARDED):
        return False
    if _is_foreign_page(headers):
        return False
    return _loopback(client[0]) and _loopback(_host(headers.get("host", "")))


def _is_foreign_page(headers: Headers) -> bool:
    """Whether a page of another site asks; a browser that says no site at least says an origin."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        return site not in OWN_PAGE
    return origin is not None and origin.partition("://")[2] != headers.get("host")


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


def _why(has_token: bool) -> str:
    if has_token:
        return "send an API token as `Authorization: Bearer …`, or ask from the same host"
    return "programs on the same host may ask; from elsewhere send an API token as Bearer"
