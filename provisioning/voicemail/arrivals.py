"""Messages that end at once come into their boxes together: a commit for many of them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from provisioning.voicemail.disk import Disk
from provisioning.voicemail.model import Box, Left

MOST_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message that was left; `box` is made where its line has none yet."""

    left: Left
    box: Box
    duration_s: float
    interrupted: bool


_Waiting = tuple[Arrival, asyncio.Future[bool]]

Write = Callable[[Sequence[Arrival]], Awaitable[bool]]
"""Puts all of them into their boxes, durably; False, and none is, when one of them cannot be."""


class Arrivals:
    """Those that come while others are written are written next, together."""

    def __init__(self, disk: Disk, write: Write) -> None:
        self._disk, self._write = disk, write
        self._waiting: list[_Waiting] = []
        self._writing = False

    async def put(self, arrival: Arrival) -> bool:
        """Whether it is in its box; False when its line has none any more.

        Raises:
            StorageUnavailable: the database is away.
        """
        written: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((arrival, written))
        if not self._writing:
            self._writing = True
            self._disk.held(self._write_all())
        return await written

    async def _write_all(self) -> None:
        while self._waiting:
            batch = self._waiting[:MOST_AT_ONCE]
            del self._waiting[:MOST_AT_ONCE]
            await self._settle(batch)
        self._writing = False

    async def _settle(self, batch: list[_Waiting]) -> None:
        """Answer each of a batch; where one of them spoils it, each by itself."""
        try:
            done = await self._write([arrival for arrival, _ in batch])
        except Exception as error:
            _answer(batch, error)
            return
        if done or len(batch) == 1:
            _answer(batch, done)
            return
        for one in batch:
            await self._settle([one])


def _answer(batch: list[_Waiting], answer: bool | Exception) -> None:
    for _, written in batch:
        if written.done():
            continue
        if isinstance(answer, Exception):
            written.set_exception(answer)
        else:
            written.set_result(answer)
