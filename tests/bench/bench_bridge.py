"""Calls between lines by SIPp on both sides, with packets lost on both, beside what they should do.

    python -m tests.bench.bench_bridge [--quick]

One line is called by fifty; its phone is a SIPp that rings and answers. Nothing is spoken: this is
what it costs to set up and end both halves of a call, with a record of each. CPU figures are the
carrier process's user and system time; quote ratios measured in one run.
"""

import argparse
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.bench.bench_calls import SETTINGS, Bench, Figure
from tests.interop import lines
from tests.support.carrier import Carrier
from tests.support.phones import sipp
from tests.support.waiting import until
from tests.support.wire import WirePhone

CALLED, CALLERS = lines.CROWD[0], lines.CROWD[1:51]


@dataclass(frozen=True, slots=True)
class Load:
    """How many calls a second, for how long, how long each lasts, and what is lost on the way."""

    rate: int
    seconds: int
    hold_ms: int = 300
    lost_percent: float = 0.0

    @property
    def calls(self) -> int:
        return self.rate * self.seconds


def registered(carrier: Carrier) -> int:
    """The port of the called line's one phone, for all loads: each call rings it alone."""
    with WirePhone(carrier.address, CALLED.number, CALLED.password, algorithm="MD5") as phone:
        assert phone.register(expires_s=3600).status == 200
        port: int = phone.port
        return port


def bridged(
    bench: Bench, folder: Path, load: Load, port: int, service: str = CALLED.number
) -> list[Figure]:
    """One load; what it cost, and whether each call left its two records."""
    folder.mkdir()
    address = bench.carrier.address
    users = sipp.users_file(folder / "users.csv", [(c.number, c.password) for c in CALLERS])
    records = kept(bench.carrier)
    before_s = bench.cpu_s()
    with sipp.Answering(folder / "called", port, lost_percent=load.lost_percent):
        outcome = sipp.run(
            folder / "calling",
            "call",
            address,
            users,
            calls=load.calls,
            rate=load.rate,
            hold_ms=load.hold_ms,
            service=service,
            lost_percent=load.lost_percent,
            patient=True,
            timeout_s=load.seconds + 90,
        )
    cpu_us = (bench.cpu_s() - before_s) * 1e6 / load.calls
    missing = missing_records(bench.carrier, records + 2 * load.calls)
    name = f"{load.rate}/s, {load.seconds} s, {load.lost_percent:g} % lost"
    return [
        Figure(f"{name}: failed", f"{outcome.failed} of {load.calls}", "0"),
        Figure(f"{name}: records missing", f"{missing}", "0"),
        Figure(f"{name}: CPU µs a call", f"{cpu_us:.0f}", "<= 900"),
    ]


def missing_records(carrier: Carrier, expected: int) -> int:
    """How many are missing once the last halves have had time to end: 64*T1 and a little."""
    with suppress(AssertionError):
        until(lambda: kept(carrier) >= expected, "every record", timeout_s=35)
    return expected - kept(carrier)


def kept(carrier: Carrier) -> int:
    """How many records there are."""
    found, cursor = 0, ""
    while True:
        page = carrier.get(f"/v1/cdrs?limit=1000{cursor}")
        found += len(page["items"])
        if not page.get("next"):
            return found
        cursor = f"&after={page['next']}"


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true", help="some seconds, rough figures")
    quick = options.parse_args().quick
    loads = (
        (Load(50, 3), Load(50, 3, lost_percent=5))
        if quick
        else (Load(100, 10), Load(200, 30), Load(200, 30, lost_percent=5))
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seed = lines.write_seed(folder / "seed.yaml")
        with Carrier(folder / "c", settings=SETTINGS, seed=seed, rtp_count=8000) as carrier:
            bench, port = Bench(carrier, folder), registered(carrier)
            print(f"{'':36}{'measured':>24}   target", flush=True)
            for number, load in enumerate(loads):
                for figure in bridged(bench, folder / f"load{number}", load, port):
                    print(f"{figure.what:36}{figure.value:>24}   {figure.target}", flush=True)


if __name__ == "__main__":
    main()
