"""Ranges of bytes: which part of a file a request asks for (RFC 9110 §14)."""

import re
from typing import NamedTuple

_ONE = re.compile(r"bytes=\s*([0-9]{0,18})\s*-\s*([0-9]{0,18})\s*", re.ASCII | re.IGNORECASE)


class Part(NamedTuple):
    """From `first` to `last`, both included."""

    first: int
    last: int


class Unsatisfiable(Exception):
    """The range asked for begins behind the end (416)."""


def part_of(asked: str | None, length: int) -> Part | None:
    """The part of `length` bytes that a Range header asks for; None for the whole.

    Several ranges at once, another unit and what is no range are ignored, as a server may and,
    for the last, must (RFC 9110 §14.2).

    Raises:
        Unsatisfiable: nothing lies in the range.
    """
    match = _ONE.fullmatch(asked.strip()) if asked is not None else None
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:
        first, last = max(0, length - int(match[2])), length - 1
        if not int(match[2]):
            raise Unsatisfiable
    else:
        first, last = int(match[1]), min(int(match[2] or length), length - 1)
        if match[2] and int(match[2]) < first:
            return None
    if first >= length:
        raise Unsatisfiable
    return Part(first, last)


def names(header: str, etag: str) -> bool:
    """Whether an If-None-Match names this version, or any (RFC 9110 §13.1.2)."""
    listed = {each.strip().removeprefix("W/") for each in header.split(",")}
    return "*" in listed or etag in listed
