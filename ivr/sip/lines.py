"""A message's head, cut into lines already, as header fields (RFC 3261 §7.3)."""

import re
from itertools import repeat

from ivr.sip.abnf import is_token
from ivr.sip.headers import CANONICAL_NAMES, canonical_name

MOST_HEADERS = 600
"""More header lines than any honest message has; the next one makes it too large."""

_FOLD = re.compile(r"(?<![ \t])[ \t]*+\r\n[ \t]++")
_FOLDED = " "
"""Stands for the name of a line that goes on with the one above (RFC 3261 §7.3.1)."""


def read_fields(lines: list[str]) -> tuple[dict[str, list[str]], str]:
    """Values by canonical name, and what is wrong with them, or "".

    Args:
        lines: the start line, which is passed over, and the header lines.
    """
    names = CANONICAL_NAMES
    try:  # every name known and none twice, the usual case, takes half the time
        fields = {
            names[name]: [value.strip(" \t")]
            for name, _, value in map(str.partition, lines[1:], repeat(":"))
        }
    except KeyError:
        return _any_fields(lines)
    if len(fields) == len(lines) - 1 < MOST_HEADERS:
        return fields, ""
    return _any_fields(lines)


def _any_fields(lines: list[str]) -> tuple[dict[str, list[str]], str]:
    fields: dict[str, list[str]] = {}
    fault = ""
    if len(lines) > MOST_HEADERS:
        fault = f"more than {MOST_HEADERS} headers"
    for line in lines[1:]:
        name, _, value = line.partition(":")
        key = CANONICAL_NAMES.get(name) or _unusual_name(line)
        if key == _FOLDED and fields:
            return _any_fields(_FOLD.sub(" ", "\r\n".join(lines)).split("\r\n"))
        if not key or key == _FOLDED:
            fault = "a header line has no name or no colon"
        elif key in fields:
            fields[key].append(value.strip(" \t"))
        else:
            fields[key] = [value.strip(" \t")]
    return fields, fault


def _unusual_name(line: str) -> str:
    if line[:1] in (" ", "\t"):
        return _FOLDED
    name, colon, _ = line.partition(":")
    name = name.rstrip(" \t")
    return canonical_name(name) if colon and is_token(name) else ""
