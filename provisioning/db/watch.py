"""Hear what other nodes change: LISTEN, and a look every half second while nobody can listen.

A connection that only waits learns late that its server is gone, so it asks now and then. Whatever
was changed between two of them, or before the first, is found by a fresh look at everything.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from math import inf
from typing import Any

import psycopg
from sqlalchemy import text

from provisioning.contract import StorageUnavailable
from provisioning.db import news
from provisioning.db.connection import Connection
from provisioning.db.engine import CONNECT_TIMEOUT_S
from provisioning.db.news import CHANNEL, Topic
from provisioning.db.unit_of_work import Database

log = logging.getLogger("tokuban.nodes")

LOOK_EVERY_S = 0.5
ASK_EVERY_S = 0.5
ANSWERS_WITHIN_S = 0.5

HELD = (
    "lines",
    "line_options",
    "accounts",
    "account_sources",
    "ring_times",
    "diversions",
    "trunks",
    "trunk_peers",
    "trunk_prefixes",
    "freephones",
    "voicemail_boxes",
    "business_clock",
)
"""Tables whose rows memory answers for."""

_LISTEN = f"LISTEN {CHANNEL}".encode()

Learn = Callable[[frozenset[str]], Awaitable[None]]
"""Reads some rows anew, named by their keys; all of them without any."""


class Watch:
    """Brings memory up to date with what other nodes changed, within a second.

    `learn` has a way for each topic; `refresh` reads everything anew.
    """

    def __init__(
        self,
        database: Database,
        learn: Mapping[Topic, Learn],
        refresh: Callable[[], Awaitable[None]],
        held: tuple[str, ...] = HELD,
    ) -> None:
        self._database, self._learn, self._refresh = database, learn, refresh
        self._glance = _glance(held)
        self._tasks: list[asyncio.Task[None]] = []
        self._heard_at = -inf
        self._seen: object = None

    @property
    def listens(self) -> bool:
        """Whether the server tells at once; else it is looked every `LOOK_EVERY_S`."""
        silent_s = asyncio.get_running_loop().time() - self._heard_at
        return silent_s <= ASK_EVERY_S + ANSWERS_WITHIN_S

    def start(self) -> None:
        """Watch from now on; at SQLite, which has no other node, there is nothing to watch."""
        if self._database.is_postgresql and not self._tasks:
            self._tasks = [
                asyncio.create_task(self._keep_listening(), name="nodes-listener"),
                asyncio.create_task(self._keep_looking(), name="nodes-looker"),
            ]

    async def close(self) -> None:
        """Watch no longer."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep_listening(self) -> None:
        while True:
            try:
                await self._listen()
            except Exception as error:
                if self._heard_at != -inf:
                    self._heard_at, self._seen = -inf, None
                    log.warning(
                        "news of other nodes is not heard (%s): changes are looked for until it is",
                        type(error).__name__,
                    )
            await asyncio.sleep(LOOK_EVERY_S)

    async def _listen(self) -> None:
        """Hear news until the connection breaks."""
        address = {"connect_timeout": CONNECT_TIMEOUT_S, **self._database.address}
        connection = await psycopg.AsyncConnection.connect(**address, autocommit=True)
        loop = asyncio.get_running_loop()
        try:
            await connection.execute(_LISTEN)
            await self._refresh()
            while True:
                self._heard_at = loop.time()
                async for told in connection.notifies(timeout=ASK_EVERY_S):
                    await self._hear(told.payload)
                await connection.execute("SELECT 1")
        finally:
            with suppress(psycopg.Error, OSError):
                await connection.close()

    async def _hear(self, payload: str) -> None:
        told = news.heard(payload)
        learn = self._learn.get(told.topic)
        await (self._refresh() if learn is None else learn(told.keys))

    async def _keep_looking(self) -> None:
        """While nobody listens, see whether anything was changed."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            if not self.listens:
                try:
                    await self._look()
                except StorageUnavailable:
                    continue
                except Exception:
                    log.exception("what other nodes changed cannot be read")

    async def _look(self) -> None:
        present = await self._database.read(self._glance)
        if present != self._seen:
            await self._refresh()
            self._seen = present


def _glance(tables: tuple[str, ...]) -> Callable[[Connection], Awaitable[object]]:
    """Asks for something that differs after every change of these tables.

    A changed row has a later transaction number than any before it: where as many rows as before
    have the same sum of numbers, they are the same rows.
    """
    each = " UNION ALL ".join(
        f"SELECT count(*), coalesce(sum(xmin::text::bigint), 0) FROM {table}" for table in tables
    )
    query = text(each)

    async def glance(connection: Connection) -> Any:
        return [tuple(row) for row in await connection.execute(query)]

    return glance
