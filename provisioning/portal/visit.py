"""One request as the pages see it: who visits, in which language, with which form."""

import hashlib
import secrets
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import ClassVar, TypeVar

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from provisioning.audit.model import Origin
from provisioning.contract import Language
from provisioning.freephone.preview import Preview
from provisioning.listening.service import Listening
from provisioning.office import Office
from provisioning.orders.model import NumberOrder
from provisioning.portal import cookies
from provisioning.portal.cookies import Cookie
from provisioning.portal.forms import Form, tidy
from provisioning.portal.once import Deeds, Once
from provisioning.portal.pages import Pages
from provisioning.portal.settings import PortalSettings
from provisioning.portal.texts import Texts
from provisioning.selfcare.model import Session

T = TypeVar("T")

HOME = "/portal/menu"
LOGIN = "/portal/login"


class Expired(Exception):
    """A form was sent after its session had ended."""


class FormGone(Exception):
    """A form of another session, or of nobody."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What every page works with. `now`: monotonic seconds."""

    office: Office
    listening: Listening
    settings: PortalSettings
    pages: Pages
    now: Callable[[], float]
    preview: Preview
    orders: Once[NumberOrder] = field(default_factory=Once)
    resets: Once[str] = field(default_factory=Once)
    ordering: Deeds[str] = field(default_factory=Deeds)
    letters: Deeds[bytes] = field(default_factory=Deeds)
    resetting: Deeds[str] = field(default_factory=lambda: Deeds(remembers=True))


@dataclass(slots=True)
class Visit:
    """A request with what was found out about it."""

    LOGIN: ClassVar[str] = LOGIN
    COOKIE: ClassVar[Cookie] = Cookie.SESSION

    desk: Desk
    request: Request
    language: Language
    session: Session | None = None
    form: Form = field(default_factory=lambda: Form({}))
    _new_visit: str | None = None

    @property
    def t(self) -> Texts:
        """The words of the visitor's language."""
        return self.desk.pages.texts[self.language]

    @property
    def is_in(self) -> bool:
        """Whether somebody has logged in."""
        return self.session is not None

    @property
    def owner(self) -> Session:
        """The session of a page that needs one."""
        assert self.session is not None
        return self.session

    @property
    def address(self) -> str:
        """The peer's address."""
        return self.request.client.host if self.request.client else "unknown"

    @property
    def origin(self) -> Origin:
        """Who acts, for the audit."""
        who = self.session.selfcare_id if self.session else ""
        return Origin(who=who, source=f"portal from {self.address}")

    @property
    def token(self) -> str | None:
        """The token that the visitor's forms carry; None for a browser without our cookies."""
        if self.session is not None:
            return self.session.csrf
        return self._visitors_token()

    def _visitors_token(self) -> str | None:
        visit = self._new_visit or cookies.read(self.request, Cookie.VISIT)
        return visit and hashlib.sha256(f"form:{visit}".encode()).hexdigest()

    def query(self, name: str, *, most: int = 100) -> str:
        """A field of the address, tidied as those of forms are."""
        return tidy(self.request.query_params.get(name, ""))[:most]

    def once(self, waiting: Once[T], key: Hashable) -> T | None:
        """What this page alone shows; HEAD answers as GET, and leaves it to the GET (RFC 9110)."""
        show = waiting.look if self.request.method == "HEAD" else waiting.take
        return show(key, self.desk.now())

    async def check_form(self, token: str) -> None:
        """Refuse (`FormGone`) a form that this session did not make: what it does is done once."""
        if not await self.desk.office.selfcare.is_form_token(self.owner, token):
            raise FormGone

    def page(self, name: str, status: int = HTTPStatus.OK, **values: object) -> Response:
        """A page; a visitor without a session gets a cookie that the forms' token belongs to."""
        if self.token is None:
            self._new_visit = secrets.token_urlsafe(32)
        html = self.desk.pages.render(
            name,
            self.language,
            csrf=self.token,
            session=self.session,
            path=self.request.url.path,
            settings=self.desk.settings,
            **values,
        )
        response = HTMLResponse(html, status)
        if self._new_visit is not None:
            cookies.keep(self.request, response, Cookie.VISIT, self._new_visit)
        return response

    def go(self, path: str) -> Response:
        """Go on with a GET, so that neither reload nor back sends a form again."""
        return RedirectResponse(path, HTTPStatus.SEE_OTHER)


Handler = Callable[[Visit], Awaitable[Response]]
