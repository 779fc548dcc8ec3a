"""`tokuban number`: the 050 inventory, and what becomes of its numbers."""

from enum import StrEnum
from typing import Annotated

import typer

from lab.cli import office, options
from lab.client import Carrier

PATH = "/v1/numbers"
BLOCKS = "/v1/number-blocks"
COLUMNS = ("number", "state", "contract", "order", "until")

app = typer.Typer(help="The 050 numbers of a running carrier.")

Number = Annotated[str, typer.Argument(help="As 05000000001, 050-0000-0001 or +815000000001.")]


class Which(StrEnum):
    """Which password of a number: of its SIP account, or of 付加サービス."""

    LINE = "line"
    SERVICE = "service"


@app.command("list")
def list_(
    state: Annotated[
        str | None, typer.Option(help="free, reserved, assigned or quarantined.")
    ] = None,
    contract: Annotated[str | None, typer.Option(help="Of this contract alone.")] = None,
    block: Annotated[str | None, typer.Option(help="Of this block alone.")] = None,
    limit: office.Most = office.MOST,
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """List numbers of the inventory."""
    carrier = Carrier(url, token)
    filters = {"state": state, "contract": contract, "block": block}
    found = carrier.items(PATH, filters, limit)
    office.show_list(carrier, found, COLUMNS, as_json=as_json)


@app.command()
def show(
    number: Number,
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Show one number."""
    carrier = Carrier(url, token)
    office.show_one(carrier, carrier.get(f"{PATH}/{office.part(number)}"), as_json=as_json)


@app.command()
def blocks(
    as_json: office.AsJson = False, url: options.Url = options.URL, token: options.Token = None
) -> None:
    """List the blocks of the inventory."""
    carrier = Carrier(url, token)
    found = carrier.whole(BLOCKS)
    office.show_list(carrier, found, ("id", "first", "last", "size"), as_json=as_json)


@app.command()
def load(
    first: Annotated[str, typer.Argument(help="The first number, as 05000000000.")],
    last: Annotated[str, typer.Argument(help="The last number, as 05000009999.")],
    key: office.Key = None,
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Load a block of at most 100,000 numbers; they are free from then on."""
    carrier = Carrier(url, token)
    body = {"first": first, "last": last}
    made = carrier.send("POST", BLOCKS, body, key=office.new_key(key))
    office.show_one(carrier, made, as_json=as_json)


@app.command()
def reserve(
    number: Number,
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Hold a free number back from orders."""
    carrier = Carrier(url, token)
    kept = carrier.send("PUT", f"{PATH}/{office.part(number)}/reservation")
    office.show_one(carrier, kept, as_json=as_json)


@app.command()
def release(
    number: Number,
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Give a number that was held back to the orders."""
    carrier = Carrier(url, token)
    freed = carrier.send("DELETE", f"{PATH}/{office.part(number)}/reservation")
    office.show_one(carrier, freed, as_json=as_json)


@app.command()
def cancel(
    number: Number,
    form: Annotated[str, typer.Option("--form", help="The written form's reference.")],
    key: office.Key = None,
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Cancel an assigned number by written form; its line goes, its quarantine begins."""
    carrier = Carrier(url, token)
    path = f"{PATH}/{office.part(number)}/cancellation"
    body = {"form_reference": form}
    ended = carrier.send("POST", path, body, key=office.new_key(key))
    office.show_one(carrier, ended, as_json=as_json)


@app.command("reset-password")
def reset_password(
    number: Number,
    which: Annotated[
        Which, typer.Option(help="line: its SIP account's; service: 付加サービス.")
    ] = Which.LINE,
    key: office.Key = None,
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Make a password of an assigned number anew; it is shown this once."""
    carrier = Carrier(url, token)
    path = f"{PATH}/{office.part(number)}/password-resets"
    made = carrier.send("POST", path, {"which": which.value}, key=office.new_key(key))
    office.show_one(carrier, made, as_json=as_json)
