"""1417: from the INVITE to the first packet of its first prompt, with a message in the box.

    python -m tests.bench.bench_voicemail [--quick]

In between the caller is authenticated, the box is read, and the record of the call is made durable.
"""

import argparse
import tempfile
import time
from pathlib import Path

from tests.bench.bench_calls import SETTINGS
from tests.interop import lines
from tests.support.carrier import Carrier
from tests.support.waiting import until
from tests.support.wire import WireCall, WirePhone

OWNER, CALLER = lines.CODES, lines.WIRE
LOUD = bytes([0x10, 0x90] * 80)
SPOKEN_PACKETS = 100
TARGET_MS = 100


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true", help="fewer calls, rough figures")
    calls = 50 if options.parse_args().quick else 500
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seed = lines.write_seed(folder / "seed.yaml")
        with Carrier(folder / "c", settings=SETTINGS, seed=seed, rtp_count=2000) as carrier:
            carrier.send("PATCH", f"/v1/lines/{OWNER.number}", {"options": ["voicemail"]})
            leave(carrier)
            waits_ms = sorted(first_prompts(carrier, calls))
    median, p99 = waits_ms[len(waits_ms) // 2], waits_ms[int(len(waits_ms) * 0.99)]
    print(f"1417 to its first prompt, {calls} calls: median {median:.1f} ms, "
          f"p99 {p99:.1f} ms (target < {TARGET_MS}), worst {waits_ms[-1]:.1f} ms")  # fmt: skip


def phone_of(carrier: Carrier, line: lines.TestLine) -> WirePhone:
    """A phone on plain sockets."""
    return WirePhone(carrier.address, line.number, line.password, algorithm="MD5")


def leave(carrier: Carrier) -> None:
    """Leave a message of two seconds behind greeting and tone, at the pace of what is heard."""
    with phone_of(carrier, CALLER) as phone, WireCall(phone, OWNER.number) as call:
        assert call.dial().status == 200
        call.rtp.key("1")
        for number in range(50 + SPOKEN_PACKETS):
            assert call.rtp.receive() is not None
            call.rtp.send(LOUD if number >= 50 else b"\xff" * 160)
        call.bye()
    path = f"/v1/voicemail/{OWNER.number}/messages"
    until(lambda: carrier.get(path)["items"], "the message being in the box")


def first_prompts(carrier: Carrier, calls: int) -> list[float]:
    """How long each call waited, in milliseconds."""
    waits_ms = []
    with phone_of(carrier, OWNER) as phone:
        for _ in range(calls):
            with WireCall(phone, "1417") as call:
                began = time.perf_counter()
                assert call.dial().status == 200
                assert call.rtp.receive() is not None
                waits_ms.append((time.perf_counter() - began) * 1000)
                call.bye()
    return waits_ms


if __name__ == "__main__":
    main()
