"""`/v1/number-blocks` and `/v1/numbers`: the 050 inventory, and what becomes of its numbers."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import Field, Strict

from provisioning.api.asking import PLAIN, After, Asker, Here, Limit
from provisioning.api.contracts import CONTRACT_ID
from provisioning.api.describe import refusals
from provisioning.api.keyed import KeyedRoute
from provisioning.api.masking import Shown
from provisioning.api.shapes import NUMBER, WRITTEN, Listed, Shape, e164, maybe_instant
from provisioning.contract import E164, OutOfRange
from provisioning.instants import utc
from provisioning.numbers.model import (
    BadBlock,
    Block,
    BlockOverlap,
    NumberRecord,
    NumberState,
    UnknownNumber,
    WrongNumberState,
)

router = APIRouter(prefix="/v1", tags=["numbers"], route_class=KeyedRoute)

WRITTEN_050 = r"^(\+81-?|0)50(-?[0-9]){8}$"
BLOCK_ID = r"^B[0-9]{8}$"


def _number(
    number: Annotated[
        str, Path(pattern=WRITTEN, description="+815000000001, 05000000001 or 050-0000-0001.")
    ],
) -> E164:
    return e164(number)


Number = Annotated[E164, Depends(_number)]


class BlockShape(Shape):
    """Consecutive numbers the operator loaded."""

    id: str
    first: str = Field(description=NUMBER)
    last: str = Field(description=NUMBER)
    size: int
    loaded_at: datetime = Field(description="Business time.")

    @classmethod
    def of(cls, block: Block) -> Self:
        """The block as it stands."""
        return cls(
            id=block.id,
            first=block.first,
            last=block.last,
            size=block.size,
            loaded_at=utc(block.loaded_at),
        )


class BlocksShape(Listed):
    """Every block, by its first number."""

    items: list[BlockShape]


class NewBlockShape(Shape):
    """The first and the last number of a block, at most 100,000 apart."""

    first: str = Field(pattern=WRITTEN_050, examples=["05000000000"])
    last: str = Field(pattern=WRITTEN_050, examples=["05000009999"])


class NumberShape(Shape):
    """A number of the inventory; times are business time."""

    number: str = Field(description=NUMBER)
    state: NumberState
    block: str
    contract: str | None = Field(description="Whose it is, or was until its quarantine ends.")
    order: str | None
    assigned_at: datetime | None
    cancelled_at: datetime | None
    until: datetime | None = Field(description="The end of its quarantine (N050-02).")
    form_reference: str | None = Field(description="Of the form that cancelled it (N050-06).")

    @classmethod
    def of(cls, record: NumberRecord) -> Self:
        """The number as it stands."""
        return cls(
            number=record.number,
            state=record.state,
            block=record.block,
            contract=record.contract,
            order=record.order,
            assigned_at=maybe_instant(record.assigned_at),
            cancelled_at=maybe_instant(record.cancelled_at),
            until=maybe_instant(record.until),
            form_reference=record.reference,
        )


class NumbersShape(Listed):
    """A page of numbers, by number."""

    items: list[NumberShape]


class CancellationShape(Shape):
    """The written form that cancels a number (N050-06)."""

    form_reference: str = Field(
        min_length=1, max_length=100, pattern=PLAIN, examples=["解約届 2026-0042"]
    )


class PasswordKind(StrEnum):
    """Which password of a number: of its SIP account (IP加入電話), or of 付加サービス."""

    LINE = "line"
    SERVICE = "service"


class ResetShape(Shape):
    """Which password is made anew."""

    which: Annotated[PasswordKind, Strict(False)]


class NewPasswordShape(Shape):
    """A number's new password, shown this once."""

    number: str = Field(description=NUMBER)
    which: PasswordKind
    password: Shown


@router.get("/number-blocks")
async def list_blocks(office: Here) -> BlocksShape:
    """Every block of the inventory."""
    return BlocksShape(items=[BlockShape.of(each) for each in await office.numbers.blocks()])


@router.post("/number-blocks", status_code=201, responses=refusals(BadBlock, BlockOverlap))
async def load_block(office: Here, asker: Asker, wanted: NewBlockShape) -> BlockShape:
    """Load a block: its numbers are free from now on."""
    first, last = e164(wanted.first), e164(wanted.last)
    return BlockShape.of(await office.numbers.load_block(first, last, origin=asker))


@router.get("/numbers")
async def list_numbers(
    office: Here,
    state: NumberState | None = None,
    contract: Annotated[str | None, Query(pattern=CONTRACT_ID, description="Whose.")] = None,
    block: Annotated[str | None, Query(pattern=BLOCK_ID, description="In which block.")] = None,
    after: After = "",
    limit: Limit = 100,
) -> NumbersShape:
    """Numbers of the inventory, those that fit every filter."""
    page = await office.numbers.list(
        state=state, contract=contract, block=block, after=after, limit=limit
    )
    return NumbersShape(items=[NumberShape.of(each) for each in page.items], next=page.next)


@router.get("/numbers/{number}", responses=refusals(UnknownNumber))
async def show_number(office: Here, number: Number) -> NumberShape:
    """One number of the inventory."""
    return NumberShape.of(await office.numbers.get(number))


@router.put("/numbers/{number}/reservation", responses=refusals(UnknownNumber, WrongNumberState))
async def reserve_number(office: Here, asker: Asker, number: Number) -> NumberShape:
    """Hold a free number back from orders."""
    return NumberShape.of(await office.numbers.reserve(number, origin=asker))


@router.delete("/numbers/{number}/reservation", responses=refusals(UnknownNumber, WrongNumberState))
async def release_number(office: Here, asker: Asker, number: Number) -> NumberShape:
    """Give a number that was held back to the orders."""
    return NumberShape.of(await office.numbers.release(number, origin=asker))


@router.post(
    "/numbers/{number}/cancellation",
    status_code=201,
    responses=refusals(UnknownNumber, WrongNumberState, OutOfRange),
)
async def cancel_number(
    office: Here, asker: Asker, number: Number, wanted: CancellationShape
) -> NumberShape:
    """Cancel an assigned number by written form; its line goes, its quarantine begins."""
    cancelled = await office.orders.cancel(
        number, form_reference=wanted.form_reference, origin=asker
    )
    return NumberShape.of(cancelled)


@router.post(
    "/numbers/{number}/password-resets",
    status_code=201,
    responses=refusals(UnknownNumber, WrongNumberState),
)
async def reset_password(
    office: Here, asker: Asker, response: Response, number: Number, wanted: ResetShape
) -> NewPasswordShape:
    """Make one of an assigned number's passwords anew; it is shown this once."""
    if wanted.which is PasswordKind.LINE:
        password = await office.orders.reset_line_password(number, origin=asker)
    else:
        password = await office.orders.reset_service_password(number, origin=asker)
    return NewPasswordShape(number=number, which=wanted.which, password=password)
