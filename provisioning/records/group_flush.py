"""One flush for all who wait for one: who asks while it runs shares the next."""

import asyncio
from collections.abc import Callable


class GroupFlush:
    """Calls `flush` in a thread, one call at a time; lives in the loop's thread."""

    def __init__(self, flush: Callable[[], None]) -> None:
        self._flush = flush
        self._running: asyncio.Task[None] | None = None
        self._next: asyncio.Task[None] | None = None

    async def __call__(self) -> None:
        """Return once a flush that began after this call is done.

        Raises:
            OSError: it failed.
        """
        if self._next is None:
            self._next = asyncio.create_task(self._run(self._running), name="records-flush")
            self._next.add_done_callback(_heard)
        await asyncio.shield(self._next)

    async def _run(self, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait([before])
        self._running, self._next = self._next, None
        await asyncio.to_thread(self._flush)


def _heard(flush: "asyncio.Task[None]") -> None:
    """Whoever still waits has the error; nobody else needs to hear of it."""
    if not flush.cancelled():
        flush.exception()
