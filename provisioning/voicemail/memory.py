"""How every box is set and counts, answered from memory."""

import itertools
from collections.abc import Callable, Mapping

from provisioning.contract import E164, Counts
from provisioning.voicemail.model import Box

Watcher = Callable[[E164, Counts], None]

EMPTY = Counts(0, 0)


class MemoryBoxes:
    """Boxes by line; whoever changes the rows tells it once they are durable, in the loop.

    A ticket, drawn while the line's box is locked, puts the changes of one line in their order,
    in whichever order their makers come to tell. `changes` grows with each change. Every one of
    `watchers` is told which box counts differently, and how.
    """

    def __init__(self) -> None:
        self._boxes: dict[E164, Box] = {}
        self._counts: dict[E164, Counts] = {}
        self._newest: dict[tuple[str, E164], int] = {}
        self._tickets = itertools.count()
        self.watchers: list[Watcher] = []
        self.changes = 0

    def box(self, line: E164) -> Box | None:
        """The box of a line; None when nobody told of any."""
        return self._boxes.get(line)

    def counts(self, line: E164) -> Counts:
        """How the box counted when it was last heard of."""
        return self._counts.get(line, EMPTY)

    def ticket(self) -> int:
        """A number greater than any before it."""
        return next(self._tickets)

    def put_box(self, line: E164, box: Box, ticket: int) -> None:
        """Know a change, unless a later one of the same line is known."""
        if self._is_news("box", line, ticket):
            self._boxes[line] = box

    def put_counts(self, line: E164, counts: Counts, ticket: int) -> None:
        """The same of its messages."""
        if self._is_news("counts", line, ticket):
            self._set_counts(line, counts)

    def forget(self, line: E164) -> None:
        """Know nothing of a line that has no box any more."""
        self.changes += 1
        self._boxes.pop(line, None)
        self._set_counts(line, EMPTY)

    def replace(self, boxes: Mapping[E164, Box], counts: Mapping[E164, Counts]) -> None:
        """Take over new contents at once."""
        self._boxes = dict(boxes)
        for line in self._counts.keys() | counts.keys():
            self._set_counts(line, counts.get(line, EMPTY))

    def _set_counts(self, line: E164, counts: Counts) -> None:
        if counts == self.counts(line):
            return
        if counts == EMPTY:
            self._counts.pop(line, None)
        else:
            self._counts[line] = counts
        for told in self.watchers:
            told(line, counts)

    def _is_news(self, kind: str, line: E164, ticket: int) -> bool:
        self.changes += 1
        if ticket < self._newest.get((kind, line), 0):
            return False
        self._newest[kind, line] = ticket
        return True
