"""Options that several commands share."""

from pathlib import Path
from typing import Annotated, Any

import typer

Config = Annotated[
    Path | None,
    typer.Option(
        "--config", metavar="FILE", help="Settings file; without it tokuban.toml when present."
    ),
]
Data = Annotated[
    Path | None, typer.Option("--data", metavar="FOLDER", help="Folder of the database.")
]
Host = Annotated[
    str | None, typer.Option("--host", metavar="ADDRESS", help="Address SIP and HTTP listen on.")
]
SipPort = Annotated[int | None, typer.Option("--sip-port", metavar="PORT", help="SIP port.")]
HttpPort = Annotated[int | None, typer.Option("--http-port", metavar="PORT", help="HTTP port.")]
RtpPorts = Annotated[
    str | None, typer.Option("--rtp-ports", metavar="LOW-HIGH", help="RTP port range.")
]
Advertise = Annotated[
    str | None,
    typer.Option("--advertise", metavar="ADDRESS", help="Address phones are told (NAT)."),
]
Seed = Annotated[Path | None, typer.Option("--seed", metavar="FILE", help="Seed file (YAML).")]
Demo = Annotated[bool | None, typer.Option("--demo", help="Allow the demo lines on any address.")]
URL = "http://127.0.0.1:8080"

Url = Annotated[str, typer.Option("--url", metavar="URL", help="Web address of the carrier.")]
Token = Annotated[
    str | None,
    typer.Option(
        "--token",
        metavar="TOKEN",
        envvar="TOKUBAN__HTTP__TOKEN",
        show_envvar=False,
        help="The carrier's http.token, from another host (or TOKUBAN__HTTP__TOKEN).",
    ),
]
LabToken = Annotated[
    str | None,
    typer.Option(
        "--token",
        metavar="TOKEN",
        envvar=["TOKUBAN__LAB__TOKEN", "TOKUBAN__HTTP__TOKEN"],
        show_envvar=False,
        help="The carrier's lab.token (or TOKUBAN__LAB__TOKEN); on its host it is found by itself.",
    ),
]
LONG_WORK_S = 600.0
"""How long the carrier may take over what changes all of its state."""


def flags(
    data: Path | None,
    host: str | None,
    sip_port: int | None,
    http_port: int | None,
    rtp_ports: str | None,
    advertise: str | None,
) -> dict[str, dict[str, Any]]:
    """The shared options as settings, by section and key; `--host` serves both SIP and HTTP."""
    return {
        "sip": {"host": host, "port": sip_port, "advertise": advertise},
        "http": {"host": host, "port": http_port},
        "media": {"rtp_ports": rtp_ports},
        "storage": {"folder": data},
    }
