"""Whether calls and the portal hinder each other: waits at the 99th percentile, alone and together.

    python -m tests.bench.bench_portal [--seconds N]

Pages are asked for at an even pace by one customer who is logged in, calls are made by SIPp, and a
phone of the bench's own measures from INVITE to 200, the challenged round included. All of it runs
on one machine, so that the load generators are in the figures too.
"""

import argparse
import asyncio
import itertools
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import numpy as np

from tests.bench.bench_calls import SETTINGS
from tests.e2e.desk import ID, PASSWORD, Desk
from tests.interop import lines
from tests.support.carrier import Carrier
from tests.support.phones import sipp
from tests.support.wire import WireCall, WirePhone
from tests.web.browser import Browser

PAGES = ("/portal/menu", "/portal/numbers", "/portal/orders/new", "/portal/log")
PAGES_A_SECOND = 20
CALLS_A_SECOND = 200


class Bench:
    """The carrier, its customer and its callers; every wait in milliseconds."""

    def __init__(self, carrier: Carrier, folder: Path, seconds: int) -> None:
        self._carrier, self._folder, self._seconds = carrier, folder, seconds
        crowd = [(line.number, line.password) for line in lines.CROWD]
        self._users = sipp.users_file(folder / "users.csv", crowd)
        self._runs = itertools.count()

    async def pages(self) -> list[float]:
        """Waits for pages at the pace of `PAGES_A_SECOND`."""
        base = f"http://127.0.0.1:{self._carrier.http_port}"
        async with httpx2.AsyncClient(base_url=base) as client:
            browser = Browser(client)
            await self._log_in(browser)
            begin = time.monotonic()
            asked = [
                asyncio.create_task(_page(client, path, begin + turn / PAGES_A_SECOND))
                for turn, path in zip(
                    range(self._seconds * PAGES_A_SECOND), itertools.cycle(PAGES), strict=False
                )
            ]
            return list(await asyncio.gather(*asked))

    async def _log_in(self, browser: Browser) -> None:
        desk = Desk(self._carrier)
        before = desk.newest_mail()
        page = await browser.fill(
            "/portal/login", "/portal/login", selfcare_id=ID, password=PASSWORD
        )
        page = await browser.follow(page)
        code = await asyncio.to_thread(desk.code, before)
        page = await browser.send(
            "/portal/login/code", {**page.form("/portal/login/code"), "code": code}
        )
        assert page.status == 303, page.text[:500]

    def set_ups(self) -> list[float]:
        """Waits from INVITE to 200, one call after the other."""
        line, waits = lines.WIRE, []
        until = time.monotonic() + self._seconds
        with WirePhone(self._carrier.address, line.number, line.password, algorithm="MD5") as phone:
            while time.monotonic() < until:
                with WireCall(phone, lines.TONE) as call:
                    begin = time.perf_counter()
                    assert call.dial().status == 200
                    waits.append((time.perf_counter() - begin) * 1000)
                    call.bye()
        return waits

    @contextmanager
    def calls(self) -> Iterator[None]:
        """`CALLS_A_SECOND` around whatever is measured; none may fail."""
        outcomes: list[sipp.Outcome] = []
        rounds = CALLS_A_SECOND * (self._seconds + 3)

        def run() -> None:
            folder = self._folder / f"run{next(self._runs)}"
            outcomes.append(
                sipp.run(
                    folder,
                    "call",
                    self._carrier.address,
                    self._users,
                    calls=rounds,
                    rate=CALLS_A_SECOND,
                    service=lines.TONE,
                )
            )

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield
        finally:
            thread.join()
        assert outcomes[0].failed == 0, outcomes[0].screen


async def _page(client: httpx2.AsyncClient, path: str, at: float) -> float:
    """Ask for a page at an instant; the wait counts from then, late or not."""
    await asyncio.sleep(at - time.monotonic())
    response = await client.get(path)
    assert response.status_code == 200, (path, response.status_code)
    return (time.monotonic() - at) * 1000


async def measure(bench: Bench) -> None:
    """Each alone, then both at once."""
    show("pages alone", await bench.pages())
    with bench.calls():
        show(f"pages beside {CALLS_A_SECOND} calls/s", await bench.pages())
    with bench.calls():
        show(f"call set-up among {CALLS_A_SECOND} calls/s", await asyncio.to_thread(bench.set_ups))
    with bench.calls():
        pages, waits = await asyncio.gather(bench.pages(), asyncio.to_thread(bench.set_ups))
    show(f"the same beside {PAGES_A_SECOND} pages/s", waits)
    show("and those pages", pages)


def show(what: str, waits: list[float]) -> None:
    """One line of the table."""
    median, late = np.percentile(waits, [50, 99])
    print(f"{what:44} p50 {median:6.1f} ms   p99 {late:6.1f} ms   of {len(waits)}", flush=True)


def main() -> None:
    """Measure and print; the target: together, no p99 more than twice that alone."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=int, default=15, help="length of each measurement")
    seconds = options.parse_args().seconds
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seed = lines.write_seed(folder / "seed.yaml")
        with Carrier(folder / "c", settings=SETTINGS, seed=seed, rtp_count=8000) as carrier:
            asyncio.run(measure(Bench(carrier, folder, seconds)))


if __name__ == "__main__":
    main()
