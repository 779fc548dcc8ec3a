"""Change diversions: one unit of work each, with its audit row."""

from collections.abc import Callable

from sqlalchemy.ext.asyncio import AsyncConnection

from provisioning.audit.model import Origin
from provisioning.audit.store import Audit
from provisioning.contract import E164, Directory, Diversion, Line, Profiles, RingTimes, UnknownLine
from provisioning.db.unit_of_work import Database
from provisioning.forwarding import model, store


class StoredForwarding:
    """The diversions of every line (FWD-01); `origin` is who changes them here."""

    def __init__(
        self,
        database: Database,
        directory: Directory,
        profiles: Profiles,
        audit: Audit,
        origin: Origin = Origin(),  # noqa: B008 - a frozen value
    ) -> None:
        self._database, self._directory, self._profiles = database, directory, profiles
        self._audit, self._origin = audit, origin

    def by(self, origin: Origin) -> "StoredForwarding":
        """The same diversions, changed by somebody else."""
        return StoredForwarding(
            self._database, self._directory, self._profiles, self._audit, origin
        )

    async def of(self, line: E164) -> Diversion:
        """The diversion of `line`; `UnknownLine` when there is no such line."""
        return await self._database.read(lambda connection: store.read(connection, line))

    async def start(self, line: E164) -> Diversion:
        """Switch forwarding on; `NoTarget` when no number was ever set."""
        return await self._change(line, "forwarding started", model.started)

    async def stop(self, line: E164) -> None:
        """Switch forwarding off and keep the number."""
        await self._change(line, "forwarding stopped", model.stopped)

    async def set_target(self, line: E164, target: E164) -> None:
        """Set the destination; `OutOfRange` when FWD-06 refuses it."""
        await self._change(
            line,
            "forwarding target set",
            lambda old: model.aimed(old, line, target, abroad=self._abroad(line)),
        )

    async def set_ring_time(self, line: E164, seconds: int) -> None:
        """Set the no-answer time; `OutOfRange` outside the bounds of the line's profile."""
        await self._change(
            line, "ring time set", lambda old: model.ringing(old, seconds, self.bounds(line))
        )

    async def put(self, line: E164, wanted: Diversion) -> Diversion:
        """Make everything as `wanted` in one change; raises what the single changes raise."""

        def change(old: Diversion) -> Diversion:
            new = model.ringing(old, wanted.ring_time_s, self.bounds(line))
            if wanted.target is not None:
                new = model.aimed(new, line, wanted.target, abroad=self._abroad(line))
            else:
                new = Diversion(ring_time_s=new.ring_time_s)
            return model.started(new) if wanted.active else model.stopped(new)

        return await self._change(line, "forwarding set", change)

    def bounds(self, line: E164) -> RingTimes:
        """The no-answer times that the line's profile allows."""
        return self._profiles.of(self._line(line).profile).ring_times

    def _abroad(self, line: E164) -> bool:
        return model.ABROAD in self._line(line).options

    def _line(self, number: E164) -> Line:
        line = self._directory.line(number)
        if line is None:
            raise UnknownLine(f"no line {number}")
        return line

    async def _change(
        self, line: E164, what: str, change: Callable[[Diversion], Diversion]
    ) -> Diversion:
        async def work(connection: AsyncConnection) -> Diversion:
            old = await store.read(connection, line, to_change=True)
            new = change(old)
            await store.write(connection, line, new)
            await self._audit.note(
                connection,
                line,
                what,
                before=model.words(old),
                after=model.words(new),
                origin=self._origin,
            )
            return new

        return await self._database.write(work)
