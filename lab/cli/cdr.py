"""`tokuban cdr` and `tokuban calls`: calls that were, and calls that are."""

from enum import StrEnum
from typing import Annotated
from urllib.parse import urlencode

import typer

from lab.cli import office, options
from lab.client import Carrier

PATH = "/v1/cdrs"
COLUMNS = (
    "started_at",
    "line",
    "called",
    "service",
    "seconds",
    "cause",
    "sip_status",
    "q850",
    "call_id",
)
CALL_COLUMNS = ("since", "line", "dialled", "state", "service", "prompts", "id")

app = typer.Typer(help="Records of calls at a running carrier (BILL-01).")


class Export(StrEnum):
    """A file's format."""

    CSV = "csv"
    JSON_LINES = "jsonl"


@app.command("list")
def list_(
    line: Annotated[str | None, typer.Option(help="Of one line.")] = None,
    service: Annotated[str | None, typer.Option(help="Of one service, as forwarding-menu.")] = None,
    begun_from: Annotated[
        str | None,
        typer.Option("--from", metavar="TIME", help="Begun then or later, with a time zone."),
    ] = None,
    begun_before: Annotated[
        str | None, typer.Option("--to", metavar="TIME", help="Begun before, with a time zone.")
    ] = None,
    limit: office.Most = office.MOST,
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """List records, newest first; times are shown as in Japan."""
    carrier = Carrier(url, token)
    filters = {"line": line, "service": service, "from": begun_from, "to": begun_before}
    found = carrier.items(PATH, filters, limit)
    office.show_list(carrier, found, COLUMNS, as_json=as_json)


@app.command()
def export(
    format: Annotated[Export, typer.Argument(help="csv or jsonl.")] = Export.CSV,
    line: Annotated[str | None, typer.Option(help="Of one line.")] = None,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Write every record to standard output, newest first."""
    filters = office.given(format=format.value, line=line)
    data = Carrier(url, token).download("GET", f"{PATH}?{urlencode(filters)}")
    typer.echo(data, nl=False)


def calls(
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """List calls that go on."""
    carrier = Carrier(url, token)
    with carrier.understood():
        found = carrier.get("/v1/calls")["items"]
    office.show_list(carrier, found, CALL_COLUMNS, as_json=as_json)
