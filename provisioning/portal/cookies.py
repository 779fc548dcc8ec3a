"""The portal's cookies: `__Host-` and Secure wherever the browser speaks HTTPS."""

from enum import StrEnum
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

from provisioning.portal.guard import SECURE


class Cookie(StrEnum):
    """What is kept in the browser; no value says anything about its owner."""

    SESSION = "tokuban-session"
    CONTROL = "tokuban-control"
    """The customer control's of a freephone number, which has a login of its own."""
    TICKET = "tokuban-ticket"
    VISIT = "tokuban-visit"
    LANGUAGE = "tokuban-language"
    DEVICE = "tokuban-device"


LANGUAGE_LIFE_S = 365 * 86_400
"""How long a browser keeps its language. (An assumption.)"""

SAME_SITE: dict[Cookie, Literal["lax", "strict"]] = {
    Cookie.SESSION: "lax",
    Cookie.CONTROL: "lax",
    Cookie.TICKET: "strict",
    Cookie.VISIT: "lax",
    Cookie.LANGUAGE: "lax",
    Cookie.DEVICE: "strict",
}


def read(request: Request, cookie: Cookie) -> str | None:
    """The cookie's value; an empty one counts as none."""
    return request.cookies.get(_name(request, cookie)) or None


def keep(
    request: Request, response: Response, cookie: Cookie, value: str, life_s: int | None = None
) -> None:
    """Send the cookie; without a life it ends with the browser."""
    response.set_cookie(
        _name(request, cookie),
        value,
        max_age=life_s,
        path="/",
        secure=request.scope[SECURE],
        httponly=True,
        samesite=SAME_SITE[cookie],
    )


def drop(request: Request, response: Response, *cookies: Cookie) -> None:
    """Have the browser forget them."""
    for cookie in cookies:
        response.delete_cookie(
            _name(request, cookie),
            path="/",
            secure=request.scope[SECURE],
            httponly=True,
            samesite=SAME_SITE[cookie],
        )


def _name(request: Request, cookie: Cookie) -> str:
    return f"__Host-{cookie}" if request.scope[SECURE] else cookie.value
