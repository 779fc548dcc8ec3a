"""The folder of sound as the loop asks it: in threads, and to the end."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from provisioning.voicemail.folder import SoundFolder

log = logging.getLogger("tokuban.voicemail")

T = TypeVar("T")
P = ParamSpec("P")


class Disk:
    """The folder, asked in threads; what is cancelled is done nevertheless."""

    def __init__(self, path: Path) -> None:
        self.folder = SoundFolder(path)
        self._threads = ThreadPoolExecutor(4, "voicemail-disk")
        self._running: set[asyncio.Future[Any]] = set()

    async def run(self, act: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `act` answers, in a thread."""
        loop = asyncio.get_running_loop()
        return await self.whole(loop.run_in_executor(self._threads, lambda: act(*args, **kwargs)))

    def soon(self, act: Callable[[], None]) -> asyncio.Future[None]:
        """Do this in a thread; `drained` waits for it, at the latest."""
        return self._hold(asyncio.get_running_loop().run_in_executor(self._threads, act))

    async def whole(self, work: Coroutine[Any, Any, T] | asyncio.Future[T]) -> T:
        """What `work` answers; it ends by itself though whoever waits is cancelled."""
        return await asyncio.shield(self.held(work))

    def held(self, work: Coroutine[Any, Any, T] | asyncio.Future[T]) -> asyncio.Future[T]:
        """The same, to be waited for later, or never: `drained` does."""
        return self._hold(asyncio.ensure_future(work))

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Within, no other carrier tidies the folder up."""
        held = self.folder.alone()
        await self.run(held.__enter__)
        try:
            yield
        finally:
            await self.run(held.__exit__, None, None, None)

    async def drained(self) -> None:
        """Wait for everything that was begun."""
        while self._running:
            await asyncio.gather(*self._running, return_exceptions=True)

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown()
        self.folder.close()

    def _hold(self, future: asyncio.Future[T]) -> asyncio.Future[T]:
        self._running.add(future)
        future.add_done_callback(self._ended)
        return future

    def _ended(self, future: asyncio.Future[Any]) -> None:
        self._running.discard(future)
        if not future.cancelled() and (error := future.exception()) is not None:
            log.debug("work of voicemail ended with %s", type(error).__name__)
