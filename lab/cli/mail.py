"""`tokuban mail`: what the laboratory's catcher took, and what the outbox still holds."""

from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode

import typer

from lab.cli import office, options
from lab.cli.clock import JAPAN
from lab.client import Carrier

PATH = "/lab/mail"

app = typer.Typer(help="The mails that a running carrier caught instead of sending.")

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
    token: options.Token = None,
) -> None:
    """List the caught mails, the newest first."""
    carrier = Carrier(url, token)
    query = urlencode({"limit": min(limit, 1000)} | ({"to": to} if to else {}))
    found = carrier.get(f"{PATH}?{query}")
    with carrier.understood():
        items = [each | {"to": ", ".join(each["to"])} for each in found["items"]]
    columns = ("id", "received_at", "to", "subject")
    office.show_list(carrier, items, columns, as_json=as_json)


@app.command()
def show(
    mail: Id,
    raw: Annotated[bool, typer.Option("--raw", help="The message as it came.")] = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Print one mail."""
    carrier = Carrier(url, token)
    if raw:
        typer.echo(carrier.download("GET", f"{PATH}/{mail}/raw"), nl=False)
        return
    found = carrier.get(f"{PATH}/{mail}")
    with carrier.understood():
        received = datetime.fromisoformat(found["received_at"]).astimezone(JAPAN)
        typer.echo(f"From:     {found['sender']}")
        typer.echo(f"To:       {', '.join(found['to'])}")
        typer.echo(f"Subject:  {found['subject']}")
        typer.echo(f"Received: {received:%Y-%m-%d %H:%M:%S %z}")
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
        int, typer.Option("--wait", metavar="SECONDS", min=0, max=60, help="Wait for one to come.")
    ] = 0,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Print the one-time code of the newest mail that has one."""
    carrier = Carrier(url, token)
    query = urlencode({"after": after, "wait_s": wait_s} | ({"to": to} if to else {}))
    found = carrier.get(f"{PATH}/latest-code?{query}", within_s=wait_s)
    with carrier.understood():
        typer.echo(found["code"])


@app.command()
def clear(url: options.Url = options.URL, token: options.Token = None) -> None:
    """Erase every caught mail."""
    carrier = Carrier(url, token)
    found = carrier.send("DELETE", PATH)
    with carrier.understood():
        typer.echo(f"{found['erased']} erased")


@app.command()
def outbox(
    as_json: office.AsJson = False, url: options.Url = options.URL, token: options.Token = None
) -> None:
    """List the mails that have not been delivered: waiting, in doubt or failed."""
    carrier = Carrier(url, token)
    found = carrier.get(f"{PATH}/outbox")
    with carrier.understood():
        items = found["items"]
    columns = ("id", "state", "attempts", "to", "occasion", "due_at", "reason")
    office.show_list(carrier, items, columns, as_json=as_json)
