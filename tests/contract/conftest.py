"""The ports of the office, each of them in memory, on SQLite and on PostgreSQL."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from provisioning.contract import (
    E164,
    Access,
    Account,
    BindingStore,
    Directory,
    Forwarding,
    Line,
    Presentation,
    Profile,
)
from provisioning.lines.model import ha1
from provisioning.office import Office, OfficeSettings
from provisioning.seeds import SeedAccount, SeedLine
from tests.support import postgres
from tests.support.fakes import (
    InMemoryBindings,
    InMemoryDirectory,
    InMemoryForwarding,
    InMemoryPresentation,
)
from tests.support.storage import REALM, TOKYO, seed

UNI = E164("+81300000041")


def seeds() -> list[SeedLine]:
    """The lines of `seed()`, and one that is at home in 192.0.2.0/29."""
    options = frozenset({"ngn-uni"})
    account = SeedAccount("uni", Access.OS, "secret-uni", ("192.0.2.0/29",))
    return [*seed(), SeedLine(Line(UNI, Profile.NTT, TOKYO, options=options), (account,))]


@dataclass(frozen=True)
class Ports:
    """What telephony sees of the office."""

    directory: Directory
    bindings: BindingStore
    forwarding: Forwarding
    presentation: Presentation


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
async def ports(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Ports]:
    """The ports over the lines of `seed()`."""
    if request.param == "memory":
        yield _in_memory(seeds())
    elif request.param == "sqlite":
        async for stored in _stored(OfficeSettings(tmp_path, REALM)):
            yield stored
    else:
        with postgres.database(request.getfixturevalue("postgres_server")) as url:
            async for stored in _stored(OfficeSettings(tmp_path, REALM, database=url)):
                yield stored


async def _stored(settings: OfficeSettings) -> AsyncIterator[Ports]:
    office = await Office.open(settings)
    try:
        await office.seed(seeds())
        yield Ports(office.directory, office.bindings, office.forwarding, office.presentation)
    finally:
        await office.close()


def _in_memory(seeded: list[SeedLine]) -> Ports:
    lines = [each.line for each in seeded]
    accounts = [_account(each, given) for each in seeded for given in each.accounts]
    numbers = {line.number for line in lines}
    shown = {line.number: line.freephone for line in lines if line.freephone}
    return Ports(
        InMemoryDirectory(lines, accounts),
        InMemoryBindings({account.user for account in accounts}),
        InMemoryForwarding(lines),
        InMemoryPresentation(shown, numbers),
    )


def _account(line: SeedLine, given: SeedAccount) -> Account:
    secrets = ha1(given.user, REALM, given.password)
    return Account(given.user, line.line.number, given.access, secrets, given.sources)
