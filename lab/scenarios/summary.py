"""How a run is told at a terminal: a line as each scenario ends, the table, the failures."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from lab.scenarios.evidence import LADDER_FILE
from lab.scenarios.results import JSON_FILE, JUNIT_FILE, Result


class Teller:
    """Tells results as they come, and all of them at the end."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)

    def told(self, result: Result) -> None:
        """One scenario has ended."""
        self._console.print(
            f"{_mark(result)} {result.phone:<9} {result.scenario:<24} {result.seconds:6.1f} s",
            soft_wrap=True,
        )

    def summary(self, results: Sequence[Result], folder: Path) -> None:
        """The table of all, why those failed that did, and where to look."""
        if not results:
            return
        self._console.print()
        self._console.print(_table(results))
        for result in results:
            if result.failure is not None:
                self._failure(result)
        failed = sum(1 for result in results if result.failure)
        verdict = f"[red]{failed} failed[/]" if failed else "[green]all as written[/]"
        self._console.print(f"\n{len(results)} played, {verdict}")
        self._console.print(escape(f"{folder / JUNIT_FILE}  {folder / JSON_FILE}"), soft_wrap=True)

    def _failure(self, result: Result) -> None:
        self._console.print(f"\n[red]✗ {result.scenario}[/] with {result.phone}")
        for line in str(result.failure).splitlines():
            self._console.print(f"  {escape(line)}", soft_wrap=True)
        if result.kept is not None:
            ladder = result.kept / LADDER_FILE
            self._console.print(f"  {escape(str(ladder))} and what lies beside it", soft_wrap=True)


def _table(results: Sequence[Result]) -> Table:
    phones = list(dict.fromkeys(result.phone for result in results))
    table = Table("scenario", *phones, box=None, pad_edge=False, header_style="bold")
    cells = {(result.scenario, result.phone): _cell(result) for result in results}
    for scenario in dict.fromkeys(result.scenario for result in results):
        table.add_row(scenario, *(cells.get((scenario, phone), "") for phone in phones))
    return table


def _cell(result: Result) -> str:
    return f"{_mark(result)} {result.seconds:.0f} s"


def _mark(result: Result) -> str:
    return "[red]✗[/]" if result.failure else "[green]✓[/]"
