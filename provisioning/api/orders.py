"""`/v1/number-orders`: 050 numbers ordered for a contract, and the letter that tells them."""

import hashlib
from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from provisioning.api.access import caller
from provisioning.api.asking import After, Asker, Here, Limit
from provisioning.api.contracts import CONTRACT_ID
from provisioning.api.describe import KEY_REQUIRED, refusals
from provisioning.api.keyed import OnceRoute, OrderRoute, key_of
from provisioning.api.masking import Shown
from provisioning.api.shapes import NUMBER, Listed, Shape
from provisioning.customers.model import ContractClosed, UnknownContract
from provisioning.instants import utc
from provisioning.orders.model import (
    MOST_PER_ORDER,
    AddedNumber,
    BadCount,
    CapReached,
    InventoryEmpty,
    KeyReused,
    LetterGone,
    LetterState,
    NumberOrder,
    OrderInFlight,
    UnknownOrder,
)

PDF = "application/pdf"

PREFIX = "/v1/number-orders"

router = APIRouter(prefix=PREFIX, tags=["orders"])
placing = APIRouter(prefix=PREFIX, tags=["orders"], route_class=OrderRoute)
letters = APIRouter(prefix=PREFIX, tags=["orders"], route_class=OnceRoute)

Id = Annotated[str, Path(pattern=r"^N[0-9]{8}$", description="As N00000001.")]


class AddedNumberShape(Shape):
    """A number of an order and, when it was just placed, its two passwords (N050-04)."""

    number: str = Field(description=NUMBER)
    user: str = Field(description="The user part of its AOR: the number as it is dialled.")
    service_password: Shown = None
    line_password: Shown = None

    @classmethod
    def of(cls, added: AddedNumber) -> Self:
        """The number; its passwords are null unless the order was just placed."""
        return cls(
            number=added.number,
            user="0" + added.number.removeprefix("+81"),
            service_password=added.service_password,
            line_password=added.line_password,
        )


class OrderShape(Shape):
    """An order that was carried out, whole."""

    id: str
    contract: str
    count: int
    placed_at: datetime = Field(description="Business time.")
    letter: LetterState
    numbers: list[AddedNumberShape]

    @classmethod
    def of(cls, order: NumberOrder) -> Self:
        """The order as it stands."""
        return cls(
            id=order.id,
            contract=order.contract,
            count=order.count,
            placed_at=utc(order.placed_at),
            letter=order.letter,
            numbers=[AddedNumberShape.of(each) for each in order.numbers],
        )


class OrdersShape(Listed):
    """A page of orders, by id."""

    items: list[OrderShape]


class NewOrderShape(Shape):
    """How many numbers for which contract (N050-01)."""

    contract: str = Field(pattern=CONTRACT_ID, description="The contract's id.")
    count: int = Field(ge=1, le=MOST_PER_ORDER)


@router.get("")
async def list_orders(
    office: Here,
    contract: Annotated[str | None, Query(pattern=CONTRACT_ID, description="Whose.")] = None,
    after: After = "",
    limit: Limit = 100,
) -> OrdersShape:
    """Orders, without passwords."""
    page = await office.orders.list(contract=contract, after=after, limit=limit)
    return OrdersShape(items=[OrderShape.of(each) for each in page.items], next=page.next)


@placing.post(
    "",
    status_code=201,
    openapi_extra=KEY_REQUIRED,
    responses=refusals(
        UnknownContract,
        ContractClosed,
        BadCount,
        CapReached,
        InventoryEmpty,
        KeyReused,
        OrderInFlight,
    ),
)
async def place_order(
    office: Here, asker: Asker, request: Request, response: Response, wanted: NewOrderShape
) -> OrderShape:
    """Order numbers, all or none; their passwords are shown this once (N050-03, N050-04)."""
    order = await office.orders.place(
        wanted.contract, wanted.count, key=_key(request), origin=asker
    )
    response.headers["Location"] = f"{PREFIX}/{order.id}"
    return OrderShape.of(order)


@router.get("/{order}", responses=refusals(UnknownOrder))
async def show_order(office: Here, order: Id) -> OrderShape:
    """One order, without passwords."""
    return OrderShape.of(await office.orders.get(order))


@letters.post(
    "/{order}/letter",
    response_class=Response,
    responses={
        200: {
            "description": "The letter",
            "content": {PDF: {"schema": {"type": "string", "format": "binary"}}},
        },
        **refusals(UnknownOrder, LetterGone),
    },
)
async def hand_out_letter(office: Here, asker: Asker, order: Id) -> Response:
    """The letter with the order's passwords, once; the office's copy is destroyed.

    No `Idempotency-Key` brings it again, as nothing keeps it. What was cancelled or replaced since
    the order is not in it.
    """
    pdf = await office.orders.letter(order, origin=asker)
    name = {
        "Content-Disposition": f'attachment; filename="{order}.pdf"',
        "Cache-Control": "no-store",
    }
    return Response(pdf, media_type=PDF, headers=name)


def _key(request: Request) -> str:
    """The order's key: this caller's own, so that nobody else's order answers to it."""
    text = f"{caller(request).who}\0{key_of(request)}"
    return hashlib.sha256(text.encode()).hexdigest()
