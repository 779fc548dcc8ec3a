"""Whose word the web server takes for the scheme and the address of whom it serves."""

from collections.abc import Sequence

import httpx2
import pytest
from fastapi import FastAPI, Request

from lab.portal_settings import PortalSettings
from lab.web import WebPart
from tests.support.ports import LOOPBACK

SAID = {"x-forwarded-proto": "https", "x-forwarded-for": "198.51.100.9"}


async def seen(proxies: Sequence[str]) -> list[str]:
    """Scheme and client as a page has them, asked from this host by who says to be a proxy."""
    app = FastAPI()

    @app.get("/")
    async def who(request: Request) -> list[str]:
        assert request.client is not None
        return [request.url.scheme, request.client.host]

    part = WebPart(app, LOOPBACK, 0, proxies=proxies)
    await part.start()
    try:
        async with httpx2.AsyncClient() as client:
            answer = await client.get(f"http://{LOOPBACK}:{part.port}/", headers=SAID)
        return list(answer.json())
    finally:
        await part.stop(1.0)


async def test_a_trusted_proxy_is_believed() -> None:
    assert await seen(PortalSettings().trusted) == ["https", "198.51.100.9"]


@pytest.mark.parametrize("proxies", ["192.0.2.80", "10.0.0.0/8, ::1", ""])
async def test_nobody_else_is(monkeypatch: pytest.MonkeyPatch, proxies: str) -> None:
    # The web server's own variable must not widen the list.
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    assert await seen(PortalSettings(proxies=proxies).trusted) == ["http", LOOPBACK]
