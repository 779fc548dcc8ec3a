"""Counting the calls of a freephone number, from the records that calls leave.

Who had the number before leaves records of it, too: they are nothing to its subscriber of today.
"""

from typing import Any

from sqlalchemy import ColumnElement, Integer, cast, func, literal, select

from provisioning.contract import E164
from provisioning.db.connection import Connection
from provisioning.db.freephone_tables import freephone_versions
from provisioning.db.record_tables import OF_FREEPHONES, call_records
from provisioning.db.unit_of_work import Database
from provisioning.freephone import usage
from provisioning.freephone.model import lines_of
from provisioning.freephone.service import Freephones
from provisioning.freephone.usage import STEPS, By, Count, Some, Span

RUNG = "line"
"""The service of a leg that rang a line itself, rather than whom that forwards to."""


class UsageCounts:
    """The usage of every freephone number (FREE-12)."""

    def __init__(self, database: Database, freephones: Freephones) -> None:
        self._database, self._freephones = database, freephones

    async def count(self, number: E164, span: Span, by: By) -> tuple[Count, ...]:
        """The calls of a number by hour, day or number reached.

        Raises:
            UnknownFreephone: it is not contracted.
            OutOfRange: the span is none, or longer than can be counted.
        """
        kept = self._freephones.kept(number)
        span.checked()
        if by is By.NUMBER:
            found = await self._some(number, span, _reached())
            return usage.by_number(found, (*lines_of(kept.freephone), number))
        begins = literal(usage.start_of(span.since, by))
        since = (call_records.c.business_started_at - begins) / STEPS[by]
        found = await self._some(number, span, cast(func.floor(since), Integer))
        return usage.by_time(found, span, by)

    async def _some(self, number: E164, span: Span, place: ColumnElement[Any]) -> list[Some]:
        columns = call_records.c
        answered = columns.answered_at.is_not(None)
        first = (freephone_versions.c.number == number) & (freephone_versions.c.version == 1)
        contracted = select(freephone_versions.c.wall_at).where(first).scalar_subquery()
        keys = (place.label("place"), columns.service, answered.label("answered"))
        query = (
            select(*keys, func.count().label("calls"))
            .where(
                OF_FREEPHONES,
                columns.leg == 1,
                columns.payer == number,
                columns.started_at >= contracted,
                columns.business_started_at >= span.since,
                columns.business_started_at < span.before,
            )
            .group_by("place", columns.service, "answered")
        )

        async def work(connection: Connection) -> list[Some]:
            rows = await connection.execute(query)
            return [Some(r.place, r.service, bool(r.answered), r.calls) for r in rows]

        return await self._database.read(work)


def _reached() -> ColumnElement[Any]:
    """The line that a call rang last, by the legs beside the caller's; else where it would lead."""
    far = call_records.alias("far")
    rung = (
        select(far.c.line)
        .where(far.c.call_id == call_records.c.call_id, far.c.leg > 1, far.c.line.is_not(None))
        .order_by((far.c.service == RUNG).desc(), far.c.leg.desc())
        .limit(1)
        .scalar_subquery()
    )
    return func.coalesce(rung, call_records.c.destination)
