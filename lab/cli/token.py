"""`tokuban token`: the tokens that open the API from elsewhere."""

from typing import Annotated

import typer

from lab.cli import office, options
from lab.client import Carrier
from provisioning.tokens.model import Scope

PATH = "/v1/tokens"
COLUMNS = ("id", "name", "scopes", "expires_at", "revoked_at", "last_used_at")

app = typer.Typer(help="The API tokens of a running carrier.")

Id = Annotated[str, typer.Argument(help="As T00000001.")]


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What it is for.")],
    scope: Annotated[
        list[str],
        typer.Option(
            "--scope",
            help=f"What it may do, once for each: {', '.join(Scope)}. Write includes read.",
        ),
    ],
    days: Annotated[
        int | None, typer.Option("--days", min=1, help="Days until it expires; absent: never.")
    ] = None,
    key: office.Key = None,
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Make a token; its secret is shown this once."""
    carrier = Carrier(url, token)
    body = office.given(name=name, scopes=scope, expires_in_days=days)
    made = carrier.send("POST", PATH, body, key=office.new_key(key))
    office.show_one(carrier, made, as_json=as_json)


@app.command("list")
def list_(
    limit: office.Most = office.MOST,
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """List tokens, revoked and expired ones included."""
    carrier = Carrier(url, token)
    office.show_list(carrier, carrier.items(PATH, {}, limit), COLUMNS, as_json=as_json)


@app.command()
def show(
    token_id: Id,
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Show one token."""
    carrier = Carrier(url, token)
    office.show_one(carrier, carrier.get(f"{PATH}/{office.part(token_id)}"), as_json=as_json)


@app.command()
def revoke(
    token_id: Id,
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Let a token open nothing from now on."""
    carrier = Carrier(url, token)
    gone = carrier.send("DELETE", f"{PATH}/{office.part(token_id)}")
    office.show_one(carrier, gone, as_json=as_json)
