"""Rows of lines and accounts, and the directory that answers from memory."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

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
from provisioning.db.tables import accounts, line_options, lines
from provisioning.lines.sealing import Seal


class LineOrigin(StrEnum):
    """Who made a line; only lines of a seed are taken away by a seed that leaves them out."""

    SEED = "seed"
    FORMER_SEED = "former-seed"
    """A seed made it and the present one no longer names it: nobody's line, its settings kept."""
    OFFICE = "office"


class MemoryDirectory:
    """Lines and accounts in memory; whoever changes the rows calls `replace`."""

    def __init__(self) -> None:
        self.replace((), ())

    def replace(self, every_line: Iterable[Line], every_account: Iterable[Account]) -> None:
        """Take over new contents at once: no reader sees half of them."""
        self._lines = {line.number: line for line in every_line}
        self._accounts = {account.user: account for account in every_account}
        grouped: dict[E164, list[Account]] = defaultdict(list)
        for account in self._accounts.values():
            grouped[account.line].append(account)
        self._of_line = {number: tuple(group) for number, group in grouped.items()}

    def line(self, number: E164) -> Line | None:
        """The line with this number."""
        return self._lines.get(number)

    def account(self, user: str) -> Account | None:
        """The account with this AOR user part."""
        return self._accounts.get(user)

    def accounts_of(self, number: E164) -> tuple[Account, ...]:
        """The accounts of a line, by user."""
        return self._of_line.get(number, ())

    def lines(self) -> tuple[Line, ...]:
        """Every line, by number."""
        return tuple(self._lines.values())

    def users(self) -> tuple[str, ...]:
        """Every account's AOR user part."""
        return tuple(self._accounts)


async def read_lines(connection: AsyncConnection) -> dict[Line, LineOrigin]:
    """Every line that ever was and where it comes from, by number."""
    options: dict[str, set[str]] = defaultdict(set)
    for row in await connection.execute(select(line_options)):
        options[row.line].add(row.name)
    rows = await connection.execute(select(lines).order_by(lines.c.number))
    return {
        Line(
            number=E164(row.number),
            profile=Profile(row.profile),
            location=Location(row.ma, row.prefecture),
            kind=ContractKind(row.kind),
            status=LineStatus(row.status),
            options=frozenset(options[row.number]),
            freephone=E164(row.freephone) if row.freephone else None,
            language=Language(row.language),
        ): LineOrigin(row.origin)
        for row in rows
    }


async def read_accounts(connection: AsyncConnection, seal: Seal) -> list[Account]:
    """Every account, by user; `WrongKey` when `seal` does not open them."""
    rows = await connection.execute(select(accounts).order_by(accounts.c.username))
    return [
        Account(
            user=row.username,
            line=E164(row.line),
            access=Access(row.access),
            ha1=seal.open(row.username, row.realm, row.sealed_ha1),
        )
        for row in rows
    ]


async def realms(connection: AsyncConnection) -> Mapping[str, str]:
    """The realm each account's HA1 was made for."""
    rows = await connection.execute(select(accounts.c.username, accounts.c.realm))
    return {row.username: row.realm for row in rows}


async def put_line(connection: AsyncConnection, line: Line, *, known: Line | None) -> None:
    """Insert a seed's line, or bring the row `known` describes to what `line` says."""
    row = {
        "number": line.number,
        "profile": line.profile.value,
        "ma": line.location.ma,
        "prefecture": line.location.prefecture,
        "kind": line.kind.value,
        "status": line.status.value,
        "freephone": line.freephone,
        "language": line.language.value,
        "origin": LineOrigin.SEED.value,
    }
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


async def withdraw(connection: AsyncConnection, numbers: Iterable[E164]) -> None:
    """Note that the seed no longer names these lines; their settings stay for their return."""
    if gone := list(numbers):
        await connection.execute(
            lines.update().where(lines.c.number.in_(gone)), {"origin": LineOrigin.FORMER_SEED.value}
        )


async def put_account(
    connection: AsyncConnection, account: Account, realm: str, seal: Seal, *, known: bool
) -> None:
    """Insert or update an account's row; its secrets go in sealed."""
    row = {
        "username": account.user,
        "line": account.line,
        "access": account.access.value,
        "realm": realm,
        "sealed_ha1": seal.close(account.user, realm, account.ha1),
    }
    if known:
        mine = accounts.c.username == account.user
        await connection.execute(accounts.update().where(mine), row)
    else:
        await connection.execute(accounts.insert(), row)


async def remove_accounts(connection: AsyncConnection, users: Iterable[str]) -> None:
    """Remove accounts together with their bindings."""
    if gone := list(users):
        await connection.execute(accounts.delete().where(accounts.c.username.in_(gone)))
