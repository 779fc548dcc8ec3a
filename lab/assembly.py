"""Start the parts of a process in order and stop them in reverse, in bounded time."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

import structlog

log = structlog.stdlib.get_logger("tokuban.lab")


class Part(Protocol):
    """Something that runs from `start` until `stop`."""

    @property
    def name(self) -> str: ...

    async def start(self) -> None:
        """Return once it serves; raise `lab.errors.Refused` when the settings are at fault."""

    async def stop(self, grace_s: float) -> None:
        """Take nothing new, finish what runs within `grace_s` seconds, release everything."""


class Assembly:
    """The parts of one process. `ready` is true from the last start until the first stop."""

    def __init__(self, parts: Sequence[Part], stop_within_s: float = 9.0) -> None:
        self._parts = tuple(parts)
        self._started: list[Part] = []
        self._stop_within_s = stop_within_s
        self.ready = False

    async def start(self) -> None:
        """Start every part in order; when one fails, those before it are stopped again."""
        try:
            for part in self._parts:
                await part.start()
                self._started.append(part)
        except BaseException:
            await self.stop()
            raise
        self.ready = True

    async def stop(self) -> None:
        """Stop in reverse order; a part that fails or hangs is logged and never blocks the rest."""
        self.ready = False
        deadline = asyncio.get_running_loop().time() + self._stop_within_s
        while self._started:
            share = (deadline - asyncio.get_running_loop().time()) / len(self._started)
            await _stop(self._started.pop(), max(0.1, share))


async def _stop(part: Part, grace_s: float) -> None:
    try:
        async with asyncio.timeout(grace_s + 0.5):
            await part.stop(grace_s)
    except TimeoutError:
        log.error("part.stop_timed_out", part=part.name, grace_s=round(grace_s, 1))
    except Exception:
        log.exception("part.stop_failed", part=part.name)
