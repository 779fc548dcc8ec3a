"""How many registrations a second become durable, and what one setting costs.

    python -m tests.bench.bench_storage [postgresql://…]

Without an address it measures SQLite in a temporary folder (name one with TMPDIR).
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from provisioning.contract import E164, Access, Line, Location, Profile
from provisioning.office import Office, OfficeSettings
from provisioning.seeds import SeedAccount, SeedLine
from tests.support.storage import SOMEWHERE, binding

LINES = 2000
SECONDS = 3.0
AT_ONCE = (1, 10, 100, 1000)
RATES = (500, 5000)


async def main(database: str | None) -> None:
    """Print a table."""
    with tempfile.TemporaryDirectory() as folder:
        office = await Office.open(OfficeSettings(Path(folder), "bench", database=database))
        lines = [_line(n) for n in range(LINES)]
        await office.seed(lines)
        for at_once in AT_ONCE:
            await _measure(f"save a binding, {at_once} at once", at_once, _saving(office))
        for rate in RATES:
            await _arriving(rate, _saving(office))
        one = lines[0].line.number
        await _measure("read a diversion", 1, lambda _: office.forwarding.of(one))
        await _measure("set a target", 1, lambda _: office.forwarding.set_target(one, SOMEWHERE))
        await office.close()


def _line(n: int) -> SeedLine:
    line = Line(E164(f"+8190{n:08}"), Profile.DOCOMO, Location("東京", "東京都"))
    return SeedLine(line, (SeedAccount(f"user{n}", Access.OS, "bench-password"),))


def _saving(office: Office) -> Callable[[int], Awaitable[None]]:
    async def save(n: int) -> None:
        await office.bindings.save(f"user{n % LINES}", (binding(cseq=n),))

    return save


async def _arriving(rate: int, act: Callable[[int], Awaitable[None]]) -> None:
    """Start `rate` saves a second, evenly, as phones do, whatever became of the others."""
    loop = asyncio.get_running_loop()
    took_s: list[float] = []

    async def one(n: int) -> None:
        began = time.perf_counter()
        await act(n)
        took_s.append(time.perf_counter() - began)

    start, cpu = loop.time(), time.process_time()
    running = []
    for n in range(int(rate * SECONDS)):
        await asyncio.sleep(start + n / rate - loop.time())
        running.append(asyncio.create_task(one(n)))
    await asyncio.gather(*running)
    _print(f"save a binding, {rate}/s arriving", took_s, loop.time() - start, cpu)


async def _measure(what: str, at_once: int, act: Callable[[int], Awaitable[object]]) -> None:
    """Run `act` from `at_once` tasks; count, and take the slowest 1 %."""
    took_s: list[float] = []
    start, cpu = time.perf_counter(), time.process_time()

    async def work(first: int) -> None:
        n = first
        while (began := time.perf_counter()) - start < SECONDS:
            await act(n)
            took_s.append(time.perf_counter() - began)
            n += at_once

    await asyncio.gather(*(work(first) for first in range(at_once)))
    _print(what, took_s, time.perf_counter() - start, cpu)


def _print(what: str, took_s: list[float], elapsed_s: float, cpu_before_s: float) -> None:
    count = len(took_s)
    p99_ms = sorted(took_s)[int(count * 0.99)] * 1000
    cpu_us = (time.process_time() - cpu_before_s) / count * 1e6
    print(f"{what:32} {count / elapsed_s:9.0f}/s  p99 {p99_ms:7.1f} ms  cpu {cpu_us:6.0f} µs")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else None))
