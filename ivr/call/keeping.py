"""A change that a caller asked for is made to its end, even if they hang up meanwhile."""

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

from ivr.call.log import Log
from provisioning.contract import StorageUnavailable

T = TypeVar("T")


async def kept(change: Coroutine[object, object, T], log: Log) -> T:
    """Make `change`; a cancellation waits for its end, a second one gives it up.

    Raises what `change` raises; StorageUnavailable when the store gave it up itself.
    """
    task = asyncio.ensure_future(change)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        if not _being_cancelled():
            raise StorageUnavailable("the store gave the change up; try again later") from None
        await _finish(task, log)
        raise


async def _finish(change: asyncio.Future[T], log: Log) -> None:
    """Wait for a change whose caller is gone."""
    try:
        await asyncio.wait([change])
    finally:
        change.cancel()
    if not change.cancelled() and (error := change.exception()):
        log.warning("change.failed-after-hang-up", error=type(error).__name__)


def _being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
