"""What the commands of the office share: their options, and answers as tables or JSON."""

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import quote

import typer

from lab.client import Carrier

AsJson = Annotated[bool, typer.Option("--json", help="Print the carrier's answer as JSON.")]
Most = Annotated[int, typer.Option("--limit", min=1, help="The most items to list.")]
Key = Annotated[
    str | None,
    typer.Option(
        "--key",
        metavar="KEY",
        help="Idempotency-Key: the same command with the same key does nothing twice.",
    ),
]

MOST = 100

Row = Mapping[str, Any]


def part(text: str) -> str:
    """A word of the user's as one part of a path, whatever stands in it."""
    return quote(text, safe="") or "%20"


def given(**fields: Any) -> dict[str, Any]:
    """The fields that were given."""
    return {name: value for name, value in fields.items() if value is not None}


def new_key(key: str | None) -> str:
    """The key that was given, or a new one."""
    return key or str(uuid.uuid4())


def show_list(
    carrier: Carrier, items: Iterable[Row], columns: Sequence[str], *, as_json: bool
) -> None:
    """Print items as a table of these columns, or all they have as JSON."""
    found = list(items)
    if as_json:
        _json(found)
        return
    from lab import tables

    with carrier.understood():
        tables.show_list(found, columns)


def show_one(carrier: Carrier, item: Row, *, as_json: bool) -> None:
    """Print one item, a field a line, or as JSON."""
    if as_json:
        _json(item)
        return
    from lab import tables

    with carrier.understood():
        tables.show_one(item)


def note(text: str) -> None:
    """Say something that is no part of the answer: on standard error."""
    typer.echo(text, err=True)


def _json(value: Any) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))
