"""`tokuban freephone`: contracts of 0120 and 0800 numbers, and `tokuban explain`."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

import typer

from lab.cli import office, options
from lab.client import Carrier

PATH = "/v1/freephones"
COLUMNS = ("number", "contract", "version", "lines", "options")

FATES = ("calls", "answered", "busy", "no_answer", "refused", "off_hours")

app = typer.Typer(help="Freephone numbers (着信課金): contracts, history and fees.")

Number = Annotated[str, typer.Argument(help="As 0120000003.")]
File = Annotated[
    Path,
    typer.Argument(
        exists=True, dir_okay=False, help="The set-up as JSON; `tokuban freephone show` prints one."
    ),
]


class By(StrEnum):
    """What usage is counted by."""

    HOUR = "hour"
    DAY = "day"
    NUMBER = "number"


class Form(StrEnum):
    """How an explanation is printed."""

    TEXT = "text"
    JSON = "json"
    MERMAID = "mermaid"


@app.command("list")
def list_(
    limit: office.Most = office.MOST,
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """List contracted numbers."""
    carrier = Carrier(url, token)
    found = carrier.items(PATH, {}, limit)
    with carrier.understood():
        rows = found if as_json else [_row(each) for each in found]
    office.show_list(carrier, rows, COLUMNS, as_json=as_json)


@app.command()
def show(number: Number, url: options.Url = options.URL, token: options.Token = None) -> None:
    """Print the set-up of a number as JSON, to be edited and given to `change`."""
    found = Carrier(url, token).get(_path(number))
    typer.echo(json.dumps(found["setup"], ensure_ascii=False, indent=2))


@app.command()
def add(
    number: Number,
    contract: Annotated[str, typer.Argument(help="Who pays, as K00000001.")],
    file: File,
    key: office.Key = None,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Contract a number; a set-up that breaks a rule changes nothing."""
    body = {"number": number, "contract": contract, "setup": _read(file)}
    made = Carrier(url, token).send("POST", PATH, body, key=office.new_key(key))
    office.note(f"{made['number']} is contracted, version {made['version']}")


@app.command()
def change(
    number: Number,
    file: File,
    version: Annotated[
        int | None, typer.Option(min=1, help="Refuse when another version holds by now.")
    ] = None,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Set a number up anew, as a whole."""
    body = office.given(setup=_read(file), version=version)
    changed = Carrier(url, token).put(_path(number), body)
    office.note(f"{changed['number']} is at version {changed['version']}")


@app.command()
def undo(
    number: Number,
    version: Annotated[int, typer.Argument(min=1, help="Of `tokuban freephone versions`.")],
    key: office.Key = None,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Set a number up again as it was in an earlier version."""
    body = {"version": version}
    changed = Carrier(url, token).send(
        "POST", f"{_path(number)}/undo", body, key=office.new_key(key)
    )
    office.note(f"{changed['number']} is at version {changed['version']}")


@app.command()
def versions(
    number: Number,
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """List the set-ups a number had, the newest first."""
    carrier = Carrier(url, token)
    found = carrier.whole(f"{_path(number)}/versions")
    office.show_list(carrier, found, ("version", "who", "business_at"), as_json=as_json)


@app.command()
def fees(
    number: Number,
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """List what a number costs its contract, in yen before tax."""
    carrier = Carrier(url, token)
    found = carrier.whole(f"{_path(number)}/fees")
    columns = ("item", "kind", "yen", "begins_at", "ends_at")
    office.show_list(carrier, found, columns, as_json=as_json)


@app.command()
def usage(
    number: Number,
    by: Annotated[By, typer.Option(help="hour, day or number.")] = By.HOUR,
    since: Annotated[
        str | None,
        typer.Option("--from", metavar="TIME", help="With a time zone; else today in Japan."),
    ] = None,
    before: Annotated[
        str | None, typer.Option("--to", metavar="TIME", help="Else a day after --from.")
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print it as CSV.")] = False,
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Count the calls of a number by what became of them, in business time."""
    carrier = Carrier(url, token)
    asked = office.given(**{"by": by.value, "from": since, "to": before})
    path = f"{_path(number)}/usage?{urlencode(asked)}"
    if as_csv:
        typer.echo(carrier.download("GET", f"{path}&format=csv"), nl=False)
        return
    with carrier.understood():
        found = carrier.get(path)["items"]
    columns = ("number" if by is By.NUMBER else "begins", *FATES)
    office.show_list(carrier, found, columns, as_json=as_json)


@app.command("issue-directory")
def issue_directory(
    issue: Annotated[str, typer.Argument(help="Its name, as 2027.")],
    key: office.Key = None,
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Charge each number's names beyond the free one in an issue of the telephone directory."""
    carrier = Carrier(url, token)
    path = "/v1/directory-issues"
    made = carrier.send("POST", path, {"issue": issue}, key=office.new_key(key))
    office.show_one(carrier, made, as_json=as_json)


@app.command()
def remove(number: Number, url: options.Url = options.URL, token: options.Token = None) -> None:
    """Give a number up; its monthly fees end now."""
    Carrier(url, token).send("DELETE", _path(number))
    office.note(f"{number} is given up")


@app.command()
def password(
    number: Number,
    key: office.Key = None,
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Make up a new password of the customer control, shown this once."""
    carrier = Carrier(url, token)
    path = f"{_path(number)}/control/password"
    made = carrier.send("POST", path, {}, key=office.new_key(key))
    office.show_one(carrier, made, as_json=as_json)


@app.command()
def unlock(
    number: Number,
    key: office.Key = None,
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Unlock the customer control; its work is owed."""
    carrier = Carrier(url, token)
    path = f"{_path(number)}/control/unlock"
    shown = carrier.send("POST", path, {}, key=office.new_key(key))
    office.show_one(carrier, shown, as_json=as_json)


def explain(
    caller: Annotated[str, typer.Argument(metavar="FROM", help="Who calls, as 0312345678.")],
    dialled: Annotated[str, typer.Argument(metavar="TO", help="As 0120000003; any number.")],
    at: Annotated[
        str | None,
        typer.Option(help="Business time, as 2026-11-03T12:00 in Japan; else now."),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(help="fixed, mobile, phs, ip-phone, international, payphone or satellite."),
    ] = None,
    prefecture: Annotated[str | None, typer.Option(help="Where a mobile is, as 東京都.")] = None,
    busy: Annotated[
        list[str] | None, typer.Option(help="A line that is taken to be busy, once for each.")
    ] = None,
    calls: Annotated[
        int, typer.Option(min=0, help="So many calls of a freephone number are taken to go on.")
    ] = 0,
    form: Annotated[Form, typer.Option(help="text, json or mermaid.")] = Form.TEXT,
    english: Annotated[bool, typer.Option("--english", help="In English.")] = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Say what would happen if FROM dialled TO, step by step, without a call."""
    asked = {
        "from": caller,
        "to": dialled,
        "form": form.value,
        "language": "en" if english else "ja",
        "busy": busy or [],
        "calls": calls,
        **office.given(at=at, kind=kind, prefecture=prefecture),
    }
    carrier = Carrier(url, token)
    answer = carrier.download("GET", f"/v1/explain?{urlencode(asked, doseq=True)}").decode()
    if form is Form.JSON:
        answer = json.dumps(json.loads(answer), ensure_ascii=False, indent=2)
    typer.echo(answer.rstrip("\n"))


def _path(number: str) -> str:
    return f"{PATH}/{office.part(number)}"


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"{file}: {error}") from None


def _row(item: dict[str, Any]) -> dict[str, Any]:
    setup = item["setup"]
    lines = [reception["line"] for reception in setup["receptions"]]
    return {**item, "lines": ", ".join(lines), "options": ", ".join(setup["options"])}
