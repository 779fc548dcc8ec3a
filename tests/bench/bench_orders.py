"""How many orders of 050 numbers a second become durable, 50 numbers each.

    python -m tests.bench.bench_orders [postgresql://…]

Without an address it measures SQLite in a temporary folder (name one with TMPDIR), and PostgreSQL
on a server of its own where the programs are installed.
"""

import asyncio
import sys
import tempfile
import time
from pathlib import Path

from provisioning.office import Office, OfficeSettings
from tests.support import postgres
from tests.support.orders import contract, order, stock

EACH = 50
SECONDS = 5.0
AT_ONCE = 8


async def main(databases: dict[str, str | None]) -> None:
    """Print a table."""
    for name, database in databases.items():
        await _measure(name, database)


async def _measure(name: str, database: str | None) -> None:
    """Order from `AT_ONCE` contracts for some seconds; the rest of the loop is watched."""
    with tempfile.TemporaryDirectory() as folder:
        settings = OfficeSettings(Path(folder), "bench", database=database, wait_s=30)
        office = await Office.open(settings)
        try:
            await stock(office, 100_000)
            owners = [(await contract(office, cap=50_000)).id for _ in range(AT_ONCE)]
            watch = asyncio.create_task(_longest_stall())
            start, cpu = time.perf_counter(), time.process_time()
            made = await asyncio.gather(*(_order_on(office, owner, start) for owner in owners))
            took_s, cpu_s = time.perf_counter() - start, time.process_time() - cpu
            watch.cancel()
            (stall_s,) = await asyncio.gather(watch)
        finally:
            await office.close()
    orders = sum(made)
    print(
        f"{name:<11} {orders / took_s:6.1f} orders/s of {EACH} numbers, "
        f"{cpu_s / orders * 1000:5.0f} ms of CPU each, longest stall {stall_s * 1000:.0f} ms"
    )


async def _order_on(office: Office, owner: str, start: float) -> int:
    """Order until the time is over; how many orders."""
    made = 0
    while time.perf_counter() - start < SECONDS:
        await order(office, owner, EACH, key=str(made))
        made += 1
    return made


async def _longest_stall() -> float:
    """The longest time for which the loop served nobody, in seconds, until cancelled."""
    longest, last = 0.0, time.perf_counter()
    try:
        while True:
            await asyncio.sleep(0.001)
            now = time.perf_counter()
            longest, last = max(longest, now - last - 0.001), now
    except asyncio.CancelledError:
        return longest


if __name__ == "__main__":
    if len(sys.argv) > 1:
        asyncio.run(main({"PostgreSQL": sys.argv[1]}))
    else:
        asyncio.run(main({"SQLite": None}))
        with postgres.server() as server, postgres.database(server) as url:
            asyncio.run(main({"PostgreSQL": url}))
