"""`tokuban trunk`: the other carriers of a running carrier."""

from typing import Annotated

import typer

from lab.cli import office, options
from lab.client import Carrier

PATH = "/v1/trunks"
COLUMNS = ("name", "caller_class", "peers", "account", "prefixes", "trusted", "calls")

app = typer.Typer(help="Other carriers: who calls in over them, and which numbers go out to them.")

Name = Annotated[str, typer.Argument(help="As other-carrier.")]
CallerClass = Annotated[
    str,
    typer.Option(
        "--class",
        help="What its callers are: fixed, mobile, phs, ip-phone, international, payphone or "
        "satellite.",
    ),
]
Peers = Annotated[
    list[str] | None,
    typer.Option(
        "--peer",
        help="An address, once for each: 192.0.2.1:5060;transport=udp. With a port, datagrams are "
        "taken from that port alone.",
    ),
]
UserName = Annotated[
    str | None,
    typer.Option(
        "--account",
        help="The user it registers as; its password is made up and shown this once.",
    ),
]
Prefixes = Annotated[
    list[str] | None,
    typer.Option(
        "--prefix",
        help="First digits of numbers that go out over it, once for each: 03, 090, or + for other "
        "countries.",
    ),
]
Trusted = Annotated[
    bool, typer.Option("--trusted", help="Believe the identities it tells, and tell it ours.")
]
Prefecture = Annotated[
    str | None, typer.Option(help="Where its callers count as calling from, as 東京都.")
]
Login = Annotated[
    str | None, typer.Option(help="The user we are to its peers, where they ask for a password.")
]
LoginPassword = Annotated[
    str | None,
    typer.Option(
        envvar="TOKUBAN_LOGIN_PASSWORD",
        show_envvar=True,
        help="Of the login. In the environment nobody else sees it.",
    ),
]
Registers = Annotated[
    bool, typer.Option("--register", help="Register with its first peer as the login.")
]
Calls = Annotated[int | None, typer.Option(min=1, help="The most calls at once.")]


@app.command("list")
def list_(
    limit: office.Most = office.MOST,
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """List trunks."""
    carrier = Carrier(url, token)
    office.show_list(carrier, carrier.items(PATH, {}, limit), COLUMNS, as_json=as_json)


@app.command()
def show(
    name: Name,
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Show one trunk, and where its account is registered."""
    carrier = Carrier(url, token)
    path = f"{PATH}/{office.part(name)}"
    trunk = carrier.get(path)
    office.show_one(carrier, trunk, as_json=as_json)
    if not as_json and trunk.get("account"):
        registered = carrier.whole(f"{path}/registrations")
        office.show_list(carrier, registered, ("contact", "expires_at", "flow"), as_json=False)


@app.command()
def add(
    name: Name,
    caller_class: CallerClass,
    peer: Peers = None,
    account: UserName = None,
    prefix: Prefixes = None,
    trusted: Trusted = False,
    prefecture: Prefecture = None,
    calls: Calls = None,
    login: Login = None,
    login_password: LoginPassword = None,
    registers: Registers = False,
    key: office.Key = None,
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Connect another carrier."""
    body = office.given(
        name=name,
        caller_class=caller_class,
        peers=peer or None,
        account=account,
        prefixes=prefix or None,
        trusted=trusted or None,
        prefecture=prefecture,
        calls=calls,
        login=login,
        login_password=login_password,
        registers=registers or None,
    )
    carrier = Carrier(url, token)
    made = carrier.send("POST", PATH, body, key=office.new_key(key))
    office.show_one(carrier, made, as_json=as_json)


@app.command()
def remove(name: Name, url: options.Url = options.URL, token: options.Token = None) -> None:
    """Remove a trunk; calls that go over it now go on."""
    Carrier(url, token).send("DELETE", f"{PATH}/{office.part(name)}")
    office.note(f"trunk {name} is gone")
