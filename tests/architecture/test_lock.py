"""The images install what pyproject.toml asks for, each package by its hash."""

import re
import tomllib

import pytest
from packaging.requirements import Requirement

from tests.architecture.source import ROOT

LOCKS = ROOT / "docker" / "lock"
LOCKED = re.compile(r"^([a-z0-9-]+)==([^ ;\\]+)", re.MULTILINE)
HERE = {"sys_platform": "linux", "python_version": "3.11", "python_full_version": "3.11.2"}


def locked(name: str) -> dict[str, str]:
    return dict(LOCKED.findall((LOCKS / f"{name}.txt").read_text("utf-8")))


def test_what_is_asked_for_is_locked_in_a_version_that_is_allowed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    versions = locked("carrier")
    wanted = [Requirement(text) for text in project["dependencies"]]
    wanted = [each for each in wanted if each.marker is None or each.marker.evaluate(HERE)]
    drifted = [
        str(each)
        for each in wanted
        if not each.specifier.contains(versions.get(each.name.lower(), "0"), prereleases=True)
    ]
    assert not drifted, f"run tools/lock: {drifted}"


@pytest.mark.parametrize("name", ["build", "carrier", "pjsua2"])
def test_every_package_has_a_hash(name: str) -> None:
    text = (LOCKS / f"{name}.txt").read_text("utf-8")
    packages = re.split(r"^(?=\S)", text, flags=re.MULTILINE)[1:]
    assert packages
    assert [each for each in packages if "--hash=sha256:" not in each] == []
