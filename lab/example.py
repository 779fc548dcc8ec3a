"""The commented example of `tokuban.toml`, written from the settings themselves."""

import textwrap
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from lab.settings import ENVIRONMENT_PREFIX, Settings

EXAMPLE_FILE = Path(__file__).with_name("tokuban.example.toml")

HEAD = f"""\
# Settings of tokuban. Uncomment what you change; a line shows the default, or an
# example where it says what holds when absent.
# The environment goes above this file ({ENVIRONMENT_PREFIX}SIP__PORT=5070), the command line
# above both (tokuban up --sip-port 5070).
"""


def sections() -> Iterator[tuple[str, type[BaseModel]]]:
    """Name and model of every section, in the file's order."""
    for name, field in Settings.model_fields.items():
        model = field.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            yield name, model


def text() -> str:
    """The whole example."""
    return "\n".join([HEAD, *(_section(name, model) for name, model in sections())])


def _section(name: str, model: type[BaseModel]) -> str:
    lines = [*_comment(first_line(model)), f"[{name}]"]
    for key, field in model.model_fields.items():
        lines += ["", *_comment(field.description or ""), f"# {key} = {written(field)}"]
    return "\n".join(lines) + "\n"


def first_line(model: type[BaseModel]) -> str:
    """What a section is about."""
    return (model.__doc__ or "").strip().splitlines()[0]


def _comment(words: str) -> list[str]:
    return [f"# {line}" for line in textwrap.wrap(words, 96)]


def written(field: FieldInfo) -> str:
    """The default as TOML; a setting that is absent by default shows its example."""
    return toml(field.default if field.default is not None else (field.examples or [""])[0])


def toml(value: Any) -> str:
    """A scalar as TOML writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Enum | Path):
        value = value.value if isinstance(value, Enum) else str(value)
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(value)
