"""Make and remove trunks: one unit of work each, with its audit row."""

import hmac
from collections import Counter
from collections.abc import Mapping, Sequence

from provisioning import passwords
from provisioning.audit.model import Note, Origin
from provisioning.audit.store import Audit
from provisioning.contract import OutOfRange, Trunk, TrunkAccount, TrunkLogin
from provisioning.db import news
from provisioning.db.connection import Connection
from provisioning.db.news import Topic
from provisioning.db.unit_of_work import Database, once_durable
from provisioning.lines.model import ha1
from provisioning.lines.sealing import Seal
from provisioning.lines.service import Lines
from provisioning.seeds import SeedTrunk
from provisioning.trunks import model, store
from provisioning.trunks.memory import MemoryTrunks
from provisioning.trunks.model import (
    NewTrunk,
    TrunkConflict,
    TrunkExists,
    TrunkOrigin,
    UnknownTrunk,
)
from provisioning.trunks.store import Kept

PASSWORD_LENGTH = 16
"""A password the office makes up: 95 bits (A)."""


class StoredTrunks:
    """The trunks of the office; `memory` answers for them. What was done is durable and known."""

    def __init__(
        self, database: Database, lines: Lines, seal: Seal, realm: str, audit: Audit
    ) -> None:
        self._database, self._lines, self._audit = database, lines, audit
        self._seal, self._realm = seal, realm
        self.memory = MemoryTrunks()

    async def refresh(self) -> None:
        """Read the trunks anew; a change made meanwhile is not lost."""
        while True:
            changes = self.memory.changes
            found = await self._database.read(lambda connection: store.read(connection, self._seal))
            if changes == self.memory.changes:
                self._know(found)
                return

    async def check_key(self, connection: Connection) -> None:
        """`WrongKey` unless the office's key opens every trunk's account."""
        await store.read(connection, self._seal)

    async def create(
        self,
        wanted: Trunk,
        *,
        password: str | None = None,
        login_password: str | None = None,
        origin: Origin,
    ) -> NewTrunk:
        """Make a trunk; the password of its account is made up when none is given.

        `login_password` is what its peers want of us, who have a login there.

        Raises:
            OutOfRange: there is no such trunk, with the reason.
            TrunkExists: the name is given.
            TrunkConflict: another one has the address, the prefix or the account.
        """
        trunk = model.checked(wanted)
        model.check_password(trunk, password)
        model.check_login_password(trunk, login_password)
        chosen = None
        if trunk.account is not None:
            chosen = password or passwords.generate(PASSWORD_LENGTH)
        kept = self._made(trunk, chosen, login_password, TrunkOrigin.OFFICE)

        async def work(connection: Connection) -> None:
            known = await store.read(connection, self._seal)
            if trunk.name in known:
                raise TrunkExists(f"there is a trunk {trunk.name}: remove it first")
            await self._add(connection, kept, known)
            await self._audit.note(
                connection, trunk.name, "trunk made", after=model.words(trunk), origin=origin
            )
            once_durable(connection, lambda: self.memory.put(trunk, kept.account, kept.login))
            news.tell(connection, Topic.TRUNKS)

        await self._database.write(work, alone=True)
        return NewTrunk(trunk, chosen)

    async def remove(self, name: str, *, origin: Origin) -> None:
        """Remove a trunk with its account; calls over it go on. `UnknownTrunk` if there is none."""

        async def work(connection: Connection) -> None:
            kept = (await store.read(connection, self._seal)).get(name)
            if kept is None:
                raise UnknownTrunk(f"no trunk is called {name:.40}")
            await store.remove(connection, name)
            await self._audit.note(
                connection, name, "trunk removed", before=model.words(kept.trunk), origin=origin
            )
            once_durable(connection, lambda: self.memory.remove(name))
            news.tell(connection, Topic.TRUNKS)

        await self._database.write(work, alone=True)

    async def seed(self, seeds: Sequence[SeedTrunk], *, origin: Origin) -> None:
        """Make the seeded trunks what `seeds` says; those of an earlier seed alone go.

        Raises:
            OutOfRange: a trunk that cannot be, or one that no seed made has the name.
            TrunkConflict: two of them, or one and an account, have something in common.
        """
        await self._database.write(
            lambda connection: self.seed_within(connection, seeds, origin=origin), alone=True
        )
        await self.refresh()

    async def seed_within(
        self, connection: Connection, seeds: Sequence[SeedTrunk], *, origin: Origin
    ) -> None:
        """The same in somebody's unit of work that is alone; `refresh` once it is durable."""
        wanted = {seed.trunk.name: self._seeded(seed) for seed in seeds}
        twice = [name for name, count in Counter(s.trunk.name for s in seeds).items() if count > 1]
        if twice:
            raise OutOfRange(f"trunk {twice[0]} stands twice in the seed")
        known = await store.read(connection, self._seal)
        for name in known.keys() & wanted.keys():
            if known[name].origin is TrunkOrigin.OFFICE:
                raise OutOfRange(f"trunk {name} was not made by a seed: give another name")
        gone = [
            name
            for name, kept in known.items()
            if kept.origin is TrunkOrigin.SEED and not _same(kept, wanted.get(name))
        ]
        was = {name: model.words(known[name].trunk) for name in gone}
        for name in gone:
            await store.remove(connection, name)
            del known[name]
        made = wanted.keys() - known.keys()
        for name, kept in wanted.items():
            if name not in known:
                await self._add(connection, kept, known)
                known[name] = kept
        now = {name: model.words(wanted[name].trunk) for name in made}
        await self._audit.note_all(connection, _notes(was, now), origin=origin)
        news.tell(connection, Topic.TRUNKS)

    def _seeded(self, seed: SeedTrunk) -> Kept:
        trunk = model.checked(seed.trunk)
        model.check_password(trunk, seed.password)
        model.check_login_password(trunk, seed.login_password)
        if trunk.account is not None and seed.password is None:
            raise OutOfRange(f"trunk {trunk.name}: password: its account needs one")
        return self._made(trunk, seed.password, seed.login_password, TrunkOrigin.SEED)

    def _made(
        self, trunk: Trunk, password: str | None, login_password: str | None, origin: TrunkOrigin
    ) -> Kept:
        login = None
        if trunk.login is not None and login_password is not None:
            login = TrunkLogin(trunk.login, login_password)
        if trunk.account is None or password is None:
            return Kept(trunk, origin, None, None, login)
        secrets = ha1(trunk.account, self._realm, password)
        account = TrunkAccount(trunk.account, trunk.name, secrets)
        return Kept(trunk, origin, account, self._realm, login)

    async def _add(self, connection: Connection, kept: Kept, known: Mapping[str, Kept]) -> None:
        trunk = kept.trunk
        model.check_apart(trunk, [each.trunk for each in known.values()])
        if trunk.account is not None and await self._lines.has_account(connection, trunk.account):
            raise TrunkConflict(f"account: a line has an account {trunk.account} already")
        await store.add(connection, kept, self._seal)

    def _know(self, found: Mapping[str, Kept]) -> None:
        accounts = [kept.account for kept in found.values() if kept.account is not None]
        logins = {name: kept.login for name, kept in found.items() if kept.login is not None}
        self.memory.replace([kept.trunk for kept in found.values()], accounts, logins)


def _notes(was: Mapping[str, str], now: Mapping[str, str]) -> list[Note]:
    """What a seed removed, made, or made anew: with another password the words are the same."""
    what = {(True, False): "removed", (False, True): "made", (True, True): "made anew"}
    return [
        Note(name, f"trunk {what[name in was, name in now]}", was.get(name, ""), now.get(name, ""))
        for name in sorted(was.keys() | now.keys())
    ]


def _same(one: Kept, other: Kept | None) -> bool:
    """Whether both are the same trunk with the same password."""
    if other is None or (one.trunk, one.realm) != (other.trunk, other.realm):
        return False
    if one.login != other.login:
        return False
    if one.account is None or other.account is None:
        return one.account is other.account
    mine, theirs = one.account.ha1, other.account.ha1
    return mine.keys() == theirs.keys() and all(
        hmac.compare_digest(mine[name], theirs[name]) for name in mine
    )
