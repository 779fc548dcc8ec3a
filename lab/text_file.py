"""Read a file that somebody wrote by hand: settings or a seed."""

from pathlib import Path

from lab.errors import Refused


def read(path: Path) -> str:
    """The text of a file.

    Raises:
        Refused: it is missing, unreadable or not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise Refused(f"{path}: no such file; check the path") from None
    except UnicodeDecodeError as error:
        raise Refused(f"{path}: not UTF-8 at byte {error.start}; save it as UTF-8") from None
    except OSError as error:
        raise Refused(f"{path}: cannot be read: {error.strerror}") from None
