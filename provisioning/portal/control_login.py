"""The customer control's login: a freephone number and its password; three wrong ones lock it."""

from http import HTTPStatus

from starlette.responses import Response

from provisioning import passwords
from provisioning.audit.model import Origin
from provisioning.contract import E164, NotContracted
from provisioning.freephone.control import MOST_TRIES, Verdict
from provisioning.freephone.document import dialled
from provisioning.freephone.fees import UNLOCK
from provisioning.freephone.service import UnknownFreephone
from provisioning.portal import cookies
from provisioning.portal.control_doors import HOME, ControlVisit
from provisioning.portal.cookies import Cookie
from provisioning.portal.pages import international
from provisioning.selfcare.desk import stand_in_hash

LOCKED = f"{HOME}/locked"


async def show(visit: ControlVisit) -> Response:
    """Where number and password are asked."""
    if visit.is_in:
        return visit.go(HOME)
    notice = next((n for n in ("ended", "out") if n in visit.request.query_params), "")
    return _login(visit, {}, notice=notice)


async def begin(visit: ControlVisit) -> Response:
    """Take number and password; the page that refuses never says which of them was wrong."""
    typed, password = visit.form.text("number", most=20), visit.form.secret("password")
    errors = {
        name: f"control.login.{name}.missing"
        for name, value in (("number", typed), ("password", password))
        if not value
    }
    if errors:
        return _login(visit, errors, typed)
    selfcare = visit.desk.office.selfcare
    await selfcare.count_try(visit.address)
    number = international(typed.replace("-", "").replace(" ", ""))
    verdict = await _judge(visit, number, password)
    if verdict is Verdict.WRONG:
        return _login(visit, {"password": "control.login.wrong"}, typed)
    await selfcare.give_back_try(visit.address)
    if verdict is Verdict.LOCKED or number is None:
        return visit.go(LOCKED)
    former = cookies.read(visit.request, Cookie.CONTROL) or ""
    cookie = await visit.desk.office.control_sessions.begin(
        number, origin=by_owner(visit, number), former=former
    )
    response = visit.go(HOME)
    cookies.drop(visit.request, response, Cookie.VISIT)
    cookies.keep(visit.request, response, Cookie.CONTROL, cookie)
    return response


async def show_locked(visit: ControlVisit) -> Response:
    """What a lock means, and where unlocking is asked for."""
    (fee,) = visit.desk.office.freephones.fees.of({UNLOCK})
    return visit.page("control_locked", HTTPStatus.OK, fee=fee.yen, tries=MOST_TRIES)


async def logout(visit: ControlVisit) -> Response:
    """End the session."""
    cookie = cookies.read(visit.request, Cookie.CONTROL)
    if cookie is not None:
        await visit.desk.office.control_sessions.end(cookie, origin=visit.origin)
    response = visit.go(f"{visit.LOGIN}?out=1")
    cookies.drop(visit.request, response, Cookie.CONTROL)
    return response


def by_owner(visit: ControlVisit, number: E164) -> Origin:
    """Who has just given the right password."""
    return Origin(dialled(number), visit.origin.source)


async def _judge(visit: ControlVisit, number: E164 | None, password: str) -> Verdict:
    """What becomes of a try; a number that has no login takes as long to refuse."""
    try:
        if number is None:
            raise UnknownFreephone
        return await visit.desk.office.control.judge(number, password, origin=visit.origin)
    except (UnknownFreephone, NotContracted):
        await passwords.fits(stand_in_hash(), password)
        return Verdict.WRONG


def _login(
    visit: ControlVisit, errors: dict[str, str], typed: str = "", *, notice: str = ""
) -> Response:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK
    return visit.page(
        "control_login", status, errors=errors, number=typed, notice=notice, tries=MOST_TRIES
    )
