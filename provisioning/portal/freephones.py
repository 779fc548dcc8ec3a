"""Self-care for freephone numbers: the lock of their customer control, and a new password."""

from contextlib import suppress
from http import HTTPStatus

from starlette.responses import Response
from starlette.routing import BaseRoute

from provisioning.contract import E164, FreephoneOption
from provisioning.freephone.control import NotLocked
from provisioning.freephone.document import dialled
from provisioning.freephone.fees import UNLOCK
from provisioning.freephone.service import UnknownFreephone
from provisioning.freephone.store import Kept
from provisioning.portal.doors import Doors
from provisioning.portal.forms import MOST_TOKEN
from provisioning.portal.pages import international
from provisioning.portal.visit import Visit

PATH = "/portal/freephones"


def routes(doors: Doors) -> list[BaseRoute]:
    """The pages of freephone numbers in self-care."""
    own = "/freephones/{number}"
    return [
        doors.route("/freephones", get=show_freephones),
        doors.route(f"{own}/unlock", get=ask_unlock, post=unlock),
        doors.route(f"{own}/password", get=ask_password, post=reset_password),
        doors.route(f"{own}/password/done", get=show_password),
    ]


async def show_freephones(visit: Visit) -> Response:
    """The contract's freephone numbers, and how the login of each stands."""
    control = visit.desk.office.control
    numbers = [
        (kept.freephone.number, await control.state(kept.freephone.number) if _has(kept) else None)
        for kept in of_contract(visit)
    ]
    return visit.page("freephones", numbers=numbers, done="done" in visit.request.query_params)


async def ask_unlock(visit: Visit) -> Response:
    """What unlocking costs, before it is asked for."""
    number = _own(visit)
    (fee,) = visit.desk.office.freephones.fees.of({UNLOCK})
    form = await visit.desk.office.selfcare.form_token(visit.owner)
    state = await visit.desk.office.control.state(number)
    return visit.page("freephone_unlock", number=number, fee=fee.yen, state=state, form=form)


async def unlock(visit: Visit) -> Response:
    """Unlock, and owe the work once: a second click finds nothing locked."""
    number = _own(visit)
    await visit.check_form(visit.form.text("form", most=MOST_TOKEN))
    with suppress(NotLocked):
        await visit.desk.office.control.unlock(number, origin=visit.origin)
    return visit.go(f"{PATH}?done=1")


async def ask_password(visit: Visit) -> Response:
    """Whether the password is really to be replaced."""
    number = _own(visit)
    form = await visit.desk.office.selfcare.form_token(visit.owner)
    return visit.page("freephone_password", number=number, form=form)


async def reset_password(visit: Visit) -> Response:
    """Make up a new password, once for each form; every session of the number ends."""
    desk, number = visit.desk, _own(visit)
    form = visit.form.text("form", most=MOST_TOKEN)
    await visit.check_form(form)
    key = (visit.owner.id_hash, number, "control")

    async def replace() -> str:
        desk.resets.put(
            key, await desk.office.control.set_password(number, origin=visit.origin), desk.now()
        )
        return f"{PATH}/{dialled(number)}/password/done"

    return visit.go(await desk.resetting.once((*key, form), replace))


async def show_password(visit: Visit) -> Response:
    """The new password, once."""
    number = _own(visit)
    password = visit.once(visit.desk.resets, (visit.owner.id_hash, number, "control"))
    return visit.page("freephone_password_done", HTTPStatus.OK, number=number, password=password)


def of_contract(visit: Visit) -> list[Kept]:
    """The freephone numbers that the visitor's contract pays for."""
    everybody = visit.desk.office.freephones.all()
    return [kept for kept in everybody if kept.contract == visit.owner.contract]


def _has(kept: Kept) -> bool:
    return FreephoneOption.CUSTOMER_CONTROL in kept.freephone.options


def _own(visit: Visit) -> E164:
    """The number that the path names, if it is the contract's and has a customer control."""
    number = international(visit.request.path_params["number"])
    own = [kept.freephone.number for kept in of_contract(visit) if _has(kept)]
    if number is None or number not in own:
        raise UnknownFreephone("the number is another contract's, or has no customer control")
    return number
