"""Answers kept for Idempotency-Key: the same request again changes nothing again.

The row of a key is written in the unit of work of the change itself, so that no crash separates
them; the answer follows. A request that changed nothing keeps nothing and may be tried again. What
the office itself does once, as an order, is carried out again, and then answers anew.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, select, text

from provisioning.contract import ContractError
from provisioning.db.api_tables import api_answers
from provisioning.db.connection import Connection
from provisioning.db.unit_of_work import Database, companion

KEPT_S = 86_400.0
"""How long a key is remembered (assumption: a day outlives every client's retries)."""

ANSWERED_WITHIN_S = 30.0
"""How long a request may still be answered by another process, before its answer counts as lost."""

_CLAIM = text(
    "INSERT INTO api_answers (caller, route, key, request, kept_until)"
    " VALUES (:caller, :route, :key, :request, :kept_until) ON CONFLICT DO NOTHING"
)


class KeyReused(ContractError):
    """The key came before with another request."""


class InFlight(ContractError):
    """The first request with this key is still being answered."""


class AnswerLost(ContractError):
    """The first request took effect, and its answer was never kept."""


@dataclass(frozen=True, slots=True)
class Key:
    """An Idempotency-Key where it counts: one caller and one route."""

    caller: str
    route: str
    key: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered; `body` is JSON without passwords."""

    status: int
    location: str | None
    body: str


class Attempt:
    """One request under its key; its row is written with the first thing it changes.

    `repeats`: the office knows by itself what it did under this key, and does it once.
    """

    def __init__(self, key: Key, request: str, now: float, *, repeats: bool = False) -> None:
        self.key, self.request, self.now, self.repeats = key, request, now, repeats
        self.earlier: Answer | None = None
        self.kept = False

    async def write(self, connection: Connection) -> None:
        """Claim the key in this unit of work.

        Raises:
            KeyReused: another request holds it.
            InFlight: the same one does, and the office would not know.
        """
        if await self.claim(connection):
            return
        holder = await connection.scalar(select(api_answers.c.request).where(*_mine(self.key)))
        if holder != self.request:
            raise _reused()
        if not self.repeats:
            raise _in_flight()

    async def claim(self, connection: Connection) -> bool:
        """Add the key's row unless it is there; keys that are past their life go."""
        await connection.execute(api_answers.delete().where(~_alive(self.now)))
        row = {
            **_columns(self.key),
            "request": self.request,
            "kept_until": self.now + KEPT_S,
        }
        return (await connection.execute(_CLAIM, row)).rowcount == 1


class Answers:
    """Keeps answers by key; `fingerprint` is a keyed digest, `wall` tells UTC epoch seconds."""

    def __init__(
        self, database: Database, fingerprint: Callable[[bytes], str], wall: Callable[[], float]
    ) -> None:
        self._database, self._fingerprint, self._wall = database, fingerprint, wall
        self._running: set[Key] = set()

    @asynccontextmanager
    async def attempt(
        self, key: Key, request: bytes, *, repeats: bool = False
    ) -> AsyncIterator[Attempt]:
        """One of these requests; `earlier` has the answer when it is not the first.

        While the first lasts, what this context changes first claims the key along with it.
        `repeats` is for what the office itself does once: what was lost of it is asked for again.

        Raises:
            KeyReused: the key came before with another request.
            InFlight: the first request is still being answered.
            AnswerLost: it took effect; its answer did not come to be kept, nor is it repeated.
        """
        if key in self._running:
            raise _in_flight()
        attempt = Attempt(key, self._fingerprint(request), self._wall(), repeats=repeats)
        self._running.add(key)
        try:
            attempt.earlier = await self._earlier(attempt)
            token = companion.set(attempt)
            try:
                yield attempt
            finally:
                companion.reset(token)
        finally:
            attempt.kept = True  # a task that outlives the request takes nothing along
            self._running.discard(key)

    async def _earlier(self, attempt: Attempt) -> Answer | None:
        query = select(api_answers).where(*_mine(attempt.key), _alive(attempt.now))
        row = await self._database.read(lambda connection: _first(connection, query))
        if row is None:
            return None
        if row["request"] != attempt.request:
            raise _reused()
        if row["status"] is not None:
            return Answer(row["status"], row["location"], row["body"])
        if attempt.repeats:
            return None
        if attempt.now < row["kept_until"] - KEPT_S + ANSWERED_WITHIN_S:
            raise _in_flight()
        raise AnswerLost("this request took effect before, its answer was lost: look it up")

    async def keep(self, attempt: Attempt, answer: Answer) -> None:
        """Note what was answered."""
        mine = (*_mine(attempt.key), api_answers.c.request == attempt.request)
        values = {"status": answer.status, "location": answer.location, "body": answer.body}

        async def work(connection: Connection) -> None:
            await attempt.claim(connection)
            await connection.execute(api_answers.update().where(*mine).values(**values))

        await self._database.write(work)


def _reused() -> KeyReused:
    return KeyReused("this key came before with another request: use a new one")


def _in_flight() -> InFlight:
    return InFlight("the first request with this key is being answered: ask again soon")


def _mine(key: Key) -> list[ColumnElement[bool]]:
    return [api_answers.c[name] == value for name, value in _columns(key).items()]


def _alive(now: float) -> ColumnElement[bool]:
    return api_answers.c.kept_until > now


def _columns(key: Key) -> dict[str, str]:
    return {"caller": key.caller, "route": key.route, "key": key.key}


async def _first(connection: Connection, query: Select[Any]) -> RowMapping | None:
    row: RowMapping | None = (await connection.execute(query)).mappings().one_or_none()
    return row
