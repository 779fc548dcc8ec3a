"""Runs `tokuban call` as a user would."""

import sys
from pathlib import Path

from lab.scenarios.phones.program import Program
from tests.interop import lines
from tests.support.ports import LOOPBACK

PATIENCE_S = 180.0


def terminal_call(
    folder: Path, line: lines.TestLine, number: str, port: int, *more: str
) -> Program:
    """The program's end: its exit status is in `process`, what it printed in its log."""
    command = [sys.executable, "-m", "lab", "call", line.number, number]
    command += ["--server", f"{LOOPBACK}:{port}", *more]
    password = {"TOKUBAN_PASSWORD": line.password}
    program = Program(command, folder / "call.log", env=password)
    program.wait(PATIENCE_S)
    return program
