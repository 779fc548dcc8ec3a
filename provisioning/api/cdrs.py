"""`/v1/cdrs`: the record of every leg of every call, as JSON, CSV or JSON Lines (BILL-01)."""

import csv
import io
import json
from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, Field

from provisioning.api.asking import Here
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
from provisioning.records import model
from provisioning.records.model import Kept
from provisioning.records.store import Wanted

router = APIRouter(prefix="/v1/cdrs", tags=["calls"])

CALL_ID = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
SERVICE = r"^[a-z0-9-]{1,60}$"
DEFAULT_LIMIT = 100


class Format(StrEnum):
    """How records are written; the last two have all of them, one a line."""

    JSON = "json"
    CSV = "csv"
    JSON_LINES = "jsonl"


MEDIA_TYPES = {
    Format.JSON: "application/json",
    Format.CSV: "text/csv",
    Format.JSON_LINES: "application/x-ndjson",
}


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
    responses={
        200: {
            "content": {
                MEDIA_TYPES[Format.CSV]: {"schema": {"type": "string"}},
                MEDIA_TYPES[Format.JSON_LINES]: {"schema": {"type": "string"}},
            }
        }
    },
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
    chosen = format or _accepted(request.headers.get("accept", ""))
    size = limit or (DEFAULT_LIMIT if chosen is Format.JSON else MOST)
    page = await office.records.search(wanted, after=after, limit=size)
    if chosen is Format.JSON:
        return CdrsShape(items=[CdrShape.of(kept) for kept in page.items], next=page.next)
    return _file(chosen, _pages(office, wanted, page, whole=limit is None))


def _file(chosen: Format, pages: AsyncIterator[Iterable[CdrShape]]) -> Response:
    """The records as a file to be kept."""
    written = _csv(pages) if chosen is Format.CSV else _json_lines(pages)
    name = f'attachment; filename="cdrs.{chosen}"'
    return StreamingResponse(
        written, media_type=MEDIA_TYPES[chosen], headers={"Content-Disposition": name}
    )


def _accepted(header: str) -> Format:
    """The first of our media types that an Accept header names; JSON where it names none."""
    for each in header.lower().split(","):
        kind = each.partition(";")[0].strip()
        for format, media_type in MEDIA_TYPES.items():
            if kind == media_type:
                return format
    return Format.JSON


async def _pages(
    office: Office, wanted: Wanted, page: Page[Kept], *, whole: bool
) -> AsyncIterator[Iterable[CdrShape]]:
    """This page and, when `whole`, those behind it."""
    while True:
        yield [CdrShape.of(kept) for kept in page.items]
        if not whole or page.next is None:
            return
        page = await office.records.search(wanted, after=page.next, limit=MOST)


async def _csv(pages: AsyncIterator[Iterable[CdrShape]]) -> AsyncIterator[str]:
    """RFC 4180, with the names of the fields in the first line."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(CdrShape.model_fields)
    async for page in pages:
        for shape in page:
            writer.writerow(model.row(shape.model_dump(mode="json").values()))
        yield text.getvalue()
        text.seek(0)
        text.truncate()


async def _json_lines(pages: AsyncIterator[Iterable[CdrShape]]) -> AsyncIterator[str]:
    """One object a line."""
    async for page in pages:
        yield "".join(f"{json.dumps(shape.model_dump(mode='json'))}\n" for shape in page)
