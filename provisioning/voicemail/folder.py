"""The files of voicemail: `<id>.au` with sound, beside it `<id>.open` or `<id>.done` (ADR 22).

While a message is being left, a line of JSON beside its sound says whose it is. Once the caller
has ended it, that is renamed, which needs no room on a full disk; once its row is in the database,
it is removed. So a killed process leaves what the next one needs.
"""

import errno
import fcntl
import json
import logging
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from provisioning.contract import NoRoom, StorageUnavailable
from provisioning.db import secret_file
from provisioning.voicemail import au
from provisioning.voicemail.model import Left

log = logging.getLogger("tokuban.voicemail")

SOUND, OPEN, DONE = ".au", ".open", ".done"
KEEPER, NEW = ".keeper", ".new"


@dataclass(frozen=True, slots=True)
class Remains:
    """What a process that is gone left of a message; `octets` of sound were heard."""

    left: Left
    finished: bool
    octets: int


@dataclass(frozen=True, slots=True)
class _Note:
    """What stands beside sound; `left` is None beside a greeting."""

    id: str
    keeper: str
    left: Left | None


class SoundFolder:
    """One folder, readable by its owner alone; its methods block.

    Several carriers may share it: each of them locks a file of its own for as long as it lives,
    and a message that is being left names it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._keeper = secrets.token_hex(8)
        self._lock: int | None = None
        self.store = ""
        """The name of the folder, by which rows know where their file is."""

    def open(self) -> None:
        """Make the folder, give it its name, and begin to live in it."""
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = secrets.token_hex(16).encode()
        self.store = secret_file.kept(self._path / "store-id", fresh).decode()
        with self.alone():  # else who tidies up could take it for dead before it is locked
            path = self._path / f"{self._keeper}{KEEPER}"
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            self._lock = os.open(path, flags, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def close(self) -> None:
        """Live in it no more."""
        if self._lock is not None:
            with suppress(OSError):
                (self._path / f"{self._keeper}{KEEPER}").unlink()
            os.close(self._lock)
            self._lock = None

    def free_bytes(self) -> int:
        """How much more the disk takes from us."""
        stat = os.statvfs(self._path)
        return stat.f_bavail * stat.f_frsize

    def begin(self, left: Left) -> int:
        """A file for a message that is about to be left, to be appended to.

        Raises:
            NoRoom: the disk is full or read-only.
        """
        try:
            self._write_note(left.id, asdict(left))
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
            descriptor = os.open(self._file(left.id, SOUND), flags, 0o600)
            if os.write(descriptor, au.HEADER) != len(au.HEADER):
                os.close(descriptor)
                raise OSError(errno.ENOSPC, "no space for a header")
        except OSError as error:
            self.drop(left.id)
            raise NoRoom(f"the disk takes no recording ({error.strerror})") from error
        return descriptor

    def put(self, id: str, ulaw: bytes) -> None:
        """Keep whole sound that no row names yet; `settled` when one does, else `drop`."""
        self._write_note(id, None)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        with os.fdopen(os.open(self._file(id, SOUND), flags, 0o600), "wb") as file:
            file.write(au.HEADER + ulaw)
            file.flush()
            os.fsync(file.fileno())
        self._flush()

    def finish(self, id: str) -> None:
        """Note that the caller ended the message; a power failure may forget that alone."""
        os.rename(self._file(id, OPEN), self._file(id, DONE))

    def settled(self, id: str) -> None:
        """Note that a row names the sound."""
        for suffix in (OPEN, DONE):
            with suppress(OSError):
                self._file(id, suffix).unlink()

    def drop(self, id: str) -> None:
        """Remove sound and note; nothing that is missing or stuck is told."""
        self.remove(id)
        self.settled(id)

    def remove(self, id: str) -> None:
        """Remove sound that no row names any more."""
        with suppress(OSError):
            self._file(id, SOUND).unlink()

    def sound(self, id: str) -> bytes | None:
        """The sound; None when there is no file.

        Raises:
            StorageUnavailable: the disk does not give it.
        """
        try:
            return au.sound(self._file(id, SOUND).read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageUnavailable(f"the disk gives no sound ({error.strerror})") from error

    def has(self, id: str) -> bool:
        """Whether there is such a file."""
        return self._file(id, SOUND).exists()

    def copy_to(self, place: Path) -> None:
        """Let `place` have all sound, too, by hard links where the disk has them."""
        for path in self._path.glob(f"*{SOUND}"):
            place.parent.mkdir(mode=0o700, exist_ok=True)
            place.mkdir(mode=0o700, exist_ok=True)
            _copy(path, place / path.name)

    def copy_from(self, place: Path) -> list[str]:
        """Take sound back from `place`; the ids of all that is there."""
        found = sorted(place.glob(f"*{SOUND}"))
        for path in found:
            _copy(path, self._path / path.name)
        return [path.stem for path in found]

    def unnamed(self) -> set[str]:
        """Sound that nothing beside it speaks for: a row that is read later does, or nobody."""
        names = os.listdir(self._path)
        found = {name.removesuffix(SOUND) for name in names if name.endswith(SOUND)}
        # The note is there before the sound, whatever order the names were read in.
        return {id for id in found if not self._file(id, OPEN).exists() and not self._is_done(id)}

    def remains(self) -> list[Remains]:
        """What processes left that are gone; a greeting that no row names is dropped."""
        names = os.listdir(self._path)
        living = {name for name in names if name.endswith(KEEPER) and not self._bury(name)}
        found = []
        for name in sorted(names):
            if name.endswith(NEW) and f"{name.split('.')[1]}{KEEPER}" not in living:
                (self._path / name).unlink(missing_ok=True)
            if not name.endswith((OPEN, DONE)):
                continue
            note = self._read_note(self._path / name)
            if note is None or f"{note.keeper}{KEEPER}" in living:
                continue
            if note.left is None:
                self.settled(note.id)
                continue
            found.append(Remains(note.left, name.endswith(DONE), self._octets(note.id)))
        return found

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other carriers on this folder from tidying it up meanwhile."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC
        descriptor = os.open(self._path / "tidying", flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _file(self, id: str, suffix: str) -> Path:
        return self._path / f"{id}{suffix}"

    def _is_done(self, id: str) -> bool:
        return self._file(id, DONE).exists()

    def _octets(self, id: str) -> int:
        try:
            return au.octets(self._file(id, SOUND).stat().st_size)
        except FileNotFoundError:
            return 0

    def _write_note(self, id: str, left: dict[str, Any] | None) -> None:
        """Write it whole or not at all, durably."""
        note = {"id": id, "keeper": self._keeper, "left": left}
        draft = self._file(id, f".{self._keeper}{NEW}")
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            with os.fdopen(os.open(draft, flags, 0o600), "w", encoding="utf-8") as file:
                json.dump(note, file)
                file.flush()
                os.fsync(file.fileno())
            draft.rename(self._file(id, OPEN))
        except OSError:
            draft.unlink(missing_ok=True)
            raise
        self._flush()

    def _read_note(self, path: Path) -> _Note | None:
        try:
            note = json.loads(path.read_text("utf-8"))
            left = Left(**note["left"]) if note["left"] is not None else None
            return _Note(str(note["id"]), str(note["keeper"]), left)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, LookupError, TypeError):
            log.error("%s is damaged and left alone: what a caller said lies beside it", path)
            return None

    def _bury(self, name: str) -> bool:
        """Whether a carrier that lived here is gone; its lock goes with it."""
        if name == f"{self._keeper}{KEEPER}":
            return False
        path = self._path / name
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        except OSError:
            return True
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        else:
            path.unlink(missing_ok=True)
            return True
        finally:
            os.close(descriptor)

    def _flush(self) -> None:
        """Make new names durable."""
        descriptor = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _copy(path: Path, other: Path) -> None:
    """Make `other` the same file, or a copy of it; one that is there, or is gone, is left alone."""
    with suppress(FileExistsError, FileNotFoundError):
        try:
            os.link(path, other)
        except OSError as error:
            if error.errno not in (errno.EPERM, errno.EXDEV, errno.EOPNOTSUPP, errno.EMLINK):
                raise
            shutil.copy2(path, other)
