"""Nonsense in every field of every form a customer is shown: a clear page, and nothing changed."""

import re

import pytest

from provisioning.contract import Profile
from provisioning.snapshots.model import Rows
from provisioning.snapshots.rows import read
from tests.web.browser import Browser
from tests.web.conftest import Browsers, World
from tests.web.test_voicemail import with_box

TRICKS = (
    "' OR 1=1 --",
    "../../../etc/passwd",
    "<script>alert(1)</script>",
    "-1",
    "9" * 40,
    "x" * 5000,
    "\x00",
    "\U0001f600",
)

TRACES = frozenset({"audit_entries", "selfcare_sessions", "selfcare_tickets", "selfcare_tries"})
"""Where refused tries are noted and counted."""

ELSEWHERE = frozenset({"/portal/logout"})


@pytest.mark.rule("N050-05")
async def test_every_field_of_every_form(world: World, browsers: Browsers) -> None:
    boxed = await with_box(world, browsers, Profile.DOCOMO)
    await boxed.leave()
    forms = await every_form(boxed.browser)
    assert len(forms) >= 8, sorted(forms)
    before = await kept(world)
    served_ill: list[tuple[str, ...]] = []
    for action, fields in forms.items():
        for name in fields.keys() - {"csrf"}:
            for trick in TRICKS:
                page = await boxed.browser.send(action, {**fields, name: trick})
                if not 400 <= page.status < 500 or "<h1" not in page.text:
                    served_ill.append((action, name, trick[:20], str(page.status)))
                if "<script>alert" in page.response.text:
                    served_ill.append((action, name, trick[:20], "it came back as code"))
    assert served_ill == []
    assert await kept(world) == before


@pytest.mark.rule("N050-05")
async def test_every_field_of_a_login(world: World, visitor: Browser) -> None:
    before = await kept(world)
    for action in ("/portal/login", "/portal/login/code"):
        page = await visitor.get(action)
        for name in page.forms.get(action, {}).keys() - {"csrf"}:
            for trick in TRICKS:
                sent = {**page.forms[action], name: trick}
                answer = await visitor.send(action, sent)
                assert answer.status in (303, 422, 429), (name, trick[:20], answer.status)
    assert await kept(world) == before


async def every_form(browser: Browser) -> dict[str, dict[str, str]]:
    """What the pages that the menu leads to let a customer send, with its fields."""
    forms: dict[str, dict[str, str]] = {}
    seen, ahead = set(ELSEWHERE), ["/portal/menu", "/portal/mail/code"]
    while ahead:
        path = ahead.pop()
        page = await browser.get(path)
        if page.status != 200 or "html" not in page.response.headers["content-type"]:
            continue
        forms |= page.forms
        found = re.findall(r'href="(/portal/[^"#?]+)"', page.text)
        fresh = [each for each in found if each not in seen and "static" not in each]
        seen.update(fresh)
        ahead += fresh
    return {action: fields for action, fields in forms.items() if action not in ELSEWHERE}


async def kept(world: World) -> dict[str, Rows]:
    """Every row that no refused form may change."""
    tables = await world.office._database.read(read)
    return {name: rows for name, rows in tables.items() if name not in TRACES}
