"""`tokuban trace`: watch the SIP messages of a running carrier."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from lab.cli import options
from lab.client import Carrier
from lab.errors import Refused
from lab.ladder import one_line, whole
from lab.pcap import PcapWriter
from lab.trace import Seen, from_json
from provisioning.instants import JST


def trace(
    full: Annotated[bool, typer.Option("--full", help="Print whole messages.")] = False,
    past: Annotated[bool, typer.Option(help="Begin with the remembered messages.")] = True,
    follow: Annotated[bool, typer.Option(help="Stay and print what comes.")] = True,
    pcap: Annotated[
        Path | None, typer.Option("--pcap", metavar="FILE", help="Write a capture file as well.")
    ] = None,
    url: options.Url = options.URL,
    token: options.LabToken = None,
) -> None:
    """Print SIP messages as they pass (Ctrl-C ends); digest responses are masked."""
    query = f"/lab/trace?past={str(past).lower()}&follow={str(follow).lower()}"
    with ExitStack() as closing:
        writer = _writer(pcap, closing) if pcap else None
        try:
            carrier = Carrier(url, token)
            for value in carrier.lines(query):
                with carrier.understood():
                    item = from_json(value)
                if writer and isinstance(item, Seen):
                    writer.write(item.at, item.transport, item.source, item.target, item.data)
                for line in whole(item, JST) if full else [one_line(item, JST)]:
                    typer.echo(line)
        except KeyboardInterrupt:
            return


def _writer(path: Path, closing: ExitStack) -> PcapWriter:
    try:
        return PcapWriter(closing.enter_context(path.open("wb")))
    except OSError as error:
        raise Refused(f"--pcap {path}: {error.strerror}") from None
