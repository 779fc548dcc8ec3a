"""The audit rows: written in the unit of work of the change itself, never altered."""

from collections.abc import Callable
from dataclasses import asdict

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from provisioning.audit.model import Change, Origin
from provisioning.contract import E164
from provisioning.db.tables import setting_changes
from provisioning.db.unit_of_work import Database

Clocks = Callable[[], tuple[float, float]]
"""(wall time, business time), UTC epoch seconds."""


class Audit:
    """Notes changes and reads them back, newest first."""

    def __init__(self, database: Database, clocks: Clocks) -> None:
        self._database, self._clocks = database, clocks

    async def note(
        self,
        connection: AsyncConnection,
        line: E164,
        what: str,
        *,
        before: str,
        after: str,
        origin: Origin,
    ) -> None:
        """Add a row to the unit of work of `connection`."""
        wall_at, business_at = self._clocks()
        who = origin.who or line
        change = Change(line, what, before, after, who, origin.source, wall_at, business_at)
        await connection.execute(setting_changes.insert(), asdict(change))

    async def of(self, line: E164, *, most: int = 100) -> tuple[Change, ...]:
        """The latest changes of a line."""
        query = (
            select(setting_changes)
            .where(setting_changes.c.line == line)
            .order_by(setting_changes.c.id.desc())
            .limit(most)
        )

        async def work(connection: AsyncConnection) -> tuple[Change, ...]:
            rows = (await connection.execute(query)).mappings()
            return tuple(Change(**{k: v for k, v in row.items() if k != "id"}) for row in rows)

        return await self._database.read(work)
