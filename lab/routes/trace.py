"""`/lab/trace`: SIP messages as they pass."""

import json
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import StreamingResponse

from lab.trace import TraceHub, to_json

NDJSON = "application/x-ndjson"


def router(trace: TraceHub) -> APIRouter:
    """The route to follow the trace."""
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

    return routes


async def _lines(trace: TraceHub, past: bool, follow: bool) -> AsyncIterator[str]:
    async for item in trace.follow(past, follow):
        yield json.dumps(to_json(item), separators=(",", ":")) + "\n"
