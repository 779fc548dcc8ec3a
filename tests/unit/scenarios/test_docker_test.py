"""`docker/test` with engines that only note what they are told: nobody's containers are left."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.architecture.source import ROOT

NOTE = """\
#!/bin/sh
echo "$(basename "$0") $*" >>"$NOTED"
case "$*" in
  *" up "*) echo "no up today"; exit "$UP" ;;
  *" run "*) exit "$PLAYED" ;;
  *" logs "*) echo "the carrier's words" ;;
  "compose version") exit "$V2" ;;
esac
"""


def run(folder: Path, v2: int = 0, up: int = 0, played: int = 0) -> tuple[int, str, list[str]]:
    """Its status, what it says, and what the engines were told; each as the first says."""
    for name in ("docker", "docker-compose"):
        (folder / name).write_text(NOTE)
        (folder / name).chmod(0o755)
    noted = {"NOTED": str(folder / "noted"), "V2": str(v2), "UP": str(up), "PLAYED": str(played)}
    ours = {"PATH": f"{folder}:{os.environ['PATH']}", "PYTHON": "true", "RESULTS": str(folder)}
    done = subprocess.run(
        [ROOT / "docker" / "test"], env=ours | noted, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr, (folder / "noted").read_text().splitlines()


@pytest.mark.parametrize(("v2", "compose"), [(0, "docker compose"), (1, "docker-compose")])
def test_every_profile_is_taken_down(tmp_path: Path, v2: int, compose: str) -> None:
    status, _, told = run(tmp_path, v2)
    assert status == 0
    last = told[-1]
    assert last.startswith(f"{compose} -f docker/compose.yaml --env-file docker/test.env ")
    assert all(f"--profile {profile} " in last for profile in ("test", "postgres", "load"))
    assert " down --volumes" in last


@pytest.mark.parametrize("v2", [0, 1])
def test_scenarios_that_fail_fail_it_with_the_words_of_the_carrier(tmp_path: Path, v2: int) -> None:
    status, said, _ = run(tmp_path, v2, played=1)
    assert status == 1
    assert "scenarios failed" in said
    assert "the carrier's words" in said


def test_a_carrier_that_does_not_come_up_is_told(tmp_path: Path) -> None:
    status, said, _ = run(tmp_path, up=1)
    assert status == 1
    assert "no up today" in said
