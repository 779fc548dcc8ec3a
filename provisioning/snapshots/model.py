"""What a snapshot holds, and its text: JSON, a row a line, the same for every database."""

import base64
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioning.contract import ContractError, OutOfRange

FORMAT = "tokuban-snapshot-1"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

END = '{"end": true}\n'
"""The last line: without it the text was cut off."""

Value = str | int | float | bool | bytes | None
Row = tuple[Value, ...]


class UnknownSnapshot(ContractError):
    """No snapshot has this name."""


class BadSnapshot(ContractError):
    """The file is no snapshot, or one that this office cannot take up."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one table."""

    columns: tuple[str, ...]
    rows: Sequence[Row]


Tables = Mapping[str, Rows]
"""The rows of every table, by its name."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Every row of an office; instants in UTC epoch seconds. Secrets are sealed in it."""

    schema: str
    saved_at: float
    business_at: float
    tables: Tables


@dataclass(frozen=True, slots=True)
class SnapshotInfo:
    """One line of the list of snapshots."""

    name: str
    schema: str
    saved_at: float
    business_at: float
    rows: int
    size_bytes: int


def checked_name(name: str) -> str:
    """A name that is a plain file name on every system; `OutOfRange` for another."""
    if not NAME.fullmatch(name) or name.endswith("."):
        raise OutOfRange(
            "a snapshot's name has 1 to 64 letters, digits, dots, hyphens and underscores, and "
            "begins with a letter or digit"
        )
    return name


def written(snapshot: Snapshot) -> Iterator[str]:
    """The text, in pieces."""
    head = {
        "format": FORMAT,
        "schema": snapshot.schema,
        "saved_at": snapshot.saved_at,
        "business_at": snapshot.business_at,
        "rows": sum(len(table.rows) for table in snapshot.tables.values()),
    }
    yield json.dumps(head) + "\n"
    for name, table in snapshot.tables.items():
        yield json.dumps({"table": name, "columns": table.columns}) + "\n"
        for row in table.rows:
            yield json.dumps([_plain(value) for value in row], ensure_ascii=False) + "\n"
    yield END


def head_of(line: str) -> dict[str, Any]:
    """The first line of a snapshot's text; `BadSnapshot` when it is none."""
    try:
        head = json.loads(line)
        if head["format"] == FORMAT:
            return {
                "schema": str(head["schema"]),
                "saved_at": float(head["saved_at"]),
                "business_at": float(head["business_at"]),
                "rows": int(head["rows"]),
            }
    except (ValueError, LookupError, TypeError):
        pass
    raise BadSnapshot("it is no snapshot of tokuban's")


def read(lines: Iterator[str]) -> Snapshot:
    """What `written` wrote; `BadSnapshot` for a text that is damaged or cut off."""
    head = head_of(next(lines, ""))
    tables: dict[str, tuple[tuple[str, ...], list[Row]]] = {}
    rows: list[Row] = []
    line = ""
    try:
        for line in lines:
            value = json.loads(line)
            if line == END:
                break
            if isinstance(value, dict):
                rows = []
                tables[str(value["table"])] = tuple(map(str, value["columns"])), rows
            else:
                rows.append(tuple(_value(each) for each in value))
        whole = {name: Rows(columns, rows) for name, (columns, rows) in tables.items()}
        if line != END or next(lines, None) is not None:
            raise ValueError("cut off, or too long")
        _check(whole, head.pop("rows"))
    except (ValueError, LookupError, TypeError):
        raise BadSnapshot("the snapshot is damaged") from None
    return Snapshot(**head, tables=whole)


def _check(tables: Tables, count: int) -> None:
    """ValueError unless every row is there and whole."""
    if sum(len(table.rows) for table in tables.values()) != count:
        raise ValueError("rows are missing")
    for table in tables.values():
        if any(len(row) != len(table.columns) for row in table.rows):
            raise ValueError("a row does not fit its table")


def _plain(value: Value) -> object:
    match value:
        case bytes():
            return {"base64": base64.b64encode(value).decode()}
        case None | str() | int() | float():
            return value
    raise TypeError(f"a snapshot cannot hold a {type(value).__name__}")


def _value(plain: object) -> Value:
    match plain:
        case {"base64": str(text)}:
            return base64.b64decode(text, validate=True)
        case None | str() | int() | float():
            return plain
    raise ValueError("no value of a row")
