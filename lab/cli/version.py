"""`tokuban version`: what runs here."""

import platform
import sqlite3
from importlib.metadata import version as installed

import typer

SHOWN = ("fastapi", "sqlalchemy", "uvicorn", "uvloop")


def version() -> None:
    """Say the version of tokuban and of what it stands on."""
    typer.echo(f"tokuban {installed('tokuban')}")
    typer.echo(f"Python {platform.python_version()} on {platform.system()} {platform.machine()}")
    typer.echo(f"SQLite {sqlite3.sqlite_version}")
    for name in SHOWN:
        typer.echo(f"{name} {installed(name)}")
