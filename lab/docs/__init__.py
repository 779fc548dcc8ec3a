"""The generated pages: what can drift from the code is written by it."""

from collections.abc import Callable, Mapping
from pathlib import Path

from lab import example, seed_model
from lab.docs import commands, configuration, machines, rest, rules, tariffs
from lab.scenarios import schema as scenario_schema
from provisioning.billing import tariff_file

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"

PAGES: Mapping[Path, Callable[[], str]] = {
    REFERENCE / "cli.md": commands.page,
    REFERENCE / "configuration.md": configuration.page,
    REFERENCE / "machines.md": machines.page,
    REFERENCE / "rest.md": rest.page,
    REFERENCE / "rules.md": lambda: rules.page(ROOT),
    REFERENCE / "scenario.schema.json": scenario_schema.text,
    REFERENCE / "seed.schema.json": seed_model.schema_text,
    REFERENCE / "tariff.schema.json": tariff_file.schema_text,
    REFERENCE / "tariffs.md": tariffs.page,
    example.EXAMPLE_FILE: example.text,
}
"""Every generated file and what it should hold."""


def write() -> list[Path]:
    """Write the pages that differ; returns which."""
    stale = drifted()
    for path in stale:
        path.write_text(PAGES[path](), encoding="utf-8")
    return stale


def drifted() -> list[Path]:
    """The pages that are not what the code says."""
    return [path for path, page in PAGES.items() if _stored(path) != page()]


def _stored(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None
