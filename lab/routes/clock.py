"""`/lab/clock`: business time, and what ran when it was moved (LAB-02)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict, Field

from provisioning.clock import BusinessClock
from provisioning.due import Ran
from provisioning.instants import utc


class RanShown(BaseModel):
    """Due work that ran, or failed and will be tried again."""

    work: str = Field(description="As quarantines.")
    due_at: datetime
    error: str | None = Field(description="Why it is due still; null when it is done.")


class DueShown(BaseModel):
    """Work that is not due yet."""

    work: str
    due_at: datetime


class ClockShown(BaseModel):
    """Business time (LAB-02)."""

    now: datetime
    wall: datetime = Field(description="The same instant of wall time, by the carrier's clock.")
    state: Literal["running", "frozen"]
    offset_s: float = Field(description="Seconds ahead of wall time; 0 while frozen.")
    next: DueShown | None = Field(description="What is due next.")


class ClockChanged(ClockShown):
    """Business time after a change, and what fell due on the way to it."""

    ran: list[RanShown] = Field(description="In the order it ran.")


class ClockChange(BaseModel):
    """One change of business time; exactly one of the fields."""

    model_config = ConfigDict(extra="forbid")

    freeze: Literal[True] | None = None
    run: Literal[True] | None = None
    reset: Literal[True] | None = None
    set: datetime | None = None
    advance_s: float | None = Field(default=None, ge=0)


def router(clock: BusinessClock) -> APIRouter:
    """The routes to look at and move business time."""
    routes = APIRouter(prefix="/lab", tags=["lab"])

    @routes.get("/clock")
    async def show() -> ClockShown:
        """Business time, and what is due next."""
        return await _shown(clock)

    @routes.put("/clock")
    async def change(wanted: ClockChange) -> ClockChanged:
        """Freeze, run, set, advance or reset business time.

        Whatever falls due on the way runs first, in order; the answer comes when it is done.
        """
        try:
            ran = await _apply(clock, wanted)
        except ValueError as error:
            raise HTTPException(422, str(error)) from None
        shown = dict(await _shown(clock))
        return ClockChanged(**shown, ran=[_ran(each) for each in ran])

    return routes


async def _apply(clock: BusinessClock, wanted: ClockChange) -> Sequence[Ran]:
    given = wanted.model_dump(exclude_none=True)
    if len(given) != 1:
        raise ValueError("name exactly one of freeze, run, reset, set, advance_s")
    match wanted:
        case ClockChange(set=datetime() as instant):
            return await clock.set(instant)
        case ClockChange(advance_s=float() as seconds):
            return await clock.advance(seconds)
        case ClockChange(freeze=True):
            return await clock.freeze()
        case ClockChange(run=True):
            return await clock.run()
        case _:
            return await clock.reset()


async def _shown(clock: BusinessClock) -> ClockShown:
    following = await clock.upcoming()
    frozen = clock.state.frozen_at is not None
    return ClockShown(
        now=clock.now(),
        wall=clock.wall(),
        state="frozen" if frozen else "running",
        offset_s=0.0 if frozen else clock.state.offset_s,
        next=DueShown(work=following[0], due_at=utc(following[1])) if following else None,
    )


def _ran(ran: Ran) -> RanShown:
    return RanShown(work=ran.work, due_at=utc(ran.due_at), error=ran.error)
