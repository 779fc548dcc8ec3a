"""`/v1/freephones/{number}/usage`: what became of the calls of a freephone number (FREE-12)."""

from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime, Field

from provisioning.api.asking import Here
from provisioning.api.describe import refusals
from provisioning.api.files import AS_FILES, Format, accepted, file
from provisioning.api.freephones import Number
from provisioning.api.shapes import Listed, Shape
from provisioning.contract import OutOfRange
from provisioning.freephone.document import dialled, full
from provisioning.freephone.service import UnknownFreephone
from provisioning.freephone.usage import DAY_S, By, Count, Fate, Span, start_of
from provisioning.instants import JST

router = APIRouter(prefix="/v1/freephones", tags=["freephones"])


class UsageShape(Shape):
    """The calls of one hour, day or number."""

    begins: datetime | None = Field(description="Of an hour or a day: Japan's time.")
    number: str | None = Field(description="The line reached; else the freephone number itself.")
    calls: int = Field(description="All of them.")
    answered: int
    busy: int
    no_answer: int = Field(description="Rang in vain, or the caller gave up before the answer.")
    refused: int = Field(description="By the caller's telephone or area (FREE-02, FREE-03).")
    off_hours: int = Field(description="Heard the off-hours guidance (FREE-10).")

    @classmethod
    def of(cls, count: Count) -> Self:
        """One count."""
        return cls(
            begins=None if count.begins is None else datetime.fromtimestamp(count.begins, JST),
            number=None if count.number is None else dialled(count.number),
            calls=count.calls,
            answered=count.of(Fate.ANSWERED),
            busy=count.of(Fate.BUSY),
            no_answer=count.of(Fate.NO_ANSWER),
            refused=count.of(Fate.REFUSED),
            off_hours=count.of(Fate.OFF_HOURS),
        )


class UsagesShape(Listed):
    """Every hour or day of the span, or every number."""

    items: list[UsageShape]


Since = Annotated[
    AwareDatetime | None,
    Query(alias="from", description="Business time; absent: today's midnight in Japan."),
]
Before = Annotated[
    AwareDatetime | None, Query(alias="to", description="Absent: a day after `from`.")
]


@router.get(
    "/{number}/usage",
    response_model=UsagesShape,
    responses={**AS_FILES, **refusals(UnknownFreephone, OutOfRange)},
)
async def show_usage(
    request: Request,
    office: Here,
    number: Number,
    since: Since = None,
    before: Before = None,
    by: By = By.HOUR,
    format: Annotated[
        Format | None, Query(description="Else what Accept names: JSON, CSV or JSON Lines.")
    ] = None,
) -> UsagesShape | Response:
    """What became of the calls of a number that began in a span; each call counts once."""
    begins = since.timestamp() if since else start_of(office.clock.seconds(), By.DAY)
    span = Span(begins, before.timestamp() if before else begins + DAY_S)
    counts = await office.usage.count(full(number), span, by)
    items = [UsageShape.of(each) for each in counts]
    chosen = format or accepted(request.headers.get("accept", ""))
    if chosen is Format.JSON:
        return UsagesShape(items=items, next=None)
    return file(f"usage-{number}", chosen, UsageShape, _whole(items))


async def _whole(items: list[UsageShape]) -> AsyncIterator[Iterable[UsageShape]]:
    yield items
