"""One carrier a data folder: two on the same SQLite file would answer from different memories."""

import fcntl
import os
from pathlib import Path
from typing import Self

from provisioning.contract import StorageUnavailable

LOCK_FILE = "lock"


class FolderLock:
    """Holds a folder until `release`, or until the process ends in whatever way."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    @classmethod
    def take(cls, folder: Path) -> Self:
        """Lock the folder, which must exist.

        Raises:
            StorageUnavailable: another process holds it, or its file system has no locks.
        """
        descriptor = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise StorageUnavailable(
                f"another carrier uses the data folder {folder}: end it, or choose another folder "
                "with --data FOLDER"
            ) from None
        except OSError as error:
            os.close(descriptor)
            raise StorageUnavailable(
                f"the data folder {folder} cannot be locked ({error.strerror}): choose one on a "
                "local disk with --data FOLDER"
            ) from error
        return cls(descriptor)

    def release(self) -> None:
        """Let others have the folder; the file stays, so that nobody locks a removed one."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
