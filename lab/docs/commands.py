"""The command line's page, from the commands themselves."""

from collections.abc import Iterator

import typer
import typer.main
from typer.core import TyperArgument, TyperGroup, TyperOption

HEAD = """\
# Command line

Written by `make docs` from the commands; `tokuban COMMAND --help` says the same.
A refusal of settings, seed file or arguments ends with status 2 and a line that says why.
"""


def page() -> str:
    """The whole page."""
    from lab.cli import app

    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    return "\n".join([HEAD, *_commands(group, "tokuban")])


def _commands(group: TyperGroup, prefix: str) -> Iterator[str]:
    for name, command in group.commands.items():
        path = f"{prefix} {name}"
        if isinstance(command, TyperGroup):
            yield from _commands(command, path)
            continue
        arguments = [p for p in command.params if isinstance(p, TyperArgument)]
        words = " ".join(p.name.upper() if p.required else f"[{p.name.upper()}]" for p in arguments)
        yield f"## `{' '.join([path, words]).strip()}`\n\n{_help(command.help)}\n"
        rows = [_argument(p) for p in arguments]
        rows += [_option(p) for p in command.params if isinstance(p, TyperOption)]
        if rows:
            yield "\n".join(["| | |", "|---|---|", *rows]) + "\n"


def _help(text: str | None) -> str:
    return (text or "").strip()


def _argument(argument: TyperArgument) -> str:
    return f"| `{(argument.name or '').upper()}` | {_help(argument.help)} |"


def _option(option: TyperOption) -> str:
    names = ", ".join([*option.opts, *option.secondary_opts])
    takes = "" if option.is_flag or not option.metavar else f" {option.metavar}"
    shown = not option.is_flag and option.default not in (None, "")
    default = getattr(option.default, "value", option.default)
    return f"| `{names}{takes}` | {_help(option.help)}{f' Default: `{default}`.' * shown} |"
