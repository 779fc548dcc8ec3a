"""`tokuban customer`: who signed."""

from typing import Annotated

import typer

from lab.cli import office, options
from lab.client import Carrier

PATH = "/v1/customers"
COLUMNS = ("id", "kind", "name", "mail", "phone")

app = typer.Typer(help="The customers of a running carrier.")

Id = Annotated[str, typer.Argument(help="As C00000001.")]
Kind = Annotated[str, typer.Option(help="consumer or corporate.")]
Contact = Annotated[str | None, typer.Option(help="Whom to ask for at a company.")]
Language = Annotated[str | None, typer.Option(help="ja or en.")]


@app.command("list")
def list_(
    name: Annotated[str | None, typer.Option(help="Part of a name.")] = None,
    kind: Annotated[str | None, typer.Option(help="consumer or corporate.")] = None,
    limit: office.Most = office.MOST,
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """List customers."""
    carrier = Carrier(url, token)
    found = carrier.items(PATH, {"name": name, "kind": kind}, limit)
    office.show_list(carrier, found, COLUMNS, as_json=as_json)


@app.command()
def show(
    customer: Id,
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Show one customer."""
    carrier = Carrier(url, token)
    office.show_one(carrier, carrier.get(f"{PATH}/{office.part(customer)}"), as_json=as_json)


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="A person's or company's name.")],
    postal_code: Annotated[str, typer.Option(help="Seven digits, as 100-0001.")],
    address: Annotated[str, typer.Option(help="Where the letter goes.")],
    phone: Annotated[str, typer.Option(help="As 03-1234-5678.")],
    mail: Annotated[str, typer.Option(help="Login codes and notices go there.")],
    kind: Kind = "consumer",
    contact: Contact = None,
    language: Language = None,
    key: office.Key = None,
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Take a customer in."""
    body = office.given(
        kind=kind,
        name=name,
        postal_code=postal_code,
        address=address,
        phone=phone,
        mail=mail,
        contact=contact,
        language=language,
    )
    carrier = Carrier(url, token)
    made = carrier.send("POST", PATH, body, key=office.new_key(key))
    office.show_one(carrier, made, as_json=as_json)


@app.command()
def change(
    customer: Id,
    name: Annotated[str | None, typer.Option(help="Another name.")] = None,
    postal_code: Annotated[str | None, typer.Option(help="Seven digits, as 100-0001.")] = None,
    address: Annotated[str | None, typer.Option(help="Where the letter goes.")] = None,
    phone: Annotated[str | None, typer.Option(help="As 03-1234-5678.")] = None,
    mail: Annotated[str | None, typer.Option(help="Where codes and notices go.")] = None,
    contact: Contact = None,
    language: Language = None,
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Change what is given; the rest stays."""
    body = office.given(
        name=name,
        postal_code=postal_code,
        address=address,
        phone=phone,
        mail=mail,
        contact=contact,
        language=language,
    )
    carrier = Carrier(url, token)
    changed = carrier.send("PATCH", f"{PATH}/{office.part(customer)}", body)
    office.show_one(carrier, changed, as_json=as_json)
