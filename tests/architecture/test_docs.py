"""Generated pages are what the code says, and links lead somewhere."""

import re

from lab.docs import drifted
from tests.architecture.source import ROOT, name

LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)\s#]+)")

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


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
