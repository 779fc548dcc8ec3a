"""The audit rows: written in the unit of work of the change itself, never altered."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, select

from provisioning.audit.model import Change, Note, Origin, event_kind
from provisioning.contract import E164, Events
from provisioning.db.connection import Connection
from provisioning.db.paging import Page, page_size, paged
from provisioning.db.tables import audit_entries
from provisioning.db.unit_of_work import Database, once_durable

Clocks = Callable[[], tuple[float, float]]
"""(wall time, business time), UTC epoch seconds."""

_NEWEST = 2**31 - 1

TOLD = ("subject", "contract", "what", "before", "after", "who")
"""What an event says of a note."""


class Audit:
    """Notes changes and reads them back, newest first."""

    def __init__(self, database: Database, clocks: Clocks, events: Events | None = None) -> None:
        self._database, self._clocks, self._events = database, clocks, events

    async def note(
        self,
        connection: Connection,
        subject: str,
        what: str,
        *,
        before: str = "",
        after: str = "",
        origin: Origin,
        contract: str | None = None,
    ) -> None:
        """Add a row to the unit of work of `connection`."""
        await self.note_all(
            connection, [Note(subject, what, before, after, contract)], origin=origin
        )

    async def note_alone(self, subject: str, what: str, *, after: str, origin: Origin) -> None:
        """Add a row in a unit of work of its own: something was tried, and refused."""
        notes = [Note(subject, what, after=after)]
        await self._database.write(
            lambda connection: self.note_all(connection, notes, origin=origin)
        )

    async def note_all(
        self, connection: Connection, notes: Sequence[Note], *, origin: Origin
    ) -> None:
        """Add a row for each note to the unit of work of `connection`; all at one instant."""
        wall_at, business_at = self._clocks()
        made = {"origin": origin.source, "wall_at": wall_at, "business_at": business_at}
        rows = [{**asdict(note), "who": origin.who or note.subject, **made} for note in notes]
        if rows:
            await connection.execute(audit_entries.insert(), rows)
            once_durable(connection, lambda: self._tell(rows))

    def _tell(self, rows: Sequence[Mapping[str, Any]]) -> None:
        if self._events is None:
            return
        for row in rows:
            kind = event_kind(row["what"])
            if kind is not None:
                told = {name: row[name] for name in TOLD if row[name] is not None}
                self._events.tell(kind, **told)

    async def of(self, line: E164, *, most: int = 100) -> tuple[Change, ...]:
        """The latest changes of a line."""
        return (await self.search(subject=line, limit=most)).items

    async def of_contract(
        self, contract: str, *, most: int = 100, before_id: int | None = None
    ) -> tuple[Change, ...]:
        """The latest changes that a contract's own log shows, those before `before_id`."""
        after = str(before_id) if before_id is not None else ""
        return (await self.search(contract=contract, after=after, limit=most)).items

    async def search(
        self,
        *,
        subject: str | None = None,
        who: str | None = None,
        contract: str | None = None,
        after: str = "",
        limit: int = 100,
    ) -> Page[Change]:
        """Changes that fit everything given, newest first; `after` is an earlier page's `next`."""
        limit = page_size(limit)
        columns = audit_entries.c
        conditions: list[ColumnElement[bool]] = [columns.id < _position(after)]
        wanted = ((columns.subject, subject), (columns.who, who), (columns.contract, contract))
        conditions += [column == value for column, value in wanted if value is not None]
        query = select(audit_entries).where(*conditions).order_by(columns.id.desc())

        async def work(connection: Connection) -> Page[Change]:
            rows = (await connection.execute(query.limit(limit + 1))).mappings()
            return paged([Change(**row) for row in rows], limit, lambda change: str(change.id))

        return await self._database.read(work)


def _position(after: str) -> int:
    """The id that a page begins below; an `after` that nobody was given shows nothing."""
    if not after:
        return _NEWEST
    return int(after) if after.isascii() and after.isdecimal() and len(after) <= 9 else 0
