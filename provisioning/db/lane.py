"""Threads with a connection each: where units of work run, and where they queue."""

import asyncio
import threading
from collections.abc import Callable, Collection
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Connection as Driver
from sqlalchemy import Engine

from provisioning.contract import StorageUnavailable

T = TypeVar("T")


class Lane:
    """As many units of work at once as there are threads; the others wait in their order.

    `wait_s`: seconds that a unit of work waits for a thread before it is given up.
    """

    def __init__(self, engine: Engine, *, threads: int, wait_s: float) -> None:
        self.engine = engine
        self._wait_s = wait_s
        self._threads = ThreadPoolExecutor(threads, "database")
        self._order = threading.Lock()

    async def run(
        self,
        unit: Callable[[Driver], T],
        acts: Collection[Callable[[], None]] = (),
        perform: Callable[[Collection[Callable[[], None]]], None] | None = None,
    ) -> T:
        """What `unit` answers, once its transaction is committed; the loop waits once for all.

        What `unit` has put into `acts` is given to `perform` before, in the loop: of two units of
        work the one that committed first has its acts performed first.

        Raises:
            StorageUnavailable: no thread was free in time; nothing was done.
        """
        loop = asyncio.get_running_loop()

        def committed() -> None:
            if perform is not None:
                loop.call_soon_threadsafe(perform, acts)

        future = self._threads.submit(self._transact, unit, acts, committed)
        patience = _Patience(future)
        alarm = loop.call_later(self._wait_s, patience.end)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            if patience.ended:
                raise StorageUnavailable(
                    "the database cannot be used now (too much waits for it); try again later"
                ) from None
            raise
        finally:
            alarm.cancel()

    def close(self) -> None:
        """Wait for what runs, and close every connection; blocks."""
        self._threads.shutdown()
        self.engine.dispose()

    def _transact(
        self,
        unit: Callable[[Driver], T],
        acts: Collection[Callable[[], None]],
        committed: Callable[[], None],
    ) -> T:
        with self.engine.connect() as driver, driver.begin() as transaction:
            answer = unit(driver)
            if acts:
                with self._order:
                    transaction.commit()
                    committed()
        return answer


class _Patience:
    """Gives a unit of work up that has not begun."""

    def __init__(self, future: "Future[T]") -> None:
        self._future = future
        self.ended = False

    def end(self) -> None:
        # A unit of work that runs cannot be cancelled.
        self.ended = self._future.cancel()
