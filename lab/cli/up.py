"""`tokuban up`: bring the carrier up."""

import os
from typing import Annotated

import typer

from lab.cli import options
from lab.configuration import load
from lab.limits import put_collector_off
from lab.logging import configure


def up(
    config: options.Config = None,
    data: options.Data = None,
    host: options.Host = None,
    sip_port: options.SipPort = None,
    http_port: options.HttpPort = None,
    rtp_ports: options.RtpPorts = None,
    advertise: options.Advertise = None,
    seed: options.Seed = None,
    demo: options.Demo = None,
    log_json: Annotated[
        bool, typer.Option("--log-json", help="One JSON object a log line.")
    ] = False,
    log_level: Annotated[
        str | None, typer.Option("--log-level", metavar="LEVEL", help="debug, info, warning, error")
    ] = None,
) -> None:
    """Bring the carrier up and serve until Ctrl-C."""
    put_collector_off()
    from lab import bootstrap

    flags = options.flags(data, host, sip_port, http_port, rtp_ports, advertise)
    flags["seed"] = {"file": seed, "demo": demo}
    flags["log"] = {"format": "json" if log_json else None, "level": log_level}
    settings = load(config, os.environ, flags)
    configure(settings.log)
    bootstrap.main(settings)
