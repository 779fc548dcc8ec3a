"""The login itself: another password, another mail address."""

from http import HTTPStatus

from starlette.responses import Response

from provisioning.portal import cookies
from provisioning.portal.cookies import Cookie
from provisioning.portal.visit import Visit
from provisioning.selfcare.model import (
    BadMail,
    SamePassword,
    TicketGone,
    WeakPassword,
    WrongCode,
    WrongPassword,
)


async def show_password(visit: Visit) -> Response:
    """Where the password is changed."""
    return _password(visit, {}, done="done" in visit.request.query_params)


async def change_password(visit: Visit) -> Response:
    """Change it; every other session ends and this one gets a new cookie."""
    form = visit.form
    old, new = form.secret("old"), form.secret("new")
    errors = {name: f"password.{name}.missing" for name in ("old", "new") if not form.secret(name)}
    if not errors and new != form.secret("again"):
        errors["again"] = "password.again.differs"
    if errors:
        return _password(visit, errors)
    try:
        cookie, _ = await visit.desk.office.selfcare.change_password(
            visit.owner, old, new, origin=visit.origin
        )
    except WrongPassword:
        return _password(visit, {"old": "password.old.wrong"})
    except SamePassword:
        return _password(visit, {"new": "password.new.same"})
    except WeakPassword:
        return _password(visit, {"new": "password.new.weak"})
    response = visit.go("/portal/password?done=1")
    cookies.keep(visit.request, response, Cookie.SESSION, cookie)
    return response


async def show_mail(visit: Visit) -> Response:
    """Where the mail address is changed."""
    return await _mail(visit, {}, done="done" in visit.request.query_params)


async def change_mail(visit: Visit) -> Response:
    """Have a code sent to the new address; the old one stays until it comes back."""
    new, password = visit.form.text("mail", most=255), visit.form.secret("password")
    errors = {
        name: f"mail.{name}.missing"
        for name, value in (("mail", new), ("password", password))
        if not value
    }
    if errors:
        return await _mail(visit, errors, new)
    try:
        await visit.desk.office.selfcare.change_mail(
            visit.owner, new, password, origin=visit.origin
        )
    except WrongPassword:
        return await _mail(visit, {"password": "mail.password.wrong"}, new)
    except BadMail:
        return await _mail(visit, {"mail": "mail.mail.wrong"}, new)
    return visit.go("/portal/mail/code")


async def show_mail_code(visit: Visit) -> Response:
    """Where the code that went to the new address is asked."""
    return _mail_code(visit, {})


async def confirm_mail(visit: Visit) -> Response:
    """Take the code; the address is changed and the old one told."""
    code = visit.form.text("code", most=20).replace(" ", "")
    if not code:
        return _mail_code(visit, {"code": "code.missing"})
    try:
        await visit.desk.office.selfcare.confirm_mail(visit.owner, code, origin=visit.origin)
    except WrongCode as error:
        if error.tries_left:
            return _mail_code(visit, {"code": "code.wrong"}, left=error.tries_left)
        return await _mail_over(visit)
    except TicketGone:
        return await _mail_over(visit)
    return visit.go("/portal/mail?done=1")


def _password(visit: Visit, errors: dict[str, str], *, done: bool = False) -> Response:
    return visit.page(
        "password",
        HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        errors=errors,
        done=done,
        least=visit.desk.office.selfcare.limits.password_least,
    )


async def _mail(
    visit: Visit, errors: dict[str, str], typed: str = "", *, done: bool = False
) -> Response:
    customer = await visit.desk.office.customers.get(visit.owner.customer)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK
    return visit.page("mail", status, errors=errors, typed=typed, present=customer.mail, done=done)


async def _mail_over(visit: Visit) -> Response:
    """The code can no longer come back: begin with the address again."""
    response = await _mail(visit, {"mail": "mail.over"})
    response.status_code = HTTPStatus.GONE
    return response


def _mail_code(visit: Visit, errors: dict[str, str], *, left: int = 0) -> Response:
    limits = visit.desk.office.selfcare.limits
    return visit.page(
        "mail_code",
        HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        errors=errors,
        values={"left": left},
        minutes=int(limits.code_life_s // 60),
        tries=limits.code_tries,
    )
