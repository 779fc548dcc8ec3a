"""Between the web framework and a page: language, session, form, and what happens on a refusal."""

from dataclasses import dataclass
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from provisioning.contract import Language
from provisioning.portal import cookies, failures, forms
from provisioning.portal.cookies import Cookie
from provisioning.portal.visit import LOGIN, Desk, Expired, Handler, Visit
from provisioning.selfcare.model import SessionGone, TicketGone, TooManyTries, WrongCode


class Doors:
    """Makes routes of pages; `open_` ones need no session."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def route(
        self,
        path: str,
        *,
        get: Handler | None = None,
        post: Handler | None = None,
        open_: bool = False,
        fields: int = forms.MOST_FIELDS,
    ) -> Route:
        """One address; a method it does not have is answered 405 with Allow.

        `fields`: the most that its form has.
        """

        async def endpoint(request: Request) -> Response:
            visit = await self.visit(request)
            handler = post if request.method == "POST" else get
            assert handler is not None
            return await self._admit(visit, handler, open_=open_, fields=fields)

        methods = [name for name, handler in (("GET", get), ("POST", post)) if handler]
        return Route(path, endpoint, methods=methods)

    async def visit(self, request: Request) -> Visit:
        """Who visits, in which language."""
        visit = Visit(self._desk, request, language_of(request))
        cookie = cookies.read(request, Cookie.SESSION)
        if cookie is not None:
            visit.session = await self._desk.office.selfcare.session(cookie)
        return visit

    async def _admit(self, visit: Visit, handler: Handler, *, open_: bool, fields: int) -> Response:
        sends = visit.request.method == "POST"
        if not visit.is_in and not open_:
            if sends:
                raise Expired
            return _to_login(visit)
        if sends:
            visit.form = await forms.read(visit.request, fields)
            if not forms.is_genuine(visit.request, visit.form, visit.token):
                raise HTTPException(HTTPStatus.FORBIDDEN)
        return await handler(visit)

    async def refused(self, request: Request, error: Exception) -> Response:
        """The page for an error."""
        status, kind = failures.described(error)
        wait_s = error.retry_after_s if isinstance(error, TooManyTries) else failures.SLOW_DOWN_S
        response = self.error_page(request, status, kind, wait_s)
        response.headers.update(failures.headers_of(error))
        if isinstance(error, TicketGone | WrongCode):
            cookies.drop(request, response, Cookie.TICKET)
        if isinstance(error, SessionGone | Expired):
            cookies.drop(request, response, _area_of(request).cookie)
        return response

    def error_page(self, request: Request, status: int, kind: str, wait_s: int = 0) -> Response:
        """What happened and the way on. It asks no storage, which may be what failed."""
        html = self._desk.pages.render(
            "error",
            language_of(request),
            kind=kind,
            status=status,
            wait_s=wait_s,
            entering=request.url.path.startswith(LOGIN),
            area=_area_of(request),
            session=None,
            path=None,
            settings=self._desk.settings,
        )
        return HTMLResponse(html, status)


def language_of(request: Request) -> Language:
    """The language the visitor chose; Japanese until then."""
    chosen = cookies.read(request, Cookie.LANGUAGE)
    return Language(chosen) if chosen in set(Language) else Language.JA


@dataclass(frozen=True, slots=True)
class Area:
    """A part of the portal with a login of its own: its cookie, its first page, its login."""

    cookie: Cookie
    home: str
    login: str


SELF_CARE = Area(Cookie.SESSION, "/portal/", LOGIN)
CONTROL = Area(Cookie.CONTROL, "/portal/control", "/portal/control/login")


def _area_of(request: Request) -> Area:
    path = request.url.path
    return CONTROL if path == CONTROL.home or path.startswith(f"{CONTROL.home}/") else SELF_CARE


def _to_login(visit: Visit) -> Response:
    had_one = cookies.read(visit.request, visit.COOKIE) is not None
    target = f"{visit.LOGIN}?ended=1" if had_one else visit.LOGIN
    if "hx-request" in visit.request.headers:
        # A redirect would put the login page into a corner of the page that asked.
        return Response(headers={"hx-redirect": target})
    response = visit.go(target)
    cookies.drop(visit.request, response, visit.COOKIE)
    return response
