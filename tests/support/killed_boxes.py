"""A carrier that is killed again and again, in the midst of what callers and owners do.

Each life is a child process that tells its parent what it is about to do and what is done. The
next one begins with a look at what the killed one left: it is what was told, or was being done.
"""

import asyncio
import json
import os
import random
import select
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from provisioning.contract import E164, BoxFull, Greeting, MessageMark, VoiceMessage
from provisioning.office import Office, OfficeSettings
from tests.support.boxes import BEGUN, seeds
from tests.support.crash import fork
from tests.support.orders import before_each_statement
from tests.support.storage import AU, DOCOMO, REALM

LINES = (DOCOMO, AU)
CHUNK = 800
LONGEST = 80 * CHUNK
KEPT_LEAST_S = 72 * 3600.0
PATIENCE_S = 30.0
MOST_STEPS = 400
"""Statements and changes of the folder after which a life that counts them has ended."""


def pattern(tag: str) -> bytes:
    """The sound of a caller: nobody else's begins alike."""
    return random.Random(tag).randbytes(LONGEST)


@dataclass
class Ledger:
    """What the lives told: `kept` by caller with id, the octets that must be there, and its end."""

    begun: set[str] = field(default_factory=set)
    kept: dict[str, tuple[str, int, float]] = field(default_factory=dict)
    erasing: set[str] = field(default_factory=set)
    erased: set[str] = field(default_factory=set)
    latest: float = BEGUN
    """The business time that was wanted at most."""
    done: int = 0
    """How many things were told to be done."""

    def note(self, what: str, tag: str, *more: object) -> None:
        """Take down one thing that was told."""
        self.done += 1
        if what == "kept":
            message, octets, expires_at = more
            self.kept[tag] = (str(message), int(str(octets)), float(str(expires_at)))
        elif what == "finished":
            octets, expires_at = more
            self.kept.setdefault(tag, ("", int(str(octets)), float(str(expires_at))))
        elif what == "later":
            self.latest = max(self.latest, float(tag))
        else:
            getattr(self, what).add(tag)

    def must_be_there(self) -> dict[str, tuple[str, int, float]]:
        """What nobody erased, and whose time is not over."""
        return {
            tag: kept
            for tag, kept in self.kept.items()
            if tag not in self.erasing and kept[2] > self.latest
        }


class Life:
    """What goes on in one child process."""

    def __init__(self, folder: Path, database: str | None, ledger: Ledger, seed: str) -> None:
        self._folder, self._database, self._ledger = folder, database, ledger
        self._random, self._seed = random.Random(seed), seed
        self._out = -1
        self.steps: int | None = None
        """After so many steps it kills itself, before the next one."""

    def run(self, out: int) -> None:
        """Look at what is there, then go on until the end comes; tells `out`."""
        self._out = out
        asyncio.run(self._live())

    async def _live(self) -> None:
        settings = OfficeSettings(self._folder, REALM, database=self._database, wait_s=5.0)
        office = await Office.open(settings, wall=lambda: BEGUN)
        await office.seed(seeds())
        await self._look(office)
        self._tell("ready", "")
        with before_each_statement(office, self._step):
            sys.addaudithook(self._watch)
            async with asyncio.TaskGroup() as group:
                for number in range(3):
                    group.create_task(self._call(office, number))
                group.create_task(self._hear(office))

    def _watch(self, event: str, _args: tuple[object, ...]) -> None:
        if event in ("open", "os.rename", "os.remove"):
            self._step(event)

    def _step(self, _what: str) -> None:
        if self.steps is not None:
            self.steps -= 1
            if self.steps < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    async def _look(self, office: Office) -> None:
        """AssertionError unless rows, files and what was told agree."""
        await self._idle(office)
        found: dict[str, VoiceMessage] = {}
        for line in LINES:
            for message in await office.voicemail.messages(line):
                found[message.caller or ""] = message
                sound = await office.voicemail.sound(line, message.id)
                assert pattern(message.caller or "").startswith(sound), f"torn: {message}"
                assert len(sound) == message.seconds * 8000, f"row and file differ: {message}"
        for tag, (id, octets, _) in self._ledger.must_be_there().items():
            assert tag in found, f"lost: {tag}"
            assert found[tag].id.startswith(id), f"another: {tag}"
            assert found[tag].seconds == octets / 8000, f"changed: {tag}"
        assert found.keys() <= self._ledger.begun - self._ledger.erased, "back from the dead"
        named = {message.id for message in found.values()} | await self._greetings(office)
        for tag, message in found.items():
            self._tell("kept", tag, message.id, round(message.seconds * 8000), message.expires_at)
        names = {path.name for path in (self._folder / "voicemail").iterdir()}
        sound_files = {name.removesuffix(".au") for name in names if name.endswith(".au")}
        assert sound_files == named, f"orphans or lost files: {sound_files ^ named}"
        assert not [name for name in names if name.endswith((".open", ".done", ".new"))]

    async def _greetings(self, office: Office) -> set[str]:
        boxes = office.voicemail._boxes.memory
        return {box.own for line in LINES if (box := boxes.box(line)) and box.own is not None}

    async def _idle(self, office: Office) -> None:
        """What fell due while nobody ran is done."""
        for _ in range(int(PATIENCE_S / 0.01)):
            due = await office.voicemail.next_due()
            if due is None or due > office.clock.seconds():
                return
            await asyncio.sleep(0.01)
        raise AssertionError("messages do not expire")

    async def _call(self, office: Office, number: int) -> None:
        for turn in range(1000):
            tag = f"{self._seed}-{number}-{turn}"
            sound, line = pattern(tag), self._random.choice(LINES)
            self._tell("begun", tag)
            try:
                deposit = await office.voicemail.deposit(line, tag, tag)
            except BoxFull:
                await asyncio.sleep(0.01)
                continue
            if self._random.random() < 0.1:
                deposit.write(bytes(4000))
                await deposit.begin_anew()
            for at in range(0, self._random.randrange(0, LONGEST, CHUNK), CHUNK):
                deposit.write(sound[at : at + CHUNK])
                await asyncio.sleep(0.0005)
            if self._random.random() < 0.1:
                await deposit.drop()
                continue
            if len(heard := await deposit.sound()) >= 4000:
                # It is on disk, and from now on it must never be lost.
                self._tell("finished", tag, len(heard), office.clock.seconds() + KEPT_LEAST_S)
            if kept := await deposit.keep():
                self._tell("kept", tag, kept.id, round(kept.seconds * 8000), kept.expires_at)

    async def _hear(self, office: Office) -> None:
        boxes = office.voicemail
        while True:
            await asyncio.sleep(self._random.random() * 0.02)
            line, die = self._random.choice(LINES), self._random.random()
            messages = await boxes.messages(line)
            if die < 0.1:
                await self._pass_time(office, self._random.random() * 40 * 3600)
            elif die < 0.2:
                await boxes.set_greeting(line, Greeting.OWN, bytes(9000))
            elif messages and die < 0.6:
                await self._erase(office, line, self._random.choice(messages))
            elif messages:
                await boxes.mark(line, self._random.choice(messages).id, MessageMark.SAVED)

    async def _erase(self, office: Office, line: E164, message: VoiceMessage) -> None:
        tag = message.caller or ""
        self._tell("erasing", tag)
        await office.voicemail.erase(line, message.id)
        self._tell("erased", tag)

    async def _pass_time(self, office: Office, seconds: float) -> None:
        self._tell("later", str(office.clock.seconds() + seconds))
        await office.clock.advance(seconds)

    def _tell(self, *told: object) -> None:
        os.write(self._out, json.dumps(told).encode() + b"\n")


def kill_often(folder: Path, kills: int, seed: int, database: str | None = None) -> Ledger:
    """Kill so many lives, each at a moment that `seed` chooses, and look at what is left.

    Raises:
        AssertionError: something was lost, doubled or left over; the child said what.
    """
    ledger, dice = Ledger(), random.Random(seed)
    for life in range(kills):
        _kill_once(Life(folder, database, ledger, f"{seed}-{life}"), ledger, dice)
    _look_once(Life(folder, database, ledger, f"{seed}-last"), ledger)
    return ledger


def _kill_once(life: Life, ledger: Ledger, dice: random.Random) -> None:
    """Kill it while it starts, after a while, or before a step that it takes."""
    die, delay_s = dice.random(), dice.random() * 0.35
    if die < 0.6:
        life.steps = dice.randrange(MOST_STEPS)
    child, told = _begin(life)
    try:
        if life.steps is None:
            if die < 0.85:
                _read(told, ledger, until_ready=True)
            select.select([], [], [], delay_s)
            os.kill(child, signal.SIGKILL)
        _read(told, ledger)
    except BaseException:
        os.kill(child, signal.SIGKILL)
        raise
    finally:
        os.close(told)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status != -signal.SIGKILL:
        raise AssertionError(f"the carrier ended by itself with status {status}")


def _look_once(life: Life, ledger: Ledger) -> None:
    child, told = _begin(life)
    try:
        _read(told, ledger, until_ready=True)
        os.kill(child, signal.SIGKILL)
    finally:
        os.close(told)
        os.waitpid(child, 0)


def _begin(life: Life) -> tuple[int, int]:
    told, out = os.pipe()

    def run() -> None:
        os.close(told)
        life.run(out)

    child = fork(run)
    os.close(out)
    return child, told


def _read(told: int, ledger: Ledger, *, until_ready: bool = False) -> None:
    """Take down what is told until the child has gone, or is `ready`."""
    rest, deadline = b"", time.monotonic() + PATIENCE_S
    while True:
        data = os.read(told, 65536) if select.select([told], [], [], PATIENCE_S)[0] else b""
        *lines, rest = (rest + data).split(b"\n")
        was_ready = False
        for what, tag, *more in map(json.loads, lines):
            if what == "ready":
                was_ready = True
            else:
                ledger.note(what, tag, *more)
        if until_ready and (was_ready or not data or time.monotonic() > deadline):
            if not was_ready:
                raise AssertionError("the carrier did not come up: what it says is above")
            return
        if not data:
            return
