"""Answers of the carrier for a person: a table, or a field a line."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from provisioning.instants import JST

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", re.ASCII)

Row = Mapping[str, Any]

WHOLE = frozenset({"id", "number", "subject", "contract", "customer", "order", "user"})
"""Columns that are never folded, so that what stands there can be copied."""

NO_TERMINAL_COLUMNS = 1000
"""Room for every cell on one line where the reader is a program."""


def show_list(items: Iterable[Row], columns: Sequence[str]) -> None:
    """Print items as a table of these columns; KeyError when an item lacks one."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in columns:
        table.add_column(name.replace("_", " "), overflow="fold", no_wrap=name in WHOLE)
    for item in items:
        table.add_row(*(_cell(item[name]) for name in columns))
    _console().print(table)


def show_one(item: Row) -> None:
    """Print an item's fields; lists of other items are left to a table of their own."""
    width = max(map(len, item), default=0)
    for name, value in item.items():
        if not isinstance(value, list) or all(isinstance(each, str) for each in value):
            label = Text(f"{name.replace('_', ' '):<{width}}  ", "bold")
            _console().print(label + _cell(value), soft_wrap=True)


def _cell(value: Any) -> Text:
    """A value as plain text: nothing in it is taken for markup or steers the terminal."""
    if isinstance(value, list):
        value = ", ".join(str(each) for each in value)
    text = "" if value is None else _instant(str(value))
    return Text(
        "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
    )


def _instant(text: str) -> str:
    """An instant of the carrier as Japan's wall clocks show it; any other text as it is."""
    if not INSTANT.fullmatch(text):
        return text
    return f"{datetime.fromisoformat(text).astimezone(JST):%Y-%m-%d %H:%M:%S}"


def _console() -> Console:
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = NO_TERMINAL_COLUMNS
    return console
