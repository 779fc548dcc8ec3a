"""Registrations of lines' accounts and of trunks' accounts, each with their own kind."""

import asyncio
from collections.abc import Mapping, Sequence

from provisioning.bindings.service import StoredBindings
from provisioning.contract import Binding
from provisioning.db.tables import bindings
from provisioning.db.trunk_tables import trunk_bindings
from provisioning.db.unit_of_work import Database
from provisioning.trunks.memory import MemoryTrunks


class AllBindings:
    """A `BindingStore` of every account there is; errors are those of `StoredBindings`."""

    def __init__(self, database: Database, trunks: MemoryTrunks) -> None:
        self._phones = StoredBindings(database, bindings)
        self._trunks = StoredBindings(database, trunk_bindings)
        self._known = trunks

    async def load(self) -> Mapping[str, tuple[Binding, ...]]:
        """All bindings by user, expired ones included: the registrar knows the time."""
        return {**await self._trunks.load(), **await self._phones.load()}

    async def of(self, users: Sequence[str]) -> Mapping[str, tuple[Binding, ...]]:
        """The bindings of these users, expired ones included."""
        theirs = [user for user in users if self._known.account(user)]
        found = await self._phones.of(users)
        return {**await self._trunks.of(theirs), **found} if theirs else found

    def save(self, user: str, bindings: tuple[Binding, ...]) -> asyncio.Future[None]:
        """Replace the bindings of `user`; done once they are durable."""
        kind = self._phones if self._known.account(user) is None else self._trunks
        return kind.save(user, bindings)

    async def close(self) -> None:
        """Take no more saves and finish those that wait."""
        await self._phones.close()
        await self._trunks.close()
