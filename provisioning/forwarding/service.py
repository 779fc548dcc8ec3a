"""Change diversions: one unit of work each, with its audit row."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from functools import partial

from provisioning.audit.model import Origin
from provisioning.audit.store import Audit
from provisioning.contract import (
    E164,
    CarrierProfile,
    Condition,
    Directory,
    Diversions,
    Line,
    Profiles,
    UnknownLine,
)
from provisioning.db import news
from provisioning.db.connection import Connection
from provisioning.db.news import Topic
from provisioning.db.unit_of_work import Database, once_durable
from provisioning.forwarding import model, store
from provisioning.forwarding.store import MemoryDiversions

Stop = Callable[[Connection, E164, Origin], Awaitable[None]]
"""Stops another service of a line, within the unit of work that changes its forwarding."""

Change = Callable[[Diversions, Line, CarrierProfile], Diversions]

Wanted = Callable[[Diversions, CarrierProfile], Diversions]
"""What is wanted of a line's diversions as they stand."""


class StoredForwarding:
    """The diversions of every line (FWD-01 to FWD-06); `origin` is who changes them here.

    `rivals`: how to stop the services that a profile's rules name beside forwarding (FWD-09).
    """

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
        self._memory = MemoryDiversions()
        self.rivals: dict[str, Stop] = {}

    def by(self, origin: Origin) -> "StoredForwarding":
        """The same diversions, changed by somebody else."""
        other = StoredForwarding(
            self._database, self._directory, self._profiles, self._audit, origin
        )
        other._memory, other.rivals = self._memory, self.rivals
        return other

    async def refresh(self) -> None:
        """Read every diversion anew; a change made meanwhile is not lost."""
        while True:
            changes = self._memory.changes
            found: Mapping[E164, Diversions] = await self._database.read(store.read_all)
            if changes == self._memory.changes:
                self._memory.replace(found)
                return

    async def learn(self, lines: Collection[str]) -> None:
        """Read the diversions of these lines anew, or all: another node changed them."""
        if not lines:
            await self.refresh()
        for line in map(E164, sorted(lines)):
            with suppress(UnknownLine):
                await self._database.write(partial(self._read, line=line))

    async def _read(self, connection: Connection, line: E164) -> None:
        """Locked, as a change is, so that the ticket puts it behind what was read."""
        found = await store.read(connection, line, to_change=True)
        ticket = self._memory.ticket()
        once_durable(connection, lambda: self._memory.put(line, found, ticket))

    def forget(self, line: E164) -> None:
        """Know nothing of a line that was removed."""
        self._memory.forget(line)

    async def of(self, line: E164) -> Diversions:
        """The diversions of `line`, from memory; `UnknownLine` when there is no such line."""
        known, profile = self._line(line)
        default = profile.ring_times.default
        return self._memory.get(known.number) or Diversions(ring_time_s=default)

    async def start(
        self, line: E164, conditions: Collection[Condition] = (Condition.CFNR,)
    ) -> Diversions:
        """Switch forwarding on; `NoTarget` when a condition never got a number."""
        return await self._change(
            line,
            "forwarding started",
            lambda old, _, profile: model.started(old, profile.forwarding, conditions),
        )

    async def stop(self, line: E164) -> None:
        """Switch forwarding off and keep the numbers."""
        rules = self._line(line)[1].forwarding
        await self._change(
            line, "forwarding stopped", lambda old, *_: model.stopped(old), rules.stop_stops
        )

    async def set_target(self, line: E164, target: E164) -> None:
        """Set the destination of every condition; `OutOfRange` when FWD-06 refuses it."""
        await self._change(
            line,
            "forwarding target set",
            lambda old, known, profile: model.aimed(
                old, profile.forwarding, _checked(target, known)
            ),
        )

    async def forward(self, line: E164, condition: Condition, target: E164) -> Diversions:
        """Set the destination of a condition and switch it on (FWD-02); `OutOfRange` as above."""

        def change(old: Diversions, known: Line, profile: CarrierProfile) -> Diversions:
            rules = profile.forwarding
            aimed = model.aimed(old, rules, _checked(target, known), (condition,))
            return model.started(aimed, rules, (condition,))

        return await self._change(line, "forwarding started", change)

    async def set_ring_time(self, line: E164, seconds: int) -> None:
        """Set the no-answer time; `OutOfRange` outside the bounds of the line's profile."""
        await self._change(
            line,
            "ring time set",
            lambda old, _, profile: model.ringing(old, seconds, profile.ring_times),
        )

    async def put(self, line: E164, wanted: Diversions | Wanted) -> Diversions:
        """Make everything as `wanted` in one change; raises what the single changes raise."""

        def change(old: Diversions, known: Line, profile: CarrierProfile) -> Diversions:
            new = wanted if isinstance(wanted, Diversions) else wanted(old, profile)
            return model.whole(new, known, profile, old)

        return await self._change(line, "forwarding set", change)

    async def stop_within(self, connection: Connection, line: E164, origin: Origin) -> None:
        """Switch forwarding off in another service's unit of work, which starts that (FWD-09)."""
        old = await store.read(connection, line, to_change=True)
        if old.active:
            await self._keep(
                connection, line, "forwarding stopped", (old, model.stopped(old)), origin
            )

    def _line(self, number: E164) -> tuple[Line, CarrierProfile]:
        line = self._directory.line(number)
        if line is None:
            raise UnknownLine(f"no line {number}")
        return line, self._profiles.of(line.profile)

    async def _change(
        self, line: E164, what: str, change: Change, stops: Collection[str] = ()
    ) -> Diversions:
        known, profile = self._line(line)

        async def work(connection: Connection) -> Diversions:
            old = await store.read(connection, line, to_change=True)
            new = change(old, known, profile)
            await self._keep(connection, line, what, (old, new), self._origin)
            starts = profile.forwarding.start_stops if set(new.active) - set(old.active) else ()
            for rival in sorted({*stops, *starts} & self.rivals.keys()):
                await self.rivals[rival](connection, line, self._origin)
            return new

        return await self._database.write(work)

    async def _keep(
        self,
        connection: Connection,
        line: E164,
        what: str,
        change: tuple[Diversions, Diversions],
        origin: Origin,
    ) -> None:
        old, new = change
        ticket = self._memory.ticket()
        await store.write(connection, line, new)
        before, after = model.words(old), model.words(new)
        await self._audit.note(connection, line, what, before=before, after=after, origin=origin)
        once_durable(connection, lambda: self._memory.put(line, new, ticket))
        news.tell(connection, Topic.FORWARDING, [line])


def _checked(target: E164, line: Line) -> E164:
    return model.checked(target, line.number, abroad=model.ABROAD in line.options)
