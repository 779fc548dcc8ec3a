"""Group commit: saves that arrive while one commit runs share the next one.

A commit costs a disk flush and a way to another thread whether it holds one row or a thousand,
so the throughput grows with the load while a lone save waits for nobody.
"""

import asyncio
from collections.abc import Mapping, Sequence

from sqlalchemy import Table
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from provisioning.bindings import store
from provisioning.contract import (
    Binding,
    ContractError,
    OutOfRange,
    StorageUnavailable,
    UnknownLine,
)
from provisioning.db.tables import bindings
from provisioning.db.unit_of_work import Database, is_foreign_key

Bindings = tuple[Binding, ...]

MOST_USERS_A_COMMIT = 1000
GATHER_S = 0.005
"""How long the next commit waits for company when there was some during the last one: 5 ms a
REGISTER, for a quarter of the commits."""


_CLOSING = "the carrier is closing; register again later"


class _Save:
    """The newest bindings of one user, and everybody who waits for them to be durable."""

    __slots__ = ("bindings", "waiting")

    def __init__(self) -> None:
        self.bindings: Bindings = ()
        self.waiting: list[asyncio.Future[None]] = []

    def settle(self, error: Exception | None = None) -> None:
        for future in self.waiting:
            if future.done():
                continue
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)


class StoredBindings:
    """Bindings in one table of the database, written by one task."""

    def __init__(self, database: Database, table: Table = bindings) -> None:
        self._database, self._table = database, table
        self._statements = store.Statements(table)
        self._pending: dict[str, _Save] = {}
        self._writer: asyncio.Task[None] | None = None
        self._closed = False

    async def load(self) -> Mapping[str, Bindings]:
        """All bindings by user, expired ones included: the registrar knows the time."""
        return await self._database.read(lambda connection: store.read(connection, self._table))

    async def of(self, users: Sequence[str]) -> Mapping[str, Bindings]:
        """The bindings of these users, expired ones included."""
        return await self._database.read(
            lambda connection: store.read(connection, self._table, users)
        )

    def save(self, user: str, wanted: Bindings) -> asyncio.Future[None]:
        """Replace the bindings of `user`; done once they are durable.

        The future's errors:
            StorageUnavailable: they may be lost; answer 503 and let the phone try again.
            UnknownLine: there is no such account.
            OutOfRange: a value that cannot be stored, as a NUL character.
        """
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._closed:
            waiting.set_exception(StorageUnavailable(_CLOSING))
            return waiting
        if len(wanted) > 1 and len({each.contact for each in wanted}) < len(wanted):
            waiting.set_exception(OutOfRange("a contact stands twice among the bindings"))
            return waiting
        save = self._pending.get(user)
        if save is None:
            save = self._pending[user] = _Save()
        save.bindings = wanted
        save.waiting.append(waiting)
        if self._writer is None:
            self._writer = asyncio.create_task(self._write(), name="bindings-writer")
        return waiting

    async def close(self) -> None:
        """Take no more saves and finish those that wait."""
        self._closed = True
        if self._writer is not None:
            await self._writer

    async def _write(self) -> None:
        try:
            while self._pending:
                await self._commit(self._next())
                if 0 < len(self._pending) < MOST_USERS_A_COMMIT and not self._closed:
                    await asyncio.sleep(GATHER_S)
        finally:
            self._writer = None

    def _next(self) -> dict[str, _Save]:
        if len(self._pending) <= MOST_USERS_A_COMMIT:
            taken, self._pending = self._pending, {}
            return taken
        users = list(self._pending)[:MOST_USERS_A_COMMIT]
        return {user: self._pending.pop(user) for user in users}

    async def _commit(self, saves: dict[str, _Save]) -> None:
        try:
            error = await self._try({user: save.bindings for user, save in saves.items()})
            if error is None or isinstance(error, StorageUnavailable) or len(saves) == 1:
                for save in saves.values():
                    save.settle(error)
                return
            # One of them does not fit: it must not spoil the others.
            for user, save in saves.items():
                save.settle(await self._try({user: save.bindings}))
        finally:
            # Only when this task is cancelled is anybody left.
            for save in saves.values():
                save.settle(StorageUnavailable(_CLOSING))

    async def _try(self, changes: dict[str, Bindings]) -> Exception | None:
        try:
            await self._database.write_in_thread(
                lambda connection: store.replace(connection, self._statements, changes)
            )
        except ContractError as error:
            return error
        except IntegrityError as error:
            if is_foreign_key(error):
                return UnknownLine("no such account")
            return OutOfRange("a binding holds a value outside its range")
        except (SQLAlchemyError, ValueError, OverflowError):
            return OutOfRange("a binding holds a value that cannot be stored")
        except Exception as error:
            return StorageUnavailable(f"the bindings could not be written: {error!r}")
        return None
