"""Keys the caller pressed and nobody has read yet."""

import asyncio
from collections import deque
from collections.abc import Collection
from enum import Enum, auto

MOST_WAITING_KEYS = 64
"""More than any menu path needs; what is keyed beyond it is dropped (assumption)."""


DIGITS = frozenset("0123456789")
MOST_DIGITS = 20
"""The longest number one can key: 010, and 15 digits (ITU-T E.164 §6), with room to spare."""


class Entry(Enum):
    """What came of a question when it was no answer."""

    SILENT = auto()
    WRONG = auto()
    STARTED_OVER = auto()


class KeyBuffer:
    """A queue of keys with one reader: what is typed ahead waits here."""

    def __init__(self) -> None:
        self._keys: deque[str] = deque()
        self._pressed = asyncio.Event()
        self._open = True

    def __bool__(self) -> bool:
        """Whether a key waits."""
        return bool(self._keys)

    def push(self, key: str) -> bool:
        """Add a key; False when the buffer is full or closed, and the key is lost."""
        if not self._open or len(self._keys) >= MOST_WAITING_KEYS:
            return False
        self._keys.append(key)
        self._pressed.set()
        return True

    def clear(self) -> None:
        """Forget what was typed ahead."""
        self._keys.clear()
        self._pressed.clear()

    def close(self) -> None:
        """Take no key any more, and forget those that wait."""
        self.clear()
        self._open = False

    def wake(self) -> None:
        """Let whoever waits for a key go on without one."""
        self._pressed.set()

    async def wait(self, within_s: float) -> str | None:
        """The oldest key, which stays, waiting up to `within_s` seconds; None when none came."""
        if not self._keys:
            try:
                async with asyncio.timeout(within_s):
                    await self._pressed.wait()
            except TimeoutError:
                return None
        return self._keys[0] if self._keys else None

    async def next(self, within_s: float) -> str | None:
        """Take the oldest key, waiting up to `within_s` seconds; None when none came."""
        key = await self.wait(within_s)
        if key is not None:
            self._keys.popleft()
        if not self._keys:
            self._pressed.clear()
        return key

    async def one_of(self, choices: Collection[str], first_s: float, next_s: float) -> str | Entry:
        """Take keys until they are one of `choices` and can be no longer one."""
        keys = await self.next(first_s)
        if keys is None:
            return Entry.SILENT
        while any(each.startswith(keys) and each != keys for each in choices):
            key = await self.next(next_s)
            if key is None:
                break
            keys += key
        return keys if keys in choices else Entry.WRONG

    async def number(self, most: int, first_s: float, next_s: float) -> str | Entry:
        """Take up to `most` digits closed by `#`, waiting so long for the first and each next."""
        digits = ""
        key = await self.next(first_s)
        while key is not None and key in DIGITS and len(digits) < most:
            digits += key
            key = await self.next(next_s)
        if key is None:
            return Entry.SILENT
        if key == "*":
            return Entry.STARTED_OVER
        return digits if key == "#" and digits else Entry.WRONG

    async def run(self, first_s: float, next_s: float) -> str:
        """Take keys of any kind up to and with `#`, or until none comes; "" for none at all."""
        keys = ""
        key = await self.next(first_s)
        while key is not None:
            keys += key
            if key == "#" or len(keys) == MOST_DIGITS:
                break
            key = await self.next(next_s)
        return keys
