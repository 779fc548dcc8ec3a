"""How every box is set: read from memory, changed in one unit of work with its audit row."""

import logging
import uuid
from collections.abc import Awaitable, Callable, Collection
from functools import partial

from provisioning import passwords
from provisioning.audit.model import Origin
from provisioning.audit.store import Audit
from provisioning.contract import (
    E164,
    Condition,
    Directory,
    Greeting,
    Line,
    NotContracted,
    PinVerdict,
    Profiles,
    StorageUnavailable,
    UnknownLine,
    VoicemailRules,
)
from provisioning.db import news
from provisioning.db.connection import Connection
from provisioning.db.news import Topic
from provisioning.db.unit_of_work import Database, once_durable
from provisioning.voicemail import model, store
from provisioning.voicemail.disk import Disk
from provisioning.voicemail.memory import MemoryBoxes
from provisioning.voicemail.model import OPTION, Box

log = logging.getLogger("tokuban.voicemail")

Stop = Callable[[Connection, E164, Origin], Awaitable[None]]
"""Stops another service of a line, within the unit of work that starts its voicemail."""

Change = Callable[[Box, VoicemailRules], Box]


class Boxes:
    """The box of every line.

    `stop_forwarding`: how to stop a line's forwarding where one excludes the other (FWD-09).
    """

    def __init__(
        self,
        database: Database,
        directory: Directory,
        profiles: Profiles,
        audit: Audit,
        disk: Disk,
    ) -> None:
        self._database, self._directory, self._profiles = database, directory, profiles
        self._audit, self._disk = audit, disk
        self.memory = MemoryBoxes()
        self.stop_forwarding: Stop | None = None

    def rules(self, number: E164) -> VoicemailRules:
        """What the line's voicemail is like; `UnknownLine`, or `NotContracted` without one."""
        line = self._directory.line(number)
        if line is None:
            raise UnknownLine(f"no line {number}")
        rules = self.rules_of(line)
        if rules is None:
            raise NotContracted(f"{number} has not contracted voicemail")
        return rules

    def rules_of(self, line: Line | None) -> VoicemailRules | None:
        """The same; None without one."""
        if line is None or OPTION not in line.options:
            return None
        return self._profiles.of(line.profile).voicemail

    def found(self, number: E164) -> tuple[Box, VoicemailRules] | None:
        """A line's box, from memory; None when it has none."""
        rules = self.rules_of(self._directory.line(number))
        return (self._box(number, rules), rules) if rules is not None else None

    async def refresh(self) -> None:
        """Read every box anew; a change made meanwhile is not lost."""
        while True:
            changes = self.memory.changes
            found = await self._database.read(store.everything)
            if changes == self.memory.changes:
                self.memory.replace(*found)
                return

    async def learn(self, lines: Collection[str]) -> None:
        """Read the boxes of these lines anew, or all: another node changed them."""
        if not lines:
            await self.refresh()
        for line in map(E164, sorted(lines)):
            await self._database.write(partial(self._read, line=line))

    async def start(
        self, line: E164, conditions: Collection[Condition] | None, origin: Origin
    ) -> Box:
        """Switch voicemail on, and forwarding off where a line has one of both only."""
        known = self._directory.line(line)
        only = known is not None and OPTION in self._forwarding_stops(known)
        return await self.change(
            line,
            "voicemail started",
            lambda box, rules: model.started(box, rules, conditions),
            origin,
            rival=self.stop_forwarding if only else None,
        )

    async def set_own_greeting(
        self, line: E164, greeting: Greeting, ulaw: bytes, origin: Origin
    ) -> None:
        """Keep the owner's own words, and choose a greeting."""
        model.checked_greeting(self.rules(line), ulaw)
        folder, own = self._disk.folder, str(uuid.uuid4())
        try:
            await self._disk.run(folder.put, own, ulaw)
        except OSError as error:
            await self._disk.run(folder.drop, own)
            raise StorageUnavailable(f"the disk takes no greeting ({error.strerror})") from error
        before = self.found(line)
        try:
            await self.change(
                line,
                "voicemail greeting recorded",
                lambda box, _: model.recorded(box, greeting, own, folder.store),
                origin,
            )
        except StorageUnavailable:
            raise  # the change may have been kept after all: the next start sees which
        except BaseException:
            await self._disk.run(folder.drop, own)
            raise
        await self._disk.run(folder.settled, own)
        if before is not None and before[0].own is not None:
            await self._disk.run(folder.remove, before[0].own)

    async def own_greeting(self, line: E164) -> bytes | None:
        """The owner's own words; None when another greeting is chosen, or they are elsewhere."""
        box = self._box(line, self.rules(line))
        if box.greeting is not Greeting.OWN or box.own is None:
            return None
        ulaw = await self._disk.run(self._disk.folder.sound, box.own)
        if ulaw is None:
            log.error("the own greeting of %s is not in this folder", line)
        return ulaw

    async def set_pin(self, line: E164, pin: str | None, origin: Origin) -> None:
        """Set the PIN, or none, and unlock the box."""
        self.rules(line)
        pin_hash = None if pin is None else await passwords.hashed(model.checked_pin(pin))
        what = "voicemail PIN removed" if pin is None else "voicemail PIN set"
        await self.change(line, what, lambda box, _: model.with_pin(box, pin_hash), origin)

    async def check_pin(self, line: E164, pin: str, origin: Origin) -> PinVerdict:
        """Judge a PIN; a try counts before it is judged, so that many at once gain nothing."""
        rules = self.rules(line)
        if self._box(line, rules).pin_hash is None:
            return PinVerdict.WRONG
        was_locked: list[bool] = []

        def one_more(box: Box, rules: VoicemailRules) -> Box:
            was_locked.append(box.is_locked(rules))
            return model.tried(box, rules)

        box = await self.change(line, None, one_more, origin)
        if was_locked[-1]:
            return PinVerdict.LOCKED
        if box.pin_hash is not None and await passwords.fits(box.pin_hash, pin):
            await self.change(line, None, lambda old, _: model.with_pin(old, old.pin_hash), origin)
            return PinVerdict.RIGHT
        locked = box.is_locked(rules)
        what = "voicemail locked against remote use" if locked else "voicemail PIN wrong"
        await self._database.write(
            lambda connection: self._audit.note(connection, line, what, origin=origin)
        )
        return PinVerdict.LOCKED if locked else PinVerdict.WRONG

    async def change(
        self,
        line: E164,
        what: str | None,
        change: Change,
        origin: Origin,
        *,
        rival: Stop | None = None,
    ) -> Box:
        """What the line's box becomes; `what` the audit says of it, if anything."""
        rules = self.rules(line)
        fresh = self._box(line, rules)

        async def work(connection: Connection) -> Box:
            # Forwarding locks its own rows before a box's: so does this.
            if rival is not None:
                await rival(connection, line, origin)
            old = await store.box(connection, line, fresh)
            new = change(old, rules)
            await self._keep(connection, line, what, (old, new), origin)
            return new

        return await self._database.write(work)

    async def stop_within(self, connection: Connection, line: E164, origin: Origin) -> None:
        """Switch voicemail off in another service's unit of work, which starts that (FWD-09)."""
        old = await store.known(connection, line)
        if old is not None and old.conditions:
            new = model.stopped(old)
            await self._keep(connection, line, "voicemail stopped", (old, new), origin)

    async def begin_within(
        self, connection: Connection, line: Line, wanted: Box | None, *, forwards: bool
    ) -> bool:
        """Give a line its box, unless it has one, in the unit of work that contracts the option.

        Whether it was given one.
        """
        rules = self.rules_of(line)
        if rules is None:
            return False
        box = wanted or model.begun(rules, forwards=forwards)
        if not await store.begin(connection, line.number, box):
            return False
        ticket = self.memory.ticket()
        once_durable(connection, lambda: self.memory.put_box(line.number, box, ticket))
        news.tell(connection, Topic.VOICEMAIL, [line.number])
        return True

    async def _read(self, connection: Connection, line: E164) -> None:
        """Locked, as a change is, so that the ticket puts it behind what was read."""
        box = await store.known(connection, line)
        ticket, counts = self.memory.ticket(), await store.counts(connection, line)
        if box is None:
            once_durable(connection, lambda: self.memory.forget(line))
            return
        once_durable(connection, lambda: self.memory.put_box(line, box, ticket))
        once_durable(connection, lambda: self.memory.put_counts(line, counts, ticket))

    def _box(self, line: E164, rules: VoicemailRules) -> Box:
        return self.memory.box(line) or model.begun(rules, forwards=False)

    def _forwarding_stops(self, line: Line) -> frozenset[str]:
        return self._profiles.of(line.profile).forwarding.start_stops

    async def _keep(
        self,
        connection: Connection,
        line: E164,
        what: str | None,
        change: tuple[Box, Box],
        origin: Origin,
    ) -> None:
        old, new = change
        ticket = self.memory.ticket()
        await store.write(connection, line, new)
        if what is not None:
            before, after = model.words(old), model.words(new)
            await self._audit.note(
                connection, line, what, before=before, after=after, origin=origin
            )
        once_durable(connection, lambda: self.memory.put_box(line, new, ticket))
        news.tell(connection, Topic.VOICEMAIL, [line])
