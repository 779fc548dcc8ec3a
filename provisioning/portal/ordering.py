"""050番号追加申込: how many, confirm, done; and the orders made so far (N050-01 to N050-04)."""

from http import HTTPStatus

from starlette.responses import Response

from provisioning.customers.model import Contract
from provisioning.orders.model import (
    MOST_PER_ORDER,
    BadCount,
    CapReached,
    InventoryEmpty,
    NumberOrder,
    UnknownOrder,
)
from provisioning.portal.forms import MOST_TOKEN, whole_number
from provisioning.portal.visit import Visit

A_PAGE = 50


async def show_input(visit: Visit) -> Response:
    """Where the count is asked. The form it makes is good for one order (N050-03)."""
    form = await visit.desk.office.selfcare.form_token(visit.owner)
    return await _input(visit, form, "")


async def quote(visit: Visit) -> Response:
    """What so many numbers would cost a month: a part of the input page."""
    contract = await _contract(visit)
    count = whole_number(visit.query("count"))
    fits = count is not None and 1 <= count <= _most(contract)
    plan = visit.desk.office.customers.plans[contract.plan]
    return visit.page("_quote", plan=plan, count=count if fits else None)


async def show_confirm(visit: Visit) -> Response:
    """What will be ordered. Reached by GET: reload and back show it again and order nothing."""
    form, count = visit.query("form", most=MOST_TOKEN), whole_number(visit.query("count"))
    if not form:
        return visit.go("/portal/orders/new")
    await visit.check_form(form)
    contract = await _contract(visit)
    if count is None or not 1 <= count <= _most(contract):
        return await _input(visit, form, visit.query("count"), _wrong_count(contract, count))
    return visit.page(
        "order_confirm",
        contract=contract,
        plan=visit.desk.office.customers.plans[contract.plan],
        form=form,
        count=count,
    )


async def execute(visit: Visit) -> Response:
    """Order, once for each form; whoever sends it again is led to the same result."""
    desk, owner = visit.desk, visit.owner
    form, typed = visit.form.text("form", most=MOST_TOKEN), visit.form.text("count", most=10)
    count = whole_number(typed)
    await visit.check_form(form)
    if count is None:
        return await _input(visit, form, typed, "order.count.wrong")

    async def place() -> str:
        order = await desk.office.orders.place(owner.contract, count, key=form, origin=visit.origin)
        if _in_the_clear(order):
            desk.orders.put((owner.id_hash, order.id), order, desk.now())
        return order.id

    try:
        order_id = await desk.ordering.once((owner.contract, form, count), place)
    except (BadCount, CapReached):
        contract = await _contract(visit)
        return await _input(visit, form, typed, _wrong_count(contract, count))
    except InventoryEmpty:
        return await _input(visit, form, typed, "order.empty")
    return visit.go(f"/portal/orders/{order_id}")


async def show_order(visit: Visit) -> Response:
    """The numbers of an order; their passwords on the first showing after it was made (N050-04)."""
    kept = await _own_order(visit)
    clear = visit.once(visit.desk.orders, (visit.owner.id_hash, kept.id))
    ordered = [each.number for each in kept.numbers]
    return visit.page(
        "order",
        order=clear or kept,
        once=clear is not None,
        letter=kept.letter,
        held=await visit.desk.office.numbers.held(kept.contract, ordered),
        sip=visit.desk.settings.sip(),
    )


async def show_orders(visit: Visit) -> Response:
    """The orders of the contract, newest first."""
    before = visit.query("before")
    page = await visit.desk.office.orders.list(
        contract=visit.owner.contract,
        after=before if before.isascii() and before.isalnum() else "",
        limit=A_PAGE,
        newest_first=True,
    )
    return visit.page("orders", orders=page.items, older=page.next)


async def hand_out_letter(visit: Visit) -> Response:
    """The letter as a PDF, once (N050-04); two clicks at once get the same."""
    order = await _own_order(visit)
    letter = await visit.desk.letters.once(
        order.id, lambda: visit.desk.office.orders.letter(order.id, origin=visit.origin)
    )
    disposition = f'attachment; filename="tokuban-{order.id}.pdf"'
    return Response(
        letter, media_type="application/pdf", headers={"content-disposition": disposition}
    )


async def _input(visit: Visit, form: str, typed: str, wrong: str | None = None) -> Response:
    contract = await _contract(visit)
    status = HTTPStatus.OK if wrong is None else HTTPStatus.UNPROCESSABLE_ENTITY
    return visit.page(
        "order_new",
        status,
        contract=contract,
        plan=visit.desk.office.customers.plans[contract.plan],
        left=_left(contract),
        most=_most(contract),
        form=form,
        typed=typed,
        errors={} if wrong is None else {"count": wrong},
    )


def _wrong_count(contract: Contract, count: int | None) -> str:
    if count is not None and _left(contract) < count <= MOST_PER_ORDER:
        return "order.count.cap"
    return "order.count.wrong"


def _left(contract: Contract) -> int:
    return max(0, contract.numbers_left)


def _most(contract: Contract) -> int:
    return min(MOST_PER_ORDER, _left(contract))


def _in_the_clear(order: NumberOrder) -> bool:
    return any(each.line_password is not None for each in order.numbers)


async def _contract(visit: Visit) -> Contract:
    return await visit.desk.office.customers.contract(visit.owner.contract)


async def _own_order(visit: Visit) -> NumberOrder:
    order = await visit.desk.office.orders.get(visit.request.path_params["order"])
    if order.contract != visit.owner.contract:
        raise UnknownOrder("the order is another contract's")
    return order
