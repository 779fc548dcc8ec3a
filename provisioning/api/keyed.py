"""Routes that take an Idempotency-Key: the same request again gets the first answer again.

The header is that of the IETF draft `idempotency-key-header`: a string in quotes, or as it is.
"""

import json
import re
from collections.abc import Callable, Coroutine
from typing import Any, ClassVar

from fastapi import Request, Response
from fastapi.routing import APIRoute

from provisioning.api.access import caller
from provisioning.api.bodies import JSON
from provisioning.api.masking import masked
from provisioning.api.problems import BadKey, KeyMissing
from provisioning.tokens.answers import Answer, Answers, Key

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"

KEY = re.compile(r'"([\x21\x23-\x7e ]{1,200})"|([\x21\x23-\x7e]{1,200})', re.ASCII)

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class KeyedRoute(APIRoute):
    """A route whose POST may be sent again under its key without doing anything twice."""

    key_required: ClassVar[bool] = False
    """Whether a POST without a key is refused."""

    knows_its_key: ClassVar[bool] = False
    """Whether the office does once what it is asked for, and answers it anew."""

    def get_route_handler(self) -> Handler:
        """The handler, behind the look for an earlier answer."""
        handler = super().get_route_handler()
        if "POST" not in (self.methods or ()):
            return handler

        async def keyed(request: Request) -> Response:
            key = self._key(request)
            return (
                await handler(request) if key is None else await self._once(request, key, handler)
            )

        return keyed

    def _key(self, request: Request) -> Key | None:
        given = key_of(request)
        if given is None and self.key_required:
            raise KeyMissing(f"send {HEADER}: a text of your own, new for every order")
        return None if given is None else Key(caller(request).who, self.path, given)

    async def _once(self, request: Request, key: Key, handler: Handler) -> Response:
        answers: Answers = request.app.state.office.answers
        sent = await _sent(request)
        async with answers.attempt(key, sent, repeats=self.knows_its_key) as attempt:
            if attempt.earlier is not None:
                return _again(attempt.earlier)
            response = await handler(request)
            if response.media_type == JSON:
                await answers.keep(attempt, _kept(response))
            return response


class OnceRoute(KeyedRoute):
    """The route of what the office itself does once."""

    knows_its_key = True


class OrderRoute(OnceRoute):
    """The route of orders, each of which needs its key."""

    key_required = True


def key_of(request: Request) -> str | None:
    """The Idempotency-Key of a request; `BadKey` when the header holds no key."""
    values = request.headers.getlist(HEADER)
    if not values:
        return None
    match = KEY.fullmatch(values[0]) if len(values) == 1 else None
    if match is None:
        raise BadKey(f"{HEADER} must be one text of 1 to 200 printable ASCII characters")
    return match[1] or match[2]


async def _sent(request: Request) -> bytes:
    """All that makes a request what it is: its path, its query and what its body says."""
    path = request.url.path.encode()
    return b"\0".join((path, request.url.query.encode(), _meaning(await request.body())))


def _meaning(body: bytes) -> bytes:
    """JSON says the same however it is spaced and ordered; other bodies stand as they are."""
    try:
        return json.dumps(json.loads(body), sort_keys=True).encode()
    except (ValueError, RecursionError):
        return body


def _kept(response: Response) -> Answer:
    body = masked(json.loads(bytes(response.body)))
    return Answer(response.status_code, response.headers.get("location"), json.dumps(body))


def _again(earlier: Answer) -> Response:
    headers = {REPLAYED: "true"} | ({"Location": earlier.location} if earlier.location else {})
    return Response(earlier.body, earlier.status, headers, JSON)
