"""`tokuban doctor`: would a carrier work here?"""

import os

import typer

from lab.cli import options
from lab.configuration import load
from lab.finding import Finding, Verdict

COLOURS = {Verdict.OK: "green", Verdict.WARN: "yellow", Verdict.FAIL: "red"}


def doctor(
    config: options.Config = None,
    data: options.Data = None,
    host: options.Host = None,
    sip_port: options.SipPort = None,
    http_port: options.HttpPort = None,
    rtp_ports: options.RtpPorts = None,
    advertise: options.Advertise = None,
    seed: options.Seed = None,
    demo: options.Demo = None,
) -> None:
    """Check this machine and the settings; status 1 when something would not work."""
    from lab.checkup import examine
    from prompts.check import problems

    flags = options.flags(data, host, sip_port, http_port, rtp_ports, advertise)
    flags["seed"] = {"file": seed, "demo": demo}
    findings = list(examine(load(config, os.environ, flags), problems))
    for finding in findings:
        _say(finding)
    if any(finding.verdict is Verdict.FAIL for finding in findings):
        raise typer.Exit(1)


def _say(finding: Finding) -> None:
    verdict = typer.style(f"{finding.verdict.value:<5}", fg=COLOURS[finding.verdict])
    typer.echo(verdict + finding.what)
    if finding.remedy:
        typer.echo(f"     → {finding.remedy}")
