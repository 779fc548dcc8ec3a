"""`tokuban seed`: make a running carrier what a seed file says (LAB-03)."""

from pathlib import Path
from typing import Annotated

import typer

from lab.cli import options
from lab.client import Carrier
from lab.errors import Refused


def seed(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="The seed file (YAML).")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Only read FILE; no carrier is asked.")
    ] = False,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of seed files.")
    ] = False,
    url: options.Url = options.URL,
    token: options.LabToken = None,
) -> None:
    """Make the running carrier what FILE says, until it starts again.

    What people have set since stays; lines and logins that FILE leaves out lose their passwords.
    """
    from lab import seed_model, seeds

    if schema:
        typer.echo(seed_model.schema_text(), nl=False)
        return
    if file is None:
        raise Refused("tokuban seed FILE: name the seed file, or ask for its --schema")
    known = seeds.load(file)
    if not check:
        text = file.read_text(encoding="utf-8")
        Carrier(url, token).send("POST", "/lab/seed", text, within_s=options.LONG_WORK_S)
    logins = sum(1 for each in known.customers for contract in each.contracts if contract.login)
    typer.echo(
        f"{file}: lines {len(known.lines)}, customers {len(known.customers)}, "
        f"portal logins {logins}, number blocks {len(known.blocks)}, "
        f"freephone numbers {len(known.freephones)}"
    )
