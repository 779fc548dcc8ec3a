"""Whose word the web server takes for the scheme and the address of whom it serves."""

from collections.abc import Container, Mapping, Sequence

import httpx2
import pytest
from fastapi import FastAPI, Request

from lab.portal_settings import PortalSettings
from lab.sip_settings import networks_of
from lab.web import WebPart
from tests.support.ports import LOOPBACK

SAID = {"x-forwarded-proto": "https", "x-forwarded-for": "198.51.100.9"}


async def seen(
    proxies: Sequence[str], here: Container[str] = (), headers: Mapping[str, str] = SAID
) -> list[str]:
    """Scheme and client as a page has them, asked from this host by who says to be a proxy."""
    app = FastAPI()

    @app.get("/")
    async def who(request: Request) -> list[str]:
        assert request.client is not None
        return [request.url.scheme, request.client.host]

    part = WebPart(app, LOOPBACK, 0, proxies=proxies, here=here)
    await part.start()
    try:
        async with httpx2.AsyncClient() as client:
            answer = await client.get(f"http://{LOOPBACK}:{part.port}/", headers=headers)
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


GATEWAY = "172.30.50.1"


@pytest.mark.parametrize(
    ("here", "client"), [(GATEWAY, LOOPBACK), ("172.30.50.2", GATEWAY), ("", GATEWAY)]
)
async def test_the_gateway_of_a_container_counts_as_this_host_where_it_is_named(
    here: str, client: str
) -> None:
    said = {"x-forwarded-for": GATEWAY}  # stands for a request that comes from there
    assert await seen(PortalSettings().trusted, networks_of(here), said) == ["http", client]
