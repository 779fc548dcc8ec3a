"""The customer's numbers, their state, and new passwords for them (N050-04, N050-06)."""

from enum import StrEnum

from starlette.exceptions import HTTPException
from starlette.responses import Response

from provisioning.contract import E164
from provisioning.numbers.model import NumberRecord, NumberState, UnknownNumber, national
from provisioning.portal.forms import MOST_TOKEN
from provisioning.portal.pages import international
from provisioning.portal.visit import Visit

A_PAGE = 50


class Kind(StrEnum):
    """Which of a number's two passwords."""

    LINE = "line"
    SERVICE = "service"


async def show_numbers(visit: Visit) -> Response:
    """Every added number with its state."""
    office = visit.desk.office
    after = international(visit.query("after")) or E164("")
    page = await office.numbers.list(contract=visit.owner.contract, after=after, limit=A_PAGE)
    contract = await office.customers.contract(visit.owner.contract)
    return visit.page(
        "numbers",
        numbers=page.items,
        next=page.next,
        contract=contract,
        registered=await office.registered([each.number for each in page.items]),
    )


async def show_number(visit: Visit) -> Response:
    """One number: what a phone needs, and where its passwords are reset."""
    office, record = visit.desk.office, await own(visit)
    contract = await office.customers.contract(visit.owner.contract)
    return visit.page(
        "number",
        record=record,
        assigned=record.state is NumberState.ASSIGNED,
        plan=office.customers.plans[contract.plan],
        registered=await office.registered([record.number]),
        sip=visit.desk.settings.sip(),
    )


async def ask_reset(visit: Visit) -> Response:
    """Whether the password is really to be replaced."""
    record, kind = await own_assigned(visit), _kind(visit)
    form = await visit.desk.office.selfcare.form_token(visit.owner)
    return visit.page("reset", record=record, kind=kind.value, form=form)


async def reset(visit: Visit) -> Response:
    """Replace the password, once for each form."""
    desk, record, kind = visit.desk, await own_assigned(visit), _kind(visit)
    key = (visit.owner.id_hash, record.number, kind)
    form = visit.form.text("form", most=MOST_TOKEN)
    await visit.check_form(form)

    async def replace() -> str:
        orders = desk.office.orders
        change = orders.reset_line_password if kind is Kind.LINE else orders.reset_service_password
        desk.resets.put(key, await change(record.number, origin=visit.origin), desk.now())
        return f"{_path(record)}/passwords/{kind}/done"

    return visit.go(await desk.resetting.once((*key, form), replace))


async def show_reset(visit: Visit) -> Response:
    """The new password, once."""
    desk, record, kind = visit.desk, await own_assigned(visit), _kind(visit)
    password = visit.once(desk.resets, (visit.owner.id_hash, record.number, kind))
    return visit.page(
        "reset_done",
        record=record,
        kind=kind.value,
        password=password,
        sip=desk.settings.sip(),
    )


def _path(record: NumberRecord) -> str:
    return f"/portal/numbers/{national(record.number)}"


def _kind(visit: Visit) -> Kind:
    kind = visit.request.path_params["kind"]
    if kind not in set(Kind):
        raise HTTPException(404)
    return Kind(kind)


async def own(visit: Visit) -> NumberRecord:
    """The number that the path names; another contract's is unknown."""
    number = international(visit.request.path_params["number"])
    if number is None:
        raise HTTPException(404)
    record = await visit.desk.office.numbers.get(number)
    if record.contract != visit.owner.contract:
        raise UnknownNumber("the number is another contract's")
    return record


async def own_assigned(visit: Visit) -> NumberRecord:
    """The same, while it is in use."""
    record = await own(visit)
    if record.state is not NumberState.ASSIGNED:
        raise UnknownNumber("the number was cancelled")
    return record
