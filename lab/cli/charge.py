"""`tokuban charge`, `why`, `quote` and `tariff`: what calls cost, and would cost."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

import typer

from lab.cli import office, options
from lab.client import Carrier
from lab.errors import Refused

PATH = "/v1/charges"
RECORDS = "/v1/cdrs"
COLUMNS = ("begun_at", "line", "called", "cause", "seconds", "units", "yen", "yen_with_tax")
ONE = 1000

app = typer.Typer(help="Charges for calls at a running carrier (BILL-02).")
tariffs = typer.Typer(help="Tariff files: what calls cost, by day.")

Cause = Annotated[
    str | None, typer.Option(help="playback, forwarding, excluded, dialler or freephone.")
]


@app.command("list")
def list_(
    line: Annotated[str | None, typer.Option(help="Of who pays.")] = None,
    cause: Cause = None,
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
    """List charges, newest first; times are shown as in Japan."""
    carrier = Carrier(url, token)
    filters = {"line": line, "cause": cause, "from": begun_from, "to": begun_before}
    office.show_list(carrier, carrier.items(PATH, filters, limit), COLUMNS, as_json=as_json)


@app.command()
def export(
    format: Annotated[str, typer.Argument(help="csv or jsonl.")] = "csv",
    line: Annotated[str | None, typer.Option(help="Of who pays.")] = None,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Write every charge to standard output, newest first."""
    filters = office.given(format=format, line=line)
    typer.echo(Carrier(url, token).download("GET", f"{PATH}?{urlencode(filters)}"), nl=False)


def why(
    cdr: Annotated[str, typer.Argument(help="The id of a record, or of a call: all its legs.")],
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Explain why a call was charged, or why it was not."""
    carrier = Carrier(url, token)
    for record in _records(carrier, cdr):
        verdict = carrier.get(f"{RECORDS}/{record}/why")
        if as_json:
            office.show_one(carrier, verdict, as_json=True)
        else:
            _say(carrier, verdict)


def quote(
    caller: Annotated[str, typer.Argument(metavar="FROM", help="The line that would call.")],
    called: Annotated[str, typer.Argument(metavar="TO", help="What it would dial.")],
    seconds: Annotated[float, typer.Argument(help="How long, from the answer on.")] = 60.0,
    access: Annotated[str, typer.Option(help="os, or link for the Rakuten Link app.")] = "os",
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Say what a call would cost its caller, without making it."""
    carrier = Carrier(url, token)
    asked = {"from": caller, "to": called, "seconds": f"{seconds:g}", "access": access}
    verdict = carrier.get(f"/v1/quote?{urlencode(asked)}")
    if as_json:
        office.show_one(carrier, verdict, as_json=True)
    else:
        _say(carrier, verdict)


@tariffs.command()
def check(
    file: Annotated[Path, typer.Argument(help="A tariff file, or a folder of them.")],
) -> None:
    """Check tariff files, and name every fault with its line."""
    from provisioning.billing.book import check as checked
    from provisioning.billing.tariff_file import BadTariff

    try:
        found = checked(file)
    except BadTariff as error:
        raise Refused(f"the tariff cannot be used:\n{error}") from None
    for tariff in found:
        office.note(f"{tariff.name}: {len(tariff.prices)} prices from {tariff.valid_from} on")


@tariffs.command()
def show(
    folder: Annotated[
        Path | None, typer.Argument(help="Of tariffs of your own; absent: the shipped ones.")
    ] = None,
    as_json: office.AsJson = False,
) -> None:
    """Show every price, the latest tariff first."""
    import json

    from lab import tables
    from provisioning.billing.book import TariffBook
    from provisioning.billing.tariff_file import BadTariff

    try:
        rows = list(_prices(TariffBook.load(folder)))
    except BadTariff as error:
        raise Refused(f"the tariff cannot be used:\n{error}") from None
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        tables.show_list(rows, ("tariff", "from", "price", "classes", "when", "yen", "unit_s"))


def _prices(book: Any) -> Iterator[dict[str, Any]]:
    from provisioning.billing.money import yen

    for tariff in book.all():
        for price in tariff.prices:
            when = (price.access, *sorted(price.services), *sorted(price.days), price.hours)
            yield {
                "tariff": tariff.name,
                "from": tariff.valid_from.isoformat(),
                "price": price.name,
                "classes": ", ".join(sorted(price.classes)),
                "when": ", ".join(str(each) for each in when if each),
                "yen": yen(price.cost.unit_sen) if price.cost else f"free ({price.free})",
                "unit_s": price.cost.unit_s if price.cost else "",
                "source": price.source,
            }


def _records(carrier: Carrier, cdr: str) -> list[str]:
    """The ids of the records meant: the one, or those of a call in the order of its legs."""
    if cdr.isdecimal():
        return [office.part(cdr)]
    found = carrier.items(RECORDS, {"call_id": cdr}, ONE)
    if not found:
        raise Refused(f"there is no record of a call {cdr}: see `tokuban cdr list`")
    with carrier.understood():
        return [str(row["id"]) for row in sorted(found, key=lambda row: int(row["leg"]))]


def _say(carrier: Carrier, verdict: office.Row) -> None:
    """In both languages, with the rule."""
    with carrier.understood():
        rule = f" ({verdict['rule']})" if verdict["rule"] else ""
        typer.echo(f"{verdict['en']}{rule}\n{verdict['ja']}")
