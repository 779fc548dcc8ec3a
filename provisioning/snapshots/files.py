"""Snapshots as files of a folder; each is there whole or not at all."""

import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from provisioning.contract import StorageUnavailable
from provisioning.snapshots import model
from provisioning.snapshots.model import BadSnapshot, Snapshot, SnapshotInfo, UnknownSnapshot

SUFFIX = ".snapshot"


class SnapshotFolder:
    """Where snapshots lie, readable by the owner alone; the methods block."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, name: str, pieces: Iterable[str]) -> SnapshotInfo:
        """Write or overwrite; `StorageUnavailable` when the disk does not take it."""
        path = self._path(name)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(
                "w", encoding="utf-8", dir=self._folder, prefix=".", delete=False
            ) as file:
                try:
                    file.writelines(pieces)
                    file.flush()
                    os.fsync(file.fileno())
                    os.replace(file.name, path)
                except BaseException:
                    os.unlink(file.name)
                    raise
            _flush(self._folder)
        except OSError as error:
            raise StorageUnavailable(
                f"the snapshot cannot be written to {self._folder}: {error.strerror}"
            ) from error
        return self._info(path)

    def load(self, name: str) -> Snapshot:
        """What was saved; `UnknownSnapshot`, or `BadSnapshot` when the file is damaged."""
        try:
            with self._path(name).open(encoding="utf-8") as file:
                return model.read(iter(file))
        except FileNotFoundError:
            raise self._unknown(name) from None
        except UnicodeDecodeError:
            raise BadSnapshot("the snapshot is damaged") from None
        except OSError as error:
            raise StorageUnavailable(
                f"the snapshot cannot be read from {self._folder}: {error.strerror}"
            ) from error

    def delete(self, name: str) -> None:
        """Remove it; `UnknownSnapshot` when there is none."""
        try:
            self._path(name).unlink()
        except FileNotFoundError:
            raise self._unknown(name) from None
        except OSError as error:
            raise StorageUnavailable(
                f"the snapshot cannot be removed from {self._folder}: {error.strerror}"
            ) from error

    def all(self) -> tuple[SnapshotInfo, ...]:
        """Every snapshot by name; files that are none are left out."""
        return tuple(self._found())

    def _found(self) -> Iterator[SnapshotInfo]:
        for path in sorted(self._folder.glob(f"*{SUFFIX}")):
            try:
                yield self._info(path)
            except (BadSnapshot, OSError, UnicodeDecodeError):
                continue

    def _info(self, path: Path) -> SnapshotInfo:
        with path.open(encoding="utf-8") as file:
            head = model.head_of(file.readline())
        return SnapshotInfo(path.name.removesuffix(SUFFIX), **head, size_bytes=path.stat().st_size)

    def _path(self, name: str) -> Path:
        return self._folder / (model.checked_name(name) + SUFFIX)

    def _unknown(self, name: str) -> UnknownSnapshot:
        names = ", ".join(info.name for info in self.all())
        return UnknownSnapshot(
            f"no snapshot is called {name}: {f'there are {names}' if names else 'none was saved'}"
        )


def _flush(folder: Path) -> None:
    """Make a new name in the folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
