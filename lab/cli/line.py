"""`tokuban line`: the lines of a running carrier, and their SIP accounts."""

from typing import Annotated

import typer

from lab.cli import office, options
from lab.client import Carrier

PATH = "/v1/lines"
ACCOUNTS = "/v1/accounts"
COLUMNS = ("number", "profile", "prefecture", "kind", "status", "options")

app = typer.Typer(help="The lines of a running carrier, and their SIP accounts.")

Number = Annotated[str, typer.Argument(help="As 09000000001, 090-0000-0001 or +819000000001.")]
User = Annotated[str, typer.Argument(help="The SIP user.")]
Status = Annotated[str | None, typer.Option(help="active or suspended.")]
Kind = Annotated[str | None, typer.Option(help="consumer or corporate.")]
Language = Annotated[str | None, typer.Option(help="ja or en: what the line hears.")]
Freephone = Annotated[str | None, typer.Option(help="The number tokutei-notify shows.")]
Options = Annotated[
    list[str] | None, typer.Option("--option", help="A contracted option, once for each.")
]


@app.command("list")
def list_(
    profile: Annotated[str | None, typer.Option(help="docomo, au, rakuten or ntt.")] = None,
    status: Status = None,
    limit: office.Most = office.MOST,
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """List lines."""
    carrier = Carrier(url, token)
    found = carrier.items(PATH, {"profile": profile, "status": status}, limit)
    office.show_list(carrier, found, COLUMNS, as_json=as_json)


@app.command()
def show(
    number: Number,
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Show one line and its accounts."""
    carrier = Carrier(url, token)
    line = carrier.get(f"{PATH}/{office.part(number)}")
    office.show_one(carrier, line, as_json=as_json)
    if not as_json:
        with carrier.understood():
            accounts = line["accounts"]
        office.show_list(carrier, accounts, ("user", "access"), as_json=False)


@app.command()
def add(
    number: Number,
    profile: Annotated[str, typer.Option(help="docomo, au, rakuten or ntt.")],
    ma: Annotated[str, typer.Option(help="Message area it is charged from.")],
    prefecture: Annotated[str, typer.Option(help="Prefecture of the message area.")],
    kind: Kind = None,
    status: Status = None,
    option: Options = None,
    freephone: Freephone = None,
    language: Language = None,
    key: office.Key = None,
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Make a line; `tokuban line add-account` lets a phone register."""
    body = office.given(
        number=number,
        profile=profile,
        ma=ma,
        prefecture=prefecture,
        kind=kind,
        status=status,
        options=option or None,
        freephone=freephone,
        language=language,
    )
    carrier = Carrier(url, token)
    made = carrier.send("POST", PATH, body, key=office.new_key(key))
    office.show_one(carrier, made, as_json=as_json)


@app.command()
def change(
    number: Number,
    ma: Annotated[str | None, typer.Option(help="Message area it is charged from.")] = None,
    prefecture: Annotated[str | None, typer.Option(help="Prefecture of the area.")] = None,
    kind: Kind = None,
    status: Status = None,
    option: Options = None,
    no_options: Annotated[bool, typer.Option("--no-options", help="Contract none.")] = False,
    freephone: Freephone = None,
    language: Language = None,
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Change what is given; the rest stays."""
    body = office.given(
        ma=ma,
        prefecture=prefecture,
        kind=kind,
        status=status,
        options=[] if no_options else option or None,
        freephone=freephone,
        language=language,
    )
    carrier = Carrier(url, token)
    changed = carrier.send("PATCH", f"{PATH}/{office.part(number)}", body)
    office.show_one(carrier, changed, as_json=as_json)


@app.command()
def remove(number: Number, url: options.Url = options.URL, token: options.Token = None) -> None:
    """Remove a line with its accounts and settings."""
    Carrier(url, token).send("DELETE", f"{PATH}/{office.part(number)}")
    office.note(f"line {number} is gone")


@app.command("add-account")
def add_account(
    number: Number,
    user: User,
    access: Annotated[str, typer.Option(help="os, or link on a rakuten line.")] = "os",
    key: office.Key = None,
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Give a line one more SIP account; its password is made up and shown this once."""
    carrier = Carrier(url, token)
    body = {"line": number, "user": user, "access": access}
    made = carrier.send("POST", ACCOUNTS, body, key=office.new_key(key))
    office.show_one(carrier, made, as_json=as_json)


@app.command("reset-account")
def reset_account(
    user: User,
    key: office.Key = None,
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Another password for a SIP account, shown this once; its phones are forgotten."""
    carrier = Carrier(url, token)
    path = f"{ACCOUNTS}/{office.part(user)}/password-resets"
    made = carrier.send("POST", path, {}, key=office.new_key(key))
    office.show_one(carrier, made, as_json=as_json)


@app.command("remove-account")
def remove_account(user: User, url: options.Url = options.URL, token: options.Token = None) -> None:
    """Remove a SIP account and forget its phones."""
    Carrier(url, token).send("DELETE", f"{ACCOUNTS}/{office.part(user)}")
    office.note(f"account {user} is gone")


@app.command("sources")
def sources(
    user: User,
    source: Annotated[
        list[str] | None,
        typer.Option("--source", help="192.0.2.1 or 192.0.2.0/29, once for each; absent: none."),
    ] = None,
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Say from where an account of a line with the option ngn-uni needs no password."""
    carrier = Carrier(url, token)
    path = f"{ACCOUNTS}/{office.part(user)}/sources"
    changed = carrier.send("PUT", path, {"sources": source or []})
    office.show_one(carrier, changed, as_json=as_json)
