"""The two commands a new user types, and what continuous integration runs."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.architecture.source import ROOT

SCRIPTS = tuple(
    ROOT / path for path in ("tools/setup", "tools/lock", "docker/test", "docker/prune", ".ci/run")
)


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


def test_ci_checks_then_tests_then_plays_scenarios_and_ends_with_the_tests_summary(
    tmp_path: Path,
) -> None:
    done = in_ci("", tmp_path)
    assert done.returncode == 0
    said = done.stdout.splitlines()
    assert said == ["packages", "check", "test", "7 passed", "docker-test", "7 passed"]


@pytest.mark.parametrize("failing", ["packages", "check", "test", "docker-test"])
def test_ci_fails_with_what_fails(tmp_path: Path, failing: str) -> None:
    done = in_ci(failing, tmp_path)
    assert done.returncode != 0
    assert done.stdout.splitlines()[-1] != "7 passed"


def test_ci_fails_with_images_that_are_not_built(tmp_path: Path) -> None:
    done = in_ci("build", tmp_path)
    assert done.returncode != 0
    assert "building failed" in done.stdout


def test_ci_says_that_there_is_no_engine_before_the_summary(tmp_path: Path) -> None:
    done = in_ci("", tmp_path, engine=False)
    assert done.returncode == 0
    assert "no container engine here" in done.stdout.splitlines()[-2]
    assert done.stdout.splitlines()[-1] == "7 passed"


def in_ci(failing: str, folder: Path, *, engine: bool = True) -> subprocess.CompletedProcess[str]:
    """`.ci/run` with a make that names its target and fails at one, and a docker or none."""
    clone = folder / "clone"
    scripts = {
        clone / ".ci" / "run": (ROOT / ".ci" / "run").read_text("utf-8"),
        clone / "docker" / "test": f'#!/bin/sh\necho building failed\n[ "{failing}" != build ]\n',
        folder / "make": '#!/bin/sh\necho "$1"\n[ "$1" != test ] || echo "7 passed"\n'
        f'[ "$1" != "{failing}" ] || {{ echo "ill"; exit 1; }}\n',
        folder / "docker": f"#!/bin/sh\nexit {int(not engine)}\n",
    }
    for path, text in scripts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
    return run(clone / ".ci" / "run", PATH=f"{folder}:{os.environ['PATH']}")


def test_setup_has_nothing_to_do_when_all_is_there() -> None:
    done = run(ROOT / "tools" / "setup", "packages", "bash", "coreutils")
    assert (done.returncode, done.stderr) == (0, "")


def test_whoever_is_not_root_is_told_what_to_install() -> None:
    drop = ["setpriv", "--reuid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    script = (ROOT / "tools" / "setup").read_text(encoding="utf-8")
    done = run(*drop, "bash", "-c", script, "setup", "packages", "bash", "no-such-package")
    assert done.returncode == 1
    assert "apt-get install no-such-package" in done.stderr
