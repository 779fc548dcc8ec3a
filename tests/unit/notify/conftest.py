"""An outbox on SQLite and on PostgreSQL whose wall clock is turned by hand."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from cryptography.fernet import Fernet

from provisioning.db.migrate import migrate
from provisioning.db.unit_of_work import Database
from provisioning.lines.sealing import Seal
from provisioning.notify.address import Sender
from provisioning.notify.model import MailState
from provisioning.notify.outbox import Outbox
from provisioning.notify.smtp import Postman, SmtpPostman
from provisioning.notify.store import Kept, latest
from tests.support.mail_server import QUICK, ScriptedServer, mail_server

SENDER = Sender("noreply@tokuban.example", "特番通信サービス")


@dataclass
class Post:
    """A post office: several outboxes can follow each other on one database."""

    database: Database
    seal: Seal = field(default_factory=lambda: Seal(Fernet.generate_key(), "the test"))
    now: float = 1_784_937_600.0

    def outbox(self) -> Outbox:
        """An outbox that begins anew, as after a restart."""
        return Outbox(self.database, self.seal, lambda: self.now)

    async def delivering(
        self, postman: Postman | ScriptedServer, *, knows_repeats: bool = False
    ) -> Outbox:
        """An outbox that delivers when the test says so."""
        outbox = self.outbox()
        if isinstance(postman, ScriptedServer):
            postman = SmtpPostman(postman.server(waits=QUICK))
        outbox.start(postman, SENDER, knows_repeats=knows_repeats)
        await outbox.stop()  # the task ends; the rounds are the test's
        return outbox

    async def rows(self) -> list[Kept]:
        """Every mail, the oldest first."""
        everything = await self.database.read(lambda c: latest(c, list(MailState), 1000))
        return list(reversed(everything))

    async def states(self) -> list[MailState]:
        """The states of all mails, the oldest first."""
        return [each.state for each in await self.rows()]

    async def reaches(self, *states: MailState) -> None:
        """Wait until the mails are in these states; the real world has twenty seconds."""
        async with asyncio.timeout(20):
            while tuple(await self.states()) != states:
                pass  # each look goes to the database and back


@pytest.fixture
async def post(database_url: str) -> AsyncIterator[Post]:
    """A migrated database without rows."""
    database = Database.at(database_url, wait_s=0.5)
    try:
        await migrate(database)
        yield Post(database)
    finally:
        await database.close()


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    """A mail server that takes everything until told otherwise."""
    async with mail_server() as scripted:
        yield scripted
