"""Freephone contracts: set up as a whole or not at all, with a history that can be undone."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from provisioning.audit.model import Origin
from provisioning.audit.store import Audit
from provisioning.contract import (
    E164,
    ContractError,
    Freephone,
    Geography,
    OutOfRange,
    Turns,
)
from provisioning.customers import store as customers
from provisioning.customers.model import ContractClosed, ContractStatus
from provisioning.db import news
from provisioning.db.connection import Connection
from provisioning.db.news import Topic
from provisioning.db.unit_of_work import Database, once_durable
from provisioning.freephone import store
from provisioning.freephone.document import FreephoneDocument, dialled
from provisioning.freephone.fees import BASE, LISTING, FeeList
from provisioning.freephone.model import faults, lines_of, named_lines, no_such_line
from provisioning.freephone.schedules import Fault
from provisioning.freephone.store import Kept, Owed, Version
from provisioning.freephone.turning import Turning
from provisioning.lines.service import Lines
from provisioning.seeds import SeedFreephone

T = TypeVar("T")

MOST_VERSIONS = 100
"""How many set-ups of a number are shown and can be gone back to."""


class UnknownFreephone(ContractError):
    """The number is not contracted."""


class FreephoneExists(ContractError):
    """The number is contracted already."""


class ReceivesFreephone(ContractError):
    """Calls of a freephone number may reach the line."""


class FreephoneChanged(ContractError):
    """Somebody else has changed it meanwhile; look at it again."""


class BadFreephone(OutOfRange):
    """The set-up breaks rules; `faults` tells all of them, and the old one stays."""

    def __init__(self, found: list[Fault]) -> None:
        super().__init__("; ".join(f"{each.field}: {each.en}" for each in found))
        self.faults = tuple(found)


class Freephones:
    """The freephone numbers of the office, answered from memory and changed durably.

    Args:
        geography: the areas that contracts may name.
        clocks: (wall time, business time), UTC epoch seconds.
    """

    def __init__(
        self,
        database: Database,
        geography: Geography,
        lines: Lines,
        audit: Audit,
        clocks: Callable[[], tuple[float, float]],
    ) -> None:
        self._database, self._audit, self._clocks = database, audit, clocks
        self.geography, self.fees = geography, FeeList.load()
        lines.keepers.append(self._keep_line)
        self._known: Mapping[E164, Kept] = {}
        self._turning = Turning(database)

    def of(self, number: E164) -> Freephone | None:
        """The contract of a number; None when it has none."""
        kept = self._known.get(number)
        return kept.freephone if kept is not None else None

    def all(self) -> tuple[Kept, ...]:
        """Every contracted number, in order."""
        return tuple(self._known[number] for number in sorted(self._known))

    def kept(self, number: E164) -> Kept:
        """A number with its contract and version; `UnknownFreephone`."""
        found = self._known.get(number)
        if found is None:
            raise UnknownFreephone(f"{dialled(number)} is not contracted")
        return found

    async def refresh(self) -> None:
        """Read the rows anew; a change made meanwhile is not lost."""
        await self.learn(frozenset())

    async def learn(self, numbers: frozenset[str]) -> None:
        """Read the rows of some numbers anew, which another node has changed; of all without any.

        Ten thousand set-ups are not read again for each one that changes.
        """
        wanted = frozenset(map(E164, numbers))
        while True:
            before = self._known
            found = await self._database.read(lambda connection: store.read(connection, wanted))
            if self._known is before:
                others = before.items() if wanted else ()
                self._known = {n: kept for n, kept in others if n not in wanted} | found
                return

    async def create(
        self, number: E164, contract: str, wanted: FreephoneDocument, *, origin: Origin
    ) -> Kept:
        """Contract a number; its base fee, work and options are owed from now on (FREE-13).

        Raises:
            BadFreephone: the set-up breaks a rule.
            FreephoneExists: it is contracted already.
            UnknownContract, ContractClosed: nobody would pay for it.
        """
        one = wanted.freephone(number)
        return await self._database.write(
            lambda connection: self._create(connection, one, contract, origin), alone=True
        )

    async def seed_within(
        self, connection: Connection, seeds: Sequence[SeedFreephone], *, origin: Origin
    ) -> None:
        """Contract the numbers that never were; one that was given up since is not again.

        Raises:
            BadFreephone, UnknownContract, ContractClosed: as `create`.
        """
        for seed in seeds:
            if not await store.was_contracted(connection, seed.freephone.number):
                await self._create(connection, seed.freephone, seed.contract, origin)

    async def _create(
        self, connection: Connection, one: Freephone, contract: str, origin: Origin
    ) -> Kept:
        if await store.read(connection, {one.number}):
            raise FreephoneExists(f"{dialled(one.number)} is contracted already: change it instead")
        payer = await customers.contract(connection, contract, to_change=True)
        if payer.status is ContractStatus.CLOSED:
            raise ContractClosed(f"contract {contract} is closed")
        await self._check(connection, one)
        kept = Kept(one, contract, 1)
        await store.insert(connection, kept)
        await self._add(connection, kept, origin)
        await self._owe(connection, kept, {BASE, *one.options})
        await self._note(connection, kept, "freephone contracted", origin)
        return kept

    async def change(
        self, number: E164, wanted: FreephoneDocument, *, version: int | None = None, origin: Origin
    ) -> Kept:
        """Set a number up anew, as a whole; options begin and end with it.

        Args:
            version: what the change was made of; None: whatever holds.
        Raises:
            UnknownFreephone: it is not contracted.
            BadFreephone: the set-up breaks a rule.
            FreephoneChanged: another version holds.
        """
        one = wanted.freephone(number)

        async def work(connection: Connection) -> Kept:
            old = await self._current(connection, number, version)
            await self._check(connection, one)
            return await self._replace(connection, old, one, "freephone changed", origin)

        return await self._database.write(work, alone=True)

    async def undo(self, number: E164, *, to: int, origin: Origin) -> Kept:
        """Set a number up again as it was in version `to`: one more version.

        Raises:
            UnknownFreephone: it is not contracted, or never had that version.
            BadFreephone: that set-up breaks a rule by now, as a line of it is gone.
        """

        async def work(connection: Connection) -> Kept:
            old = await self._current(connection, number, None)
            found = await store.versions(connection, number, most=MOST_VERSIONS)
            before = next((each for each in found if each.version == to), None)
            if before is None:
                raise UnknownFreephone(f"{dialled(number)} has no version {to}")
            await self._check(connection, before.freephone)
            return await self._replace(
                connection, old, before.freephone, "freephone set back", origin
            )

        return await self._database.write(work, alone=True)

    async def remove(self, number: E164, *, origin: Origin) -> None:
        """Give a number up; its fees end now. `UnknownFreephone`."""

        async def work(connection: Connection) -> None:
            old = await self._current(connection, number, None)
            await store.remove(connection, number)
            await store.owe_no_more(connection, number, None, at=self._clocks()[1])
            await self._note(connection, old, "freephone given up", origin)
            once_durable(connection, lambda: self._forget(number))
            news.tell(connection, Topic.FREEPHONES, (number,))

        await self._database.write(work, alone=True)

    async def history(self, number: E164) -> tuple[Version, ...]:
        """The set-ups of a number, the newest first; `UnknownFreephone`."""
        self.kept(number)
        return await self._database.read(
            lambda connection: store.versions(connection, number, most=MOST_VERSIONS)
        )

    async def issue_directory(self, issue: str, *, origin: Origin) -> tuple[int, int]:
        """An issue of the telephone directory: each name beyond a number's first is owed (FREE-13).

        The same issue again costs nothing more.

        Returns:
            How many numbers owe for it, and the yen of all of them.
        """
        occasion = f"directory {issue} "

        async def work(connection: Connection) -> tuple[int, int]:
            at = self._clocks()[1]
            for number, kept in (await store.read(connection)).items():
                if due := self.fees.of_listings(len(kept.freephone.listings)):
                    of_it = f"{occasion}{number}"
                    await store.owe(connection, kept.contract, number, due, at=at, occasion=of_it)
            count, yen = await store.owed_at(connection, LISTING, occasion)
            words = f"{count} numbers owe {yen} yen"
            await self._audit.note(
                connection, f"directory {issue}", "directory issued", after=words, origin=origin
            )
            return count, yen

        return await self._database.write(work, alone=True)

    async def owed(self, number: E164) -> tuple[Owed, ...]:
        """Every fee of a number, the oldest first (FREE-13)."""
        return await self._database.read(lambda connection: store.owed(connection, number))

    async def with_turns(self, number: E164, use: Callable[[Turns], tuple[T, Turns]]) -> T:
        """Let `use` look at where the splits of a number stand, and keep where it leaves them.

        Nobody else changes them meanwhile, on any node. While the storage is away each node goes
        on by itself from where it saw them last. `UnknownFreephone`.
        """
        if not any(group.shares for group in self.kept(number).freephone.groups):
            return use({})[0]
        return await self._turning.use(number, use)

    async def turns(self, number: E164) -> Turns:
        """Where the splits of a number stand."""
        return await self._database.read(lambda connection: store.turns(connection, number))

    async def _keep_line(self, connection: Connection, line: E164) -> None:
        number = await store.reached_by(connection, line)
        if number is not None:
            raise ReceivesFreephone(
                f"calls of {dialled(number)} may reach {dialled(line)}: change that contract first"
            )

    async def _current(self, connection: Connection, number: E164, version: int | None) -> Kept:
        found = (await store.read(connection, {number})).get(number)
        if found is None:
            raise UnknownFreephone(f"{dialled(number)} is not contracted")
        if version not in (None, found.version):
            raise FreephoneChanged(
                f"{dialled(number)} is at version {found.version} by now, not {version}: "
                "look at it and change that"
            )
        return found

    async def _check(self, connection: Connection, one: Freephone) -> None:
        found = faults(one, self.geography)
        unknown = await store.unknown_lines(connection, lines_of(one))
        first = {line: field for field, line in reversed(tuple(named_lines(one)))}
        found += [no_such_line(first[line], line) for line in sorted(unknown)]
        if found:
            raise BadFreephone(found)

    async def _replace(
        self, connection: Connection, old: Kept, one: Freephone, what: str, origin: Origin
    ) -> Kept:
        if one == old.freephone:
            return old
        kept = Kept(one, old.contract, old.version + 1)
        await self._add(connection, kept, origin)
        if anew := _split_otherwise(old.freephone, one):
            await store.begin_anew(connection, one.number, anew)
            once_durable(connection, lambda: self._turning.forget(one.number))
        ended = old.freephone.options - one.options
        await store.owe_no_more(connection, one.number, ended, at=self._clocks()[1])
        await self._owe(connection, kept, one.options - old.freephone.options)
        await self._note(connection, kept, what, origin, before=old)
        return kept

    async def _add(self, connection: Connection, kept: Kept, origin: Origin) -> None:
        one = kept.freephone
        made = Version(kept.version, one, origin.who or kept.contract, *self._clocks())
        await store.add_version(connection, made)
        await store.set_lines(connection, one.number, lines_of(one))
        once_durable(connection, lambda: self._know(kept))
        news.tell(connection, Topic.FREEPHONES, (one.number,))

    async def _owe(
        self, connection: Connection, kept: Kept, items: frozenset[str] | set[str]
    ) -> None:
        number = kept.freephone.number
        occasion = f"{number} {kept.contract} {self._clocks()[0]:.6f} {kept.version}"
        await store.owe(
            connection,
            kept.contract,
            number,
            self.fees.of(items),
            at=self._clocks()[1],
            occasion=occasion,
        )

    async def _note(
        self,
        connection: Connection,
        kept: Kept,
        what: str,
        origin: Origin,
        before: Kept | None = None,
    ) -> None:
        await self._audit.note(
            connection,
            kept.freephone.number,
            what,
            before=_words(before) if before else "",
            after=_words(kept),
            origin=origin,
            contract=kept.contract,
        )

    def _know(self, kept: Kept) -> None:
        self._known = {**self._known, kept.freephone.number: kept}

    def _forget(self, number: E164) -> None:
        self._known = {known: kept for known, kept in self._known.items() if known != number}
        self._turning.forget(number)


def _split_otherwise(before: Freephone, after: Freephone) -> set[str]:
    """The groups whose calls were split over other lines, or none."""
    lines = {group.name: group.shares.lines for group in after.groups if group.shares}
    split = [group for group in before.groups if group.shares]
    return {g.name for g in split if g.shares and lines.get(g.name) != g.shares.lines}


def _words(kept: Kept) -> str:
    one = kept.freephone
    options = ", ".join(sorted(one.options)) or "no options"
    return (
        f"version {kept.version}: {len(one.groups)} groups, {len(lines_of(one))} lines, {options}"
    )
