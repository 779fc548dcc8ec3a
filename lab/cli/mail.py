"""`tokuban mail`: what the laboratory's catcher took, and what the outbox still holds."""

from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode

import typer

from lab.cli import office, options
from lab.client import Carrier
from provisioning.instants import JST

PATH = "/lab/mail"

app = typer.Typer(help="The mails that a running carrier caught instead of sending.")

COLUMNS = ("id", "received_at", "to", "subject")

Id = Annotated[int, typer.Argument(metavar="ID", min=0, help="As `mail list` shows it.")]
To = Annotated[
    str | None, typer.Option("--to", metavar="ADDRESS", help="Only mails to this address.")
]


@app.command("list")
def list_(
    to: To = None,
    limit: office.Most = office.MOST,
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.LabToken = None,
) -> None:
    """List the caught mails, the newest first."""
    carrier = Carrier(url, token)
    query = urlencode({"limit": min(limit, 1000)} | ({"to": to} if to else {}))
    found = carrier.get(f"{PATH}?{query}")
    with carrier.understood():
        items = found["items"] if as_json else [_row(each) for each in found["items"]]
    office.show_list(carrier, items, COLUMNS, as_json=as_json)


@app.command()
def show(
    mail: Id,
    raw: Annotated[bool, typer.Option("--raw", help="The message as it came.")] = False,
    url: options.Url = options.URL,
    token: options.LabToken = None,
) -> None:
    """Print one mail."""
    carrier = Carrier(url, token)
    if raw:
        typer.echo(carrier.download("GET", f"{PATH}/{mail}/raw"), nl=False)
        return
    found = carrier.get(f"{PATH}/{mail}")
    with carrier.understood():
        typer.echo(f"From:     {found['sender']}")
        typer.echo(f"To:       {', '.join(found['to'])}")
        typer.echo(f"Subject:  {found['subject']}")
        typer.echo(f"Received: {_japan_time(found['received_at'])}")
        for each in found["attachments"]:
            typer.echo(f"Attached: {each['name']} ({each['media_type']}, {each['bytes']} bytes)")
        typer.echo("\n" + (found["text"] or found["html"] or ""))


@app.command()
def code(
    to: To = None,
    after: Annotated[
        int, typer.Option("--after", metavar="ID", min=0, help="Only mails newer than this one.")
    ] = 0,
    wait_s: Annotated[
        int,
        typer.Option(
            "--wait",
            metavar="SECONDS",
            min=0,
            max=60,
            help="Wait only while there is none; with --after, for a newer one.",
        ),
    ] = 0,
    url: options.Url = options.URL,
    token: options.LabToken = None,
) -> None:
    """Print the one-time code of the newest mail that has one, at once if there is one already.

    To wait for the code of a login that just began, give the newest mail's ID from before it as
    --after.
    """
    carrier = Carrier(url, token)
    query = urlencode({"after": after, "wait_s": wait_s} | ({"to": to} if to else {}))
    found = carrier.get(f"{PATH}/latest-code?{query}", within_s=wait_s)
    with carrier.understood():
        typer.echo(found["code"])


@app.command()
def clear(url: options.Url = options.URL, token: options.LabToken = None) -> None:
    """Erase every caught mail."""
    carrier = Carrier(url, token)
    found = carrier.send("DELETE", PATH)
    with carrier.understood():
        typer.echo(f"{found['erased']} erased")


@app.command()
def outbox(
    as_json: office.AsJson = False, url: options.Url = options.URL, token: options.LabToken = None
) -> None:
    """List the mails that have not been delivered: waiting, in doubt or failed."""
    carrier = Carrier(url, token)
    found = carrier.get(f"{PATH}/outbox")
    with carrier.understood():
        items = found["items"]
    columns = ("id", "state", "attempts", "to", "occasion", "due_at", "reason")
    office.show_list(carrier, items, columns, as_json=as_json)


def _row(mail: dict[str, Any]) -> dict[str, Any]:
    """A mail as a line of the table."""
    received_at = _japan_time(mail["received_at"])
    return mail | {"received_at": received_at, "to": ", ".join(mail["to"])}


def _japan_time(instant: str) -> str:
    return f"{datetime.fromisoformat(instant).astimezone(JST):%Y-%m-%d %H:%M:%S}"
