"""Login with a mailed code, logout, language (N050-05)."""

import re
from http import HTTPStatus

from starlette.responses import Response

from provisioning.contract import Language
from provisioning.portal import cookies
from provisioning.portal.cookies import Cookie
from provisioning.portal.visit import HOME, LOGIN, Visit
from provisioning.selfcare.model import TicketGone, WrongCode

CODE = "/portal/login/code"
OWN_PATH = re.compile(r"/portal(/[A-Za-z0-9-]+)+")


async def show(visit: Visit) -> Response:
    """Where ID and password are asked."""
    if visit.session is not None:
        return visit.go(HOME)
    query = visit.request.query_params
    notice = next((each for each in ("ended", "out") if each in query), "")
    return visit.page("login", notice=notice, errors={}, selfcare_id="")


async def begin(visit: Visit) -> Response:
    """Take ID and password; a code goes out when they fit, and the next page never says so."""
    selfcare_id, password = visit.form.text("selfcare_id"), visit.form.secret("password")
    errors = {
        name: f"login.{name}.missing"
        for name, value in (("selfcare_id", selfcare_id), ("password", password))
        if not value
    }
    if errors:
        return visit.page(
            "login",
            HTTPStatus.UNPROCESSABLE_ENTITY,
            notice="",
            errors=errors,
            selfcare_id=selfcare_id,
        )
    ticket = await visit.desk.office.selfcare.begin(
        selfcare_id,
        password,
        address=visit.address,
        device=cookies.read(visit.request, Cookie.DEVICE) or "",
    )
    response = visit.go(CODE)
    cookies.keep(visit.request, response, Cookie.TICKET, ticket.value)
    return response


async def show_code(visit: Visit) -> Response:
    """Where the mailed code is asked."""
    if visit.session is not None:
        return visit.go(HOME)
    if cookies.read(visit.request, Cookie.TICKET) is None:
        return visit.go(LOGIN)
    again = "again" in visit.request.query_params
    return _code(visit, {}, again=again)


async def finish(visit: Visit) -> Response:
    """Take the code; the session that begins has a new cookie."""
    code = visit.form.text("code", most=20).replace(" ", "")
    if not code:
        return _code(visit, {"code": "code.missing"})
    try:
        cookie, session = await visit.desk.office.selfcare.finish(
            _ticket(visit),
            code,
            address=visit.address,
            device=cookies.read(visit.request, Cookie.DEVICE) or "",
            former=cookies.read(visit.request, Cookie.SESSION) or "",
        )
    except WrongCode as error:
        if not error.tries_left:
            raise
        return _code(visit, {"code": "code.wrong"}, left=error.tries_left)
    response = visit.go(HOME)
    cookies.drop(visit.request, response, Cookie.TICKET, Cookie.VISIT)
    cookies.keep(visit.request, response, Cookie.SESSION, cookie)
    if session.device:
        life_s = int(visit.desk.office.selfcare.limits.device_life_s)
        cookies.keep(visit.request, response, Cookie.DEVICE, session.device, life_s)
    if cookies.read(visit.request, Cookie.LANGUAGE) is None:
        customer = await visit.desk.office.customers.get(session.customer)
        _keep_language(visit, response, customer.language)
    return response


async def resend(visit: Visit) -> Response:
    """Mail another code; the one before is void."""
    ticket = await visit.desk.office.selfcare.resend(_ticket(visit), address=visit.address)
    response = visit.go(f"{CODE}?again=1")
    cookies.keep(visit.request, response, Cookie.TICKET, ticket.value)
    return response


async def logout(visit: Visit) -> Response:
    """End the session."""
    cookie = cookies.read(visit.request, Cookie.SESSION)
    if cookie is not None:
        await visit.desk.office.selfcare.logout(cookie, address=visit.address)
    response = visit.go(f"{LOGIN}?out=1")
    cookies.drop(visit.request, response, Cookie.SESSION, Cookie.TICKET)
    return response


async def choose_language(visit: Visit) -> Response:
    """Keep the language and go back to the page that asked; only to one of the portal's own."""
    query = visit.request.query_params
    back = query.get("back", "")
    response = visit.go(back if OWN_PATH.fullmatch(back) else HOME)
    if query.get("to") in set(Language):
        _keep_language(visit, response, query["to"])
    return response


def _keep_language(visit: Visit, response: Response, language: str) -> None:
    cookies.keep(visit.request, response, Cookie.LANGUAGE, language, cookies.LANGUAGE_LIFE_S)


def _ticket(visit: Visit) -> str:
    ticket = cookies.read(visit.request, Cookie.TICKET)
    if ticket is None:
        raise TicketGone
    return ticket


def _code(visit: Visit, errors: dict[str, str], *, again: bool = False, left: int = 0) -> Response:
    limits = visit.desk.office.selfcare.limits
    return visit.page(
        "code",
        HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        errors=errors,
        again=again,
        values={"left": left},
        minutes=int(limits.code_life_s // 60),
        tries=limits.code_tries,
    )
