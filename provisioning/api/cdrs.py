"""`/v1/cdrs`: the record of every leg of every call, as JSON, CSV or JSON Lines (BILL-01)."""

from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime, Field

from provisioning.api.asking import Here
from provisioning.api.files import AS_FILES, Format, accepted, file
from provisioning.api.shapes import (
    NUMBER,
    WRITTEN,
    Listed,
    Shape,
    e164,
    maybe_instant,
)
from provisioning.contract import Access
from provisioning.db.paging import MOST, Page
from provisioning.instants import utc
from provisioning.office import Office
from provisioning.records.model import Kept
from provisioning.records.store import Wanted

router = APIRouter(prefix="/v1/cdrs", tags=["calls"])

CALL_ID = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
SERVICE = r"^[a-z0-9-]{1,60}$"
DEFAULT_LIMIT = 100


class CdrShape(Shape):
    """One leg of one call; `business_*` are business time, the other instants wall time."""

    id: int = Field(description="Grows as records are written.")
    call_id: str = Field(description="A UUID that all legs of a call share.")
    leg: int = Field(description="1 is the caller's.")
    linked_id: str = Field(description="The call this one came of; else its own.")
    sip_call_id: str
    calling: str | None = Field(description="The true number of who called.")
    called: str = Field(description="As it was dialled.")
    destination: str | None = Field(description="A number, or a service's code.")
    presented: str | None = Field(description="What the called party may see; null when withheld.")
    prefix: str = Field(description="184 or 186 where it was dialled in front.")
    line: str | None = Field(description=NUMBER)
    access: Access | None
    service: str
    payer: str | None
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime
    business_started_at: datetime
    business_answered_at: datetime | None
    business_ended_at: datetime
    seconds: float = Field(description="From the answer to the end.")
    cause: str = Field(description="As hung-up, cancelled, refused, no-ack, interrupted.")
    sip_status: int | None = Field(description="Of the INVITE's final response.")
    q850: int | None = Field(description="The cause number of ITU-T Q.850.")
    trunk: str | None
    interrupted: bool = Field(description="The carrier was killed: the end is its last sign.")

    @classmethod
    def of(cls, kept: Kept) -> Self:
        """One record."""
        record = kept.record
        instants = {
            "started_at": utc(record.started_at),
            "answered_at": maybe_instant(record.answered_at),
            "ended_at": utc(record.ended_at),
            "business_started_at": utc(record.business_started_at),
            "business_answered_at": maybe_instant(record.business_answered_at),
            "business_ended_at": utc(record.business_ended_at),
        }
        return cls(id=kept.id, **(record._asdict() | instants))


class CdrsShape(Listed):
    """A page of records, newest first."""

    items: list[CdrShape]


Place = Annotated[str, Query(pattern=r"^[0-9]{0,18}$", description="Begin behind it.")]
Size = Annotated[
    int | None,
    Query(ge=1, le=MOST, description="The most items: of JSON 100 unless told, of a file all."),
]


@router.get(
    "",
    response_model=CdrsShape,
    responses=AS_FILES,
)
async def list_cdrs(
    request: Request,
    office: Here,
    line: Annotated[str | None, Query(pattern=WRITTEN, description="Whose leg it was.")] = None,
    service: Annotated[
        str | None, Query(pattern=SERVICE, description="As forwarding-menu, or talkie.")
    ] = None,
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
) -> CdrsShape | Response:
    """Records of calls, newest first.

    As CSV no cell begins with a sign that a spreadsheet computes by: an apostrophe stands before
    it. Control characters become U+FFFD there.
    """
    wanted = Wanted(
        line=e164(line) if line else None,
        service=service,
        call_id=call_id,
        begun_from=begun_from.timestamp() if begun_from else None,
        begun_before=begun_before.timestamp() if begun_before else None,
    )
    chosen = format or accepted(request.headers.get("accept", ""))
    size = limit or (DEFAULT_LIMIT if chosen is Format.JSON else MOST)
    page = await office.records.search(wanted, after=after, limit=size)
    if chosen is Format.JSON:
        return CdrsShape(items=[CdrShape.of(kept) for kept in page.items], next=page.next)
    return file("cdrs", chosen, CdrShape, _pages(office, wanted, page, whole=limit is None))


async def _pages(
    office: Office, wanted: Wanted, page: Page[Kept], *, whole: bool
) -> AsyncIterator[Iterable[CdrShape]]:
    """This page and, when `whole`, those behind it."""
    while True:
        yield [CdrShape.of(kept) for kept in page.items]
        if not whole or page.next is None:
            return
        page = await office.records.search(wanted, after=page.next, limit=MOST)
