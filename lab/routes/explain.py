"""`/v1/explain`: what would happen if somebody dialled a number (FREE-15)."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import PlainTextResponse
from pydantic import Field
from starlette.responses import Response

from ivr.numbering.plan import national
from lab.explaining import Explainer, business_seconds
from lab.explanation import Asked, Explanation
from provisioning.api.shapes import Shape, e164
from provisioning.contract import TrunkClass
from provisioning.freephone.document import LINE
from provisioning.instants import JST

TEXT, MERMAID = "text", "mermaid"

Caller = Annotated[
    str,
    Query(alias="from", pattern=r"^[+0-9-]{1,20}$", description="Who calls, as 0312345678."),
]
Dialled = Annotated[
    str,
    Query(
        alias="to",
        pattern=r"^[+0-9*#-]{1,30}$",
        description="Whatever can be dialled: 0120000003, 0312345678, 1429, 184 in front.",
    ),
]
At = Annotated[
    datetime | None, Query(description="Business time, in Japan's time unless it says another.")
]
Form = Annotated[str, Query(pattern="^(json|text|mermaid)$")]
Tongue = Annotated[str, Query(pattern="^(ja|en)$", description="Of text and mermaid.")]


class StepShape(Shape):
    """What one rule found; `decided`: the call was decided by it."""

    rule: str
    found: str
    subject: str
    decided: bool
    ja: str
    en: str


class CallerShape(Shape):
    """What is known of the caller."""

    number: str
    kind: TrunkClass
    prefecture: str | None
    ma: str | None


class ExplanationShape(Shape):
    """What would happen, step by step."""

    caller: CallerShape
    dialled: str
    at: datetime = Field(description="The minute in Japan that was looked at.")
    day: str = Field(description="Which day plan holds: mon to sun, or holiday.")
    outcome: str = Field(description="As Connect, Refused, OffHours, AllBusy or AssignedLine.")
    line: str | None = Field(description="Where the call goes; null when nowhere.")
    ja: str
    en: str
    steps: list[StepShape]


def router(explainer: Explainer) -> APIRouter:
    """The one route."""
    routes = APIRouter(prefix="/v1/explain", tags=["freephones"])

    @routes.get("", response_model=ExplanationShape)
    async def explain(
        caller: Caller,
        dialled: Dialled,
        at: At = None,
        kind: TrunkClass | None = None,
        prefecture: Annotated[str | None, Query(max_length=10)] = None,
        busy: Annotated[list[Annotated[str, Query(pattern=LINE)]] | None, Query()] = None,
        calls: Annotated[int, Query(ge=0, le=100_000)] = 0,
        form: Form = "json",
        language: Tongue = "ja",
    ) -> ExplanationShape | Response:
        """What would happen if `from` dialled `to` at `at`, and by which rules.

        `busy` names lines that are taken to be busy; so many `calls` of a freephone number are
        taken to go on.
        """
        seconds = None if at is None else business_seconds(at.isoformat())
        lines = frozenset(map(e164, busy or ()))
        asked = Asked(caller, dialled, seconds, kind, prefecture, lines, calls)
        try:
            found = await explainer.explain(asked)
        except (ValueError, OverflowError) as error:
            raise HTTPException(422, str(error)) from None
        if form == TEXT:
            return PlainTextResponse("\n".join(found.lines(language)) + "\n")
        if form == MERMAID:
            return PlainTextResponse(found.mermaid(language))
        return _shape(found)

    return routes


def _shape(found: Explanation) -> ExplanationShape:
    moment = found.moment
    at = datetime(
        moment.day.year, moment.day.month, moment.day.day, *divmod(moment.minute, 60), tzinfo=JST
    )
    return ExplanationShape(
        caller=CallerShape(
            number=national(found.asked.caller),
            kind=found.caller.kind,
            prefecture=found.caller.prefecture,
            ma=found.caller.ma,
        ),
        dialled=found.number,
        at=at,
        day=moment.kind.value,
        outcome=found.end.name,
        line=national(found.end.line) if found.end.line else None,
        ja=found.outcome.ja,
        en=found.outcome.en,
        steps=[
            StepShape(
                rule=step.rule,
                found=step.found,
                subject=step.subject,
                decided=step.decided,
                ja=step.words.ja,
                en=step.words.en,
            )
            for step in found.steps
        ],
    )
