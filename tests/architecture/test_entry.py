"""The two commands a new user types, and what continuous integration runs."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.architecture.source import ROOT

SCRIPTS = (ROOT / "tools" / "setup", ROOT / ".ci" / "run")


def run(*command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in command],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_sound_and_runnable(script: Path) -> None:
    assert os.access(script, os.X_OK)
    assert run("bash", "-n", script).returncode == 0


def test_make_help_names_the_targets() -> None:
    text = run("make", "help").stdout
    for target in ("run", "test", "check", "bench", "format"):
        assert f"make {target} " in text


def test_ci_checks_before_it_tests_and_ends_with_the_tests() -> None:
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert lines[-2:] == ["make check", "make test"]


def test_setup_has_nothing_to_do_when_all_is_there() -> None:
    done = run(ROOT / "tools" / "setup", "packages", "bash", "coreutils")
    assert (done.returncode, done.stderr) == (0, "")


def test_whoever_is_not_root_is_told_what_to_install() -> None:
    drop = ["setpriv", "--reuid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    script = (ROOT / "tools" / "setup").read_text(encoding="utf-8")
    done = run(*drop, "bash", "-c", script, "setup", "packages", "bash", "no-such-package")
    assert done.returncode == 1
    assert "apt-get install no-such-package" in done.stderr
