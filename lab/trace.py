"""Remember the SIP messages that pass, and hand them to whoever follows.

The driver calls `TraceHub.tap` for every message; without a reader that costs one append.
Digest responses and keys of SRTP are masked, in equal length, before a message leaves this module.
"""

import asyncio
import base64
import re
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from ivr.sip.events import Flow

Address = tuple[str, int]
_Passed = tuple[float, bool, Flow, bytes]
"""UTC epoch seconds, whether it came in, its flow, its bytes."""
QUEUE_MESSAGES = 1000

_RESPONSE = re.compile(rb'(?i)(\bresponse\s*=\s*)("?)([^"\s,]+)')
_CREDENTIALS = re.compile(rb"(?im)^((?:proxy-)?authorization[ \t]*:[^\n]*(?:\n[ \t][^\n]*)*)")
_KEY_LINES = re.compile(rb"(?im)^((?:a=crypto|k=)[^\r\n]*)")
_KEY = re.compile(rb"(?i)((?:inline|clear|base64|uri):)()([^\s|;]+)")


@dataclass(frozen=True, slots=True)
class Seen:
    """One message: `at` in UTC epoch seconds; `sent` by the carrier or received."""

    number: int
    at: float
    sent: bool
    transport: str
    local: Address
    peer: Address
    data: bytes

    @property
    def source(self) -> Address:
        """Who sent it."""
        return self.local if self.sent else self.peer

    @property
    def target(self) -> Address:
        """Who received it."""
        return self.peer if self.sent else self.local


@dataclass(frozen=True, slots=True)
class Gap:
    """Messages that a slow reader missed."""

    missed: int


def masked(data: bytes) -> bytes:
    """The message with every digest `response` and every key of media replaced by as many `x`.

    Keys stand in `a=crypto` (RFC 4568) and, of old, in `k=` (RFC 4566 §5.12).
    """
    data = _CREDENTIALS.sub(lambda header: _RESPONSE.sub(_crossed, header[1]), data)
    return _KEY_LINES.sub(lambda line: _KEY.sub(_crossed, line[1]), data)


def _crossed(found: re.Match[bytes]) -> bytes:
    return found[1] + found[2] + b"x" * len(found[3])


class TraceHub:
    """The last messages and the readers that follow; lives in the loop's thread."""

    def __init__(self, keep: int, readers: int, wall: Callable[[], float]) -> None:
        self._kept: deque[_Passed] = deque(maxlen=keep)
        self._readers: set[_Reader] = set()
        self._most_readers = readers
        self._wall = wall
        self._count = 0

    def tap(self, inbound: bool, flow: Flow, data: bytes) -> None:
        """Note a message as it crosses the socket; never raises, never waits."""
        self._count += 1
        # A plain tuple: a `Seen` takes ten times as long to make, and few are ever looked at.
        passed = (self._wall(), inbound, flow, data)
        self._kept.append(passed)
        if self._readers:
            seen = _seen(self._count, passed)
            for reader in self._readers:
                reader.offer(seen)

    @property
    def full(self) -> bool:
        """Whether no further reader is served."""
        return len(self._readers) >= self._most_readers

    async def follow(self, past: bool, follow: bool) -> AsyncIterator[Seen | Gap]:
        """Messages in order, masked: the remembered ones first, then what comes.

        Args:
            past: begin with what is remembered.
            follow: go on until `close`.
        """
        reader = _Reader(QUEUE_MESSAGES)
        kept = list(self._kept) if past else []
        first = self._count - len(kept) + 1
        if follow:
            self._readers.add(reader)
        try:
            for number, passed in enumerate(kept, first):
                yield _clean(_seen(number, passed))
            while follow and (item := await reader.next()) is not None:
                yield _clean(item) if isinstance(item, Seen) else item
        finally:
            self._readers.discard(reader)

    def close(self) -> None:
        """End every reader."""
        for reader in self._readers:
            reader.end()


def _seen(number: int, passed: _Passed) -> Seen:
    at, inbound, flow, data = passed
    return Seen(number, at, not inbound, flow.transport, flow.local, flow.peer, data)


def _clean(seen: Seen) -> Seen:
    fields = (seen.number, seen.at, seen.sent, seen.transport, seen.local, seen.peer)
    return Seen(*fields, data=masked(seen.data))


class _Reader:
    """A bounded queue; what does not fit is counted and told as one gap."""

    def __init__(self, room: int) -> None:
        self._queue: deque[Seen] = deque()
        self._room = room
        self._missed = 0
        self._ended = False
        self._wake = asyncio.Event()

    def offer(self, seen: Seen) -> None:
        if len(self._queue) >= self._room:
            self._missed += 1
            return
        self._queue.append(seen)
        self._wake.set()

    def end(self) -> None:
        self._ended = True
        self._wake.set()

    async def next(self) -> Seen | Gap | None:
        while not self._queue:
            if self._missed:
                missed, self._missed = self._missed, 0
                return Gap(missed)
            if self._ended:
                return None
            self._wake.clear()
            await self._wake.wait()
        return self._queue.popleft()


def to_json(item: Seen | Gap) -> dict[str, Any]:
    """The object that travels over HTTP, one a line."""
    if isinstance(item, Gap):
        return {"gap": item.missed}
    return {
        "number": item.number,
        "at": item.at,
        "sent": item.sent,
        "transport": item.transport,
        "local": list(item.local),
        "peer": list(item.peer),
        "data": base64.b64encode(item.data).decode("ascii"),
    }


def from_json(value: dict[str, Any]) -> Seen | Gap:
    """The way back."""
    if "gap" in value:
        return Gap(int(value["gap"]))
    return Seen(
        number=int(value["number"]),
        at=float(value["at"]),
        sent=bool(value["sent"]),
        transport=str(value["transport"]),
        local=_address(value["local"]),
        peer=_address(value["peer"]),
        data=base64.b64decode(value["data"]),
    )


def _address(value: list[Any]) -> Address:
    return str(value[0]), int(value[1])
