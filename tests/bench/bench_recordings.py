"""What it costs to write what callers say, and whether the disk keeps up.

    python -m tests.bench.bench_recordings [100 500] [--seconds 10]

So many callers speak at once, a packet each 20 ms, into as many boxes as they need. A recording is
late when at any look, four times a second, more than 0.5 s of its sound is not yet in its file.
"""

import argparse
import asyncio
import os
import tempfile
import time
from pathlib import Path

from provisioning.contract import E164, Access, Deposit, Line, Profile
from provisioning.office import Office, OfficeSettings
from provisioning.seeds import SeedAccount, SeedLine
from tests.support.boxes import VOICEMAIL
from tests.support.storage import TOKYO

PACKET = bytes(160)
A_BOX = 20
LATE_S = 0.5
PROMPT_MS = 1000
"""A target of ours: nobody waits longer for a place, or until the message is in its box."""


async def main(loads: list[int], seconds: float) -> None:
    """Print a table."""
    print(
        "recordings  cpu a recording-second  writes/s  longest append  longest sync  late  "
        "place p99  keep p99"
    )
    print(f"targets: none late; place and keep p99 below {PROMPT_MS} ms, all of them at once")
    for load in loads:
        with tempfile.TemporaryDirectory() as folder:
            office = await Office.open(OfficeSettings(Path(folder), "bench"))
            try:
                await office.seed([_line(n) for n in range(-(-load // A_BOX))])
                await _measure(office, load, seconds, Path(folder))
            finally:
                await office.close()


def _line(n: int) -> SeedLine:
    line = Line(E164(f"+8190{n:08}"), Profile.DOCOMO, TOKYO, options=VOICEMAIL)
    return SeedLine(line, (SeedAccount(f"user{n}", Access.OS, "bench-password"),))


async def _measure(office: Office, load: int, seconds: float, folder: Path) -> None:
    places_s: list[float] = []
    keeps_s: list[float] = []

    async def begin(n: int) -> Deposit:
        began = time.perf_counter()
        deposit = await office.voicemail.deposit(E164(f"+8190{n // A_BOX:08}"), None, f"c{n}")
        places_s.append(time.perf_counter() - began)
        return deposit

    async def keep(deposit: Deposit) -> None:
        began = time.perf_counter()
        assert await deposit.keep(), "a message is missing"
        keeps_s.append(time.perf_counter() - began)

    deposits = await asyncio.gather(*(begin(n) for n in range(load)))
    writer = office.voicemail._intake.writer
    writer.longest_s.update(append=0.0, sync=0.0)
    writes, cpu, began = _writes(), time.process_time(), time.perf_counter()
    late = await _speak(deposits, seconds, folder / "voicemail")
    took_s = time.perf_counter() - began
    cpu_ms = (time.process_time() - cpu) / load / seconds * 1000
    writes_s = (_writes() - writes) / took_s
    append_ms, sync_ms = (writer.longest_s[name] * 1000 for name in ("append", "sync"))
    await asyncio.gather(*map(keep, deposits))
    print(
        f"{load:10}  {cpu_ms:19.3f} ms  {writes_s:8.0f}  {append_ms:11.0f} ms  "
        f"{sync_ms:9.0f} ms  {late:4}  {_p99_ms(places_s):6.0f} ms  {_p99_ms(keeps_s):5.0f} ms  "
        f"{_verdict(late, places_s, keeps_s)}"
    )


async def _speak(deposits: list[Deposit], seconds: float, folder: Path) -> int:
    """Let all of them speak, a packet each 20 ms; how many were late at a look, at most."""
    loop, late = asyncio.get_running_loop(), 0
    start = loop.time()
    for turn in range(1, int(seconds * 50) + 1):
        for deposit in deposits:
            deposit.write(PACKET)
        if turn % 13 == 0:
            due = (turn * 0.02 - LATE_S) * 8000
            late = max(late, await asyncio.to_thread(_behind, folder, due))
        await asyncio.sleep(start + turn * 0.02 - loop.time())
    return late


def _behind(folder: Path, octets: float) -> int:
    """How many files hold less than so much sound."""
    found = (entry for entry in os.scandir(folder) if entry.name.endswith(".au"))
    return sum(entry.stat().st_size < octets for entry in found)


def _writes() -> int:
    """How often this process wrote to a file, database and all."""
    lines = Path("/proc/self/io").read_text().splitlines()
    return int(dict(line.split(": ") for line in lines)["syscw"])


def _verdict(late: int, *waits_s: list[float]) -> str:
    """Whether the targets are met."""
    slow = max(map(_p99_ms, waits_s)) > PROMPT_MS
    return "MISSED" if late or slow else "ok"


def _p99_ms(took_s: list[float]) -> float:
    return sorted(took_s)[int(len(took_s) * 0.99)] * 1000


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("loads", nargs="*", type=int, default=[100, 500])
    options.add_argument("--seconds", type=float, default=10.0)
    chosen = options.parse_args()
    asyncio.run(main(chosen.loads, chosen.seconds))
