"""Voicemail as the office offers it: every box, its settings and what callers left in it."""

import asyncio
import logging
from collections.abc import Callable, Collection
from copy import copy
from pathlib import Path

from provisioning.audit.model import Origin
from provisioning.audit.store import Audit
from provisioning.contract import (
    E164,
    Condition,
    Counts,
    Deposit,
    Directory,
    Greeting,
    Line,
    Mailbox,
    MessageMark,
    PinVerdict,
    Profiles,
    StorageUnavailable,
    VoiceMessage,
)
from provisioning.db.connection import Connection
from provisioning.db.unit_of_work import Database, once_durable
from provisioning.voicemail import model, store
from provisioning.voicemail.boxes import Boxes, Change, Stop
from provisioning.voicemail.copies import SoundCopies
from provisioning.voicemail.disk import Disk
from provisioning.voicemail.intake import Intake
from provisioning.voicemail.model import Box, Limits
from provisioning.voicemail.shelf import Shelf

log = logging.getLogger("tokuban.voicemail")

FOLDER = "voicemail"
"""Where the files lie, in the data folder."""


class StoredMailboxes:
    """The voicemail of every line (VM-01 to VM-08); `by` says who changes it."""

    name = "voicemail"

    def __init__(
        self,
        database: Database,
        data: Path,
        directory: Directory,
        profiles: Profiles,
        audit: Audit,
        clock: Callable[[], float],
        limits: Limits,
    ) -> None:
        self._clock, self._limits, self._origin = clock, limits, Origin()
        self._disk = Disk(data / FOLDER)
        self._boxes = Boxes(database, directory, profiles, audit, self._disk)
        memory = self._boxes.memory
        self._shelf = Shelf(database, self._disk, memory, audit)
        self._intake = Intake(self._disk, self._shelf, memory, self._boxes.found, limits)
        self._sweep: list[asyncio.TimerHandle] = []
        self.copies = SoundCopies(self._disk, self.tidy)

    def by(self, origin: Origin) -> "StoredMailboxes":
        """The same boxes, changed by somebody else."""
        other = copy(self)
        other._origin = origin
        return other

    @property
    def watchers(self) -> list[Callable[[E164, Counts], None]]:
        """Told whose box changed, and how it counts now."""
        return self._boxes.memory.watchers

    def excludes_forwarding(self, stop: Stop) -> None:
        """How to stop forwarding where a line has one of both only (FWD-09)."""
        self._boxes.stop_forwarding = stop

    async def open(self) -> None:
        """Take over what killed processes left, and bring files and rows together.

        Raises:
            StorageUnavailable: the folder cannot be written.
        """
        try:
            await self._disk.run(self._disk.folder.open)
        except OSError as error:
            raise StorageUnavailable(
                f"the folder of voice messages cannot be written ({error.strerror}): make it "
                "writable, or choose another data folder"
            ) from error
        async with self._disk.alone():
            await self._intake.inherit()
        await self.tidy()

    async def refresh(self) -> None:
        """Read every box anew; a change made meanwhile is not lost."""
        await self._boxes.refresh()

    async def learn(self, lines: Collection[str]) -> None:
        """Read the boxes of these lines anew, or all: another node changed them."""
        await self._boxes.learn(lines)

    async def tidy(self) -> None:
        """Bring files and rows together, now and every `sweep_s` from now on."""
        self._cancel_sweep()
        try:
            async with self._disk.alone():
                await self._shelf.tidy()
        except (StorageUnavailable, OSError) as error:
            log.warning("the folder of voice messages is not tidied up: %s", error)
        loop = asyncio.get_running_loop()
        self._cancel_sweep()
        self._sweep.append(loop.call_later(self._limits.sweep_s, self.tidy_soon))

    def tidy_soon(self) -> None:
        """The same, without waiting."""
        self._disk.held(self.tidy())

    def forget(self, line: E164) -> None:
        """Know nothing of a line that was removed; its files go."""
        if self._boxes.memory.box(line) is not None:
            self._boxes.memory.forget(line)
            self.tidy_soon()

    async def close(self) -> None:
        """Finish what was begun; what is being left right now is there after the next start."""
        await self._disk.drained()
        self._cancel_sweep()
        await asyncio.to_thread(self._intake.close)
        self._disk.close()

    async def of(self, line: E164) -> Mailbox | None:
        """How the line's box is set, from memory; None when it has no voicemail."""
        found = self._boxes.found(line)
        return found[0].shown(found[1]) if found is not None else None

    async def start(self, line: E164, conditions: Collection[Condition] | None = None) -> Mailbox:
        """Switch it on; stops forwarding where the profile has one of both only (FWD-09)."""
        box = await self._boxes.start(line, conditions, self._origin)
        return box.shown(self._boxes.rules(line))

    async def stop(self, line: E164) -> None:
        """Switch it off; messages stay."""
        await self._change(line, "voicemail stopped", lambda box, _: model.stopped(box))

    async def set_ring_time(self, line: E164, seconds: int) -> None:
        """Set the seconds before a call is taken; `OutOfRange` outside the profile's bounds."""
        what = "voicemail ring time set"
        await self._change(line, what, lambda box, rules: model.ringing(box, rules, seconds))

    async def set_taking(self, line: E164, takes_messages: bool) -> None:
        """Record callers, or greet them only; `OutOfRange` where the profile cannot refuse any."""
        what = "voicemail takes messages" if takes_messages else "voicemail takes no messages"
        await self._change(line, what, lambda box, rules: model.taking(box, rules, takes_messages))

    async def set_greeting(self, line: E164, greeting: Greeting, ulaw: bytes | None = None) -> None:
        """Choose a greeting; `ulaw` is the owner's own, kept for later when None."""
        if ulaw is not None:
            setting = self._boxes.set_own_greeting(line, greeting, ulaw, self._origin)
            await self._disk.whole(setting)
            return
        what = "voicemail greeting chosen"
        await self._change(line, what, lambda box, _: model.greeting(box, greeting))

    async def greeting(self, line: E164) -> bytes | None:
        """The owner's own words; None when another greeting is chosen."""
        return await self._boxes.own_greeting(line)

    async def set_pin(self, line: E164, pin: str | None) -> None:
        """Set the PIN of four digits and unlock the box; None: no remote use."""
        await self._boxes.set_pin(line, pin, self._origin)

    async def unlock(self, line: E164) -> None:
        """Let the box be used remotely again, with the PIN it has."""
        await self._change(
            line, "voicemail unlocked", lambda box, _: model.with_pin(box, box.pin_hash)
        )

    async def check_pin(self, line: E164, pin: str) -> PinVerdict:
        """Judge a PIN and count the wrong ones; a right one forgets them."""
        return await self._boxes.check_pin(line, pin, self._origin)

    async def deposit(self, line: E164, caller: str | None, call_id: str) -> Deposit:
        """Take a place in the box and on the disk, before the tone."""
        return await self._intake.take(
            line, self._boxes.rules(line), caller, call_id, self._clock()
        )

    async def counts(self, line: E164) -> Counts:
        """How many messages of each mark are in the box."""
        self._boxes.rules(line)
        return await self._shelf.counts(line)

    async def messages(self, line: E164) -> tuple[VoiceMessage, ...]:
        """What is in the box: new ones first, the oldest first of each (VM-03)."""
        self._boxes.rules(line)
        return await self._shelf.of_line(line)

    async def message(self, line: E164, message: str) -> VoiceMessage:
        """One of them; `UnknownVoiceMessage`."""
        self._boxes.rules(line)
        return await self._shelf.get(line, message)

    async def sound(self, line: E164, message: str) -> bytes:
        """The sound of a message; `UnknownVoiceMessage`."""
        self._boxes.rules(line)
        return await self._shelf.sound(line, message)

    async def mark(self, line: E164, message: str, mark: MessageMark) -> VoiceMessage:
        """Mark it; its time does not change (VM-04)."""
        self._boxes.rules(line)
        return await self._shelf.mark(line, message, mark, self._origin)

    async def erase(self, line: E164, message: str) -> None:
        """Gone from disk and database."""
        self._boxes.rules(line)
        await self._shelf.erase(line, message, self._origin)

    async def next_due(self) -> float | None:
        """When the first message's time is over, business time."""
        return await self._shelf.next_end()

    async def run_due(self, until: float) -> None:
        """Remove every message whose time is over at business time `until` (VM-04)."""
        await self._shelf.expire(until)

    async def stop_within(self, connection: Connection, line: E164, origin: Origin) -> None:
        """Switch it off in another service's unit of work, which starts that (FWD-09)."""
        await self._boxes.stop_within(connection, line, origin)

    async def begin_within(
        self, connection: Connection, line: Line, wanted: Box | None = None, *, forwards: bool
    ) -> bool:
        """Give a line its box in the unit of work that makes it or contracts the option.

        One that has a box keeps it as it is; `wanted` is how a seed wants it on its first day.
        Whether the line was given one.
        """
        return await self._boxes.begin_within(connection, line, wanted, forwards=forwards)

    async def end_within(self, connection: Connection, line: E164) -> None:
        """Remove a line's messages in the unit of work that ends the option or the line."""
        if await store.known(connection, line) is not None:
            await self._shelf.empty(connection, line)
            once_durable(connection, lambda: self.forget(line))

    async def _change(self, line: E164, what: str, change: Change) -> None:
        await self._boxes.change(line, what, change, self._origin)

    def _cancel_sweep(self) -> None:
        while self._sweep:
            self._sweep.pop().cancel()
