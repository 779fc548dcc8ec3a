"""The portal as one ASGI application, for mounting at `/portal`."""

import time

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from provisioning.contract import ContractError
from provisioning.freephone.preview import Preview
from provisioning.listening.service import Listening
from provisioning.office import Office
from provisioning.portal import (
    account,
    calls,
    control,
    freephones,
    greeting,
    login,
    menu,
    numbers,
    ordering,
    voicemail,
)
from provisioning.portal.assets import Assets
from provisioning.portal.control_doors import ControlDoors
from provisioning.portal.doors import Doors
from provisioning.portal.guard import BodyTooLong, Guard
from provisioning.portal.pages import Pages
from provisioning.portal.settings import PortalSettings
from provisioning.portal.visit import Desk, Expired, FormGone

_MESSAGE = "/voicemail/{number}/messages/{message}"


def create_portal(
    office: Office, listening: Listening, settings: PortalSettings, preview: Preview
) -> ASGIApp:
    """The portal; it looks after hosts, sessions, forms and error pages by itself.

    `preview` says what would become of a call to a freephone number.
    """
    assets = Assets.load()
    desk = Desk(office, listening, settings, Pages(assets), time.monotonic, preview)
    doors = Doors(desk)

    async def refused(request: Request, error: Exception) -> Response:
        return await doors.refused(request, error)

    app = Starlette(
        routes=[
            *_routes(doors),
            *freephones.routes(doors),
            *control.routes(ControlDoors(desk)),
            Route("/static/{name}", assets.answer, methods=["GET"]),
        ],
        exception_handlers=dict.fromkeys(
            (ContractError, BodyTooLong, Expired, FormGone, 400, 403, 404, 405, 415, 500), refused
        ),
    )

    app.router.redirect_slashes = False

    async def turn_away(scope: Scope, receive: Receive, send: Send, status: int, kind: str) -> None:
        await doors.error_page(Request(scope), status, kind)(scope, receive, send)

    return Guard(app, settings, turn_away)


def _routes(doors: Doors) -> list[BaseRoute]:
    route = doors.route
    return [
        route("/", get=menu.home, open_=True),
        route("/login", get=login.show, post=login.begin, open_=True),
        route("/login/code", get=login.show_code, post=login.finish, open_=True),
        route("/login/code/resend", post=login.resend, open_=True),
        route("/logout", post=login.logout),
        route("/language", get=login.choose_language, open_=True),
        route("/menu", get=menu.show_menu),
        route("/orders", get=ordering.show_orders, post=ordering.execute),
        route("/orders/new", get=ordering.show_input),
        route("/orders/quote", get=ordering.quote),
        route("/orders/confirm", get=ordering.show_confirm),
        route("/orders/{order}", get=ordering.show_order),
        route("/orders/{order}/letter", post=ordering.hand_out_letter),
        route("/numbers", get=numbers.show_numbers),
        route("/numbers/{number}", get=numbers.show_number),
        route("/numbers/{number}/passwords/{kind}", get=numbers.ask_reset, post=numbers.reset),
        route("/numbers/{number}/passwords/{kind}/done", get=numbers.show_reset),
        route("/voicemail", get=voicemail.show_boxes),
        route("/voicemail/{number}", get=voicemail.show_box, post=voicemail.change_box),
        route("/voicemail/{number}/pin", post=voicemail.change_pin),
        route("/voicemail/{number}/greeting/own", post=greeting.upload),
        route("/voicemail/{number}/greeting/sound.{kind}", get=greeting.hear),
        route(f"{_MESSAGE}/sound.{{kind}}", get=voicemail.hear),
        route(f"{_MESSAGE}/mark", post=voicemail.mark),
        route(f"{_MESSAGE}/erase", get=voicemail.ask_erase, post=voicemail.erase),
        route("/calls", get=calls.show_calls),
        route("/mail", get=account.show_mail, post=account.change_mail),
        route("/mail/code", get=account.show_mail_code, post=account.confirm_mail),
        route("/password", get=account.show_password, post=account.change_password),
        route("/log", get=menu.show_log),
    ]
