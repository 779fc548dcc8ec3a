"""Files of messages: made once for all who ask, few at a time, and kept within bounds."""

import asyncio
import threading
from typing import cast

import pytest

from provisioning.audit.model import Origin
from provisioning.audit.store import Audit
from provisioning.contract import (
    E164,
    Mailboxes,
    OutOfRange,
    UnknownMessage,
    UnknownVoiceMessage,
    UnreadableSound,
)
from provisioning.listening import service
from provisioning.listening.service import FileKind, Listening

LINE, ORIGIN = E164("+819000000001"), Origin("tests", "a test")


class Box:
    """Messages by id."""

    def __init__(self) -> None:
        self.sounds = {"a": b"a" * 100, "b": b"b" * 200}

    async def sound(self, line: E164, message: str) -> bytes:
        if message not in self.sounds:
            raise UnknownVoiceMessage
        return self.sounds[message]


class Notes:
    """What the audit was told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, str]] = []

    async def note_alone(self, subject: str, what: str, *, after: str, origin: Origin) -> None:
        self.told.append((subject, after, origin.who))


class Coder:
    """Makes files of a known size, and counts who works at once."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.most = self._now = 0
        self.held = threading.Event()
        self.held.set()
        self._lock = threading.Lock()

    def _make(self, name: str) -> bytes:
        with self._lock:
            self.made.append(name)
            self._now += 1
            self.most = max(self.most, self._now)
        self.held.wait(20)
        with self._lock:
            self._now -= 1
        return name.encode() * 1000

    def wav(self, ulaw: bytes) -> bytes:
        return self._make("w")

    def mp3(self, ulaw: bytes) -> bytes:
        return self._make("m")

    def ulaw(self, wav: bytes) -> bytes:
        if wav == b"bad":
            raise UnreadableSound("not a WAV file")
        return wav


@pytest.fixture
def coder() -> Coder:
    return Coder()


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def listening(coder: Coder, notes: Notes) -> Listening:
    return Listening(cast(Mailboxes, Box()), cast(Audit, notes), coder)


async def test_a_file_is_made_once_for_all_who_ask(listening: Listening, coder: Coder) -> None:
    coder.held.clear()
    asking = [asyncio.create_task(listening.message(LINE, "a", FileKind.MP3)) for _ in range(10)]
    leaving = asyncio.create_task(listening.message(LINE, "a", FileKind.MP3))
    await asyncio.sleep(0)
    leaving.cancel()
    coder.held.set()
    files = await asyncio.gather(*asking)
    assert {file.content for file in files} == {b"m" * 1000}
    assert (await listening.message(LINE, "a", FileKind.MP3)).etag == files[0].etag
    assert coder.made == ["m"]
    assert (await listening.message(LINE, "a", FileKind.WAV)).content == b"w" * 1000


async def test_few_are_made_at_a_time(listening: Listening, coder: Coder) -> None:
    await asyncio.gather(*(listening.file(b"", FileKind.WAV) for _ in range(12)))
    assert coder.most <= service.AT_ONCE
    assert len(coder.made) == 12


async def test_what_is_kept_has_a_bound(
    listening: Listening, coder: Coder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MOST_KEPT_BYTES", 2500)
    for message in ("a", "b"):
        for kind in FileKind:
            await listening.message(LINE, message, kind)
    assert sum(map(len, listening._kept.values())) == 2000
    await listening.message(LINE, "a", FileKind.WAV)
    assert len(coder.made) == 5


async def test_an_erased_message_is_heard_no_more_though_its_file_was_made(
    listening: Listening,
) -> None:
    await listening.message(LINE, "a", FileKind.WAV)
    cast(Box, listening._mailboxes).sounds.clear()
    with pytest.raises(UnknownVoiceMessage):
        await listening.message(LINE, "a", FileKind.WAV)


async def test_a_file_that_failed_is_tried_again(
    listening: Listening, coder: Coder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(ulaw: bytes) -> bytes:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(coder, "wav", fail)
        with pytest.raises(MemoryError):
            await listening.message(LINE, "a", FileKind.WAV)
    assert (await listening.message(LINE, "a", FileKind.WAV)).content == b"w" * 1000


async def test_who_names_a_message_of_another_box_is_noted(
    listening: Listening, notes: Notes
) -> None:
    with pytest.raises(UnknownMessage):
        async with listening.own(LINE, "c", ORIGIN):
            await listening.message(LINE, "c", FileKind.WAV)
    assert notes.told == [(LINE, "c", "tests")]
    async with listening.own(LINE, "a", ORIGIN):
        await listening.message(LINE, "a", FileKind.WAV)
    assert len(notes.told) == 1


async def test_what_is_no_sound_is_out_of_range(listening: Listening) -> None:
    assert await listening.ulaw(b"good") == b"good"
    with pytest.raises(OutOfRange, match="not a WAV file"):
        await listening.ulaw(b"bad")
