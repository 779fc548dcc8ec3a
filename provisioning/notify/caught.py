"""The mails that the laboratory's catcher took: kept, looked at, waited for."""

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import RowMapping, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from provisioning.db.connection import Connection
from provisioning.db.mail_tables import caught_mails
from provisioning.db.unit_of_work import Database
from provisioning.notify.message import OWN_DOMAIN, Read, read
from provisioning.notify.model import code_in
from provisioning.notify.outbox import Sealer

OWN_ID = re.compile(rf"<[0-9a-f]{{32}}@{re.escape(OWN_DOMAIN)}>")

OWNER = "caught mail"
LARGE_BYTES = 65_536
"""What is longer is worked on in a thread: telephony shares the loop."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Caught:
    """One mail as the list shows it; `received_at` in wall time, UTC epoch seconds."""

    id: int
    received_at: float
    sender: str
    recipients: tuple[str, ...]
    subject: str


@dataclass(frozen=True, slots=True)
class Opened:
    """One mail with all it says."""

    caught: Caught
    raw: bytes = field(repr=False)
    message: Read = field(repr=False)

    @property
    def code(self) -> str | None:
        """The one-time code in its text."""
        return code_in(self.message.text)


class CaughtMails:
    """The newest mails that came; the bodies are sealed at rest, since they hold codes."""

    def __init__(
        self, database: Database, sealer: Sealer, wall: Callable[[], float], *, most: int = 500
    ) -> None:
        self._database, self._sealer, self._wall = database, sealer, wall
        self._most = most
        self._arrived = asyncio.Condition()

    def keep_at_most(self, most: int) -> None:
        """Forget older mails as newer ones come."""
        self._most = most

    async def take(self, sender: str, recipients: tuple[str, ...], raw: bytes) -> bool:
        """Keep a mail durably; False for one of our own that came before (same Message-ID)."""
        message, sealed = await _apart(raw, self._prepared)
        own = OWN_ID.fullmatch(message.message_id)
        row = {
            "own_id": message.message_id if own else None,
            "received_at": self._wall(),
            "sender": _plain(sender),
            "recipients": json.dumps([_plain(each) for each in recipients]),
            "subject": message.subject,
            "sealed": sealed,
        }

        async def work(connection: Connection) -> bool:
            of = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
            keep = of(caught_mails).values(row).on_conflict_do_nothing(index_elements=["own_id"])
            kept = (await connection.execute(keep.returning(caught_mails.c.id))).one_or_none()
            if kept is not None:
                await self._forget_older(connection)
            return kept is not None

        is_new = await self._database.write(work)
        async with self._arrived:
            self._arrived.notify_all()
        return is_new

    async def list(
        self, *, to: str | None = None, after: int = 0, most: int = 100
    ) -> tuple[Caught, ...]:
        """The newest mails first; those to the address `to`, and newer than the mail `after`."""
        query = select(caught_mails).where(caught_mails.c.id > after)
        if to is not None:
            whole = json.dumps(_plain(to).lower())
            query = query.where(
                func.lower(caught_mails.c.recipients).contains(whole, autoescape=True)
            )
        query = query.order_by(caught_mails.c.id.desc()).limit(most)

        async def work(connection: Connection) -> tuple[Caught, ...]:
            return tuple(_caught(row) for row in (await connection.execute(query)).mappings())

        return await self._database.read(work)

    async def get(self, mail: int) -> Opened | None:
        """The mail of this id."""
        query = select(caught_mails).where(caught_mails.c.id == mail)

        async def work(connection: Connection) -> RowMapping | None:
            return (await connection.execute(query)).mappings().first()

        row = await self._database.read(work)
        if row is None:
            return None
        raw, message = await _apart(row["sealed"], self._opened)
        return Opened(_caught(row), raw, message)

    async def latest_code(
        self, *, to: str | None = None, after: int = 0, wait_s: float = 0.0
    ) -> Opened | None:
        """The newest mail with a code; waits at most `wait_s` seconds for one to come."""
        try:
            async with asyncio.timeout(wait_s or None):
                while True:
                    async with self._arrived:
                        found = await self._newest_with_code(to, after)
                        if found is not None or not wait_s:
                            return found
                        await self._arrived.wait()
        except TimeoutError:
            return None

    def _prepared(self, raw: bytes) -> tuple[Read, bytes]:
        return read(raw), self._sealer.close_bytes(OWNER, raw)

    def _opened(self, sealed: bytes) -> tuple[bytes, Read]:
        raw = self._sealer.open_bytes(OWNER, sealed)
        return raw, read(raw)

    async def _newest_with_code(self, to: str | None, after: int) -> Opened | None:
        for each in await self.list(to=to, after=after, most=20):
            opened = await self.get(each.id)
            if opened is not None and opened.code is not None:
                return opened
        return None

    async def forget(self, mail: int | None = None) -> int:
        """Erase the mail of this id, or all; how many there were."""
        statement = delete(caught_mails)
        if mail is not None:
            statement = statement.where(caught_mails.c.id == mail)

        async def work(connection: Connection) -> int:
            return (await connection.execute(statement)).rowcount

        return await self._database.write(work)

    async def _forget_older(self, connection: Connection) -> None:
        newest = select(caught_mails.c.id).order_by(caught_mails.c.id.desc())
        oldest = newest.limit(1).offset(self._most).scalar_subquery()
        await connection.execute(delete(caught_mails).where(caught_mails.c.id <= oldest))


async def _apart(data: bytes, work: Callable[[bytes], T]) -> T:
    if len(data) <= LARGE_BYTES:
        return work(data)
    return await asyncio.to_thread(work, data)


def _caught(row: RowMapping) -> Caught:
    recipients = tuple(json.loads(row["recipients"]))
    return Caught(row["id"], row["received_at"], row["sender"], recipients, row["subject"])


def _plain(text: str) -> str:
    return text.encode("utf-8", "replace").decode().replace("\0", "")
