"""`/v1/events`: what happens, as it happens (Server-Sent Events, WHATWG HTML §9.2)."""

import asyncio
import json
from typing import Annotated, Any

from fastapi import APIRouter, Header, HTTPException, Query
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from provisioning.api.asking import Here
from provisioning.events import MOST_READERS, Dropped, Event, Gap, Reader, Told
from provisioning.instants import utc

router = APIRouter(prefix="/v1/events", tags=["events"])

MEDIA_TYPE = "text/event-stream"
BEAT_S = 15.0
"""A comment goes out when nothing happened for so long, so that proxies keep the line open."""

SEND_WITHIN_S = 30.0
"""A reader whose host takes nothing for so long is cut off."""

GAP, DROPPED = "stream.gap", "stream.dropped"


class EventStream(Response):
    """A response that ends when the reader does, goes away, or no longer reads."""

    media_type = MEDIA_TYPE

    def __init__(self, reader: Reader) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._reader = reader

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until there is nothing more to say."""
        gone = asyncio.create_task(self._until_gone(receive))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            while text := await self._next():
                async with asyncio.timeout(SEND_WITHIN_S):
                    await send(_body(text, more=True))
            async with asyncio.timeout(SEND_WITHIN_S):
                await send(_body("", more=False))
        except TimeoutError:
            return  # the server closes what was left unfinished
        finally:
            gone.cancel()
            self._reader.end()

    async def _next(self) -> str:
        """What comes next; empty once it is over."""
        try:
            async with asyncio.timeout(BEAT_S):
                told = await self._reader.next()
        except TimeoutError:
            return ":\n\n"
        return "".join(map(written, told))

    async def _until_gone(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._reader.end()


@router.get(
    "",
    status_code=200,
    response_class=EventStream,
    responses={200: {"content": {MEDIA_TYPE: {"schema": {"type": "string"}}}}},
)
async def follow_events(
    office: Here,
    past: Annotated[bool, Query(description="Begin with the remembered events.")] = False,
    follow: Annotated[bool, Query(description="Stay and tell what comes.")] = True,
    last_event_id: Annotated[
        str | None,
        Header(max_length=60, description="The id of the last event seen: go on behind it."),
    ] = None,
) -> EventStream:
    """Events as they happen.

    Kinds: `registration.added`, `.removed`, `.expired`; `call.received`, `.routed`, `.ringing`,
    `.answered`, `.ended`, `.charged`; `prompt.started`, `key.pressed`, `forwarding.changed`,
    `voicemail.changed`, `message.waiting`, `.delivered`, `.refused`, `.expired`;
    `trunk.registered`, `.unregistered`; `order.placed`, `number.cancelled`, `clock.changed`. A key
    that is part of a secret is told as a dot. `stream.gap` says how many were missed;
    `stream.dropped`, the last one, why no more come.
    """
    if office.events.full:
        raise HTTPException(503, f"{MOST_READERS} readers follow already: end one first")
    reader = office.events.follow(last_event_id, past=past)
    if not follow:
        reader.end()
    return EventStream(reader)


def written(told: Told) -> str:
    """An event as it goes over the line; JSON has no raw line ends."""
    match told:
        case Event(id=id, kind=kind):
            return f"id: {id}\nevent: {kind}\ndata: {json.dumps(_shown(told))}\n\n"
        case Gap(missed=missed):
            return f"event: {GAP}\ndata: {json.dumps({'kind': GAP, 'missed': missed})}\n\n"
        case Dropped(reason=reason):
            return f"event: {DROPPED}\ndata: {json.dumps({'kind': DROPPED, 'reason': reason})}\n\n"


def _shown(event: Event) -> dict[str, Any]:
    return {
        "id": event.id,
        "kind": event.kind,
        "wall_at": utc(event.wall_at).isoformat(timespec="milliseconds"),
        "business_at": utc(event.business_at).isoformat(timespec="milliseconds"),
        "facts": event.facts,
    }


def _body(text: str, *, more: bool) -> dict[str, Any]:
    return {"type": "http.response.body", "body": text.encode(), "more_body": more}
