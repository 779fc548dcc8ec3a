"""Clients of the office's API."""

from collections.abc import AsyncIterator, Callable

import httpx2
import pytest
from fastapi import APIRouter
from prometheus_client import CollectorRegistry

from provisioning.api.app import create_app
from provisioning.api.probes import Readiness
from provisioning.office import Office
from tests.support.storage import listening_to

TOKEN = "marker-token-91c2"
PROBLEM = "application/problem+json"

Clients = Callable[..., httpx2.AsyncClient]


class Carrier:
    """Whether the carrier under test takes calls."""

    def __init__(self) -> None:
        self.state = Readiness(False, "the SIP port is not open yet")

    def __call__(self) -> Readiness:
        return self.state


@pytest.fixture
def carrier() -> Carrier:
    return Carrier()


@pytest.fixture
def clients(office: Office, carrier: Carrier) -> Clients:
    """Clients of one app, by the peer's address and the name it calls us."""
    lab = APIRouter(prefix="/lab")

    @lab.get("/broken")
    async def broken() -> None:
        raise RuntimeError("marker-inside")

    app = create_app(
        office, carrier, CollectorRegistry(), listening_to(office), lab_routes=[lab], token=TOKEN
    )

    def client(peer: str = "127.0.0.1", host: str = "127.0.0.1:8080") -> httpx2.AsyncClient:
        transport = httpx2.ASGITransport(app=app, client=(peer, 50000), raise_app_exceptions=False)
        return httpx2.AsyncClient(transport=transport, base_url=f"http://{host}")

    return client


@pytest.fixture
async def client(clients: Clients) -> AsyncIterator[httpx2.AsyncClient]:
    """A client on this host."""
    async with clients() as opened:
        yield opened
