"""A file of what a killed process would take along: legs that go on, records not yet written.

A line is a JSON array: what it says of a leg, then the fields of its record. A later line on the
same leg counts. What a process leaves behind is read by the next one on the same folder, which
knows by the lock that its writer is gone; the database takes no leg twice.
"""

import errno
import fcntl
import json
import logging
import os
import secrets
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from provisioning.contract import Access, CallRecord
from provisioning.records.model import interrupted

log = logging.getLogger("tokuban.records")

GOING_ON, ENDED = "going-on", "ended"
PATTERN = "calls-*.journal"
LONGEST_BYTES = 4_000_000
"""A longer file is written anew with what still counts."""

encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode
"""A line of the journal; only ASCII."""


class Journal:
    """The file of this process; a disk that refuses it is told once and costs no call."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._length = 0
        self._file: tuple[Path, int] | None = None
        """Made with the first line: a carrier whose calls are all brief needs none."""
        self._named = False
        """Whether a power failure leaves the file its name."""
        self._flushing = threading.Lock()
        """Held while the file is flushed in a thread, and while another one takes its place."""
        self.refusal: str | None = None
        """Why the disk refused the latest line; None when it took it."""

    @property
    def is_long(self) -> bool:
        """Whether it is time to begin anew."""
        return self._length > LONGEST_BYTES

    def note(self, what: str, records: Iterable[CallRecord]) -> bool:
        """Add lines; a killed process leaves them, a power failure may not. Whether they fit."""
        data = "".join(f"{encode((what, *record))}\n" for record in records).encode("ascii")
        try:
            if self._file is None:
                self._file = _begun(self._folder)
            self._add(self._file[1], data)
        except OSError as error:
            if self.refusal is None:
                log.error("the journal of calls cannot be written: %s", error.strerror)
            self.refusal = error.strerror or type(error).__name__
            return False
        self.refusal = None
        return True

    def flush(self) -> None:
        """Return once a power failure leaves what was noted, too; blocks.

        Raises:
            OSError: it may not.
        """
        with self._flushing:
            if self._file is None:
                return
            os.fdatasync(self._file[1])
            if not self._named:
                _flush_folder(self._folder)
                self._named = True

    def beat(self) -> None:
        """Note that the process lives."""
        if self._file is not None:
            with suppress(OSError):
                os.utime(self._file[1])

    def clear(self) -> None:
        """Forget everything: no leg goes on and every record is written."""
        if self._length and self._file is not None:
            with suppress(OSError):
                os.ftruncate(self._file[1], 0)
                self._length = 0

    def begin_anew(self, ongoing: Iterable[CallRecord], waiting: Iterable[CallRecord]) -> None:
        """Go on in a new file that says only this; in the old one when the disk refuses it."""
        fresh = Journal(self._folder)
        try:
            whole = fresh.note(ENDED, waiting) and fresh.note(GOING_ON, ongoing)
            fresh.flush()
        except OSError:
            whole = False
        if not whole:
            fresh.close(whole=True)
            return
        with self._flushing:
            old, self._file, self._named = self._file, fresh._file, True
            self._length = fresh._length
        if old is not None:
            _forget(*old)

    def close(self, *, whole: bool) -> None:
        """Close it, and remove it when all it said is written (`whole`)."""
        if self._file is None:
            return
        if whole:
            _forget(*self._file)
        else:
            with suppress(OSError):
                self.flush()
            os.close(self._file[1])
        self._file = None

    def _add(self, descriptor: int, data: bytes) -> None:
        """Append `data` or nothing: half a line would spoil the next one."""
        written = os.write(descriptor, data)
        if written < len(data):
            os.ftruncate(descriptor, self._length)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._length += written


class LeftBehind:
    """The journal of a process that is gone; locked, so that one heir reads it."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path, self._descriptor = path, descriptor

    def records(self) -> list[CallRecord]:
        """What it leaves; a leg that went on ended with its media, or its process."""
        seen_at = os.fstat(self._descriptor).st_mtime
        found: dict[tuple[str, int], CallRecord] = {}
        with self._path.open("rb") as lines:
            for what, record in _read(lines):
                key = (record.call_id, record.leg)
                found[key] = record if what == ENDED else interrupted(record, seen_at)
        return list(found.values())

    def forget(self) -> None:
        """Remove it."""
        _forget(self._path, self._descriptor)

    def leave(self) -> None:
        """Leave it to a later start."""
        os.close(self._descriptor)


def left_behind(folder: Path) -> Iterator[LeftBehind]:
    """The journals in `folder` whose processes are gone."""
    for path in sorted(folder.glob(PATTERN)):
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
        else:
            yield LeftBehind(path, descriptor)


def _begun(folder: Path) -> tuple[Path, int]:
    """A new file, which has its name only once it is locked: no heir takes it."""
    path = folder / PATTERN.replace("*", secrets.token_hex(8))
    unnamed = path.with_suffix(".new")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
    descriptor = os.open(unnamed, flags, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    unnamed.rename(path)
    return path, descriptor


def _read(lines: Iterable[bytes]) -> Iterator[tuple[str, CallRecord]]:
    """What each line says; one that was cut off says nothing."""
    for line in lines:
        try:
            what, *fields = json.loads(line)
            yield str(what), _record(fields)
        except (ValueError, TypeError, LookupError):
            log.warning("a line of a journal of calls is damaged and passed over")


def _record(fields: list[Any]) -> CallRecord:
    record = CallRecord(*fields)
    return record._replace(access=Access(record.access) if record.access else None)


def _flush_folder(folder: Path) -> None:
    """Make a new file's name durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _forget(path: Path, descriptor: int) -> None:
    with suppress(OSError):
        path.unlink()
    os.close(descriptor)
