"""What the carrier's image holds, and what it does not."""

import json
import re

import pytest

from tests.architecture.source import ROOT
from tests.docker import engine

MOST_BYTES = 250_000_000
LOCKED = re.compile(r"^([a-z0-9-]+)==([^ \\]+)(?: ; (.*?))? \\$", re.MULTILINE)


def shell(command: str) -> str:
    return engine.docker("run", "--rm", "--entrypoint", "sh", engine.CARRIER, "-c", command)


def test_it_is_small() -> None:
    size = int(engine.docker("image", "inspect", "-f", "{{.Size}}", engine.CARRIER))
    assert size <= MOST_BYTES


def test_it_runs_as_nobody_in_particular() -> None:
    assert shell("id -u").strip() == "10001"


def test_nothing_in_it_builds_or_installs() -> None:
    tools = "gcc cc g++ make ld apt apt-get dpkg pip pip3 perl curl wget"
    found = shell(f"for tool in {tools}; do command -v $tool; done; true")
    assert found == ""


def test_its_bill_of_materials_names_every_locked_package() -> None:
    bill = json.loads(shell("cat /opt/tokuban/sbom.cdx.json"))
    listed = {
        (part["name"].lower().replace("_", "-"), part["version"]) for part in bill["components"]
    }
    text = (ROOT / "docker" / "lock" / "carrier.txt").read_text("utf-8")
    locked = {(name, version) for name, version, _ in LOCKED.findall(text)}
    assert len(locked) > 40
    assert locked <= listed


def test_letters_are_still_printed_in_it() -> None:
    code = (
        "from fpdf import FPDF; import provisioning.notify.paper;"
        "page = FPDF(); page.add_page(); page.set_font('helvetica');"
        "page.cell(text='tokuban'); print(bytes(page.output())[:5])"
    )
    assert "%PDF-" in shell(f'/opt/tokuban/bin/python -c "{code}"')


@pytest.mark.usefixtures("laboratory")
def test_it_writes_nowhere_but_into_its_data() -> None:
    """Even root could not: the root file system is mounted read-only."""
    found = engine.inside("carrier", "cat", "/proc/self/mounts")
    mounts = {
        place: options.split(",") for _, place, _, options, *_ in map(str.split, found.splitlines())
    }
    assert "ro" in mounts["/"]
    assert {place for place in ("/data", "/tmp") if "rw" in mounts[place]} == {"/data", "/tmp"}
    assert "tokuban.sqlite3" in engine.inside("carrier", "ls", "/data")
