"""Calls and registrations by SIPp against a carrier of its own, beside what they should reach.

    python -m tests.bench.bench_calls [--quick]

CPU figures are the carrier process's user and system time; the load generator's are not in them.
Rates depend on what else the machine does; quote ratios measured in one run. CPU is measured at a
rate that keeps the process awake: on a virtual machine, waking an idle core costs more than a call.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.interop import lines
from tests.support.abuse import mutations
from tests.support.carrier import Carrier
from tests.support.phones import sipp
from tests.support.wire import WireCall, WirePhone, token

SETTINGS = """
[sip]
calls_per_user = 1000
contacts_per_user = 20
digest = "md5"
[log]
level = "warning"
"""
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value and what it should be."""

    what: str
    value: str
    target: str


class Bench:
    """The carrier under load and the figures so far."""

    def __init__(self, carrier: Carrier, folder: Path) -> None:
        self.carrier = carrier
        self._folder = folder
        crowd = [(line.number, line.password) for line in lines.CROWD]
        self._users = sipp.users_file(folder / "users.csv", crowd)
        self._runs = 0

    def run(self, scenario: str, calls: int, rate: int, hold_ms: int = 0) -> sipp.Outcome:
        self._runs += 1
        return sipp.run(
            self._folder / f"run{self._runs}",
            scenario,
            self.carrier.address,
            self._users,
            calls=calls,
            rate=rate,
            hold_ms=hold_ms,
            service=lines.TONE,
        )

    def cpu_s(self) -> float:
        """User and system seconds of the carrier so far."""
        stat = Path(f"/proc/{self.carrier.program.pid}/stat").read_text()
        fields = stat.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_S

    def rss_mb(self) -> float:
        pages = Path(f"/proc/{self.carrier.program.pid}/statm").read_text().split()[1]
        return int(pages) * PAGE / 1e6

    def phone(self) -> WirePhone:
        line = lines.WIRE
        return WirePhone(self.carrier.address, line.number, line.password, algorithm="MD5")

    def cpu_us_each(self, scenario: str, calls: int, rate: int) -> tuple[float, sipp.Outcome]:
        before = self.cpu_s()
        outcome = self.run(scenario, calls, rate)
        return (self.cpu_s() - before) * 1e6 / calls, outcome

    def fastest_clean(self, scenario: str, rates: tuple[int, ...], seconds: int) -> int:
        """The highest of the rates at which nothing failed and SIPp kept its pace."""
        best = 0
        for rate in rates:
            begin = time.monotonic()
            outcome = self.run(scenario, rate * seconds, rate)
            took_s = time.monotonic() - begin
            if outcome.failed or took_s > seconds * 1.25 + 2:
                break
            best = rate
        return best


def registers(bench: Bench, quick: bool) -> list[Figure]:
    count, rate = (2000, 1000) if quick else (15_000, 3000)
    cpu_us, outcome = bench.cpu_us_each("register", count, rate)
    rates = (500, 1000) if quick else (1000, 2000, 3000, 4000, 5000, 6000)
    best = bench.fastest_clean("register", rates, 2 if quick else 5)
    return [
        Figure(
            f"REGISTER at {rate}/s, CPU µs each",
            f"{cpu_us:.0f} ({outcome.failed} failed)",
            "<= 150",
        ),
        Figure("REGISTER/s clean", f"{best}", ">= 5000"),
    ]


def calls(bench: Bench, quick: bool) -> list[Figure]:
    seconds = 3 if quick else 30
    began = time.monotonic()
    cpu_us, outcome = bench.cpu_us_each("call", 1000 * seconds, 1000)
    took_s = time.monotonic() - began
    rates = (100, 300) if quick else (1250, 1500, 1750)
    best = bench.fastest_clean("call", rates, 2 if quick else 5)
    return [
        Figure(
            f"1000 calls/s for {seconds} s, failed", f"{outcome.failed} (took {took_s:.1f} s)", "0"
        ),
        Figure("the same, CPU µs a call", f"{cpu_us:.0f}", "<= 300"),
        Figure("calls/s clean above that", f"{best or '-'}", ">= 1500"),
    ]


def memory(bench: Bench, quick: bool) -> list[Figure]:
    """RSS with calls up, against RSS before them; the calls play a tone meanwhile."""
    figures = [Figure("RSS now, MB", f"{bench.rss_mb():.0f}", "-")]
    for count, target in ((100, "<= +3"),) if quick else ((100, "<= +3"), (500, "<= +15")):
        before, peak = bench.rss_mb(), 0.0
        with bench.phone() as phone:
            up = [WireCall(phone, lines.TONE) for _ in range(count)]
            for call in up:
                status = call.dial().status
                assert status == 200, status
            peak = bench.rss_mb()
            for call in up:
                call.bye()
                call.close()
        figures.append(Figure(f"RSS for {count} calls, MB", f"{peak - before:+.1f}", target))
    return figures


def first_packet(bench: Bench, quick: bool) -> list[Figure]:
    """From sending the ACK to the first RTP packet of the prompt."""
    waits_ms = []
    with bench.phone() as phone:
        for _ in range(10 if quick else 50):
            with WireCall(phone, "1429") as call:
                assert call.dial().status == 200
                acknowledged = time.monotonic()
                packet = call.rtp.receive()
                assert packet is not None
                waits_ms.append((time.monotonic() - acknowledged) * 1000)
                call.bye()
    worst, median = max(waits_ms), statistics.median(waits_ms)
    return [Figure("first packet after ACK, ms", f"{median:.1f} (worst {worst:.1f})", "< 40")]


def storms(bench: Bench, quick: bool) -> list[Figure]:
    """How long an OPTIONS waits behind 400 copies of an INVITE, and behind bent messages."""
    figures = []
    with bench.phone() as phone, bench.phone() as other, WireCall(phone, lines.TONE) as call:
        branch = token("z9hG4bK")
        invite = call.invite(branch)
        for _ in range(400):
            phone.send(invite)
        figures.append(Figure("ping in a storm, ms", f"{ping_ms(other):.0f}", "< 1000"))
        call.wait_final(branch)
        call.bye()
        slowest = 0.0
        for number, message in enumerate(
            mutations(99, 500 if quick else 5000, phone.host, phone.port)
        ):
            phone.send(message[:60_000])
            if number % 20 == 19:
                slowest = max(slowest, ping_ms(other))
        figures.append(Figure("slowest ping in abuse, ms", f"{slowest:.0f}", "<= 50"))
    return figures


def ping_ms(phone: WirePhone) -> float:
    begin = time.monotonic()
    phone.ping()
    return (time.monotonic() - begin) * 1000


PARTS: tuple[Callable[[Bench, bool], list[Figure]], ...] = (
    first_packet,
    memory,
    registers,
    calls,
    storms,
)


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true", help="a minute, rough figures")
    quick = options.parse_args().quick
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seed = lines.write_seed(folder / "seed.yaml")
        with Carrier(folder / "c", settings=SETTINGS, seed=seed, rtp_count=8000) as carrier:
            bench = Bench(carrier, folder)
            print(f"{'':36}{'measured':>24}   target", flush=True)
            print(f"{'RSS idle, MB':36}{bench.rss_mb():>24.0f}   -", flush=True)
            for part in PARTS:
                for figure in part(bench, quick):
                    print(f"{figure.what:36}{figure.value:>24}   {figure.target}", flush=True)


if __name__ == "__main__":
    main()
