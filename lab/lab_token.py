"""The lab token: made once, kept in the data folder, found there by the commands on this host."""

import json
import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from lab.errors import Refused
from provisioning.db import secret_file

TOKEN_FILE = "lab.token"
TOKEN = re.compile(rb"[A-Za-z0-9_-]{16,200}")


@dataclass(frozen=True, slots=True)
class LabToken:
    """What opens `/lab`; `file` when it is kept in one."""

    secret: str = field(repr=False)
    file: Path | None


def lab_token(configured: str | None, folder: Path) -> LabToken:
    """The token that is set, or else that of the data folder, made there at the first start.

    Raises:
        Refused: the file cannot be read or holds no token.
    """
    if configured is not None:
        return LabToken(configured, None)
    path = folder.absolute() / TOKEN_FILE
    try:
        kept = secret_file.kept(path, secrets.token_urlsafe(32).encode())
    except OSError as error:
        raise Refused(f"lab token: {path}: {error.strerror}") from None
    if not TOKEN.fullmatch(kept):
        raise Refused(f"lab token: {path} holds no token; remove it, and a new one is made")
    return LabToken(kept.decode(), path)


def told(problem: bytes) -> str | None:
    """The token in the file that a carrier of this host names in its refusal; None when it is not.

    Only a file of this name that holds nothing but a token is taken: whoever pretends to be a
    carrier cannot have another file read out.

    Raises:
        Refused: the file belongs to somebody else.
    """
    try:
        named = json.loads(problem)["token_file"]
        path = Path(named)
    except (ValueError, LookupError, TypeError):
        return None
    if path.name != TOKEN_FILE or not path.is_absolute():
        return None
    try:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            kept = file.read(300).strip()
    except PermissionError:
        raise Refused(
            f"the lab token is in {path}, which you may not read: ask as the carrier's user, or "
            "pass the token with --token"
        ) from None
    except (OSError, ValueError):
        return None
    return kept.decode() if TOKEN.fullmatch(kept) else None
