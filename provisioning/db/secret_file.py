"""A secret that is made once and kept in a file only its owner reads."""

import os
from pathlib import Path


def kept(path: Path, fresh: bytes) -> bytes:
    """What the file holds; `fresh`, written now with mode 0600, when there is none.

    Of two processes that start together one wins, and both use its secret.
    """
    if not path.exists():
        _create(path, fresh)
    return path.read_bytes().strip()


def _create(path: Path, secret: bytes) -> None:
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secret)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
