"""Seed lines, and keep the directory as the rows are."""

import hmac
from collections import Counter
from collections.abc import Iterable, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from provisioning.contract import E164, Account, Line, OutOfRange
from provisioning.db.unit_of_work import Database
from provisioning.lines import model, store
from provisioning.lines.sealing import Seal
from provisioning.lines.store import LineOrigin
from provisioning.seeds import SeedAccount, SeedLine


class Lines:
    """The lines of the office; `directory` answers for them from memory."""

    def __init__(self, database: Database, seal: Seal, realm: str) -> None:
        self._database, self._seal, self._realm = database, seal, realm
        self.directory = store.MemoryDirectory()

    async def refresh(self) -> None:
        """Read lines and accounts anew."""

        async def work(
            connection: AsyncConnection,
        ) -> tuple[Sequence[Line], Sequence[Account]]:
            lines = await store.read_lines(connection)
            present = [
                line for line, origin in lines.items() if origin is not LineOrigin.FORMER_SEED
            ]
            return present, await store.read_accounts(connection, self._seal)

        self.directory.replace(*await self._database.read(work))

    async def check_key(self, connection: AsyncConnection) -> None:
        """`WrongKey` unless the office's key opens every account."""
        await store.read_accounts(connection, self._seal)

    async def seed(self, connection: AsyncConnection, seeds: Sequence[SeedLine]) -> None:
        """Make the seeded lines and their accounts what `seeds` says, within one unit of work.

        A line that an earlier seed made and this one leaves out is withdrawn: without accounts
        and unknown to the directory, so that no password outlives the seed that gave it. Its
        settings wait for its return. Lines that no seed made are left alone.

        Raises:
            OutOfRange: a number is not E.164, or a number or user stands twice.
        """
        _check(seeds)
        origins = await store.read_lines(connection)
        lines = {line.number: line for line in origins}
        known = {a.user: a for a in await store.read_accounts(connection, self._seal)}
        realms = await store.realms(connection)
        for seed in seeds:
            await store.put_line(connection, seed.line, known=lines.get(seed.line.number))
        for seed in seeds:
            for account in (self._account(seed, given) for given in seed.accounts):
                old = known.get(account.user)
                if old and _same(old, account) and realms[account.user] == self._realm:
                    continue
                await store.put_account(
                    connection, account, self._realm, self._seal, known=old is not None
                )
        gone = {line.number for line, origin in origins.items() if origin is not LineOrigin.OFFICE}
        gone -= {seed.line.number for seed in seeds}
        await store.withdraw(connection, gone)
        await store.remove_accounts(connection, _dropped(seeds, gone, known.values()))

    def _account(self, seed: SeedLine, given: SeedAccount) -> Account:
        ha1 = model.ha1(given.user, self._realm, given.password)
        return Account(given.user, seed.line.number, given.access, ha1)


def _same(one: Account, other: Account) -> bool:
    """Whether both are the same account with the same password."""
    plain = (one.line, one.access, one.ha1.keys()) == (other.line, other.access, other.ha1.keys())
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
