"""Generated pages are what the code says, and links lead somewhere."""

import re

from lab.docs import drifted
from tests.architecture.source import ROOT, name

LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)\s#]+)")

PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "docker").glob("*.md")]
)


def test_generated_pages_are_fresh() -> None:
    stale = [name(path) for path in drifted()]
    assert not stale, f"run `make docs`: {stale}"


def test_links_lead_to_files() -> None:
    broken = [
        f"{name(page)}: {target}"
        for page in PAGES
        for target in LINK.findall(page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert not broken


def test_what_is_fed_to_a_container_asks_for_no_terminal() -> None:
    """`compose exec` without -T wants its input to be one: a here-document or a file is none."""
    wrong = [
        f"{name(page)}: {line.strip()}"
        for page in PAGES
        for line in page.read_text(encoding="utf-8").splitlines()
        if re.search(r"compose.* exec (?!-T)[^<]*<", line)
    ]
    assert not wrong
