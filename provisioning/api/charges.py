"""`/v1/charges`, `/v1/quote` and why: what calls cost, and would cost (LINK-04, BILL-02)."""

from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import AwareDatetime, Field

from provisioning.api.asking import Here
from provisioning.api.cdrs import CALL_ID, Place, Size
from provisioning.api.describe import refusals
from provisioning.api.files import AS_FILES, Format, accepted, file
from provisioning.api.shapes import NUMBER, WRITTEN, Listed, Shape, e164
from provisioning.billing import explain
from provisioning.billing.model import MS, Charge, Rated, Reason
from provisioning.billing.money import Rounding, yen
from provisioning.billing.quoting import Question
from provisioning.billing.store import KeptCharge, WantedCharges
from provisioning.billing.tariff import Cause
from provisioning.contract import E164, Access, Language, NotContracted, UnknownLine
from provisioning.db.paging import MOST, Page
from provisioning.instants import utc
from provisioning.office import Office
from provisioning.records.model import UnknownRecord

router = APIRouter(prefix="/v1", tags=["charges"])

DEFAULT_LIMIT = 100
LONGEST_S = 86_400.0


class CostShape(Shape):
    """How an amount came about; yen are exact and written as text."""

    line: str = Field(description=f"Who pays. {NUMBER}")
    number_class: str = Field(description="Of the called number, as the tariff calls it.")
    tariff: str
    price: str = Field(description="The tariff's row.")
    source: str = Field(description="Where the price comes from.")
    seconds: float
    unit_s: int
    units: int = Field(description="Started ones.")
    unit_yen: str = Field(description="Before tax.")
    yen: str = Field(description="Before tax.")
    yen_with_tax: str
    tax_percent: int
    rounding: Rounding

    @classmethod
    def of(cls, charge: Charge) -> Self:
        """The figures of one charge."""
        return cls(
            line=charge.line,
            number_class=charge.number_class,
            tariff=charge.tariff,
            price=charge.price,
            source=charge.source,
            seconds=charge.milliseconds / MS,
            unit_s=charge.unit_s,
            units=charge.units,
            unit_yen=yen(charge.unit_sen),
            yen=yen(charge.net_sen),
            yen_with_tax=yen(charge.net_sen, charge.tax_percent),
            tax_percent=charge.tax_percent,
            rounding=charge.rounding,
        )


class AskedShape(Shape):
    """A cause, and whether it holds."""

    cause: Cause
    applies: bool


class RatedShape(Shape):
    """What a call costs and why, or why it costs nothing."""

    charged: bool
    cause: Cause | None = Field(description="Of a line the first of the four that holds.")
    reason: Reason | None = Field(description="Why it is free.")
    rule: str = Field(description="The rule behind it; empty where none says so.")
    asked: list[AskedShape] = Field(description="The causes in the order they were looked for.")
    cost: CostShape | None
    ja: str
    en: str

    @classmethod
    def of(cls, rated: Rated) -> Self:
        """One verdict."""
        charge = rated if isinstance(rated, Charge) else None
        return cls(
            charged=charge is not None,
            cause=charge.cause if charge else None,
            reason=None if isinstance(rated, Charge) else rated.reason,
            rule=rated.rule,
            asked=[AskedShape(cause=a.cause, applies=a.applies) for a in explain.asked(rated)],
            cost=CostShape.of(charge) if charge else None,
            ja=explain.told(rated, Language.JA),
            en=explain.told(rated, Language.EN),
        )


class ChargeShape(Shape):
    """What one leg of a call costs its payer; yen are exact and written as text."""

    id: int = Field(description="Grows as charges are made.")
    call_id: str
    leg: int
    linked_id: str
    line: str = Field(description=f"Who pays. {NUMBER}")
    called: str = Field(description="As it was dialled.")
    destination: str
    access: Access | None
    service: str
    begun_at: datetime = Field(description="Business time.")
    seconds: float
    cause: Cause
    rule: str
    number_class: str
    tariff: str
    price: str
    unit_s: int
    units: int
    unit_yen: str = Field(description="Before tax.")
    yen: str = Field(description="Before tax.")
    yen_with_tax: str
    tax_percent: int
    rounding: Rounding

    @classmethod
    def of(cls, kept: KeptCharge) -> Self:
        """One charge."""
        charge = kept.charge
        shown = CostShape.of(charge).model_dump(exclude={"source"})
        return cls(
            id=kept.id,
            call_id=charge.call_id,
            leg=charge.leg,
            linked_id=charge.linked_id,
            called=charge.called,
            destination=charge.destination,
            access=charge.access,
            service=charge.service,
            begun_at=utc(charge.business_at),
            cause=charge.cause,
            rule=charge.rule,
            **shown,
        )


class ChargesShape(Listed):
    """A page of charges, newest first."""

    items: list[ChargeShape]


@router.get("/charges", response_model=ChargesShape, responses=AS_FILES)
async def list_charges(
    request: Request,
    office: Here,
    line: Annotated[str | None, Query(pattern=WRITTEN, description="Who pays.")] = None,
    cause: Cause | None = None,
    call_id: Annotated[str | None, Query(pattern=CALL_ID)] = None,
    begun_from: Annotated[
        AwareDatetime | None, Query(alias="from", description="Begun then or later: business time.")
    ] = None,
    begun_before: Annotated[
        AwareDatetime | None, Query(alias="to", description="Begun before: business time.")
    ] = None,
    format: Annotated[
        Format | None, Query(description="Else what Accept names: JSON, CSV or JSON Lines.")
    ] = None,
    after: Place = "",
    limit: Size = None,
) -> ChargesShape | Response:
    """Charges, newest first; a record is charged within a second of being written."""
    wanted = WantedCharges(
        lines=frozenset({e164(line)}) if line else None,
        cause=cause,
        call_id=call_id,
        begun_from=begun_from.timestamp() if begun_from else None,
        begun_before=begun_before.timestamp() if begun_before else None,
    )
    chosen = format or accepted(request.headers.get("accept", ""))
    size = limit or (DEFAULT_LIMIT if chosen is Format.JSON else MOST)
    page = await office.billing.search(wanted, after=after, limit=size)
    if chosen is Format.JSON:
        return ChargesShape(items=[ChargeShape.of(kept) for kept in page.items], next=page.next)
    pages = _pages(office, wanted, page, whole=limit is None)
    return file("charges", chosen, ChargeShape, pages)


async def _pages(
    office: Office, wanted: WantedCharges, page: Page[KeptCharge], *, whole: bool
) -> AsyncIterator[Iterable[ChargeShape]]:
    """This page and, when `whole`, those behind it."""
    while True:
        yield [ChargeShape.of(kept) for kept in page.items]
        if not whole or page.next is None:
            return
        page = await office.billing.search(wanted, after=page.next, limit=MOST)


@router.get("/cdrs/{id}/why", responses=refusals(UnknownRecord))
async def explain_record(
    office: Here,
    id: Annotated[str, Path(pattern=r"^[0-9]{1,18}$", description="The record's.")],
) -> RatedShape:
    """Why the leg of a record was charged, or why it was not.

    A leg that was charged is explained by its charge, as it was made; another one by the tariff of
    the day it began.
    """
    kept = await office.records.get(int(id))
    (rated,) = await office.billing.why([kept.record])
    return RatedShape.of(rated)


@router.get("/quote", responses=refusals(UnknownLine))
async def quote(
    office: Here,
    caller: Annotated[str, Query(alias="from", pattern=WRITTEN, description="The line.")],
    called: Annotated[
        str, Query(alias="to", pattern=r"^[+0-9*#() .-]{1,40}$", description="As it is dialled.")
    ],
    seconds: Annotated[float, Query(ge=0, le=LONGEST_S, description="From the answer on.")] = 60.0,
    access: Annotated[Access, Query(description="The phone's own dialler, or Link.")] = Access.OS,
    at: Annotated[
        AwareDatetime | None, Query(description="When: business time. Now, unless told.")
    ] = None,
) -> RatedShape:
    """What a call would cost its caller: asked of the function that rates calls, before the call.

    Nothing is said of a leg that the called line would forward: that one its owner pays.
    """
    line = e164(caller)
    begun = at.timestamp() if at else office.clock.seconds()
    empty = await _has_nothing_to_hear(office, line)
    question = Question(line, called, seconds, begun, access, empty_box=empty)
    return RatedShape.of(office.billing.quote(question))


async def _has_nothing_to_hear(office: Office, line: E164) -> bool:
    try:
        return not sum(await office.voicemail.counts(line))
    except (NotContracted, UnknownLine):
        return True
