"""`tokuban events`: what happens at a running carrier."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import typer

from lab.cli import options
from lab.client import Carrier
from provisioning.instants import JST


def events(
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Stay and print what comes.")] = (
        False
    ),
    past: Annotated[bool, typer.Option(help="Begin with the remembered events.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Print registrations, calls, keys, prompts and changes as they happen (Ctrl-C ends)."""
    carrier = Carrier(url, token)
    query = f"/v1/events?past={str(past).lower()}&follow={str(follow).lower()}"
    try:
        for told in carrier.events(query):
            with carrier.understood():
                typer.echo(json.dumps(told, ensure_ascii=False) if as_json else one_line(told))
    except KeyboardInterrupt:
        return


def one_line(told: Mapping[str, Any]) -> str:
    """Time in Japan, kind and facts; nothing in it can steer the terminal."""
    facts = told["facts"] if "wall_at" in told else told
    shown = " ".join(
        f"{name}={_plain(value)}" for name, value in facts.items() if value is not None
    )
    if "wall_at" not in told:
        return f"             … {shown}"
    at = datetime.fromisoformat(told["wall_at"]).astimezone(JST)
    return f"{at:%H:%M:%S}.{at.microsecond // 1000:03d} {told['kind']:<20} {shown}"


def _plain(value: object) -> str:
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in str(value)
    )
