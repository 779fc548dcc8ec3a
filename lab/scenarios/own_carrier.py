"""A carrier for scenarios alone: on free ports of this host, its data gone afterwards."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.client import Carrier
from lab.errors import Refused
from lab.scenarios.phones.errors import TooLate
from lab.scenarios.phones.ports import LOOPBACK, free_port, free_range
from lab.scenarios.phones.program import Program
from lab.scenarios.phones.waiting import until
from lab.settings import ENVIRONMENT_PREFIX

SETTINGS = """\
[ivr]
first_digit_s = 30
talkie_times = 1
busy_tone_s = 2
"""
"""A listener on a busy machine keys late; what the network says twice is heard once."""

_READY_S = 120.0
_RTP_PORTS = 200


@dataclass(frozen=True, slots=True)
class OwnCarrier:
    """Where it is reached."""

    server: tuple[str, int]
    url: str
    log: Path


@contextmanager
def own_carrier(folder: Path, seed: str, log: Path | None = None) -> Iterator[OwnCarrier]:
    """Bring one up with a seed (the text of its file), and end it; `log`: where its log goes.

    Raises:
        Refused: it does not come up; the text ends as its log does.
    """
    (folder / "tokuban.toml").write_text(SETTINGS, encoding="utf-8")
    (folder / "seed.yaml").write_text(seed, encoding="utf-8")
    sip_port, http_port = free_port(), free_port()
    low, high = free_range(_RTP_PORTS)
    command = [sys.executable, "-m", "lab", "up", "--config", str(folder / "tokuban.toml")]
    command += ["--seed", str(folder / "seed.yaml"), "--data", str(folder / "data")]
    command += ["--host", LOOPBACK, "--sip-port", str(sip_port), "--http-port", str(http_port)]
    command += ["--rtp-ports", f"{low}-{high}"]
    carrier = OwnCarrier(
        (LOOPBACK, sip_port), f"http://{LOOPBACK}:{http_port}", log or folder / "carrier.log"
    )
    with Program(command, carrier.log, without=_settings_here()) as program:
        try:
            until(lambda: _ready(carrier, program), "the carrier being ready", _READY_S, poll_s=0.1)
        except TooLate as error:
            raise Refused(f"{error}: its log is {carrier.log}") from None
        yield carrier


def _settings_here() -> list[str]:
    """Settings of another carrier: told its database, this one would make it what the seed says."""
    return [name for name in os.environ if name.upper().startswith(ENVIRONMENT_PREFIX)]


def _ready(carrier: OwnCarrier, program: Program) -> bool:
    if program.process.poll() is not None:
        raise Refused(f"the carrier did not come up: {program.output()[-2000:]}")
    try:
        Carrier(carrier.url).get("/ready")
    except Refused:
        return False
    return True
