"""Messages on their way into a box: a place, a file that grows, and a row at last (VM-08)."""

import asyncio
import logging
import uuid
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from weakref import WeakValueDictionary

from provisioning.contract import (
    E164,
    BoxFull,
    MessageMark,
    NoRoom,
    StorageUnavailable,
    VoicemailRules,
    VoiceMessage,
)
from provisioning.voicemail import model
from provisioning.voicemail.arrivals import Arrival, Arrivals
from provisioning.voicemail.disk import Disk
from provisioning.voicemail.memory import MemoryBoxes
from provisioning.voicemail.model import Box, Left, Limits
from provisioning.voicemail.shelf import Shelf
from provisioning.voicemail.writer import Recording, RecordingWriter

log = logging.getLogger("tokuban.voicemail")

FindBox = Callable[[E164], tuple[Box, VoicemailRules] | None]
"""A line's box, from memory; None when it has no voicemail."""


class Places:
    """Who is in a box, or on the way into it; one at a time looks at a box for a free place."""

    def __init__(self) -> None:
        self._taken: dict[E164, set[str]] = defaultdict(set)
        self._turns: WeakValueDictionary[E164, asyncio.Lock] = WeakValueDictionary()

    def turn(self, line: E164) -> asyncio.Lock:
        """What to hold while looking for a place in a line's box."""
        return self._turns.setdefault(line, asyncio.Lock())

    def of(self, line: E164) -> frozenset[str]:
        """The messages on their way into a box."""
        return frozenset(self._taken.get(line, ()))

    def take(self, line: E164, message: str) -> None:
        """One more is on its way."""
        self._taken[line].add(message)

    def leave(self, line: E164, message: str) -> None:
        """It is there, or will never be."""
        taken = self._taken.get(line, set())
        taken.discard(message)
        if not taken:
            self._taken.pop(line, None)


class Intake:
    """Takes messages; one that the database does not take waits on disk, in its place."""

    def __init__(
        self, disk: Disk, shelf: Shelf, memory: MemoryBoxes, find: FindBox, limits: Limits
    ) -> None:
        self._disk, self._shelf, self._memory = disk, shelf, memory
        self._find, self._limits = find, limits
        self._arrivals = Arrivals(disk, shelf.put)
        self._places = Places()
        self._asked = 0
        """Octets that recordings may still need of the disk."""
        self._waiting: dict[str, tuple[Left, float, bool]] = {}
        self._retry: asyncio.TimerHandle | None = None
        self._closed = False
        self.writer = RecordingWriter()

    async def take(
        self, line: E164, rules: VoicemailRules, caller: str | None, call_id: str, now: float
    ) -> "StoredDeposit":
        """A place and a file for a message; `BoxFull`, or `NoRoom` on the disk."""
        left = Left(
            id=str(uuid.uuid4()),
            line=line,
            caller=caller[: model.LONGEST_NAME] if caller is not None else None,
            call_id=call_id[:256],
            recorded_at=now,
            expires_at=now + rules.keep_s,
        )
        await self._take_place(left, rules.messages)
        making = self._disk.held(self._make(left, model.octets(rules.longest_s)))
        try:
            return await asyncio.shield(making)
        except asyncio.CancelledError:
            making.add_done_callback(self._abandon)
            raise

    async def inherit(self) -> int:
        """Put what killed processes left into the boxes; how many messages that was."""
        found = await self._disk.run(self._disk.folder.remains)
        for each in found:
            self._places.take(each.left.line, each.left.id)
        await asyncio.gather(
            *(
                self.settle(each.left, model.seconds(each.octets), interrupted=not each.finished)
                for each in found
            )
        )
        if found:
            log.warning("a carrier ended without warning: %d voice messages taken over", len(found))
        return len(found)

    async def settle(self, left: Left, duration_s: float, *, interrupted: bool) -> bool:
        """Bring an ended message into its box, now or when the database is back.

        False when there is nothing to keep: it is too short, or the line has no box any more.
        """
        found = self._find(left.line)
        if duration_s < model.SHORTEST_S or found is None:
            await self.drop(left)
            return False
        try:
            if not await self._arrivals.put(Arrival(left, found[0], duration_s, interrupted)):
                await self.drop(left)
                return False
        except StorageUnavailable as error:
            if not self._waiting:
                log.error("voice messages wait on disk for the database: %s", error)
            self._waiting[left.id] = (left, duration_s, interrupted)
            self._try_again_later()
            return True
        self._waiting.pop(left.id, None)
        await self._disk.run(self._disk.folder.settled, left.id)
        self._places.leave(left.line, left.id)
        return True

    async def drop(self, left: Left) -> None:
        """Keep nothing of a message."""
        self._waiting.pop(left.id, None)
        await self._disk.run(self._disk.folder.drop, left.id)
        self._places.leave(left.line, left.id)

    async def end(self, recording: Recording, asked: int) -> None:
        """Write no more to a recording; its share of the disk is free again."""
        self._asked -= asked
        await self._disk.run(self.writer.end, recording)

    async def finish(self, left: Left) -> None:
        """Note that the caller ended the message; a disk that refuses that loses nothing else."""
        try:
            await self._disk.run(self._disk.folder.finish, left.id)
        except OSError as error:
            log.error("the end of a voice message cannot be noted: %s", error.strerror)

    def close(self) -> None:
        """Write what waits, and leave the rest to the next start; blocks."""
        self._closed = True
        if self._retry is not None:
            self._retry.cancel()
        self.writer.close()

    async def _take_place(self, left: Left, most: int) -> None:
        async with self._places.turn(left.line):
            count = await self._count(left.line)
            if count >= most:
                raise BoxFull(f"{count} messages are in the box, or on their way into it")
            self._places.take(left.line, left.id)

    async def _count(self, line: E164) -> int:
        """How many are in a box, or on their way into it; as far as known without a database."""
        before = self._places.of(line)
        with suppress(StorageUnavailable):
            if not self._waiting:  # else it is away, and a caller would wait for nothing
                there = await self._shelf.ids(line)
                # One may have come into the box meanwhile: it is in either set.
                return len(there | before | self._places.of(line))
        return sum(self._memory.counts(line)) + len(self._places.of(line))

    async def _make(self, left: Left, asked: int) -> "StoredDeposit":
        self._asked += asked
        try:
            await self._check_room()
            descriptor = await self._disk.run(self._disk.folder.begin, left)
        except BaseException:
            self._asked -= asked
            self._places.leave(left.line, left.id)
            raise
        return StoredDeposit(self, self._disk, left, descriptor, asked)

    async def _check_room(self) -> None:
        """`NoRoom` unless every recording that goes on may last as long as it is allowed to."""
        try:
            free = await self._disk.run(self._disk.folder.free_bytes)
        except OSError as error:
            raise NoRoom(f"the disk cannot be asked ({error.strerror})") from error
        if free < self._asked + self._limits.reserve_bytes:
            raise NoRoom(f"{free // 2**20} MiB are free on the disk of recordings")

    def _abandon(self, making: "asyncio.Future[StoredDeposit]") -> None:
        """Nobody waits any more for the place that was made."""
        if not making.cancelled() and making.exception() is None:
            self._disk.held(making.result().drop())

    def _try_again_later(self) -> None:
        if self._retry is None and not self._closed:
            loop = asyncio.get_running_loop()
            self._retry = loop.call_later(self._limits.retry_s, self._try_again)

    def _try_again(self) -> None:
        self._retry = None
        self._disk.held(self._settle_all())

    async def _settle_all(self) -> None:
        waiting = list(self._waiting.values())
        if waiting and await self._settle_again(waiting[0]):
            await asyncio.gather(*map(self._settle_again, waiting[1:]))

    async def _settle_again(self, waiting: tuple[Left, float, bool]) -> bool:
        """Whether the database took it, or it was dropped."""
        left, duration_s, interrupted = waiting
        await self.settle(left, duration_s, interrupted=interrupted)
        return left.id not in self._waiting


class StoredDeposit:
    """A message that is being left into a file."""

    def __init__(self, intake: Intake, disk: Disk, left: Left, descriptor: int, asked: int) -> None:
        self._intake, self._disk, self._left, self._asked = intake, disk, left, asked
        self._recording = intake.writer.begin(descriptor, self._tell_failed)
        self._ending: asyncio.Future[VoiceMessage | None] | None = None
        self.on_failed: Callable[[], None] | None = None

    @property
    def seconds(self) -> float:
        """How much was written."""
        return model.seconds(self._recording.octets)

    def write(self, ulaw: bytes) -> None:
        """Add the sound that follows; never waits."""
        self._recording.add(ulaw)

    async def sound(self) -> bytes:
        """What was recorded so far."""
        return await self._disk.run(self._recording.sound)

    async def begin_anew(self) -> None:
        """Forget what was recorded."""
        await self._disk.run(self._recording.begin_anew)

    async def keep(self) -> VoiceMessage | None:
        """End it: the message is in the box, or waits on disk for the database."""
        if self._ending is None:
            self._ending = self._disk.held(self._keep())
        return await asyncio.shield(self._ending)

    async def drop(self) -> None:
        """End it without a message; one that was kept stays."""
        if self._ending is None:
            self._ending = self._disk.held(self._drop())
        await asyncio.shield(self._ending)

    async def _keep(self) -> VoiceMessage | None:
        left, duration_s = self._left, await self._end()
        if duration_s >= model.SHORTEST_S:
            await self._intake.finish(left)
        if not await self._intake.settle(left, duration_s, interrupted=False):
            return None
        return VoiceMessage(
            id=left.id,
            line=left.line,
            mark=MessageMark.NEW,
            caller=left.caller,
            recorded_at=left.recorded_at,
            expires_at=left.expires_at,
            seconds=duration_s,
        )

    async def _drop(self) -> None:
        await self._end()
        await self._intake.drop(self._left)

    async def _end(self) -> float:
        await self._intake.end(self._recording, self._asked)
        return self.seconds

    def _tell_failed(self) -> None:
        if self.on_failed is not None:
            self.on_failed()
