"""Start the parts of a process in order and stop them in reverse, in bounded time."""

import asyncio
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
    """The parts of one process that have started; all stop within `stop_within_s` seconds."""

    def __init__(self, stop_within_s: float = 9.0) -> None:
        self._started: list[Part] = []
        self._stop_within_s = stop_within_s

    async def start(self, part: Part) -> None:
        """Start one more part; it stops before those that were there."""
        await part.start()
        self._started.append(part)

    async def stop(self) -> None:
        """Stop in reverse order; a part that fails or hangs is logged and never blocks the rest."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._stop_within_s
        while self._started:
            share = (deadline - loop.time()) / len(self._started)
            await _stop(self._started.pop(), max(0.1, share))


async def _stop(part: Part, grace_s: float) -> None:
    try:
        async with asyncio.timeout(grace_s + 0.2):
            await part.stop(grace_s)
    except TimeoutError:
        log.error("part.stop_timed_out", part=part.name, grace_s=round(grace_s, 1))
    except Exception:
        log.exception("part.stop_failed", part=part.name)
