"""Secrets on their way to the page that shows them once, and deeds that a form does once."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")

LIFE_S = 600.0
"""How long a secret waits for its page."""

MOST_REMEMBERED = 10_000


class Once(Generic[T]):
    """Hands each secret to its owner's browser once; instants are monotonic seconds.

    A form's answer redirects, so that a reload repeats nothing; the secret waits here, in
    memory alone, until the page behind the redirect takes it.
    """

    def __init__(self) -> None:
        self._waiting: OrderedDict[Hashable, tuple[T, float]] = OrderedDict()

    def put(self, key: Hashable, secret: T, now: float) -> None:
        """Keep a secret for its page."""
        self._waiting[key] = secret, now
        self._waiting.move_to_end(key)
        self._forget(now)

    def look(self, key: Hashable, now: float) -> T | None:
        """The secret, left where it waits; None as `take` has it."""
        self._forget(now)
        return self._waiting.get(key, (None, now))[0]

    def take(self, key: Hashable, now: float) -> T | None:
        """The secret, or None when it was shown, waited too long or never was."""
        self._forget(now)
        return self._waiting.pop(key, (None, now))[0]

    def _forget(self, now: float) -> None:
        while self._waiting:
            key, (_, since) = next(iter(self._waiting.items()))
            if now - since <= LIFE_S and len(self._waiting) <= MOST_REMEMBERED:
                return
            del self._waiting[key]


class Deeds(Generic[T]):
    """Does what a form asks once, however often the form is sent; all senders get the answer."""

    def __init__(self, *, remembers: bool = False) -> None:
        """`remembers`: also for senders that come after it is done."""
        self._remembers = remembers
        self._begun: OrderedDict[Hashable, asyncio.Future[T]] = OrderedDict()

    async def once(self, key: Hashable, deed: Callable[[], Awaitable[T]]) -> T:
        """The deed's answer; a deed that failed may be done again."""
        doing = self._begun.get(key)
        if doing is None:
            doing = self._begun[key] = asyncio.ensure_future(deed())
            doing.add_done_callback(lambda done: self._settle(key, done))
        # A browser that goes away ends neither the deed nor the waiting of the other one.
        return await asyncio.shield(doing)

    def _settle(self, key: Hashable, done: asyncio.Future[T]) -> None:
        if done.cancelled() or done.exception() is not None or not self._remembers:
            self._begun.pop(key, None)
        while len(self._begun) > MOST_REMEMBERED:
            self._begun.popitem(last=False)
