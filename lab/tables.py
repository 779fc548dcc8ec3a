"""Answers of the carrier for a person: a table, or a field a line."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

Row = Mapping[str, Any]


def show_list(items: Iterable[Row], columns: Sequence[str]) -> None:
    """Print items as a table of these columns; KeyError when an item lacks one."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in columns:
        table.add_column(name.replace("_", " "), overflow="fold")
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
    text = "" if value is None else str(value)
    return Text(
        "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
    )


def _console() -> Console:
    return Console(highlight=False, markup=False, emoji=False)
