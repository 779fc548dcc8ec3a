"""On which line of a TOML text something stands; the library that reads TOML does not tell."""

import re
from collections.abc import Sequence


def where(text: str, place: Sequence[str | int]) -> int:
    """The line, from 1, of a place as `("price", 2, "yen")`; of what is missing, its table's."""
    lines = text.splitlines()
    header = _table(lines, place)
    keys = [part for part in place if isinstance(part, str)]
    for number, line in enumerate(lines[header:], header):
        if number > header and _header(line):
            break
        if any(_is_key(line, key) for key in keys):
            return number + 1
    return header + 1


def _table(lines: Sequence[str], place: Sequence[str | int]) -> int:
    """The index of the header of the table that the place lies in; 0 above all tables."""
    match place:
        case [str(array), int(nth), *_]:
            found = [number for number, line in enumerate(lines) if _header(line) == array]
            return found[nth] if nth < len(found) else 0
        case [str(table), *_]:
            return next((n for n, line in enumerate(lines) if _header(line) == table), 0)
    return 0


def _header(line: str) -> str | None:
    found = re.match(r"\s*\[\[?\s*([^\]\s]+)\s*\]", line)
    return found[1] if found else None


def _is_key(line: str, key: str) -> bool:
    return re.match(rf'\s*"?{re.escape(key)}"?\s*=', line) is not None
