"""What happens in the carrier, told to whoever follows: the last events in a ring, and readers.

Telling costs an append, whoever follows. A reader who was away goes on behind the last event it
saw, as long as the ring still has what came since; else it is told of the gap.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import NamedTuple

MOST_KEPT = 5000
"""Events a reader may have been away for."""

MOST_UNREAD = 1000
"""A reader with more unread events is dropped: nobody else waits for it."""

MOST_READERS = 16

TOO_SLOW = "events came faster than they were read: ask again with Last-Event-ID to go on"


class Event(NamedTuple):
    """One thing that happened; times are UTC epoch seconds. `id` is what a reader saw last."""

    id: str
    kind: str
    wall_at: float
    business_at: float
    facts: Mapping[str, object]


class Gap(NamedTuple):
    """Events that are gone from the ring; None where an earlier run of the carrier told them."""

    missed: int | None


class Dropped(NamedTuple):
    """The last a reader hears, and why."""

    reason: str


Told = Event | Gap | Dropped
_Noted = tuple[int, str, float, float, dict[str, object]]


class Reader:
    """One who follows; `EventHub.follow` makes it."""

    def __init__(self, run: str, leave: Callable[["Reader"], None]) -> None:
        self._run, self._leave = run, leave
        self._unread: deque[_Noted | Gap | Dropped] = deque()
        self._past = 0
        self._ended = False
        self._wake = asyncio.Event()

    async def next(self) -> list[Told]:
        """Everything unread, as soon as there is something; empty once it is over."""
        while not self._unread and not self._ended:
            self._wake.clear()
            await self._wake.wait()
        unread = [self._told(each) for each in self._unread]
        self._unread.clear()
        self._past = 0
        return unread

    def end(self) -> None:
        """Nothing more comes; what is unread may still be read."""
        self._leave(self)
        self._ended = True
        self._wake.set()

    def begin_with(self, told: list[_Noted | Gap]) -> None:
        """What it hears first, however much that is."""
        self._unread.extend(told)
        self._past = len(told)

    def offer(self, noted: _Noted) -> None:
        """One more event."""
        self._unread.append(noted)
        self._wake.set()

    @property
    def is_full(self) -> bool:
        """Whether too much came that is unread; what it began with is not its slowness."""
        return len(self._unread) - self._past >= MOST_UNREAD

    def drop(self) -> None:
        """It reads too slowly: this is the last it hears."""
        self._unread.append(Dropped(TOO_SLOW))
        self.end()

    def _told(self, each: _Noted | Gap | Dropped) -> Told:
        if isinstance(each, Gap | Dropped):
            return each
        number, kind, wall_at, business_at, facts = each
        return Event(f"{self._run}-{number}", kind, wall_at, business_at, facts)


class EventHub:
    """The `Events` of the carrier; lives in the loop's thread.

    `run` names this run of the carrier: event ids of another one mean nothing here.
    """

    def __init__(
        self, run: str, clocks: Callable[[], tuple[float, float]], keep: int = MOST_KEPT
    ) -> None:
        self._run, self._clocks = run, clocks
        self._kept: deque[_Noted] = deque(maxlen=keep)
        self._count = 0
        self._readers: set[Reader] = set()

    def tell(self, kind: str, **facts: object) -> None:
        """Tell whoever follows, and remember it for a while."""
        self._count += 1
        noted = (self._count, kind, *self._clocks(), facts)
        self._kept.append(noted)
        if self._readers:
            for reader in list(self._readers):
                if reader.is_full:
                    reader.drop()
                else:
                    reader.offer(noted)

    @property
    def full(self) -> bool:
        """Whether no further reader is served."""
        return len(self._readers) >= MOST_READERS

    def follow(self, last_id: str | None = None, *, past: bool = False) -> Reader:
        """A reader of what comes, behind the event `last_id` if it was told of one.

        Args:
            past: without a `last_id`, begin with what is remembered.
        """
        reader = Reader(self._run, self._readers.discard)
        if last_id:
            reader.begin_with(self._since(last_id))
        elif past:
            reader.begin_with(list(self._kept))
        self._readers.add(reader)
        return reader

    def close(self) -> None:
        """End every reader; they may still read what was told."""
        for reader in list(self._readers):
            reader.end()

    def _since(self, last_id: str) -> list[_Noted | Gap]:
        run, _, digits = last_id.rpartition("-")
        known = run == self._run and digits.isascii() and digits.isdecimal() and len(digits) < 18
        if not known or int(digits) > self._count:
            return [Gap(None), *self._kept]
        seen = int(digits)
        missed = self._count - seen - len(self._kept)
        behind = [noted for noted in self._kept if noted[0] > seen]
        return [Gap(missed), *behind] if missed > 0 else list(behind)
