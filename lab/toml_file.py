"""Read a TOML file and remember on which line each key stands."""

import re
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab import text_file
from lab.errors import Refused

Place = tuple[str | int, ...]

_TABLE = re.compile(r"^\s*\[(?P<list>\[)?\s*(?P<name>[^\[\]]+?)\s*\]")
_KEY = re.compile(r"""^\s*(?P<name>(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*\S+?)*)\s*=""")
_AT_LINE = re.compile(r"\(at line (?P<line>\d+), column (?P<column>\d+)\)")


@dataclass(frozen=True, slots=True)
class TomlFile:
    """The values of a file and the line of each key."""

    path: Path
    values: dict[str, Any]
    lines: dict[Place, int]

    def where(self, place: Place) -> str:
        """`file:line` of a key, or of the nearest table around it."""
        for length in range(len(place), 0, -1):
            line = self.lines.get(place[:length])
            if line is not None:
                return f"{self.path}:{line}"
        return str(self.path)


def read(path: Path) -> TomlFile:
    """Parse a file.

    Raises:
        Refused: it is missing, unreadable, not UTF-8 or not TOML.
    """
    return parse(path, text_file.read(path))


def parse(path: Path, text: str) -> TomlFile:
    """The same for text already read."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Refused(_syntax(path, str(error), text)) from None
    return TomlFile(path, values, _line_numbers(text))


def _syntax(path: Path, message: str, text: str) -> str:
    found = _AT_LINE.search(message)
    reason = _AT_LINE.sub("", message).strip()
    hint = "; text values stand in quotes" if reason.startswith("Invalid value") else ""
    if found:
        return f"{path}:{found['line']}: not TOML: {reason} (column {found['column']}){hint}"
    return f"{path}:{text.count(chr(10)) + 1}: not TOML: {reason}{hint}"


def _line_numbers(text: str) -> dict[Place, int]:
    """The line of every table and key, keyed as pydantic names a place."""
    lines: dict[Place, int] = {}
    counts: Counter[Place] = Counter()
    table: Place = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if opened := _TABLE.match(line):
            table = _table(opened, counts)
            lines.setdefault(table, number)
            if opened["list"]:
                lines.setdefault(table[:-1], number)
        elif key := _KEY.match(line):
            lines.setdefault((*table, *_parts(key["name"])), number)
    return lines


def _table(opened: re.Match[str], counts: Counter[Place]) -> Place:
    """A table's place; every name that is a list of tables is followed by its last index."""
    place: Place = ()
    parts = _parts(opened["name"])
    for position, part in enumerate(parts):
        place = (*place, part)
        if opened["list"] and position == len(parts) - 1:
            counts[place] += 1
        if counts[place]:
            place = (*place, counts[place] - 1)
    return place


def _parts(name: str) -> Place:
    return tuple(part.strip().strip("\"'") for part in name.split("."))
