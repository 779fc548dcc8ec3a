"""Taking kept messages to the phones of their lines, again and again until one has them.

Messages of one line go one after the other (RFC 3428 §8), the oldest first. A line without a phone
waits for the next REGISTER; one whose phones fail is tried again after a delay that grows. A phone
that says no for good, whatever its reason, ends the message: it would say so again.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import NamedTuple

from ivr.sip.events import Flow
from ivr.sip.message import Request
from ivr.ua.log import Log
from ivr.ua.message_wire import written
from ivr.ua.ways import Way
from provisioning.contract import (
    E164,
    KeptMessage,
    Messages,
    MessageState,
    StorageUnavailable,
)

_OK, _EVERYWHERE = 200, 600
_NO_ANSWER = frozenset((408, 503))
_UNREACHABLE = 503
_MOST_REMEMBERED = 1000
_FOR_NOW = frozenset((404, 405, 408, 410, 423, 429, 430, 480, 481, 482, 483, 486, 487, 491))
"""Refusals that tell of the phone as it stands: busy, away, started anew under another contact, one
that knows no messages at all (405) where the line's next one may."""
_FAILURE, _FOR_GOOD_ALL_THE_SAME = 500, frozenset((505, 513))

Ask = Callable[[Request, Flow], Awaitable[int]]
"""Sends a request and answers the status of its final response, see `Asking.ask`."""

Reach = Callable[[E164], Sequence[Way]]
"""The addresses of the phones that are registered at a line now."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a phone that failed is left alone: the delay doubles (an assumption)."""

    first_s: float = 10.0
    longest_s: float = 1800.0

    def delay_s(self, failures: int) -> float:
        """The delay after so many rounds in vain, from 1."""
        return float(min(self.longest_s, self.first_s * 2.0 ** min(failures - 1, 30)))


class Ended(NamedTuple):
    """How a message ended, and the final response that ended it."""

    state: MessageState
    status: int


class _Came(Enum):
    """What came of one attempt."""

    TO_AN_END = auto()
    REFUSED_NOW = auto()
    """Phones answered, and none took it."""
    NO_ANSWER = auto()
    NOT_KEPT = auto()
    """The storage is away."""


@dataclass(slots=True, eq=False)
class _Queue:
    """What waits for one line."""

    messages: list[int] = field(default_factory=list)
    task: asyncio.Task[None] | None = None
    timer: asyncio.TimerHandle | None = None
    failures: int = 0
    again: bool = False
    """A phone registered while the task was at work."""


class Deliveries:
    """Every message that waits, by line.

    Args:
        host: the host in addresses of our network.
    """

    def __init__(
        self,
        ask: Ask,
        messages: Messages,
        reach: Reach,
        host: str,
        patience: Patience,
        log: Log,
    ) -> None:
        self._ask, self._messages, self._reach = ask, messages, reach
        self._host, self._patience, self._log = host, patience, log
        self._queues: dict[E164, _Queue] = {}
        self._expected: dict[int, asyncio.Future[MessageState]] = {}
        """Who sent a message and waits to hear that a phone has it."""
        self._ended: OrderedDict[int, Ended] = OrderedDict()
        """The last ones, for whoever asks after they were over."""
        self._unsaved: dict[int, Ended] = {}
        """How messages ended while the storage was away: not to be sent again."""
        self._branches: set[asyncio.Task[int]] = set()
        self._closed = False

    async def load(self) -> None:
        """Take over what is kept, and nothing else, and deliver what can be."""
        await self.close()
        self._unsaved.clear()
        self._ended.clear()
        waiting = await self._messages.waiting()
        self._closed = False
        for message, line in waiting:
            self._queues.setdefault(line, _Queue()).messages.append(message)
        for line in list(self._queues):
            self._go(line)

    def add(self, message: int, line: E164) -> None:
        """One more message is kept."""
        if self._closed:
            return
        queue = self._queues.setdefault(line, _Queue())
        if message not in queue.messages:
            queue.messages.append(message)
        self._go(line)

    def forget(self, message: int, line: E164) -> None:
        """A message's time ran out before a phone had it."""
        queue = self._queues.get(line)
        if queue is not None and message in queue.messages:
            queue.messages.remove(message)
            if not queue.messages and queue.task is None:
                self.forget_line(line)

    def forget_line(self, line: E164) -> None:
        """A line is gone, or nothing of it waits."""
        queue = self._queues.pop(line, None)
        if queue is None:
            return
        queue.messages.clear()
        if queue.timer is not None:
            queue.timer.cancel()
            queue.timer = None

    def registered(self, line: E164) -> None:
        """A phone of the line registered: try at once."""
        queue = self._queues.get(line)
        if queue is None:
            return
        queue.failures = 0
        if queue.task is not None:
            queue.again = True
        self._go(line)

    async def outcome(self, message: int, line: E164, within_s: float) -> MessageState | None:
        """How a message that was just kept ended; None when it has not by then.

        It is waited for only while a phone is being tried.
        """
        if message in self._ended:
            return self._ended[message].state
        queue = self._queues.get(line)
        if queue is None or queue.task is None:
            return None
        expected: asyncio.Future[MessageState] = asyncio.get_running_loop().create_future()
        self._expected[message] = expected
        try:
            async with asyncio.timeout(within_s):
                return await expected
        except TimeoutError:
            return None
        finally:
            self._expected.pop(message, None)

    def refusal(self, message: int) -> int | None:
        """What a phone said that refused a message; None when none did, or it is long ago."""
        ended = self._ended.get(message)
        return ended.status if ended and ended.state is MessageState.REFUSED else None

    def waiting(self) -> int:
        """How many messages wait."""
        return sum(len(queue.messages) for queue in self._queues.values())

    async def close(self) -> None:
        """Deliver nothing further; what was on its way is waiting still."""
        self._closed = True
        for message in list(self._expected):
            self._answer(message, MessageState.WAITING)
        tasks = [queue.task for queue in self._queues.values() if queue.task is not None]
        for queue in self._queues.values():
            if queue.timer is not None:
                queue.timer.cancel()
        for task in (*tasks, *self._branches):
            task.cancel()
        if tasks or self._branches:
            await asyncio.wait([*tasks, *self._branches])
        self._queues.clear()

    def _go(self, line: E164) -> None:
        """Work on a line's messages, unless somebody does or nobody could be reached."""
        queue = self._queues[line]
        if queue.timer is not None:
            queue.timer.cancel()
            queue.timer = None
        if queue.task is None and self._reach(line):
            task = asyncio.get_running_loop().create_task(self._round(line, queue))
            queue.task = task
            task.add_done_callback(lambda done: self._rest(line, queue, done))

    async def _round(self, line: E164, queue: _Queue) -> None:
        """Try every message once, those that come meanwhile included."""
        tried: set[int] = set()
        while (message := next((m for m in queue.messages if m not in tried), None)) is not None:
            tried.add(message)
            came = await self._attempt(message, line)
            if came is _Came.TO_AN_END:
                queue.failures = 0
                if message in queue.messages:
                    queue.messages.remove(message)
            elif came is not _Came.REFUSED_NOW:
                break  # the next one would fare no better
        if queue.messages:
            queue.failures += 1

    def _rest(self, line: E164, queue: _Queue, done: asyncio.Task[None]) -> None:
        """After a round: forget an empty queue, else try again later."""
        queue.task = None
        if done.cancelled() or self._closed:
            return
        if (error := done.exception()) is not None:
            self._log.error("message.failed", line=line, error=type(error).__name__)
            queue.failures += 1
        if not queue.messages:
            if self._queues.get(line) is queue:
                del self._queues[line]
        elif queue.again:
            queue.again = False
            self._go(line)
        else:
            delay_s = self._patience.delay_s(max(1, queue.failures))
            loop = asyncio.get_running_loop()
            queue.timer = loop.call_later(delay_s, self._go, line)

    async def _attempt(self, message: int, line: E164) -> _Came:
        try:
            if message in self._unsaved:
                await self._conclude(message, self._unsaved[message])
                return _Came.TO_AN_END
            ways = self._reach(line)
            if not ways:
                return _Came.NO_ANSWER
            kept = await self._messages.attempt(message)
            if kept is None or kept.text is None:
                return _Came.TO_AN_END
            return await self._send(kept, kept.text, ways)
        except StorageUnavailable as error:
            self._log.warning("message.not-kept", message=message, error=str(error))
            return _Came.NOT_KEPT

    async def _send(self, kept: KeptMessage, text: str, ways: Sequence[Way]) -> _Came:
        """Send to every phone at once; the first that takes it settles it (RFC 3428 §6)."""
        loop = asyncio.get_running_loop()
        branches = {loop.create_task(self._branch(kept, text, way)) for way in ways}
        self._branches |= branches
        for branch in branches:
            branch.add_done_callback(self._branches.discard)
        statuses = []
        for ended in asyncio.as_completed(branches):
            status = await ended
            statuses.append(status)
            if _OK <= status < 300:
                return await self._over(kept, MessageState.DELIVERED, status)
        if max(statuses) >= _EVERYWHERE or all(map(_is_for_good, statuses)):
            return await self._over(kept, MessageState.REFUSED, max(statuses))
        answered = not _NO_ANSWER.issuperset(statuses)
        self._log.info("message.undelivered", message=kept.id, status=max(statuses))
        self._answer(kept.id, MessageState.WAITING)
        return _Came.REFUSED_NOW if answered else _Came.NO_ANSWER

    async def _branch(self, kept: KeptMessage, text: str, way: Way) -> int:
        if way.flow is None:
            return _UNREACHABLE
        return await self._ask(written(kept, text, way, self._host), way.flow)

    async def _over(self, kept: KeptMessage, state: MessageState, status: int) -> _Came:
        self._log.info(f"message.{state}", message=kept.id, line=kept.to, status=status)
        ended = self._unsaved[kept.id] = Ended(state, status)
        await self._conclude(kept.id, ended)
        return _Came.TO_AN_END

    async def _conclude(self, message: int, ended: Ended) -> None:
        await self._messages.conclude(message, ended.state)
        del self._unsaved[message]
        self._ended[message] = ended
        if len(self._ended) > _MOST_REMEMBERED:
            self._ended.popitem(last=False)
        self._answer(message, ended.state)

    def _answer(self, message: int, state: MessageState) -> None:
        """Tell its sender, if it waits still."""
        expected = self._expected.get(message)
        if expected is not None and not expected.done():
            expected.set_result(state)


def _is_for_good(status: int) -> bool:
    """Whether a phone that refuses so would do it again; a redirection is never followed."""
    if status >= _FAILURE:
        return status >= _EVERYWHERE or status in _FOR_GOOD_ALL_THE_SAME
    return status not in _FOR_NOW
