"""The settings' page, from the settings themselves."""

from collections.abc import Iterator

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from lab import example
from lab.configuration import FLAGS
from lab.settings import ENVIRONMENT_PREFIX

HEAD = f"""\
# Configuration

Written by `make docs` from the settings. Three sources, each beating the one before it:

1. `tokuban.toml` in the working folder, or the file of `--config`; a commented example with every
   default is `lab/tokuban.example.toml`;
2. the environment: `{ENVIRONMENT_PREFIX}` + section + `__` + key, as
   `{ENVIRONMENT_PREFIX}SIP__ADVERTISE=192.0.2.10`;
3. the command line.

A setting that is unknown or cannot be used is refused at start, with its file and line (or its
variable or flag). Units stand in the names: `_s` seconds, `_ms` milliseconds.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *(_section(name, model) for name, model in example.sections())])


def _section(name: str, model: type[BaseModel]) -> str:
    rows = [_row(name, key, field) for key, field in model.model_fields.items()]
    return "\n".join(
        [
            f"## `[{name}]`",
            "",
            example.first_line(model),
            "",
            "| key | default | flag | what it does |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _row(section: str, key: str, field: FieldInfo) -> str:
    default = "absent" if field.default is None else f"`{example.toml(field.default)}`"
    flag = f"`{FLAGS[section, key]}`" if (section, key) in FLAGS else ""
    limits = "; ".join(_limits(field))
    described = (field.description or "").replace("|", "\\|")
    return f"| `{key}` | {default} | {flag} | {described}{f' ({limits})' if limits else ''} |"


def _limits(field: FieldInfo) -> Iterator[str]:
    names = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
    for constraint in field.metadata:
        for name, words in names.items():
            bound = getattr(constraint, name, None)
            if bound is not None:
                yield f"{words} {bound}"
