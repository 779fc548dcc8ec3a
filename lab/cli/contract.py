"""`tokuban contract`: what a customer signed, and the self-care login that opens it."""

from typing import Annotated

import typer

from lab.cli import office, options
from lab.client import Carrier

PATH = "/v1/contracts"
COLUMNS = ("id", "customer", "plan", "profile", "status", "numbers_added", "number_cap")

app = typer.Typer(help="The contracts of a running carrier.")

Id = Annotated[str, typer.Argument(help="As K00000001.")]


@app.command("list")
def list_(
    customer: Annotated[str | None, typer.Option(help="Of this customer alone.")] = None,
    limit: office.Most = office.MOST,
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """List contracts."""
    carrier = Carrier(url, token)
    found = carrier.items(PATH, {"customer": customer}, limit)
    office.show_list(carrier, found, COLUMNS, as_json=as_json)


@app.command()
def show(
    contract: Id,
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Show one contract."""
    carrier = Carrier(url, token)
    office.show_one(carrier, carrier.get(f"{PATH}/{office.part(contract)}"), as_json=as_json)


@app.command()
def plans(
    as_json: office.AsJson = False, url: options.Url = options.URL, token: options.Token = None
) -> None:
    """List the plans a contract may follow; fees a month and added number, without tax."""
    carrier = Carrier(url, token)
    found = carrier.whole("/v1/plans")
    office.show_list(carrier, found, ("name", "ja", "monthly_fee_yen"), as_json=as_json)


@app.command("open")
def open_(
    customer: Annotated[str, typer.Argument(help="The customer's id, as C00000001.")],
    profile: Annotated[str, typer.Option(help="docomo, au, rakuten or ntt.")],
    ma: Annotated[str, typer.Option(help="Message area its numbers are charged from.")],
    prefecture: Annotated[str, typer.Option(help="Prefecture of the message area.")],
    plan: Annotated[str, typer.Option(help="As `tokuban contract plans` lists them.")] = "standard",
    cap: Annotated[int | None, typer.Option(help="Numbers it may add over its life.")] = None,
    key: office.Key = None,
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Open a contract for a customer."""
    body = office.given(
        customer=customer,
        plan=plan,
        profile=profile,
        ma=ma,
        prefecture=prefecture,
        number_cap=cap,
    )
    carrier = Carrier(url, token)
    made = carrier.send("POST", PATH, body, key=office.new_key(key))
    office.show_one(carrier, made, as_json=as_json)


@app.command()
def cap(
    contract: Id,
    numbers: Annotated[int, typer.Argument(min=0, help="Numbers it may add over its life.")],
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Set how many numbers a contract may add over its life."""
    carrier = Carrier(url, token)
    path = f"{PATH}/{office.part(contract)}"
    office.show_one(carrier, carrier.send("PATCH", path, {"number_cap": numbers}), as_json=as_json)


@app.command()
def close(
    contract: Id,
    key: office.Key = None,
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """End a contract; cancel its numbers before."""
    carrier = Carrier(url, token)
    path = f"{PATH}/{office.part(contract)}/closure"
    office.show_one(carrier, carrier.send("POST", path, key=office.new_key(key)), as_json=as_json)


@app.command()
def login(
    contract: Id,
    selfcare_id: Annotated[
        str | None, typer.Option("--id", help="The self-care ID; made up when absent.")
    ] = None,
    reset: Annotated[
        bool, typer.Option("--reset", help="A new password for the login it has.")
    ] = False,
    key: office.Key = None,
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Give a contract its self-care login; the password is shown this once."""
    carrier = Carrier(url, token)
    path = f"{PATH}/{office.part(contract)}/login"
    body = None if reset else office.given(selfcare_id=selfcare_id)
    path += "/password-resets" if reset else ""
    made = carrier.send("POST", path, body, key=office.new_key(key))
    office.show_one(carrier, made, as_json=as_json)
