"""`tokuban clock`: business time of a running carrier (LAB-02)."""

import re
from datetime import datetime
from typing import Annotated, Any

import typer

from lab.cli import options
from lab.client import Carrier
from lab.errors import Refused
from provisioning.instants import JST

UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
MOST_TOLD = 50
"""Lines about what ran; an advance by years may run thousands."""

SPAN = re.compile(r"([0-9]{1,12})([smhd])")

app = typer.Typer(help="Look at and move business time; calls in progress do not notice.")


@app.command()
def show(url: options.Url = options.URL, token: options.LabToken = None) -> None:
    """Show business time and what is due next."""
    carrier = Carrier(url, token)
    _say(carrier, carrier.get("/lab/clock"))


@app.command()
def freeze(url: options.Url = options.URL, token: options.LabToken = None) -> None:
    """Stop business time."""
    _change(url, token, {"freeze": True})


@app.command()
def run(url: options.Url = options.URL, token: options.LabToken = None) -> None:
    """Let business time run on from where it stands."""
    _change(url, token, {"run": True})


@app.command()
def reset(url: options.Url = options.URL, token: options.LabToken = None) -> None:
    """Show wall time again."""
    _change(url, token, {"reset": True})


@app.command("set")
def set_(
    instant: Annotated[str, typer.Argument(help="As 2026-07-25T09:00 (Japan time) or with +09:00")],
    url: options.Url = options.URL,
    token: options.LabToken = None,
) -> None:
    """Set business time; forward, what falls due on the way is run."""
    _change(url, token, {"set": parse_instant(instant).isoformat()})


@app.command()
def advance(
    span: Annotated[str, typer.Argument(help="As 90s, 15m, 72h, 30d or 1d12h")],
    url: options.Url = options.URL,
    token: options.LabToken = None,
) -> None:
    """Move business time forward, running what falls due on the way."""
    _change(url, token, {"advance_s": parse_span(span)})


def parse_instant(text: str) -> datetime:
    """An ISO 8601 instant; without a zone it is Japan's."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(f"{text!r} is no date and time; write it as 2026-07-25T09:00") from None
    return instant if instant.tzinfo else instant.replace(tzinfo=JST)


def parse_span(text: str) -> int:
    """Seconds of `90s`, `15m`, `72h`, `30d` or several together."""
    parts = SPAN.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise Refused(f"{text!r} is no span of time; write it as 90s, 15m, 72h, 30d or 1d12h")
    return sum(int(number) * UNITS_S[unit] for number, unit in parts)


def _change(url: str, token: str | None, change: dict[str, Any]) -> None:
    carrier = Carrier(url, token)
    _say(carrier, carrier.put("/lab/clock", change, within_s=options.LONG_WORK_S))


def _say(carrier: Carrier, clock: dict[str, Any]) -> None:
    with carrier.understood():
        now = datetime.fromisoformat(clock["now"]).astimezone(JST)
        ahead = f", {clock['offset_s']:+.0f} s from wall time" if clock["offset_s"] else ""
        typer.echo(f"{now:%Y-%m-%d %H:%M:%S %z} {clock['state']}{ahead}")
        ran = clock.get("ran", [])
        for each in ran[:MOST_TOLD]:
            done = f"failed and is due still: {each['error']}" if each["error"] else "done"
            typer.echo(f"  {_japan(each['due_at'])} {each['work']}: {done}")
        if len(ran) > MOST_TOLD:
            typer.echo(f"  … and {len(ran) - MOST_TOLD} more")
        if following := clock["next"]:
            typer.echo(f"  next: {_japan(following['due_at'])} {following['work']}")


def _japan(instant: str) -> str:
    return f"{datetime.fromisoformat(instant).astimezone(JST):%Y-%m-%d %H:%M:%S}"
