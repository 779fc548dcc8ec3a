"""Whose turn it is in the splits of a number, asked by many calls at once (FREE-08).

Calls that come while the database is at work on a number are decided together in its next unit of
work, each in its turn: a hundred calls at once cost some commits, not a hundred one after another.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

from provisioning.contract import E164, StorageUnavailable, Turns
from provisioning.db.connection import Connection
from provisioning.db.unit_of_work import Database
from provisioning.freephone import store

log = logging.getLogger("tokuban.freephones")

T = TypeVar("T")


class _Asked(NamedTuple):
    """A call that waits for its turn."""

    use: Callable[[Turns], tuple[Any, Turns]]
    answer: asyncio.Future[Any]


Answer = tuple[Any, Exception | None]


class Turning:
    """Where splits stand: durable, and the same for every node."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seen: dict[E164, Turns] = {}
        self._asked: dict[E164, list[_Asked]] = {}
        self._serving: set[asyncio.Task[None]] = set()

    async def use(self, number: E164, use: Callable[[Turns], tuple[T, Turns]]) -> T:
        """What `use` answers; where it leaves the splits is kept before anybody else sees them.

        While the storage is away, this node goes on by itself from where it saw them last.
        """
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        asked = _Asked(use, answer)
        if number in self._asked:
            self._asked[number].append(asked)
        else:
            self._asked[number] = [asked]
            task = asyncio.create_task(self._serve(number))
            self._serving.add(task)
            task.add_done_callback(self._serving.discard)
        return await answer

    def forget(self, number: E164) -> None:
        """The number is given up, or its splits begin anew."""
        self._seen.pop(number, None)

    async def _serve(self, number: E164) -> None:
        """Serve who asks for a number until nobody does."""
        try:
            while asked := self._asked[number]:
                self._asked[number] = []
                await self._together(number, asked)
        finally:
            del self._asked[number]

    async def _together(self, number: E164, asked: Sequence[_Asked]) -> None:
        try:
            answers, self._seen[number] = await self._database.write(
                lambda connection: _kept(connection, number, asked)
            )
        except StorageUnavailable as error:
            log.warning("the splits of %s are this node's alone now: %s", number, error)
            answers, self._seen[number] = _answers(asked, self._seen.get(number, {}))
        except Exception as error:
            answers = [(None, error)] * len(asked)
        for each, (answer, wrong) in zip(asked, answers, strict=True):
            if each.answer.done():
                continue  # the caller hung up
            if wrong is None:
                each.answer.set_result(answer)
            else:
                each.answer.set_exception(wrong)


async def _kept(
    connection: Connection, number: E164, asked: Sequence[_Asked]
) -> tuple[list[Answer], Turns]:
    """Answer them all in one unit of work, which keeps where they leave the splits."""
    if not await store.lock(connection, number):
        return _answers(asked, {})  # it was given up just now: nothing of it is kept
    before = await store.turns(connection, number)
    answers, after = _answers(asked, before)
    for split, saved in after.items():
        if saved != before.get(split):
            await store.set_turn(connection, number, *split, saved)
    return answers, after


def _answers(asked: Sequence[_Asked], turns: Turns) -> tuple[list[Answer], Turns]:
    """What each call is answered, one after the other, and where they leave the splits."""
    answers: list[Answer] = []
    for each in asked:
        try:
            answer, turns = each.use(turns)
            answers.append((answer, None))
        except Exception as error:
            answers.append((None, error))
    return answers, turns
