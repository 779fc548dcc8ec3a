"""The import contracts of pyproject.toml hold, and the bans behind them bite."""

import subprocess
import sys
from pathlib import Path

from tests.architecture.source import ROOT


def run(*command: str, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).with_name(command[0])), *command[1:]],
        cwd=ROOT,
        input=text,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_import_contracts_hold() -> None:
    done = run("lint-imports", "--no-cache")
    assert done.returncode == 0, done.stdout


def test_asking_for_the_time_is_refused() -> None:
    code = "import datetime\n\nnow = datetime.datetime.now(datetime.UTC)\n"
    done = run("ruff", "check", "--stdin-filename", "ivr/sip/x.py", "-", text=code)
    assert "TID251" in done.stdout
