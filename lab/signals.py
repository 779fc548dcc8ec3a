"""Wait for SIGINT or SIGTERM; a second one ends the process at once."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

ENDING = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stop_event() -> Iterator[asyncio.Event]:
    """An event that is set by the first signal; inside a running loop, main thread only."""
    loop = asyncio.get_running_loop()
    event = asyncio.Event()
    before = {number: signal.getsignal(number) for number in ENDING}

    def once(number: int, _: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        loop.call_soon_threadsafe(event.set)

    for number in ENDING:
        signal.signal(number, once)
    try:
        yield event
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
