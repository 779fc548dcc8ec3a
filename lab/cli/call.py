"""`tokuban call`: place a call from a terminal and tell what happens, one line an event."""

import asyncio
import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from lab import call_script
from lab.errors import Refused

PASSWORD_VARIABLE = "TOKUBAN_PASSWORD"


class Over(StrEnum):
    """The transport the call's signalling takes."""

    UDP = "udp"
    TCP = "tcp"
    TLS = "tls"


_USUAL_PORTS = {Over.UDP: 5060, Over.TCP: 5060, Over.TLS: 5061}
_LAB_AUTHORITY = Path("data/tls/ca.pem")


User = Annotated[str, typer.Argument(help="SIP user that calls, as 09000000001.")]
Number = Annotated[str, typer.Argument(help="What to dial, as 1429.")]
Server = Annotated[
    str | None,
    typer.Option(
        "--server",
        metavar="HOST:PORT",
        help="The carrier; without it 127.0.0.1:5060, over TLS 127.0.0.1:5061.",
    ),
]
Keys = Annotated[
    str, typer.Option("--keys", help="Keys to press; a comma waits for the prompt to end.")
]
Record = Annotated[
    Path | None, typer.Option("--record", metavar="FILE", help="Write what is heard as WAV.")
]
Transport = Annotated[Over, typer.Option("--transport", help="udp, tcp, or tls with SRTP.")]
Authority = Annotated[
    Path | None,
    typer.Option(
        "--authority",
        metavar="FILE",
        help="Who signed the server's certificate (PEM); without it data/tls/ca.pem.",
    ),
]
Password = Annotated[
    str | None,
    typer.Option(
        "--password",
        envvar=PASSWORD_VARIABLE,
        show_envvar=False,
        help=f"Password of the user (or {PASSWORD_VARIABLE}); the demo users need none.",
    ),
]


def call(
    user: User,
    number: Number,
    server: Server = None,
    keys: Keys = "",
    record: Record = None,
    transport: Transport = Over.UDP,
    authority: Authority = None,
    password: Password = None,
) -> None:
    """Place a call, press keys, and say what happened.

    Status 0 only when the call was answered and took every key.
    """
    from lab.calling import Order, place, server_address

    order = Order(
        user=user,
        password=password or _demo_password(user),
        number=number,
        server=server_address(server or f"127.0.0.1:{_USUAL_PORTS[transport]}"),
        transport=transport.value.upper(),
        script=call_script.parse(keys),
        record=record,
        authority=authority or (_LAB_AUTHORITY if _LAB_AUTHORITY.exists() else None),
    )
    if not asyncio.run(place(order, _Teller())):
        raise typer.Exit(1)


def _demo_password(user: str) -> str:
    from lab import seeds

    for seeded in seeds.demo().lines:
        for account in seeded.accounts:
            if account.user == user:
                return account.password
    raise Refused(f"{user} is no demo user: set {PASSWORD_VARIABLE} to the user's password")


class _Teller:
    """Prints events with the seconds since the beginning."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def __call__(self, event: str) -> None:
        typer.echo(f"{time.monotonic() - self._began:8.3f} {event}")
