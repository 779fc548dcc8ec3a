"""`/v1/calls`: the legs of calls that go on."""

from datetime import datetime
from typing import Self

from fastapi import APIRouter
from pydantic import Field

from provisioning.api.asking import Here
from provisioning.api.shapes import NUMBER, Listed, Shape
from provisioning.contract import LiveCall
from provisioning.instants import utc

router = APIRouter(prefix="/v1/calls", tags=["calls"])


class CallShape(Shape):
    """One leg of a call that goes on."""

    id: str = Field(description="The `call_id` of its records.")
    leg: int
    line: str | None = Field(description=NUMBER)
    dialled: str
    state: str = Field(description="trying, early or confirmed (RFC 4235).")
    since: datetime = Field(description="When it came to this state: wall time.")
    service: str = Field(description="Empty until it is known.")
    prompts: list[str] = Field(description="What was heard, the last 50.")

    @classmethod
    def of(cls, call: LiveCall) -> Self:
        """One leg as it stands."""
        return cls(
            id=call.call_id,
            leg=call.leg,
            line=call.line,
            dialled=call.dialled,
            state=call.state,
            since=utc(call.since),
            service=call.service,
            prompts=list(call.prompts),
        )


class CallsShape(Listed):
    """Every leg that goes on, the oldest first."""

    items: list[CallShape]


@router.get("")
async def list_calls(office: Here) -> CallsShape:
    """Calls that go on."""
    return CallsShape(items=[CallShape.of(call) for call in office.records.live()])
