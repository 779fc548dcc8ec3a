"""The laboratory's own HTTP routes: the SIP trace and business time."""

import json
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from lab.trace import TraceHub, to_json
from provisioning.clock import BusinessClock

NDJSON = "application/x-ndjson"


class ClockShown(BaseModel):
    """Business time (LAB-02)."""

    now: datetime
    state: Literal["running", "frozen"]
    offset_s: float = Field(description="Seconds ahead of wall time; 0 while frozen.")


class ClockChange(BaseModel):
    """One change of business time; exactly one of the fields."""

    model_config = ConfigDict(extra="forbid")

    freeze: Literal[True] | None = None
    run: Literal[True] | None = None
    reset: Literal[True] | None = None
    set: datetime | None = None
    advance_s: float | None = Field(default=None, ge=0)


def router(trace: TraceHub, clock: BusinessClock) -> APIRouter:
    """Routes under `/lab`; who may use them is the app's decision."""
    routes = APIRouter(prefix="/lab", tags=["lab"])

    @routes.get("/trace", response_class=StreamingResponse)
    async def follow(
        past: Annotated[bool, Query(description="Begin with the remembered messages.")] = True,
        follow: Annotated[bool, Query(description="Stay and tell what comes.")] = True,
    ) -> StreamingResponse:
        """SIP messages, one JSON object a line."""
        if trace.full:
            raise HTTPException(503, "as many followers as trace.readers allows; end one first")
        return StreamingResponse(_lines(trace, past, follow), media_type=NDJSON)

    @routes.get("/clock")
    async def show() -> ClockShown:
        """Business time."""
        return _shown(clock)

    @routes.put("/clock")
    async def change(wanted: ClockChange) -> ClockShown:
        """Freeze, run, set, advance or reset business time."""
        try:
            await _apply(clock, wanted)
        except ValueError as error:
            raise HTTPException(422, str(error)) from None
        return _shown(clock)

    return routes


async def _lines(trace: TraceHub, past: bool, follow: bool) -> AsyncIterator[str]:
    async for item in trace.follow(past, follow):
        yield json.dumps(to_json(item), separators=(",", ":")) + "\n"


async def _apply(clock: BusinessClock, wanted: ClockChange) -> None:
    given = wanted.model_dump(exclude_none=True)
    if len(given) != 1:
        raise ValueError("name exactly one of freeze, run, reset, set, advance_s")
    match wanted:
        case ClockChange(set=datetime() as instant):
            await clock.set(instant)
        case ClockChange(advance_s=float() as seconds):
            await clock.advance(seconds)
        case ClockChange(freeze=True):
            await clock.freeze()
        case ClockChange(run=True):
            await clock.run()
        case _:
            await clock.reset()


def _shown(clock: BusinessClock) -> ClockShown:
    frozen = clock.state.frozen_at is not None
    return ClockShown(
        now=clock.now(),
        state="frozen" if frozen else "running",
        offset_s=0.0 if frozen else clock.state.offset_s,
    )
