"""Seed lines, and keep the directory as the rows are."""

import hmac
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from provisioning.contract import E164, Account, Line, OutOfRange
from provisioning.db import news
from provisioning.db.connection import Connection
from provisioning.db.news import Topic
from provisioning.db.unit_of_work import Database, once_durable
from provisioning.lines import model, store
from provisioning.lines.model import Seeded, UnknownAccount
from provisioning.lines.sealing import Seal
from provisioning.lines.store import LineOrigin
from provisioning.seeds import SeedAccount, SeedLine


class Lines:
    """The lines of the office; `directory` answers for them from memory."""

    def __init__(self, database: Database, seal: Seal, realm: str) -> None:
        self._database, self._seal, self._realm = database, seal, realm
        self.directory = store.MemoryDirectory()
        self.keepers: list[Callable[[Connection, E164], Awaitable[None]]] = []
        """Asked before a line is removed; they raise where it must stay."""

    async def refresh(self) -> None:
        """Read lines and accounts anew; a change made meanwhile is not lost."""

        async def work(
            connection: Connection,
        ) -> tuple[Sequence[Line], Sequence[Account]]:
            lines = await store.read_lines(connection)
            return _present(lines), await store.read_accounts(connection, self._seal)

        while True:
            changes = self.directory.changes
            found = await self._database.read(work)
            if changes == self.directory.changes:
                self.directory.replace(*found)
                return

    async def learn(self, numbers: Collection[str]) -> None:
        """Read these lines and their accounts anew, or all: another node changed them."""
        if not numbers:
            await self.refresh()
            return

        async def work(connection: Connection) -> tuple[dict[E164, Line], Sequence[Account]]:
            lines = await store.read_lines(connection, numbers)
            accounts = await store.read_accounts(connection, self._seal, numbers)
            present = _present(lines)
            return {line.number: line for line in present}, accounts

        while True:
            changes = self.directory.changes
            lines, accounts = await self._database.read(work)
            if changes == self.directory.changes:
                break
        for number in map(E164, numbers):
            own = [account for account in accounts if account.line == number]
            self.directory.put(number, lines.get(number), own)

    async def add(
        self, connection: Connection, lines: Sequence[Line], given: Sequence[SeedAccount]
    ) -> None:
        """Make lines, the n-th with the n-th account; the directory knows them once durable."""
        pairs = zip(lines, given, strict=True)
        accounts = [self._account(line.number, one) for line, one in pairs]
        await store.add_lines(connection, lines)
        await store.add_accounts(connection, accounts, self._realm, self._seal)
        once_durable(connection, lambda: self.directory.add(lines, accounts))
        news.tell(connection, Topic.LINES, [line.number for line in lines])

    async def remove(self, connection: Connection, number: E164) -> None:
        """Remove a line with all it has; the directory forgets it once that is durable.

        Raises what one of `keepers` does.
        """
        for keep in self.keepers:
            await keep(connection, number)
        await store.remove_line(connection, number)
        once_durable(connection, lambda: self.directory.remove(number))
        news.tell(connection, Topic.LINES, [number])

    async def known(self, connection: Connection, number: E164) -> Line | None:
        """The line as its row says, locked until the unit of work ends; None when none is served.

        A line that only an earlier seed named is none.
        """
        line, origin = await store.read_line(connection, number)
        return None if origin is LineOrigin.FORMER_SEED else line

    async def keep(self, connection: Connection, line: Line) -> None:
        """Make a line, or make it what `line` says; the directory knows once that is durable."""
        old, was = await store.read_line(connection, line.number)
        origin = LineOrigin.SEED if was is LineOrigin.SEED else LineOrigin.OFFICE
        await store.put_line(connection, line, known=old, origin=origin)
        once_durable(connection, lambda: self.directory.add((line,), ()))
        news.tell(connection, Topic.LINES, [line.number])

    async def has_account(self, connection: Connection, user: str) -> bool:
        """Whether an account, of a line or a trunk, has this user."""
        if user in await store.trunk_users(connection):
            return True
        return await store.account(connection, user, self._seal) is not None

    async def add_account(self, connection: Connection, number: E164, given: SeedAccount) -> None:
        """Give a line one more account; the directory knows it once that is durable."""
        account = self._account(number, given)
        await store.put_account(connection, account, self._realm, self._seal, known=False)
        self._know(connection, account)

    async def account(self, connection: Connection, user: str) -> Account:
        """An account, locked until the unit of work ends; `UnknownAccount`."""
        found = await store.account(connection, user, self._seal, to_change=True)
        if found is None:
            raise UnknownAccount(f"no account {user!r:.40}")
        return found

    async def remove_account(self, connection: Connection, account: Account) -> None:
        """Remove an account; the directory forgets it once that is durable."""
        await store.remove_accounts(connection, [account.user])
        once_durable(connection, lambda: self.directory.remove_account(account.user))
        news.tell(connection, Topic.LINES, [account.line])

    async def set_sources(
        self, connection: Connection, user: str, sources: Iterable[str]
    ) -> tuple[Account, Account]:
        """Say from where an account needs no password; the account before and after.

        Phones that registered are forgotten: they may have come from where none is welcome now.

        Raises:
            UnknownAccount: there is no such account.
            OutOfRange: a source is no network.
        """
        wanted = model.sources(sources)
        old = await self.account(connection, user)
        account = replace(old, sources=wanted)
        if account != old:
            await store.put_account(connection, account, self._realm, self._seal, known=True)
            await store.drop_bindings(connection, user)
            self._know(connection, account)
        return old, account

    async def set_password(self, connection: Connection, user: str, password: str) -> Account:
        """Give an account another password; phones that registered with the old one are forgotten.

        Raises:
            UnknownAccount: there is no such account.
        """
        old = await self.account(connection, user)
        account = replace(old, ha1=model.ha1(user, self._realm, password))
        await store.put_account(connection, account, self._realm, self._seal, known=True)
        await store.drop_bindings(connection, user)
        self._know(connection, account)
        return account

    async def check_key(self, connection: Connection) -> None:
        """`WrongKey` unless the office's key opens every account."""
        await store.read_accounts(connection, self._seal)

    async def seed(self, connection: Connection, seeds: Sequence[SeedLine]) -> Seeded:
        """Make the seeded lines and their accounts what `seeds` says, within one unit of work.

        A line that an earlier seed made and this one leaves out is withdrawn: without accounts
        and unknown to the directory, so that no password outlives the seed that gave it. Its
        settings wait for its return. Lines that no seed made are left alone. Answers what changed.

        Raises:
            OutOfRange: a number is not E.164, a number or user stands twice, or one of them belongs
                to a line that no seed made.
        """
        _check(seeds)
        origins = await store.read_lines(connection)
        lines = {line.number: line for line in origins}
        known = {a.user: a for a in await store.read_accounts(connection, self._seal)}
        _refuse_offices(origins, known, seeds)
        _refuse_trunks(await store.trunk_users(connection, made_by_hand=True), seeds)
        realms = await store.realms(connection)
        for seed in seeds:
            await store.put_line(connection, seed.line, known=lines.get(seed.line.number))
        changed: list[tuple[Account | None, Account | None]] = []
        for seed in seeds:
            for account in (self._account(seed.line.number, given) for given in seed.accounts):
                old = known.get(account.user)
                if old and _same(old, account) and realms[account.user] == self._realm:
                    continue
                await store.put_account(
                    connection, account, self._realm, self._seal, known=old is not None
                )
                changed.append((old, account))
        gone = {line.number for line, origin in origins.items() if origin is not LineOrigin.OFFICE}
        gone -= {seed.line.number for seed in seeds}
        await store.withdraw(connection, gone)
        dropped = _dropped(seeds, gone, known.values())
        await store.remove_accounts(connection, dropped)
        news.tell(connection, Topic.EVERYTHING)
        changed += [(known[user], None) for user in dropped]
        return Seeded(_changed(_present(origins), seeds, gone), tuple(changed))

    def _know(self, connection: Connection, account: Account) -> None:
        once_durable(connection, lambda: self.directory.add((), (account,)))
        news.tell(connection, Topic.LINES, [account.line])

    def _account(self, line: E164, given: SeedAccount) -> Account:
        ha1 = model.ha1(given.user, self._realm, given.password)
        return Account(given.user, line, given.access, ha1, model.sources(given.sources))


def _present(lines: Mapping[Line, LineOrigin]) -> list[Line]:
    """Those that are served."""
    return [line for line, origin in lines.items() if origin is not LineOrigin.FORMER_SEED]


def _changed(
    present: Iterable[Line], seeds: Iterable[SeedLine], gone: Collection[E164]
) -> tuple[tuple[Line | None, Line | None], ...]:
    """The lines that the seed made or changed, and those that it left out."""
    was = {line.number: line for line in present}
    made = [(was.get(seed.line.number), seed.line) for seed in seeds]
    left_out = [(line, None) for number, line in was.items() if number in gone]
    return (*((old, new) for old, new in made if old != new), *left_out)


def _refuse_offices(
    origins: Mapping[Line, LineOrigin], known: Mapping[str, Account], seeds: Sequence[SeedLine]
) -> None:
    """Let no seed take a line, or the user of one, from whoever ordered it."""
    made = {line.number for line, origin in origins.items() if origin is LineOrigin.OFFICE}
    for seed in seeds:
        if seed.line.number in made:
            raise OutOfRange(f"line {seed.line.number} was not made by a seed: leave it out")
        for account in seed.accounts:
            old = known.get(account.user)
            if old is not None and old.line in made:
                raise OutOfRange(f"user {account.user} belongs to {old.line}: choose another")


def _refuse_trunks(users: Collection[str], seeds: Sequence[SeedLine]) -> None:
    """Let no seed take the user of a trunk that no seed made."""
    for account in (account for seed in seeds for account in seed.accounts):
        if account.user in users:
            raise OutOfRange(f"user {account.user} is a trunk's account: choose another")


def _same(one: Account, other: Account) -> bool:
    """Whether both are the same account with the same password."""
    mine = (one.line, one.access, one.sources, one.ha1.keys())
    plain = mine == (other.line, other.access, other.sources, other.ha1.keys())
    return plain and all(hmac.compare_digest(one.ha1[name], other.ha1[name]) for name in one.ha1)


def _dropped(
    seeds: Iterable[SeedLine], gone: Iterable[E164], known: Iterable[Account]
) -> list[str]:
    """Users whose line is seeded without them or gone: it has the seeded accounts only."""
    seeded = {seed.line.number for seed in seeds}.union(gone)
    named = {account.user for seed in seeds for account in seed.accounts}
    return [a.user for a in known if a.line in seeded and a.user not in named]


def _check(seeds: Sequence[SeedLine]) -> None:
    numbers = [seed.line.number for seed in seeds]
    users = [account.user for seed in seeds for account in seed.accounts]
    freephones = [seed.line.freephone for seed in seeds if seed.line.freephone]
    for number in (*numbers, *freephones):
        if not model.is_e164(number):
            raise OutOfRange(f"{number!r} is no E.164 number: write it as +81312345678")
    for what, names in (("number", [str(n) for n in numbers]), ("user", users)):
        twice = [name for name, count in Counter(names).items() if count > 1]
        if twice:
            raise OutOfRange(f"{what} {twice[0]} stands twice in the seed")
