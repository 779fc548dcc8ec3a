"""A browser without pixels: follows redirects by hand, keeps cookies, reads and sends forms."""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import httpx2

HTTP = "http://127.0.0.1:8080"
HTTPS = "https://selfcare.example.jp"


class _Forms(HTMLParser):
    """The forms of a page: action, method and the fields with their values."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[dict[str, Any]] = []
        self._inside = False
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append({**values, "fields": {}})
            self._inside = True
        elif tag == "input" and self._inside and _is_sent(values):
            self.forms[-1]["fields"][values["name"]] = values.get("value", "")
        elif tag == "select" and self._inside:
            self._select = values["name"]
        elif tag == "option" and self._inside:
            fields = self.forms[-1]["fields"]
            if "selected" in values or self._select not in fields:
                fields[self._select] = values.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False


def _is_sent(field: Mapping[str, str]) -> bool:
    """Whether a browser sends the field: an empty box is not, nor what has no name."""
    ticked = field.get("type") not in ("checkbox", "radio") or "checked" in field
    return ticked and "name" in field


@dataclass(frozen=True, slots=True)
class Page:
    """An answer as its reader has it."""

    response: httpx2.Response

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def text(self) -> str:
        """The source, with entities read."""
        return html.unescape(self.response.text)

    @property
    def location(self) -> str:
        """Where a redirect leads."""
        return self.response.headers["location"]

    @property
    def title(self) -> str:
        found = re.search(r"<h1[^>]*>(.*?)</h1>", self.text, re.DOTALL)
        assert found is not None, self.response.text[:500]
        return re.sub(r"<[^>]+>", "", found[1]).strip()

    @property
    def secrets(self) -> list[str]:
        """The passwords it shows."""
        return re.findall(r'<code class="secret">([^<]+)</code>', self.text)

    @property
    def errors(self) -> list[str]:
        """The fields that the error summary leads to."""
        summary = re.search(r'id="errors".*?</div>', self.text, re.DOTALL)
        return re.findall(r'href="#([^"]+)"', summary[0]) if summary else []

    @property
    def forms(self) -> dict[str, dict[str, str]]:
        """The fields of every form that is posted, by where to."""
        parser = _Forms()
        parser.feed(self.response.text)
        posted = (form for form in parser.forms if form.get("method") == "post")
        return {form["action"]: dict(form["fields"]) for form in posted}

    def form(self, action: str) -> dict[str, str]:
        """The fields of the form that is sent to `action`."""
        parser = _Forms()
        parser.feed(self.response.text)
        return dict(next(form["fields"] for form in parser.forms if form["action"] == action))


@dataclass
class Browser:
    """One visitor; what was asked and answered stays in `heard`."""

    client: httpx2.AsyncClient
    heard: list[Page] = field(default_factory=list)

    async def get(self, path: str, **headers: str) -> Page:
        """A page; a redirect is not followed."""
        return self._note(await self.client.get(path, headers=_sent(headers)))

    async def send(self, path: str, fields: Mapping[str, str], **headers: str) -> Page:
        """Send a form as a browser does, with the page's origin."""
        origin = {"origin": str(self.client.base_url).rstrip("/")}
        given = {**origin, **_sent(headers)}
        return self._note(await self.client.post(path, data=dict(fields), headers=given))

    async def fill(self, path: str, action: str, **fields: str) -> Page:
        """Open a page, fill in its form and send it."""
        page = await self.get(path)
        assert page.status == 200, page.text[:2000]
        return await self.send(action, {**page.form(action), **fields})

    async def follow(self, page: Page) -> Page:
        """Where a redirect leads."""
        assert page.status in (303, 308), (page.status, page.text[:2000])
        return await self.get(page.location)

    def _note(self, response: httpx2.Response) -> Page:
        page = Page(response)
        self.heard.append(page)
        return page


def _sent(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
