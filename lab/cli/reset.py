"""`tokuban reset`: a running carrier back to its seed (LAB-03)."""

import typer

from lab.cli import options
from lab.client import Carrier


def reset(
    url: options.Url = options.URL,
    token: options.LabToken = None,
) -> None:
    """Go back to the seed: customers, orders, mails, registrations, settings and clock are gone.

    Calls are hung up. Snapshots stay.
    """
    carrier = Carrier(url, token)
    done = carrier.send("POST", "/lab/reset", within_s=options.LONG_WORK_S)
    with carrier.understood():
        typer.echo(f"back to the seed{ended(done)}")


def ended(done: dict[str, int]) -> str:
    """`; 2 calls were hung up`, when there were any."""
    calls = done["calls_ended"]
    return f"; {calls} call{'s were' if calls > 1 else ' was'} hung up" if calls else ""
