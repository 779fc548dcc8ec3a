"""The mailbox for people: what was caught, and one mail beside the list.

A caught mail is a stranger's text: the page escapes it, its HTML is shown in a sandbox of its
own, and nothing of it may load anything.
"""

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from lab.mailbox.routes import Id, opened
from provisioning.instants import in_japan
from provisioning.notify.caught import CaughtMails, Opened

HERE = Path(__file__).parent
PAGE = "/lab/mail/page"
MOST_LISTED = 100

SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"

Wanted = Annotated[str | None, Query(max_length=320)]


def router(caught: CaughtMails) -> APIRouter:
    """The pages under `/lab/mail`."""
    routes = APIRouter(prefix="/lab/mail", include_in_schema=False)

    @routes.get("/", response_class=HTMLResponse)
    @routes.get("/page", response_class=HTMLResponse)
    async def newest(to: Wanted = None) -> HTMLResponse:
        """The list, with the newest mail open."""
        mails = await caught.list(to=to or None, most=1)
        return await _page(caught, await caught.get(mails[0].id) if mails else None, to)

    @routes.get("/page/{mail}", response_class=HTMLResponse)
    async def one(mail: Id, to: Wanted = None) -> HTMLResponse:
        """The list, with this mail open."""
        return await _page(caught, await opened(caught, mail), to)

    @routes.get("/page/{mail}/html", response_class=HTMLResponse)
    async def html(mail: Id) -> HTMLResponse:
        """The HTML of a mail, for the frame of its page."""
        found = await opened(caught, mail)
        headers = {"Content-Security-Policy": SANDBOX, "X-Content-Type-Options": "nosniff"}
        return HTMLResponse(found.message.html or "", headers=headers)

    @routes.post("/page/erase")
    async def erase(request: Request) -> RedirectResponse:
        """Erase all; only from a page of this carrier."""
        if not _is_ours(request):
            raise HTTPException(403, "another site's page may not erase mail")
        await caught.forget()
        return RedirectResponse(PAGE, 303)

    return routes


async def _page(caught: CaughtMails, found: Opened | None, to: str | None) -> HTMLResponse:
    mails = await caught.list(to=to or None, most=MOST_LISTED)
    text = (
        _environment()
        .get_template("page.html")
        .render(
            page=PAGE,
            mails=mails,
            newest=mails[0].id if mails else 0,
            open=found,
            wanted=to or "",
            css=_asset("page.css"),
            js=_asset("page.js"),
        )
    )
    return HTMLResponse(text, headers=_headers())


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["japan_time"] = _japan_time
    return made


def _japan_time(seconds: float, form: str = "%m/%d %H:%M:%S") -> str:
    return in_japan(seconds).strftime(form)


@cache
def _asset(name: str) -> str:
    return (HERE / name).read_text("utf-8")


@cache
def _headers() -> Mapping[str, str]:
    """Only the page's own style and script, known by their digest, and its own frame."""
    style, script = (_digest(_asset(name)) for name in ("page.css", "page.js"))
    policy = (
        f"default-src 'none'; style-src '{style}'; script-src '{script}'; connect-src 'self'; "
        "img-src data:; frame-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )
    return {
        "Content-Security-Policy": policy,
        "Referrer-Policy": "same-origin",
        "Cache-Control": "no-store",
    }


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _is_ours(request: Request) -> bool:
    """Whether the browser says that the form stood on a page of this very address."""
    origin = request.headers.get("origin", "")
    return bool(origin) and urlsplit(origin).netloc == request.headers.get("host")
