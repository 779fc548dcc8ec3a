"""SIPp, the traffic generator: one run of one scenario, and the counts it ended with."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lab.scenarios.phones.closing import Closing
from lab.scenarios.phones.program import Program, find
from tests.support.ports import LOOPBACK, free_port

SCENARIOS = Path(__file__).parent / "scenarios"

_COUNTS = {
    "successful": r"Successful call\s*\|[^|]*\|\s*(\d+)",
    "failed": r"Failed call\s*\|[^|]*\|\s*(\d+)",
    "dead": r"Dead call msgs\s*\|[^|]*\|\s*(\d+)",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended; `status` 0 says that SIPp counted no failed call."""

    status: int
    successful: int
    failed: int
    screen: str


def users_file(path: Path, users: Iterable[tuple[str, str]]) -> Path:
    """SIPp's injection file: a line for each call, used in turn."""
    rows = [f"{u};[authentication username={u} password={p}];" for u, p in users]
    path.write_text("SEQUENTIAL\n" + "\n".join(rows) + "\n")
    return path


def run(
    folder: Path,
    scenario: str,
    server: tuple[str, int],
    users: Path,
    *,
    calls: int,
    rate: int,
    service: str = "000001",
    hold_ms: int = 0,
    lost_percent: float = 0.0,
    tcp: bool = False,
    patient: bool = False,
    at_once: int = 3000,
    timeout_s: int = 240,
) -> Outcome:
    """Play a scenario `calls` times, `rate` a second, and wait for the end of the last one.

    `patient`: a message out of turn is passed over, as a telephone would; SIPp alone gives the
    call up at a late 100.

    Raises:
        AssertionError: SIPp did not end, or did not print its counts.
    """
    folder.mkdir(parents=True, exist_ok=True)
    command = [find("sipp"), f"{server[0]}:{server[1]}", "-sf", str(SCENARIOS / f"{scenario}.xml")]
    command += ["-inf", str(users), "-s", service, "-i", LOOPBACK, "-p", str(free_port())]
    command += ["-mi", LOOPBACK, "-cp", str(free_port()), "-m", str(calls), "-r", str(rate)]
    command += ["-l", str(at_once), "-d", str(hold_ms), "-t", "t1" if tcp else "u1"]
    command += ["-buff_size", "4194304", "-nostdin", "-timeout", str(timeout_s), "-trace_err"]
    command += ["-error_file", str(folder / f"{scenario}.errors")]
    command += _choices(scenario, f"{service}@{server[0]}:{server[1]}", patient, lost_percent)
    program = Program(command, folder / f"{scenario}.screen", env={"TERM": "dumb"}, cwd=folder)
    try:
        status = program.wait(timeout_s + 60)
    finally:
        program.stop()
    return _outcome(status, program.output())


class Answering(Closing):
    """SIPp as the phone that is called: it rings, answers, and is hung up on, in every call.

    Calls come to where the phone registered from: `port` is that of a phone which did, and closed.
    """

    def __init__(self, folder: Path, port: int, *, lost_percent: float = 0.0) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        command = [find("sipp"), "-sf", str(SCENARIOS / "answer.xml"), "-i", LOOPBACK]
        command += ["-p", str(port), "-mi", LOOPBACK, "-cp", str(free_port()), "-t", "u1"]
        command += ["-buff_size", "4194304", "-nostdin", "-trace_err"]
        command += [
            "-error_file",
            str(folder / "answer.errors"),
            *_choices("answer", "", True, lost_percent),
        ]
        self._program = Program(command, folder / "answer.screen", env={"TERM": "dumb"}, cwd=folder)

    def close(self) -> None:
        self._program.stop()


def _choices(scenario: str, dialled: str, patient: bool, lost_percent: float) -> list[str]:
    """Options that some runs want."""
    options = []
    if scenario == "call":
        # SIPp signs the address alone unless told the whole Request-URI.
        options += ["-auth_uri", dialled]
    if patient:
        options += ["-default_behaviors", "all,-abortunexp"]
    if lost_percent:
        options += ["-lost", f"{lost_percent:g}"]
    return options


def _outcome(status: int, screen: str) -> Outcome:
    counts = {}
    for name, pattern in _COUNTS.items():
        found = re.findall(pattern, screen)
        assert found or name == "dead", f"SIPp printed no counts: {screen[-2000:]}"
        counts[name] = int(found[-1]) if found else 0
    return Outcome(status, counts["successful"], counts["failed"], screen[-4000:])
