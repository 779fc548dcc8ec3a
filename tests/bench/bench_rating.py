"""How fast records become durable and charged, and what securing a charged leg costs.

    python -m tests.bench.bench_rating [postgresql://…]

Without an address it measures SQLite in a temporary folder (name one with TMPDIR), then a
PostgreSQL server of its own there.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable
from pathlib import Path

from provisioning.billing.book import TariffBook
from provisioning.billing.model import rate
from provisioning.contract import CallRecord, Profile
from provisioning.office import Office, OfficeSettings
from provisioning.profiles.store import ProfileFiles
from tests.support import postgres
from tests.support.call_records import GoingOn, record
from tests.support.storage import seed

RECORDS = 20_000
SECURED = 2_000
AT_ONCE = (1, 10, 100)
LEAST_A_SECOND = 2_000
"""Both legs of 1000 calls a second; this target and the next are ours."""
MOST_MS = 10
"""How long a charged service may wait for its record, p99."""


def call(number: int, *, payable: bool) -> CallRecord:
    """A call to be charged, or an equal one that nobody pays."""
    plain = record(number, service="line")
    return plain if payable else plain._replace(payer=None)


async def main(database: str | None) -> None:
    """Print a table."""
    print(f"targets: {LEAST_A_SECOND}/s at least; a leg secured within {MOST_MS} ms, p99")
    _rate_in_memory()
    with tempfile.TemporaryDirectory() as folder:
        office = await Office.open(OfficeSettings(Path(folder), "bench", database=database))
        await office.seed(seed())
        await _write(office, "records that nobody pays", 0, payable=False)
        await _write(office, "records to be charged", RECORDS, payable=True)
        for at_once in AT_ONCE:
            await _secure(office, at_once)
        await office.close()


def _rate_in_memory() -> None:
    book, profile = TariffBook.load(), ProfileFiles.load().of(Profile.DOCOMO)
    records = [call(number, payable=True) for number in range(RECORDS)]
    began = time.perf_counter()
    for each in records:
        rate(each, profile, book.in_force)
    _print("rate, in memory", RECORDS, time.perf_counter() - began)


async def _write(office: Office, what: str, first: int, *, payable: bool) -> None:
    """Records that end at once: until all are durable, and until all are charged."""
    await office.billing.settle()
    records = [call(first + number, payable=payable) for number in range(RECORDS)]
    began = time.perf_counter()
    saving: list[Awaitable[None]] = [office.records.append(each) for each in records]
    await asyncio.gather(*saving)
    _print(f"{what}: durable", RECORDS, time.perf_counter() - began)
    await office.billing.settle()
    _print(f"{what}: durable and rated", RECORDS, time.perf_counter() - began)


async def _secure(office: Office, at_once: int) -> None:
    """Legs of charged services: what each waits before it answers."""
    took_s: list[float] = []

    async def work(first: int) -> None:
        for number in range(first, SECURED, at_once):
            leg = record(3 * RECORDS + number)
            office.records.open(leg.call_id, 1, GoingOn(leg))
            began = time.perf_counter()
            await office.records.secure(leg.call_id, 1)
            took_s.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(work(first) for first in range(at_once)))
    _print(f"secure a leg, {at_once} at once", SECURED, time.perf_counter() - began, took_s)
    for number in range(SECURED):
        office.records.append(record(3 * RECORDS + number, payer=None))
    await office.records.settle()


def _print(what: str, count: int, elapsed_s: float, took_s: list[float] | None = None) -> None:
    late = f"  p99 {_p99_ms(took_s):7.1f} ms" if took_s else ""
    a_second = count / elapsed_s
    missed = a_second < LEAST_A_SECOND or (took_s and _p99_ms(took_s) > MOST_MS)
    print(f"{what:44} {a_second:9.0f}/s{late}  {'MISSED' if missed else 'ok'}")


def _p99_ms(took_s: list[float]) -> float:
    return sorted(took_s)[int(len(took_s) * 0.99)] * 1000


if __name__ == "__main__":
    if len(sys.argv) > 1:
        asyncio.run(main(sys.argv[1]))
    else:
        print("SQLite")
        asyncio.run(main(None))
        print("PostgreSQL")
        with postgres.stoppable(postgres.DURABLE) as own, postgres.database(own.url) as url:
            asyncio.run(main(url))
