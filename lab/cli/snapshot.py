"""`tokuban snapshot`: the whole state of a running carrier under a name (LAB-03)."""

from datetime import datetime
from typing import Annotated, Any

import typer

from lab.cli import options
from lab.cli.reset import ended
from lab.client import Carrier
from lab.errors import Refused
from provisioning.instants import JST
from provisioning.snapshots.model import NAME

PATH = "/lab/snapshots"

app = typer.Typer(help="Save and load the whole state of a running carrier.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="As before-the-order.")]


@app.command()
def save(name: Name, url: options.Url = options.URL, token: options.LabToken = None) -> None:
    """Save everything under NAME, over what was saved so before."""
    carrier = Carrier(url, token)
    saved = carrier.send("PUT", _path(name), within_s=options.LONG_WORK_S)
    with carrier.understood():
        typer.echo(f"saved {_line(saved)}")


@app.command()
def load(name: Name, url: options.Url = options.URL, token: options.LabToken = None) -> None:
    """Make everything what was saved, business time too; calls are hung up."""
    carrier = Carrier(url, token)
    done = carrier.send("POST", f"{_path(name)}/load", within_s=options.LONG_WORK_S)
    with carrier.understood():
        typer.echo(f"loaded {name}{ended(done)}")


@app.command("list")
def list_(url: options.Url = options.URL, token: options.LabToken = None) -> None:
    """List what was saved: name, business time, size."""
    carrier = Carrier(url, token)
    found = carrier.get(PATH)
    with carrier.understood():
        for each in found["items"]:
            typer.echo(_line(each))


@app.command()
def delete(name: Name, url: options.Url = options.URL, token: options.LabToken = None) -> None:
    """Forget what was saved under NAME."""
    Carrier(url, token).send("DELETE", _path(name))
    typer.echo(f"deleted {name}")


def _path(name: str) -> str:
    if not NAME.fullmatch(name):
        raise Refused("a snapshot needs a name of letters, digits, dots, hyphens, underscores")
    return f"{PATH}/{name}"


def _line(each: dict[str, Any]) -> str:
    at = datetime.fromisoformat(each["business_at"]).astimezone(JST)
    size = f"{each['rows']} rows, {each['size_bytes'] / 1024:.0f} KiB"
    return f"{each['name']:<24} {at:%Y-%m-%d %H:%M:%S}  {size}"
