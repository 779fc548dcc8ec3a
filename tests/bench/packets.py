"""What the benches of media have in common: options, targets, a row for each number of streams."""

import argparse
import os
from collections.abc import Callable
from typing import NamedTuple

from lab.limits import raise_file_limit

P99_TARGET_MS = 5.0
"""How late, or how long on the way, 99 of 100 packets may be at most."""


class Table(NamedTuple):
    """What a bench prints.

    `counted` is what it is told to run numbers of, `usual` the numbers it runs untold, `sockets`
    how many files one of them opens, `cpu_target_ms` the target for one of them a second.
    """

    counted: str
    usual: list[int]
    sockets: int
    cpu_target_ms: float
    columns: str

    def verdict(self, cpu_ms: float, p99_ms: float) -> str:
        """Which targets a row reached."""
        cpu = "ok" if cpu_ms <= self.cpu_target_ms else "MISSED"
        p99 = "ok" if p99_ms < P99_TARGET_MS else "MISSED"
        return f"cpu {cpu}, p99 {p99}"

    def print(self, description: str | None, row: Callable[[int, float], str]) -> None:
        """Read the options, then measure and print `row(number, seconds)` for each number."""
        parser = argparse.ArgumentParser(description=description)
        parser.add_argument(self.counted, nargs="*", type=int, default=self.usual)
        parser.add_argument("--seconds", type=float, default=5.0)
        asked = parser.parse_args()
        limit = raise_file_limit()
        print(
            f"targets: at most {self.cpu_target_ms} ms CPU a second for one of the {self.counted},"
            f" p99 below {P99_TARGET_MS:g} ms; {os.cpu_count()} cores,"
            f" load {os.getloadavg()[0]:.1f}"
        )
        print(f"{self.counted}  {self.columns}")
        for number in getattr(asked, self.counted):
            if self.sockets * number + 64 > limit:
                print(f"{number:{len(self.counted)}}  not run: the system allows {limit} files")
            else:
                print(row(number, asked.seconds), flush=True)
