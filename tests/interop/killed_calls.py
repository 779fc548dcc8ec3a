"""A carrier that is killed again and again while messages are left and heard (VM-08, BILL-01).

In each life callers speak into a box, one after the other, and its owner hears it with 1417, until
the carrier is killed at an instant that the dice choose. What it says of all that once it is up
again must be what the phones know: no finished message and no record is lost or doubled, and no
sound lies there without its row.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tests.interop import lines
from tests.support.carrier import DOCOMO, PASSWORDS, Carrier
from tests.support.wire import Message, WireCall, WirePhone

OWNER = lines.TestLine(DOCOMO, "docomo", PASSWORDS[DOCOMO])
CALLERS = lines.CROWD[:40]
_LONGEST_LIFE_S = 4.0
_PACKETS_A_SECOND = 50
_LOUD = bytes([0x10, 0x90] * 80)
_BEFORE_THE_TONE_S = 1.5
_LOST_AT_MOST_S = 1.0
"""What a kill may take of a message that was being left."""
_PATIENCE_S, _GLANCE_S = 20.0, 0.1

_OF_SOUNDS = frozenset({".au", ".open", ".done", ".new"})
"""Endings of files that hold sound, or begin to."""

Row = dict[str, Any]
T = TypeVar("T")


class Gone(Exception):
    """The carrier was killed meanwhile."""


@dataclass
class Known:
    """What a phone knows of one call: answered by its 200, ended by the 200 to its BYE."""

    call_id: str
    line: lines.TestLine
    answered: bool = False
    ended: bool = False
    packets: int = 0

    @property
    def spoken_s(self) -> float:
        return self.packets / _PACKETS_A_SECOND


@dataclass
class Score:
    """What was looked at over all lives."""

    kills: int = 0
    records: int = 0
    kept: int = 0
    cut_short: int = 0


class _Phone(WirePhone):
    """A phone that waits for nothing from a carrier that was killed."""

    def __init__(self, carrier: Carrier, line: lines.TestLine, over: threading.Event) -> None:
        super().__init__(carrier.address, line.number, line.password)
        self._over = over

    def receive(self, timeout_s: float = _PATIENCE_S) -> Message | None:
        return _unless(self._over, timeout_s, super().receive)


def _unless(over: threading.Event, timeout_s: float, ask: Callable[[float], T | None]) -> T | None:
    """What comes within a time; Gone once it is over."""
    deadline = time.monotonic() + timeout_s
    while (left_s := deadline - time.monotonic()) > 0:
        if over.is_set():
            raise Gone
        if (found := ask(min(left_s, _GLANCE_S))) is not None:
            return found
    return None


@dataclass
class _Life:
    """The calls of one life of the carrier."""

    carrier: Carrier
    dice: random.Random
    over: threading.Event = field(default_factory=threading.Event)
    deposits: list[Known] = field(default_factory=list)
    sessions: list[Known] = field(default_factory=list)
    faults: list[BaseException] = field(default_factory=list)

    def live(self) -> None:
        """Call until the kill; AssertionError when something went wrong before it."""
        talkers = [
            threading.Thread(target=self._until_killed, args=(work,))
            for work in (self._leave_messages, self._hear_messages)
        ]
        for talker in talkers:
            talker.start()
        self.over.wait(self.dice.uniform(0.1, _LONGEST_LIFE_S))
        self.over.set()
        self.carrier.kill()
        for talker in talkers:
            talker.join()
        if self.faults:
            raise self.faults[0]

    def _until_killed(self, work: Callable[[random.Random], None]) -> None:
        try:
            work(random.Random(self.dice.random()))
        except Gone:
            pass
        except BaseException as error:  # told by the thread that waits for this one
            if not self.over.is_set():
                self.over.set()
                self.faults.append(error)

    def _leave_messages(self, dice: random.Random) -> None:
        for line in CALLERS:
            with _Phone(self.carrier, line, self.over) as phone:
                self._call(phone, line, OWNER.number, self.deposits, dice)

    def _hear_messages(self, dice: random.Random) -> None:
        for _ in CALLERS:
            with _Phone(self.carrier, OWNER, self.over) as phone:
                self._call(phone, OWNER, "1417", self.sessions, dice)

    def _call(
        self,
        phone: _Phone,
        line: lines.TestLine,
        number: str,
        calls: list[Known],
        dice: random.Random,
    ) -> None:
        with WireCall(phone, number) as call:
            known = Known(call.call_id, line)
            calls.append(known)
            self._check(call.dial(timeout_s=_PATIENCE_S).status == 200)
            known.answered = True
            if number == OWNER.number:
                call.rtp.key("1")
                self._pace(call, _BEFORE_THE_TONE_S)
                self._pace(call, dice.uniform(0.8, 2.0), known)
            else:
                self._pace(call, dice.uniform(0.1, 1.5))
            self._check(call.bye().status == 200)
            known.ended = not self.over.is_set()

    def _pace(self, call: WireCall, seconds: float, speaker: Known | None = None) -> None:
        """Listen for so long, and speak as fast as what is heard comes."""
        for _ in range(round(seconds * _PACKETS_A_SECOND)):
            self._check(_unless(self.over, _PATIENCE_S, call.rtp.receive) is not None)
            if speaker is not None:
                call.rtp.send(_LOUD)
                speaker.packets += not self.over.is_set()

    def _check(self, held: bool) -> None:
        """Gone if it is over; else what was expected must have held."""
        if self.over.is_set():
            raise Gone
        assert held, f"the carrier did not do what it must: {self.carrier.log[-2000:]}"


def kill_often(carrier: Carrier, kills: int, seed: int) -> Score:
    """Kill it so many times; `seed` chooses when, and how the calls go.

    Raises:
        AssertionError: something was lost, doubled or left over; the message says what.
    """
    dice, score = random.Random(seed), Score()
    for _ in range(kills):
        life = _Life(carrier, random.Random(dice.random()))
        life.live()
        carrier.start_again()
        score.kills += 1
        _look(life, score)
    return score


def _look(life: _Life, score: Score) -> None:
    rows = _records(life.carrier)
    twice = [
        key for key, count in Counter((r["call_id"], r["leg"]) for r in rows).items() if count > 1
    ]
    assert not twice, f"records doubled: {twice}"
    of_call = {row["sip_call_id"]: row for row in rows if row["leg"] == 1}
    assert len(of_call) == sum(row["leg"] == 1 for row in rows), "calls recorded twice"
    for known in (*life.deposits, *life.sessions):
        record = of_call.get(known.call_id)
        if not known.answered:
            continue
        assert record is not None, f"a record lost: {known}"
        assert record["answered_at"] is not None, f"a record without its answer: {record}"
        score.records += 1
    _look_at_messages(life, score)


def _look_at_messages(life: _Life, score: Score) -> None:
    path = f"/v1/voicemail/{OWNER.number}/messages"
    found: list[Row] = life.carrier.get(path)["items"]
    by_caller = {row["caller"]: row for row in found}
    assert len(by_caller) == len(found), f"messages doubled: {found}"
    for known in life.deposits:
        left = by_caller.pop("+81" + known.line.number[1:], None)
        if known.ended:
            assert left is not None, f"a message lost: {known}"
            assert left["seconds"] >= known.spoken_s - 0.1, f"{left} of {known}"
            score.kept += 1
        elif known.spoken_s > 2 * _LOST_AT_MOST_S:
            assert left is not None, f"what was heard is lost: {known}"
        if left is not None and not known.ended:
            assert left["seconds"] >= known.spoken_s - _LOST_AT_MOST_S, f"{left} of {known}"
            score.cut_short += 1
    assert not by_caller, f"messages of nobody: {by_caller}"
    folder = life.carrier.folder / "data" / "voicemail"
    named = {f"{row['id']}.au" for row in found}
    there = {path.name for path in folder.iterdir() if path.suffix in _OF_SOUNDS}
    assert there == named, f"files without row, or rows without file: {there ^ named}"
    for row in found:
        life.carrier.send("DELETE", f"{path}/{row['id']}")


def _records(carrier: Carrier) -> list[Row]:
    """Every record, page after page."""
    rows: list[Row] = []
    after: str | None = ""
    while after is not None:
        page = carrier.get(f"/v1/cdrs?limit=1000{f'&after={after}' if after else ''}")
        rows += page["items"]
        after = page["next"]
    return rows
