"""`tokuban order`: orders of 050 numbers."""

from pathlib import Path
from typing import Annotated

import typer

from lab.cli import office, options
from lab.client import Carrier
from lab.errors import Refused, Unreachable

PATH = "/v1/number-orders"
COLUMNS = ("id", "contract", "count", "placed_at", "letter")
NUMBER_COLUMNS = ("number", "service_password", "line_password")

app = typer.Typer(help="Orders of 050 numbers at a running carrier.")

Id = Annotated[str, typer.Argument(help="As N00000001.")]


@app.command()
def place(
    contract: Annotated[str, typer.Argument(help="The contract's id, as K00000001.")],
    count: Annotated[int, typer.Argument(help="How many numbers, 1 to 50.")],
    key: office.Key = None,
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Order numbers; their passwords are shown this once."""
    key = office.new_key(key)
    carrier = Carrier(url, token)
    try:
        order = carrier.send("POST", PATH, {"contract": contract, "count": count}, key=key)
    except Unreachable as error:
        raise Unreachable(
            f"{error}; with `--key {key}` the same order is never placed twice"
        ) from None
    _show(carrier, order, as_json)


@app.command("list")
def list_(
    contract: Annotated[str | None, typer.Option(help="Of this contract alone.")] = None,
    limit: office.Most = office.MOST,
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """List orders."""
    carrier = Carrier(url, token)
    found = carrier.items(PATH, {"contract": contract}, limit)
    office.show_list(carrier, found, COLUMNS, as_json=as_json)


@app.command()
def show(
    order: Id,
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Show one order; its passwords were shown when it was placed."""
    carrier = Carrier(url, token)
    _show(carrier, carrier.get(f"{PATH}/{office.part(order)}"), as_json)


@app.command()
def letter(
    order: Id,
    file: Annotated[Path, typer.Argument(help="Where to write the PDF; it must not exist.")],
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Fetch an order's letter with its passwords; it is handed out once."""
    carrier = Carrier(url, token)
    try:
        # Made before asking: what cannot be written must not be handed out.
        file.touch(mode=0o600, exist_ok=False)
        with file.open("wb") as opened:
            try:
                opened.write(carrier.download("POST", f"{PATH}/{office.part(order)}/letter"))
            except Refused:
                file.unlink()
                raise
    except OSError as error:
        raise Refused(f"{file}: {error.strerror}: name a file that can be made") from None
    office.note(f"{file}: the letter of {order}; the carrier has destroyed its own copy")


def _show(carrier: Carrier, order: office.Row, as_json: bool) -> None:
    office.show_one(carrier, order, as_json=as_json)
    if not as_json:
        with carrier.understood():
            numbers = order["numbers"]
        office.show_list(carrier, numbers, NUMBER_COLUMNS, as_json=False)
