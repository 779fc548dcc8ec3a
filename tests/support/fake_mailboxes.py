"""Voicemail in memory, for tests of what records into it and plays from it."""

import uuid
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

from provisioning.contract import (
    E164,
    BoxFull,
    Condition,
    Counts,
    Greeting,
    Line,
    Mailbox,
    MessageMark,
    NoRoom,
    NotContracted,
    PinVerdict,
    StorageUnavailable,
    UnknownLine,
    UnknownVoiceMessage,
    VoicemailRules,
    VoiceMessage,
)
from provisioning.profiles.store import ProfileFiles
from provisioning.voicemail import model
from provisioning.voicemail.model import OPTION, Box


class InMemoryMailboxes:
    """The boxes of those `lines` that contracted voicemail; others are unknown.

    `now` is business time. `unavailable` makes changes fail as a locked database does, `no_room`
    makes the disk full for whoever comes, and `break_disk` for who records already.
    """

    def __init__(self, lines: Iterable[Line] = (), now: float = 0.0) -> None:
        self.watchers: list[Callable[[E164, Counts], None]] = []
        self.now = now
        self.unavailable = self.no_room = False
        self.going_on: list[InMemoryDeposit] = []
        self._lines = {line.number: line for line in lines}
        self._profiles = ProfileFiles.load()
        self._boxes: dict[E164, Box] = {}
        self._own: dict[E164, bytes] = {}
        self._pins: dict[E164, str] = {}
        self._rows: dict[str, tuple[VoiceMessage, bytes]] = {}

    async def of(self, line: E164) -> Mailbox | None:
        known = self._lines.get(line)
        if known is None or OPTION not in known.options:
            return None
        return self._box(line).shown(self._rules(line))

    async def start(self, line: E164, conditions: Collection[Condition] | None = None) -> Mailbox:
        rules = self._rules(line)
        self._change(line, lambda box: model.started(box, rules, conditions))
        return self._boxes[line].shown(rules)

    async def stop(self, line: E164) -> None:
        self._change(line, model.stopped)

    async def set_ring_time(self, line: E164, seconds: int) -> None:
        rules = self._rules(line)
        self._change(line, lambda box: model.ringing(box, rules, seconds))

    async def set_taking(self, line: E164, takes_messages: bool) -> None:
        rules = self._rules(line)
        self._change(line, lambda box: model.taking(box, rules, takes_messages))

    async def set_greeting(self, line: E164, greeting: Greeting, ulaw: bytes | None = None) -> None:
        rules = self._rules(line)
        if ulaw is None:
            self._change(line, lambda box: model.greeting(box, greeting))
            return
        model.checked_greeting(rules, ulaw)
        self._change(line, lambda box: model.recorded(box, greeting, "own", "memory"))
        self._own[line] = ulaw

    async def greeting(self, line: E164) -> bytes | None:
        self._rules(line)
        return self._own[line] if self._box(line).greeting is Greeting.OWN else None

    async def set_pin(self, line: E164, pin: str | None) -> None:
        self._rules(line)
        if pin is not None:
            self._pins[line] = model.checked_pin(pin)
        self._change(line, lambda box: model.with_pin(box, "hash" if pin else None))

    async def check_pin(self, line: E164, pin: str) -> PinVerdict:
        rules, box = self._rules(line), self._box(line)
        if box.pin_hash is None:
            return PinVerdict.WRONG
        if box.is_locked(rules):
            return PinVerdict.LOCKED
        if pin == self._pins[line]:
            self._change(line, lambda old: model.with_pin(old, old.pin_hash))
            return PinVerdict.RIGHT
        self._change(line, lambda old: model.tried(old, rules))
        return PinVerdict.LOCKED if self._boxes[line].is_locked(rules) else PinVerdict.WRONG

    async def deposit(self, line: E164, caller: str | None, call_id: str) -> "InMemoryDeposit":
        rules = self._rules(line)
        taken = sum(deposit.line == line for deposit in self.going_on)
        if len(await self.messages(line)) + taken >= rules.messages:
            raise BoxFull("the box is full")
        if self.no_room:
            raise NoRoom("the disk is full")
        deposit = InMemoryDeposit(self, line, caller, self.now + rules.keep_s)
        self.going_on.append(deposit)
        return deposit

    async def counts(self, line: E164) -> Counts:
        marks = [each.mark for each in await self.messages(line)]
        return Counts(marks.count(MessageMark.NEW), marks.count(MessageMark.SAVED))

    async def messages(self, line: E164) -> tuple[VoiceMessage, ...]:
        self._rules(line)
        mine = (row for row, _ in self._rows.values() if row.line == line)
        return tuple(sorted(mine, key=lambda row: (row.mark, row.recorded_at, row.id)))

    async def sound(self, line: E164, message: str) -> bytes:
        return self._found(line, message)[1]

    async def mark(self, line: E164, message: str, mark: MessageMark) -> VoiceMessage:
        row, ulaw = self._found(line, message)
        self._check()
        self._rows[message] = replace(row, mark=mark), ulaw
        await self._tell(line)
        return self._rows[message][0]

    async def erase(self, line: E164, message: str) -> None:
        self._found(line, message)
        self._check()
        del self._rows[message]
        await self._tell(line)

    async def leave(
        self, line: E164, ulaw: bytes, caller: str | None = None, mark: MessageMark | None = None
    ) -> VoiceMessage:
        """A message that somebody left before the test."""
        deposit = await self.deposit(line, caller, "call")
        deposit.write(ulaw)
        message = await deposit.keep()
        assert message is not None, "too short to be a message"
        return await self.mark(line, message.id, mark) if mark is not None else message

    async def expire(self) -> None:
        """Let go what is too old at `now`."""
        gone = [row for row, _ in self._rows.values() if row.expires_at <= self.now]
        for row in gone:
            del self._rows[row.id]
            await self._tell(row.line)

    def break_disk(self) -> None:
        """Let the disk take no more of what is being recorded."""
        for deposit in self.going_on:
            deposit.fail()

    async def take(self, message: VoiceMessage, ulaw: bytes) -> None:
        """A deposit was kept."""
        self._rows[message.id] = message, ulaw
        await self._tell(message.line)

    def _rules(self, line: E164) -> VoicemailRules:
        known = self._lines.get(line)
        if known is None:
            raise UnknownLine(f"no line {line}")
        rules = self._profiles.of(known.profile).voicemail
        if OPTION not in known.options or rules is None:
            raise NotContracted(f"{line} has no voicemail")
        return rules

    def _box(self, line: E164) -> Box:
        return self._boxes.get(line) or model.begun(self._rules(line), forwards=False)

    def _change(self, line: E164, change: Callable[[Box], Box]) -> None:
        new = change(self._box(line))
        self._check()
        self._boxes[line] = new

    def _check(self) -> None:
        if self.unavailable:
            raise StorageUnavailable("the database is locked; try again later")

    def _found(self, line: E164, message: str) -> tuple[VoiceMessage, bytes]:
        self._rules(line)
        found = self._rows.get(message)
        if found is None or found[0].line != line:
            raise UnknownVoiceMessage(f"the box of {line} has no such message")
        return found

    async def _tell(self, line: E164) -> None:
        counts = await self.counts(line)
        for told in self.watchers:
            told(line, counts)


class InMemoryDeposit:
    """A message that is being left; `ulaw` is its sound so far."""

    def __init__(
        self, boxes: InMemoryMailboxes, line: E164, caller: str | None, expires_at: float
    ) -> None:
        self.line, self.ulaw = line, bytearray()
        self.on_failed: Callable[[], None] | None = None
        self._boxes, self._caller, self._expires_at = boxes, caller, expires_at
        self._recorded_at = boxes.now
        self._failed = self._ended = False
        self._kept: VoiceMessage | None = None

    @property
    def seconds(self) -> float:
        return model.seconds(len(self.ulaw))

    def write(self, ulaw: bytes) -> None:
        if not self._failed and not self._ended:
            self.ulaw += ulaw

    async def sound(self) -> bytes:
        return bytes(self.ulaw)

    async def begin_anew(self) -> None:
        self.ulaw.clear()

    async def keep(self) -> VoiceMessage | None:
        if self._end() and self.seconds >= model.SHORTEST_S:
            self._kept = VoiceMessage(
                id=str(uuid.uuid4()),
                line=self.line,
                mark=MessageMark.NEW,
                caller=self._caller,
                recorded_at=self._recorded_at,
                expires_at=self._expires_at,
                seconds=self.seconds,
            )
            await self._boxes.take(self._kept, bytes(self.ulaw))
        return self._kept

    async def drop(self) -> None:
        self._end()

    def fail(self) -> None:
        """The disk takes no more."""
        if not self._failed:
            self._failed = True
            if self.on_failed is not None:
                self.on_failed()

    def _end(self) -> bool:
        """Whether it ends now, and has not before."""
        if self._ended:
            return False
        self._ended = True
        self._boxes.going_on.remove(self)
        return True
