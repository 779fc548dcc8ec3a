"""One thread that writes what all callers say: a process killed at any moment loses a moment.

Sound is gathered for 0.2 s and appended; once a second a second thread makes it outlive a power
failure, so that a slow disk never holds up the first. Neither ever holds up the loop.
"""

import asyncio
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial

from provisioning.voicemail import au
from provisioning.voicemail.model import OCTETS_A_SECOND

log = logging.getLogger("tokuban.voicemail")

GATHER_S = 0.2
SYNC_S = 1.0
MOST_WAITING = 30 * OCTETS_A_SECOND
"""Octets of one recording that may wait for the disk; then it counts as failed."""


class Recording:
    """A file that grows; whoever writes to it lives in the loop and never waits."""

    def __init__(self, descriptor: int, on_failed: Callable[[], None]) -> None:
        self._descriptor, self._on_failed = descriptor, on_failed
        self._waiting: deque[bytes] = deque()
        self._busy, self._syncing = threading.Lock(), threading.Lock()
        self._open = True
        self._unsynced = False
        self._written = 0
        self._taken = 0
        self._failed = False

    @property
    def octets(self) -> int:
        """How much sound there is; once the disk failed, how much it took."""
        return self._written if self._failed else self._taken

    def add(self, ulaw: bytes) -> None:
        """Write this soon."""
        if self._failed or not self._open:
            return
        self._waiting.append(ulaw)
        self._taken += len(ulaw)
        if self._taken - self._written > MOST_WAITING:
            self._fail("it does not keep up")

    def flush(self) -> None:
        """Append what waits; blocks."""
        with self._busy:
            if self._open:
                self._append()

    def sync(self) -> None:
        """Let what was appended outlive a power failure; blocks, and nobody else."""
        with self._syncing:
            if self._open and self._unsynced:
                self._unsynced = False
                self._guarded(os.fdatasync)

    def begin_anew(self) -> None:
        """Forget all sound, also what waits; blocks."""
        with self._busy:
            self._waiting.clear()
            self._written = self._taken = 0
            self._guarded(lambda descriptor: os.ftruncate(descriptor, len(au.HEADER)))

    def sound(self) -> bytes:
        """All sound; blocks."""
        with self._busy:
            if not self._open:
                return b""
            self._append()
            return os.pread(self._descriptor, self._written, len(au.HEADER))

    def close(self) -> None:
        """Write what waits, durably, and write no more; blocks."""
        with self._busy, self._syncing:
            if self._open:
                self._append()
                self._guarded(os.fdatasync)
                self._open = False
                os.close(self._descriptor)

    def _append(self) -> None:
        data = b"".join(self._waiting.popleft() for _ in range(len(self._waiting)))
        self._guarded(lambda descriptor: self._write(descriptor, data))

    def _write(self, descriptor: int, data: bytes) -> None:
        while data and not self._failed:
            count = os.write(descriptor, data)
            self._written += count
            self._unsynced = True
            data = data[count:]

    def _guarded(self, act: Callable[[int], None]) -> None:
        try:
            act(self._descriptor)
        except OSError as error:
            self._fail(error.strerror)

    def _fail(self, reason: str | None) -> None:
        if not self._failed:
            self._failed = True
            self._waiting.clear()
            log.error("the disk takes no more of a voice message: %s", reason)
            self._on_failed()


class RecordingWriter:
    """Writes every recording that goes on; its threads begin with the first one."""

    def __init__(self) -> None:
        self._going_on: set[Recording] = set()
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._closed = False
        self.longest_s = {"append": 0.0, "sync": 0.0}
        """The longest that it took to append what all had said, and to make it durable."""

    def begin(self, descriptor: int, on_failed: Callable[[], None]) -> Recording:
        """Write to this file; `on_failed` is called in the loop, once at most."""
        loop = asyncio.get_running_loop()

        def tell() -> None:
            loop.call_soon_threadsafe(on_failed)

        recording = Recording(descriptor, tell)
        with self._changed:
            self._going_on.add(recording)
            self._changed.notify_all()
        if not self._threads:
            self._start()
        return recording

    def end(self, recording: Recording) -> None:
        """Write no more to it, but what waits; blocks."""
        with self._changed:
            self._going_on.discard(recording)
        recording.close()

    def close(self) -> None:
        """End the threads; blocks. What goes on stays as it was written."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()
        for recording in self._going_on:
            recording.close()
        self._going_on.clear()

    def _start(self) -> None:
        for act, every_s, name in (
            (Recording.flush, GATHER_S, "append"),
            (Recording.sync, SYNC_S, "sync"),
        ):
            run = partial(self._run, act, every_s, name)
            thread = threading.Thread(target=run, name=f"voicemail-{name}")
            thread.start()
            self._threads.append(thread)

    def _run(self, act: Callable[[Recording], None], every_s: float, name: str) -> None:
        """Do it to every recording, again and again."""
        due = time.monotonic()
        while (recordings := self._next(due)) is not None:
            begun = time.monotonic()
            for recording in recordings:
                act(recording)
            ended = time.monotonic()
            due = max(begun + every_s, ended)
            self.longest_s[name] = max(self.longest_s[name], ended - begun)

    def _next(self, due: float) -> list[Recording] | None:
        """What goes on at `due`, or as soon as there is something; None once it is over."""
        with self._changed:
            while not self._closed:
                rest_s = due - time.monotonic()
                if rest_s <= 0 and self._going_on:
                    return list(self._going_on)
                self._changed.wait(rest_s if rest_s > 0 else None)
            return None
