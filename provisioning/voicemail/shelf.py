"""The messages of every box: rows, and the files they name."""

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from functools import partial
from typing import Any

from sqlalchemy.exc import IntegrityError

from provisioning.audit.model import Note, Origin
from provisioning.audit.store import Audit
from provisioning.contract import (
    E164,
    Counts,
    MessageMark,
    NotContracted,
    StorageUnavailable,
    UnknownVoiceMessage,
    VoiceMessage,
)
from provisioning.db import news
from provisioning.db.connection import Connection
from provisioning.db.news import Topic
from provisioning.db.unit_of_work import Database, is_foreign_key, once_durable
from provisioning.voicemail import model, store
from provisioning.voicemail.arrivals import Arrival
from provisioning.voicemail.disk import Disk
from provisioning.voicemail.memory import MemoryBoxes

log = logging.getLogger("tokuban.voicemail")

Files = list[asyncio.Future[None]]
"""Files that are being removed."""

NETWORK = Origin("network", "voicemail")
"""Who expires messages, and takes them from callers."""


class Shelf:
    """Messages that are in their boxes.

    A message comes with its file there before and its row last; it goes the other way round. So
    a process that is killed leaves at most a file that no row names, which `tidy` removes.
    """

    def __init__(
        self,
        database: Database,
        disk: Disk,
        memory: MemoryBoxes,
        audit: Audit,
    ) -> None:
        self._database, self._disk, self._memory = database, disk, memory
        self._audit = audit

    async def put(self, arrivals: Sequence[Arrival]) -> bool:
        """Put messages into their boxes, each once; False, and none is, when a line has none."""

        async def work(connection: Connection) -> None:
            # In one order, so that nobody waits for a box while he holds another's.
            for arrival in sorted(arrivals, key=lambda each: each.left.line):
                await self._put(connection, arrival)

        try:
            await self._database.write(work)
        except NotContracted:
            return False
        except IntegrityError as error:
            if is_foreign_key(error):
                return False
            raise
        return True

    async def ids(self, line: E164) -> set[str]:
        """The messages in a box."""
        return await self._database.read(lambda connection: store.ids(connection, line))

    async def counts(self, line: E164) -> Counts:
        """How many messages of each mark are in a box."""
        return await self._database.read(lambda connection: store.counts(connection, line))

    async def of_line(self, line: E164) -> tuple[VoiceMessage, ...]:
        """What is in a box, in the order it is played."""
        return await self._database.read(lambda connection: store.of_line(connection, line))

    async def get(self, line: E164, message: str) -> VoiceMessage:
        """One message; `UnknownVoiceMessage` when the box has no such one."""
        return (await self._found(line, message))[0]

    async def sound(self, line: E164, message: str) -> bytes:
        """The sound of a message."""
        _, folder = await self._found(line, message)
        if folder != self._disk.folder.store:
            raise StorageUnavailable("another carrier of this office keeps the message's sound")
        ulaw = await self._disk.run(self._disk.folder.sound, message)
        if ulaw is None:
            raise _unknown(line)
        return ulaw

    async def mark(
        self, line: E164, message: str, mark: MessageMark, origin: Origin
    ) -> VoiceMessage:
        """Mark a message; its time does not change (VM-04)."""

        async def work(connection: Connection) -> VoiceMessage:
            old = await self._locked(connection, line, message)
            if old.mark is not mark:
                await store.mark(connection, message, mark)
                await self._note(connection, line, f"voice message marked {mark}", message, origin)
                await self._count(connection, line)
            found = await store.get(connection, line, message)
            if found is None:
                raise _unknown(line)
            return found[0]

        return await self._database.write(work)

    async def erase(self, line: E164, message: str, origin: Origin) -> None:
        """Remove a message, its row first."""

        files: Files = []

        async def work(connection: Connection) -> None:
            await self._locked(connection, line, message)
            await self._note(connection, line, "voice message erased", message, origin)
            await self._remove(connection, line, [message], files)

        await self._disk.whole(_both(self._database.write(work), files))

    async def expire(self, until: float) -> None:
        """Remove every message whose time is over at business time `until`."""
        for line in await self._database.read(lambda c: store.lines_of_expired(c, until)):
            files: Files = []
            ended = partial(self._end, line=line, until=until, files=files)
            await self._disk.whole(_both(self._database.write(ended), files))

    async def next_end(self) -> float | None:
        """When the first message's time is over, business time."""
        return await self._database.read(store.next_end)

    async def empty(self, connection: Connection, line: E164) -> None:
        """Remove every message of a line within the unit of work that ends its box."""
        gone = sorted(await store.ids(connection, line))
        if gone:
            await self._remove(connection, line, gone, [])

    async def tidy(self) -> None:
        """Bring files and rows together, where they are apart after a crash or a reset."""
        folder = self._disk.folder
        unnamed = await self._disk.run(folder.unnamed)
        named = await self._database.read(lambda connection: store.files(connection, folder.store))
        for orphan in unnamed - named:
            await self._disk.run(folder.remove, orphan)
        lost = await self._disk.run(lambda: [id for id in sorted(named) if not folder.has(id)])
        if lost:
            log.error("the files of %d voice messages or greetings are gone", len(lost))
            await self._database.write(lambda connection: self._give_up(connection, lost))

    async def _put(self, connection: Connection, arrival: Arrival) -> None:
        left = arrival.left
        await store.box(connection, left.line, arrival.box)
        if await store.keep(connection, arrival, self._disk.folder.store):
            after = f"{left.id}, {arrival.duration_s:.1f} s"
            await self._audit.note(
                connection, left.line, "voice message left", after=after, origin=NETWORK
            )
            await self._count(connection, left.line)

    async def _end(self, connection: Connection, line: E164, until: float, files: Files) -> None:
        await store.known(connection, line)
        gone = await store.expired(connection, line, until)
        notes = [Note(line, "voice message expired", each) for each in gone]
        await self._audit.note_all(connection, notes, origin=NETWORK)
        await self._remove(connection, line, gone, files)

    async def _remove(
        self, connection: Connection, line: E164, gone: list[str], files: Files
    ) -> None:
        """Remove rows, and begin to remove their `files` once that is durable."""
        await store.remove(connection, gone)
        await self._count(connection, line)
        for message in gone:
            act = partial(self._disk.folder.remove, message)
            once_durable(connection, partial(lambda act: files.append(self._disk.soon(act)), act))

    async def _give_up(self, connection: Connection, lost: list[str]) -> None:
        await store.remove(connection, lost)
        for own in lost:
            await store.drop_greeting(connection, own)

    async def _locked(self, connection: Connection, line: E164, message: str) -> VoiceMessage:
        if not model.is_id(message):
            raise _unknown(line)
        await store.known(connection, line)
        found = await store.get(connection, line, message)
        if found is None:
            raise _unknown(line)
        return found[0]

    async def _found(self, line: E164, message: str) -> tuple[VoiceMessage, str]:
        if not model.is_id(message):
            raise _unknown(line)
        found = await self._database.read(lambda c: store.get(c, line, message))
        if found is None:
            raise _unknown(line)
        return found

    async def _count(self, connection: Connection, line: E164) -> None:
        """Tell how the box counts, once that is durable; its row is locked."""
        ticket = self._memory.ticket()
        counts = await store.counts(connection, line)
        once_durable(connection, lambda: self._memory.put_counts(line, counts, ticket))
        news.tell(connection, Topic.VOICEMAIL, [line])

    async def _note(
        self, connection: Connection, line: E164, what: str, message: str, origin: Origin
    ) -> None:
        await self._audit.note(connection, line, what, before=message, origin=origin)


def _unknown(line: E164) -> UnknownVoiceMessage:
    return UnknownVoiceMessage(f"the box of {line} has no such message")


async def _both(removal: Coroutine[Any, Any, None], files: Files) -> None:
    """Return once rows and files are gone."""
    await removal
    await asyncio.gather(*files)
