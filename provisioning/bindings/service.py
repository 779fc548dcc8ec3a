"""Group commit: saves that arrive while one commit runs share the next one.

A commit costs a disk flush whether it holds one row or a thousand, so the throughput grows
with the load while a lone save waits for nobody.
"""

import asyncio
from collections.abc import Mapping, Sequence

from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from provisioning.bindings import store
from provisioning.contract import (
    Binding,
    ContractError,
    OutOfRange,
    StorageUnavailable,
    UnknownLine,
)
from provisioning.db.unit_of_work import Database, is_foreign_key

Bindings = tuple[Binding, ...]

MOST_USERS_A_COMMIT = 1000


class _Save:
    """The newest bindings of one user, and everybody who waits for them to be durable."""

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
    """Bindings in the database, written by one task."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._pending: dict[str, _Save] = {}
        self._writer: asyncio.Task[None] | None = None
        self._closed = False

    async def load(self) -> Mapping[str, Bindings]:
        """All bindings by user, expired ones included: the registrar knows the time."""
        return await self._database.read(store.read)

    async def of(self, users: Sequence[str]) -> Mapping[str, Bindings]:
        """The bindings of these users, expired ones included."""
        return await self._database.read(lambda connection: store.read(connection, users))

    async def save(self, user: str, bindings: Bindings) -> None:
        """Replace the bindings of `user`; returns once they are durable.

        Raises:
            StorageUnavailable: they may be lost; answer 503 and let the phone try again.
            UnknownLine: there is no such account.
            OutOfRange: a value that cannot be stored, as a NUL character.
        """
        if self._closed:
            raise StorageUnavailable("the carrier is closing; register again later")
        if len({binding.contact for binding in bindings}) < len(bindings):
            raise OutOfRange("a contact stands twice among the bindings")
        waiting = asyncio.get_running_loop().create_future()
        save = self._pending.setdefault(user, _Save())
        save.bindings = bindings
        save.waiting.append(waiting)
        if self._writer is None:
            self._writer = asyncio.create_task(self._write(), name="bindings-writer")
        await waiting

    async def close(self) -> None:
        """Take no more saves and finish those that wait."""
        self._closed = True
        if self._writer is not None:
            await self._writer

    async def _write(self) -> None:
        try:
            while self._pending:
                await self._commit(self._next())
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
                save.settle(StorageUnavailable("the carrier is closing; register again later"))

    async def _try(self, changes: dict[str, Bindings]) -> Exception | None:
        try:
            await self._database.write(lambda connection: store.replace(connection, changes))
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
