"""Rows of lines and accounts, and the directory that answers from memory."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, select

from provisioning.contract import (
    E164,
    Access,
    Account,
    ContractKind,
    Language,
    Line,
    LineStatus,
    Location,
    Profile,
)
from provisioning.db.connection import Connection
from provisioning.db.tables import accounts, bindings, line_options, lines
from provisioning.db.trunk_tables import account_sources, trunks
from provisioning.lines.model import UNI_OPTION, Networks
from provisioning.lines.sealing import Seal


class LineOrigin(StrEnum):
    """Who made a line; only lines of a seed are taken away by a seed that leaves them out."""

    SEED = "seed"
    FORMER_SEED = "former-seed"
    """A seed made it and the present one no longer names it: nobody's line, its settings kept."""
    OFFICE = "office"


class MemoryDirectory:
    """Lines and accounts in memory; whoever changes the rows tells it once they are durable.

    `changes` grows with each change. Every one of `watchers` is told the users whose account is
    gone or has another password: who registered as one of them must do so anew. Every one of
    `removal_watchers` is told the number of a line that was removed.
    """

    def __init__(self) -> None:
        self._lines: dict[E164, Line] = {}
        self._accounts: dict[str, Account] = {}
        self._of_line: dict[E164, tuple[Account, ...]] = {}
        self._networks = Networks(())
        self.changes = 0
        self.watchers: list[Callable[[str], None]] = []
        self.removal_watchers: list[Callable[[E164], None]] = []

    def replace(self, every_line: Iterable[Line], every_account: Iterable[Account]) -> None:
        """Take over new contents at once: no reader sees half of them."""
        old = self._accounts
        self._lines = {line.number: line for line in every_line}
        self._accounts = {account.user: account for account in every_account}
        grouped: dict[E164, list[Account]] = defaultdict(list)
        for account in self._accounts.values():
            grouped[account.line].append(account)
        self._of_line = {number: tuple(group) for number, group in grouped.items()}
        self._networks = Networks(self._accounts.values())
        self._tell(old)

    def add(self, some_lines: Iterable[Line], some_accounts: Iterable[Account]) -> None:
        """Know these lines and accounts too, in place of those with the same number or user."""
        replaced, new = {}, tuple(some_accounts)
        self._lines.update({line.number: line for line in some_lines})
        for account in new:
            old = self._accounts.get(account.user)
            if old is not None:
                replaced[account.user] = old
                self._drop(old)
            self._accounts[account.user] = account
            self._of_line[account.line] = (*self._of_line.get(account.line, ()), account)
        self._look_at_sources((*replaced.values(), *new))
        self._tell(replaced)

    def put(self, number: E164, line: Line | None, own: Collection[Account]) -> None:
        """Know of a number what is told here and nothing else: its line, if any, and accounts."""
        if line is None:
            self.remove(number)
            return
        kept = {account.user for account in own}
        for old in self.accounts_of(number):
            if old.user not in kept:
                self.remove_account(old.user)
        self.add((line,), own)

    def remove(self, number: E164) -> None:
        """Forget a line and its accounts."""
        self._lines.pop(number, None)
        gone = self._of_line.pop(number, ())
        for account in gone:
            del self._accounts[account.user]
        self._look_at_sources(gone)
        self._tell({account.user: account for account in gone})
        for watcher in self.removal_watchers:
            watcher(number)

    def remove_account(self, user: str) -> None:
        """Forget one account of a line."""
        gone = self._accounts.pop(user, None)
        if gone is not None:
            self._drop(gone)
            self._look_at_sources((gone,))
            self._tell({user: gone})

    def _drop(self, account: Account) -> None:
        rest = tuple(a for a in self._of_line.get(account.line, ()) if a.user != account.user)
        self._of_line[account.line] = rest

    def _look_at_sources(self, changed: Iterable[Account]) -> None:
        if any(account.sources for account in changed):
            self._networks = Networks(self._accounts.values())

    def _tell(self, old: Mapping[str, Account]) -> None:
        """Tell the watchers which of the `old` accounts are not what they were."""
        self.changes += 1
        for user, account in old.items() if self.watchers else ():
            new = self._accounts.get(user)
            if new is None or _proof(new) != _proof(account):
                for watcher in self.watchers:
                    watcher(user)

    def line(self, number: E164) -> Line | None:
        """The line with this number."""
        return self._lines.get(number)

    def account(self, user: str) -> Account | None:
        """The account with this AOR user part."""
        return self._accounts.get(user)

    def accounts_of(self, number: E164) -> tuple[Account, ...]:
        """The accounts of a line, by user."""
        return self._of_line.get(number, ())

    def accounts_at(self, host: str) -> tuple[Account, ...]:
        """The accounts that need no password at this address, of lines with the option for it."""
        found = self._networks.at(host)
        if not found:
            return ()
        lines = self._lines
        return tuple(a for a in found if a.line in lines and UNI_OPTION in lines[a.line].options)

    def lines(self) -> tuple[Line, ...]:
        """Every line, by number."""
        return tuple(self._lines.values())

    def users(self) -> tuple[str, ...]:
        """Every account's AOR user part."""
        return tuple(self._accounts)


def _proof(account: Account) -> tuple[object, ...]:
    """What a registration rests on."""
    return account.line, account.ha1, account.sources


async def read_lines(
    connection: Connection, numbers: Collection[str] | None = None
) -> dict[Line, LineOrigin]:
    """Every line that ever was and where it comes from, by number; of `numbers` alone if given."""
    chosen, names = select(lines), select(line_options)
    if numbers is not None:
        chosen = chosen.where(lines.c.number.in_(numbers))
        names = names.where(line_options.c.line.in_(numbers))
    options: dict[str, set[str]] = defaultdict(set)
    for row in await connection.execute(names):
        options[row.line].add(row.name)
    rows = await connection.execute(chosen.order_by(lines.c.number))
    return {_line(row, options[row.number]): LineOrigin(row.origin) for row in rows}


async def read_line(connection: Connection, number: E164) -> tuple[Line | None, LineOrigin | None]:
    """A line that is or was there and where it comes from, locked until the unit of work ends."""
    query = select(lines).where(lines.c.number == number).with_for_update()
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None, None
    names = select(line_options.c.name).where(line_options.c.line == number)
    options = (await connection.execute(names)).scalars()
    return _line(row, options), LineOrigin(row.origin)


def _line(row: Row[Any], options: Iterable[str]) -> Line:
    return Line(
        number=E164(row.number),
        profile=Profile(row.profile),
        location=Location(row.ma, row.prefecture),
        kind=ContractKind(row.kind),
        status=LineStatus(row.status),
        options=frozenset(options),
        freephone=E164(row.freephone) if row.freephone else None,
        language=Language(row.language),
    )


async def read_accounts(
    connection: Connection, seal: Seal, of: Collection[str] | None = None
) -> list[Account]:
    """Every account, or those `of` some lines, by user; `WrongKey` when `seal` opens them not."""
    chosen, networks = select(accounts), select(account_sources)
    if of is not None:
        chosen = chosen.where(accounts.c.line.in_(of))
        users = select(accounts.c.username).where(accounts.c.line.in_(of))
        networks = networks.where(account_sources.c.username.in_(users))
    sources: dict[str, list[str]] = defaultdict(list)
    for row in await connection.execute(networks.order_by(account_sources.c.network)):
        sources[row.username].append(row.network)
    rows = await connection.execute(chosen.order_by(accounts.c.username))
    return [_account(row, seal, sources[row.username]) for row in rows]


def _account(row: Row[Any], seal: Seal, sources: Iterable[str]) -> Account:
    return Account(
        user=row.username,
        line=E164(row.line),
        access=Access(row.access),
        ha1=seal.open(row.username, row.realm, row.sealed_ha1),
        sources=tuple(sources),
    )


async def realms(connection: Connection) -> Mapping[str, str]:
    """The realm each account's HA1 was made for."""
    rows = await connection.execute(select(accounts.c.username, accounts.c.realm))
    return {row.username: row.realm for row in rows}


async def put_line(
    connection: Connection,
    line: Line,
    *,
    known: Line | None,
    origin: LineOrigin = LineOrigin.SEED,
) -> None:
    """Insert a line, or bring the row `known` describes to what `line` says."""
    row = _row(line, origin)
    if known is None:
        await connection.execute(lines.insert(), row)
    else:
        await connection.execute(lines.update().where(lines.c.number == line.number), row)
    had = known.options if known else frozenset[str]()
    if gone := had - line.options:
        mine = line_options.c.line == line.number
        await connection.execute(line_options.delete().where(mine, line_options.c.name.in_(gone)))
    if new := sorted(line.options - had):
        await connection.execute(
            line_options.insert(), [{"line": line.number, "name": name} for name in new]
        )


async def add_lines(connection: Connection, added: Sequence[Line]) -> None:
    """Insert lines that the office made, at once."""
    await connection.execute(lines.insert(), [_row(line, LineOrigin.OFFICE) for line in added])
    options = [{"line": line.number, "name": name} for line in added for name in line.options]
    if options:
        await connection.execute(line_options.insert(), options)


async def remove_line(connection: Connection, number: E164) -> None:
    """Remove a line with its accounts, bindings and settings."""
    await connection.execute(lines.delete().where(lines.c.number == number))


def _row(line: Line, origin: LineOrigin) -> dict[str, str | None]:
    return {
        "number": line.number,
        "profile": line.profile.value,
        "ma": line.location.ma,
        "prefecture": line.location.prefecture,
        "kind": line.kind.value,
        "status": line.status.value,
        "freephone": line.freephone,
        "language": line.language.value,
        "origin": origin.value,
    }


async def withdraw(connection: Connection, numbers: Iterable[E164]) -> None:
    """Note that the seed no longer names these lines; their settings stay for their return."""
    if gone := list(numbers):
        await connection.execute(
            lines.update().where(lines.c.number.in_(gone)), {"origin": LineOrigin.FORMER_SEED.value}
        )


async def put_account(
    connection: Connection, account: Account, realm: str, seal: Seal, *, known: bool
) -> None:
    """Insert or update an account's row; its secrets go in sealed."""
    if not known:
        await add_accounts(connection, [account], realm, seal)
        return
    mine = accounts.c.username == account.user
    await connection.execute(accounts.update().where(mine), _sealed(account, realm, seal))
    await _put_sources(connection, [account])


async def add_accounts(
    connection: Connection, added: Sequence[Account], realm: str, seal: Seal
) -> None:
    """Insert accounts at once; their secrets go in sealed."""
    rows = [_sealed(account, realm, seal) for account in added]
    await connection.execute(accounts.insert(), rows)
    await _put_sources(connection, added)


async def _put_sources(connection: Connection, changed: Sequence[Account]) -> None:
    """Make the sources of these accounts what they say."""
    rows = [
        {"username": account.user, "network": each}
        for account in changed
        for each in account.sources
    ]
    mine = account_sources.c.username.in_([account.user for account in changed])
    await connection.execute(account_sources.delete().where(mine))
    if rows:
        await connection.execute(account_sources.insert(), rows)


def _sealed(account: Account, realm: str, seal: Seal) -> dict[str, str | bytes]:
    return {
        "username": account.user,
        "line": account.line,
        "access": account.access.value,
        "realm": realm,
        "sealed_ha1": seal.close(account.user, realm, account.ha1),
    }


async def account(
    connection: Connection, user: str, seal: Seal, *, to_change: bool = False
) -> Account | None:
    """One account, locked until the unit of work ends when it is `to_change`."""
    query = select(accounts).where(accounts.c.username == user)
    row = (await connection.execute(query.with_for_update() if to_change else query)).one_or_none()
    if row is None:
        return None
    mine = account_sources.c.username == user
    networks = select(account_sources.c.network).where(mine).order_by(account_sources.c.network)
    return _account(row, seal, (await connection.execute(networks)).scalars())


async def trunk_users(connection: Connection, *, made_by_hand: bool = False) -> set[str]:
    """The accounts of trunks, which no line may have; of those alone that no seed made."""
    query = select(trunks.c.account).where(trunks.c.account.is_not(None))
    if made_by_hand:
        query = query.where(trunks.c.origin == "office")
    return set((await connection.execute(query)).scalars())


async def drop_bindings(connection: Connection, user: str) -> None:
    """Forget where the account's phones are."""
    await connection.execute(bindings.delete().where(bindings.c.username == user))


async def remove_accounts(connection: Connection, users: Iterable[str]) -> None:
    """Remove accounts together with their bindings."""
    if gone := list(users):
        await connection.execute(accounts.delete().where(accounts.c.username.in_(gone)))
