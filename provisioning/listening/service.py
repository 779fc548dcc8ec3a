"""Messages and greetings as WAV and MP3 files, and answers to who asks for parts of them.

Listening here is free and makes no record of a call (VM-06).
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from starlette.requests import Request
from starlette.responses import Response

from provisioning.audit.model import Origin
from provisioning.audit.store import Audit
from provisioning.contract import (
    E164,
    Mailboxes,
    OutOfRange,
    SoundCoder,
    UnknownMessage,
    UnknownVoiceMessage,
    UnreadableSound,
)
from provisioning.listening.model import Unsatisfiable, names, part_of

MOST_KEPT_BYTES = 32 * 1024 * 1024
"""Files kept in memory: a player asks for one file in many parts."""

AT_ONCE = 2
"""Files made at the same time; more wait, so that calls keep their processor."""


class FileKind(StrEnum):
    """A kind of file, by its ending."""

    WAV = "wav"
    MP3 = "mp3"


MEDIA_TYPES = {FileKind.WAV: "audio/wav", FileKind.MP3: "audio/mpeg"}


@dataclass(frozen=True, slots=True)
class SoundFile:
    """A file; `etag` is strong: what sounds otherwise has another."""

    content: bytes
    media_type: str
    etag: str
    name: str

    @classmethod
    def of(cls, content: bytes, kind: FileKind, name: str) -> Self:
        """A file that is known by its content alone."""
        digest = hashlib.sha256(content).hexdigest()[:32]
        return cls(content, MEDIA_TYPES[kind], f'"{digest}"', f"{name}.{kind}")


class Listening:
    """Makes files of what is in the boxes, in threads beside the loop."""

    def __init__(self, mailboxes: Mailboxes, audit: Audit, coder: SoundCoder) -> None:
        self._mailboxes, self._audit, self._coder = mailboxes, audit, coder
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._making: dict[str, asyncio.Task[bytes]] = {}
        self._kept: OrderedDict[str, bytes] = OrderedDict()

    @asynccontextmanager
    async def own(self, line: E164, message: str, origin: Origin) -> AsyncIterator[None]:
        """Note in the audit who names a message that the line's box does not have.

        Raises:
            UnknownMessage: in place of `UnknownVoiceMessage`.
        """
        try:
            yield
        except UnknownVoiceMessage:
            what = "unknown voice message asked for"
            await self._audit.note_alone(line, what, after=message, origin=origin)
            raise UnknownMessage(f"the box of {line} has no such message") from None

    async def had(self, line: E164, message: str) -> bool:
        """Whether the box lately had a message that is gone: erased, or its time was over."""
        return any(change.before == message for change in await self._audit.of(line))

    async def message(self, line: E164, message: str, kind: FileKind) -> SoundFile:
        """A message of a line's box.

        Raises:
            UnknownVoiceMessage, NotContracted, StorageUnavailable: as `Mailboxes.sound`.
        """
        ulaw = await self._mailboxes.sound(line, message)
        key = f"{message}-{len(ulaw)}.{kind}"
        content = self._kept.get(key)
        if content is None:
            content = await self._made_once(key, ulaw, kind)
        else:
            self._kept.move_to_end(key)
        return SoundFile(content, MEDIA_TYPES[kind], f'"{key}"', f"{message}.{kind}")

    async def file(self, ulaw: bytes, kind: FileKind) -> bytes:
        """A file of this sound."""
        async with self._turns:
            return await asyncio.to_thread(getattr(self._coder, kind.value), ulaw)

    async def ulaw(self, wav: bytes) -> bytes:
        """The sound of a WAV file; `OutOfRange` says why it is none."""
        try:
            async with self._turns:
                return await asyncio.to_thread(self._coder.ulaw, wav)
        except UnreadableSound as error:
            raise OutOfRange(str(error)) from None

    async def _made_once(self, key: str, ulaw: bytes, kind: FileKind) -> bytes:
        """The file, made once for all who ask for it at the same time."""
        making = self._making.get(key)
        if making is None:
            making = asyncio.get_running_loop().create_task(self.file(ulaw, kind))
            self._making[key] = making
            making.add_done_callback(lambda done: self._keep(key, done))
        # A listener that goes away leaves the file to the others.
        return await asyncio.shield(making)

    def _keep(self, key: str, done: asyncio.Task[bytes]) -> None:
        del self._making[key]
        if done.cancelled() or done.exception() is not None:
            return
        self._kept[key] = done.result()
        while sum(map(len, self._kept.values())) > MOST_KEPT_BYTES:
            self._kept.popitem(last=False)


def answer(request: Request, sound: SoundFile) -> Response:
    """The file or the part that is asked for: 200, 206, 304 or 416 (RFC 9110 §13, §14, §15)."""
    headers = {
        "Accept-Ranges": "bytes",
        "ETag": sound.etag,
        "Cache-Control": "private, no-cache",
        "Content-Disposition": f'inline; filename="{sound.name}"',
    }
    asked, known = request.headers.get("range"), request.headers.get("if-none-match")
    if known is not None and names(known, sound.etag):
        return Response(status_code=304, headers=headers)
    if request.method != "GET" or request.headers.get("if-range", sound.etag) != sound.etag:
        asked = None
    length = len(sound.content)
    try:
        part = part_of(asked, length)
    except Unsatisfiable:
        return Response(status_code=416, headers=headers | {"Content-Range": f"bytes */{length}"})
    if part is None:
        return Response(sound.content, 200, headers, sound.media_type)
    headers["Content-Range"] = f"bytes {part.first}-{part.last}/{length}"
    content = sound.content[part.first : part.last + 1]
    return Response(content, 206, headers, sound.media_type)
