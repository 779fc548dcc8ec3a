"""`tokuban message`: messages between lines of a running carrier."""

from typing import Annotated

import typer

from lab.cli import office, options
from lab.client import Carrier

PATH = "/v1/messages"
COLUMNS = ("id", "created_at", "sender", "to", "state", "attempts", "text")

app = typer.Typer(help="Messages to lines (SIP MESSAGE), kept until a phone has them.")


@app.command("list")
def list_(
    to: Annotated[str | None, typer.Option(help="For one line.")] = None,
    state: Annotated[
        str | None, typer.Option(help="waiting, delivered, refused or expired.")
    ] = None,
    limit: office.Most = office.MOST,
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """List messages, newest first; a text is shown while it waits, to who may read it."""
    carrier = Carrier(url, token)
    found = carrier.items(PATH, {"to": to, "state": state}, limit)
    office.show_list(carrier, found, COLUMNS, as_json=as_json)


@app.command()
def send(
    to: Annotated[str, typer.Argument(help="A line's number.")],
    text: Annotated[str, typer.Argument(help="What it says.")],
    sender: Annotated[
        str | None, typer.Option("--from", help="The number or short code it comes from.")
    ] = None,
    key: office.Key = None,
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Send a message to a line."""
    carrier = Carrier(url, token)
    body = office.given(to=to, text=text, sender=sender)
    sent = carrier.send("POST", PATH, body, key=office.new_key(key))
    office.show_one(carrier, sent, as_json=as_json)
