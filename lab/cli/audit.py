"""`tokuban audit`: who changed what at a running carrier."""

from typing import Annotated

import typer

from lab.cli import office, options
from lab.client import Carrier

COLUMNS = ("business_at", "wall_at", "subject", "what", "after", "who", "origin")


def audit(
    subject: Annotated[
        str | None, typer.Option(help="Of one line, number, customer, contract, order or token.")
    ] = None,
    who: Annotated[str | None, typer.Option(help="By one caller or login.")] = None,
    contract: Annotated[str | None, typer.Option(help="Of one contract's own log.")] = None,
    limit: office.Most = office.MOST,
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """List changes, newest first: when by both clocks (Japan time), by whom and from where."""
    carrier = Carrier(url, token)
    filters = {"subject": subject, "who": who, "contract": contract}
    found = carrier.items("/v1/audit", filters, limit)
    office.show_list(carrier, found, COLUMNS, as_json=as_json)
