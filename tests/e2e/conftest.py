"""A real carrier and a real browser, kept for all tests of this folder."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from tests.e2e.desk import Desk
from tests.support.carrier import Carrier

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)

Contexts = Callable[..., BrowserContext]


@pytest.fixture(scope="package")
def carrier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Carrier]:
    with Carrier(tmp_path_factory.mktemp("carrier")) as carrier:
        yield carrier


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def contexts(browser: Browser) -> Iterator[Contexts]:
    """New browser profiles, in Japan; closed at the end."""
    made: list[BrowserContext] = []

    def context(**options: Any) -> BrowserContext:
        made.append(browser.new_context(locale="ja-JP", **options))
        made[-1].set_default_timeout(20_000)
        return made[-1]

    yield context
    for each in made:
        each.close()


@pytest.fixture
def desk(carrier: Carrier) -> Desk:
    return Desk(carrier)


@pytest.fixture
def page(contexts: Contexts) -> Iterator[Page]:
    """A page of a usual screen that must not break its own content security policy."""
    page = contexts(viewport={"width": 1200, "height": 800}).new_page()
    complaints: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            complaints.append(message.text)

    page.on("console", listen)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    assert not complaints
