"""Secrets on their way to the page that shows them once, and deeds that a form does once."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

Secret = TypeVar("Secret")

LIFE_S = 600.0
"""How long a secret waits for its page."""

DOUBLE_CLICK_S = 0.7
"""A second click within this time is the same click: desktops count 0.5 s, networks add to it."""

MOST_REMEMBERED = 10_000


@dataclass(slots=True)
class _Waiting(Generic[Secret]):
    secret: Secret
    since: float
    shown: bool = False

    def is_over(self, now: float) -> bool:
        return now - self.since > (DOUBLE_CLICK_S if self.shown else LIFE_S)


class Once(Generic[Secret]):
    """Hands each secret to its owner's browser once; instants are monotonic seconds.

    A form's answer redirects, so that a reload repeats nothing; the secret waits here, in
    memory alone, until the page behind the redirect takes it.
    """

    def __init__(self) -> None:
        self._waiting: OrderedDict[Hashable, _Waiting[Secret]] = OrderedDict()

    def put(self, key: Hashable, secret: Secret, now: float) -> None:
        """Keep a secret for its page."""
        self.forget(now)
        self._waiting[key] = _Waiting(secret, now)
        while len(self._waiting) > MOST_REMEMBERED:
            self._waiting.popitem(last=False)

    def take(self, key: Hashable, now: float) -> Secret | None:
        """The secret, or None when it was shown, waited too long or never was."""
        self.forget(now)
        waiting = self._waiting.get(key)
        if waiting is None or waiting.shown:
            return None
        waiting.shown = True
        return waiting.secret

    def clicked_again(self, key: Hashable, now: float) -> None:
        """A second click replaces the page that the first one began to show."""
        waiting = self._waiting.get(key)
        if waiting is not None and not waiting.is_over(now):
            waiting.shown = False

    def forget(self, now: float) -> None:
        """Let go of what was shown or waited too long."""
        for key in [key for key, waiting in self._waiting.items() if waiting.is_over(now)]:
            del self._waiting[key]


class Deeds:
    """Does what a form asks once, however often the form is sent; both senders get the answer."""

    def __init__(self) -> None:
        self._done: OrderedDict[Hashable, asyncio.Future[str]] = OrderedDict()

    async def once(self, key: Hashable, deed: Callable[[], Awaitable[str]]) -> tuple[str, bool]:
        """The deed's answer and whether this was the first asking; a failed deed may be redone."""
        doing = self._done.get(key)
        first = doing is None
        if doing is None:
            doing = self._done[key] = asyncio.ensure_future(deed())
            doing.add_done_callback(lambda done: self._settle(key, done))
        # A browser that goes away ends neither the deed nor the waiting of the other one.
        return await asyncio.shield(doing), first

    def _settle(self, key: Hashable, done: asyncio.Future[str]) -> None:
        if done.cancelled() or done.exception() is not None:
            self._done.pop(key, None)
        while len(self._done) > MOST_REMEMBERED:
            self._done.popitem(last=False)
