"""The customer control's own login beside the self-care's: whose visit it is, and its routes."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import ClassVar

from starlette.requests import Request
from starlette.responses import Response

from provisioning.audit.model import STRANGER, Origin
from provisioning.contract import E164, Freephone
from provisioning.freephone.document import dialled
from provisioning.freephone.sessions import ControlSession
from provisioning.freephone.store import Kept
from provisioning.portal import cookies
from provisioning.portal.cookies import Cookie
from provisioning.portal.doors import CONTROL, Doors, language_of
from provisioning.portal.visit import Visit

HOME = CONTROL.home


@dataclass(slots=True)
class ControlVisit(Visit):
    """A request to the customer control of a freephone number (カスタマコントロール, FREE-12)."""

    LOGIN: ClassVar[str] = CONTROL.login
    COOKIE: ClassVar[Cookie] = CONTROL.cookie

    control: ControlSession | None = None

    @property
    def is_in(self) -> bool:
        """Whether the number's password was given."""
        return self.control is not None

    @property
    def number(self) -> E164:
        """The freephone number of a page that needs a login."""
        assert self.control is not None
        return self.control.number

    @property
    def kept(self) -> Kept:
        """The number as it is contracted now."""
        return self.desk.office.freephones.kept(self.number)

    @property
    def freephone(self) -> Freephone:
        """Its set-up."""
        return self.kept.freephone

    @property
    def origin(self) -> Origin:
        """Who acts, for the audit."""
        who = dialled(self.control.number) if self.control else STRANGER
        return Origin(who=who, source=f"portal from {self.address}")

    @property
    def token(self) -> str | None:
        """The token that the visitor's forms carry."""
        return self.control.csrf if self.control is not None else self._visitors_token()

    def page(self, name: str, status: int = HTTPStatus.OK, **values: object) -> Response:
        """A page of the customer control."""
        number = dialled(self.control.number) if self.control else ""
        options = self.freephone.options if self.control else frozenset()
        return Visit.page(self, name, status, signed_in=number, options=options, **values)


class ControlDoors(Doors):
    """Makes routes of the customer control's pages."""

    async def visit(self, request: Request) -> ControlVisit:
        """Who visits, in which language."""
        visit = ControlVisit(self._desk, request, language_of(request))
        cookie = cookies.read(request, Cookie.CONTROL)
        if cookie is not None:
            visit.control = await self._desk.office.control_sessions.of(cookie)
        return visit
