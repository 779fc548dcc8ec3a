"""How a phone is driven from another host: JSON over TCP, one object a line.

Asked `{"do": "dial", "number": "1429"}`, a phone answers `{"is": null}`, or `{"error": "…"}` with
what went wrong. `heard` answers the head of the recording and what follows an offset, so that a
listener fetches each second once.
"""

import base64
import json
from typing import Any, Protocol

from lab.scenarios.phones.handset import Ending

Json = dict[str, Any]

PORT = 4710
HEAD_BYTES = 512
"""The header of a recording changes while it is written; what comes behind it does not."""
LONGEST_LINE = 4_194_304
MOST_HEARD = 2_097_152
"""Bytes of a recording in one answer."""


class Readable(Protocol):
    """Where lines come from."""

    def readline(self, limit: int, /) -> bytes: ...


class Writable(Protocol):
    """Where lines go."""

    def write(self, data: bytes, /) -> object: ...
    def flush(self) -> object: ...


class Garbled(Exception):
    """A line that is no JSON object, or none at all; the text says which."""


def write(stream: Writable, value: Json) -> None:
    """One object."""
    stream.write(json.dumps(value).encode() + b"\n")
    stream.flush()


def read(stream: Readable) -> Json | None:
    """The next object; None at the end.

    Raises:
        Garbled: what came is none.
    """
    line = stream.readline(LONGEST_LINE)
    if not line:
        return None
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        raise Garbled(f"not JSON: {line[:60]!r}") from None
    if not isinstance(value, dict):
        raise Garbled(f"no JSON object: {line[:60]!r}")
    return value


def piece(wav: bytes, begin: int) -> Json:
    """A recording's head, and what lies behind `begin`."""
    body = wav[max(begin, HEAD_BYTES) :][:MOST_HEARD]
    return {"head": _packed(wav[:HEAD_BYTES]), "body": _packed(body)}


def joined(known: bytes, answer: Json) -> bytes:
    """What was known of a recording and the new piece; raises ValueError when it is none."""
    head = base64.b64decode(answer["head"], validate=True)
    return head + known[HEAD_BYTES:] + base64.b64decode(answer["body"], validate=True)


def _packed(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def ending_out(ending: Ending | None) -> Json | None:
    """An ending as JSON."""
    if ending is None:
        return None
    return {"status": ending.status, "reason": ending.reason, "refused": ending.refused}


def ending_in(value: Json | None) -> Ending | None:
    """The way back."""
    if value is None:
        return None
    return Ending(value["status"], str(value["reason"]), bool(value["refused"]))
