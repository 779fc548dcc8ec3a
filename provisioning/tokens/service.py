"""Make, know, list and revoke API tokens."""

import hashlib
import secrets
from collections.abc import Callable, Iterable
from contextlib import suppress

from provisioning.audit.model import Origin
from provisioning.audit.store import Audit
from provisioning.contract import OutOfRange, StorageUnavailable
from provisioning.db.connection import Connection
from provisioning.db.unit_of_work import Database
from provisioning.tokens import store
from provisioning.tokens.model import (
    ApiToken,
    MoreThanOwn,
    NewToken,
    Scope,
    UnknownToken,
    covers,
    row_of,
    token_id,
)

PREFIX = "tokuban_"
"""Begins every secret, so that a leaked one is known for what it is."""

SECRET_BYTES = 32
USE_NOTED_EVERY_S = 60.0
"""A token in use costs one small write a minute."""


class Tokens:
    """The API tokens of the office; times are wall time, since they are about security."""

    def __init__(self, database: Database, audit: Audit, wall: Callable[[], float]) -> None:
        self._database, self._audit, self._wall = database, audit, wall

    async def create(
        self,
        name: str,
        scopes: Iterable[Scope],
        *,
        lives_s: float | None = None,
        held: Iterable[Scope] = tuple(Scope),
        origin: Origin,
    ) -> NewToken:
        """Make a token; its secret is in the answer and nowhere else.

        `held`: the scopes of whoever makes it. `lives_s`: seconds until it expires; None: never.

        Raises:
            MoreThanOwn: a scope goes beyond `held`.
            OutOfRange: no scope, or a life that ends before it begins.
        """
        wanted = frozenset(scopes)
        _refuse(wanted, frozenset(held), lives_s)
        now = self._wall()
        secret = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
        row = {
            "name": name,
            "scopes": " ".join(sorted(wanted)),
            "digest": _digest(secret),
            "created_by": origin.who,
            "created_at": now,
            "expires_at": None if lives_s is None else now + lives_s,
        }

        async def work(connection: Connection) -> ApiToken:
            number = await store.insert(connection, row)
            after = f"{name}: {row['scopes']}"
            await self._note(connection, token_id(number), "api token", "", after, origin)
            return await _known(connection, number)

        return NewToken(await self._database.write(work), secret)

    async def check(self, secret: str) -> ApiToken | None:
        """The token whose secret this is, when it counts now; notes that it was used."""
        digest = _digest(secret)
        token = await self._database.read(lambda each: store.by_digest(each, digest))
        now = self._wall()
        if token is None or not token.counts(now):
            return None
        if token.last_used_at is None or abs(now - token.last_used_at) >= USE_NOTED_EVERY_S:
            await self._used(token, now)
        return token

    async def get(self, name: str) -> ApiToken:
        """One token; `UnknownToken` when there is none of this id."""
        row = row_of(name)
        return await self._database.read(lambda connection: _known(connection, row))

    async def list(self, *, after: str = "", limit: int = 100) -> list[ApiToken]:
        """At most `limit` tokens behind the id `after`, revoked ones included."""
        row = row_of(after) if after else 0
        return await self._database.read(lambda each: store.behind(each, row, limit))

    async def revoke(self, name: str, *, origin: Origin) -> ApiToken:
        """Let a token open nothing from now on; one that was revoked stays as it is."""
        row, now = row_of(name), self._wall()

        async def work(connection: Connection) -> ApiToken:
            token = await _known(connection, row, to_change=True)
            if token.revoked_at is None:
                await store.update(connection, row, revoked_at=now)
                await self._note(connection, name, "api token", token.name, "revoked", origin)
            return await _known(connection, row)

        return await self._database.write(work)

    async def _used(self, token: ApiToken, now: float) -> None:
        async def work(connection: Connection) -> None:
            await store.update(connection, row_of(token.id), last_used_at=now)

        # It was read and it counts; when it was used is told by a later use.
        with suppress(StorageUnavailable):
            await self._database.write(work)

    async def _note(
        self,
        connection: Connection,
        name: str,
        what: str,
        before: str,
        after: str,
        origin: Origin,
    ) -> None:
        await self._audit.note(connection, name, what, before=before, after=after, origin=origin)


def _refuse(wanted: frozenset[Scope], held: frozenset[Scope], lives_s: float | None) -> None:
    if not wanted:
        raise OutOfRange("a token needs at least one scope")
    if missing := sorted(each for each in wanted if not covers(held, each)):
        raise MoreThanOwn(f"you lack {', '.join(missing)} and cannot hand it on")
    if lives_s is not None and lives_s <= 0:
        raise OutOfRange("a token must live longer than 0 seconds")


async def _known(connection: Connection, row: int, *, to_change: bool = False) -> ApiToken:
    token = await store.by_row(connection, row, to_change=to_change)
    if token is None:
        raise UnknownToken(f"no API token {token_id(row)}")
    return token


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()
