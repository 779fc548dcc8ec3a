"""An office with a customer, a contract, a block and an order, and clients of its API."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from fastapi import APIRouter, FastAPI
from prometheus_client import CollectorRegistry

from provisioning.api.app import create_app
from provisioning.api.probes import Readiness
from provisioning.audit.model import Origin
from provisioning.contract import E164, ContractKind, Location, Profile
from provisioning.customers.model import NewContract, NewCustomer
from provisioning.office import Office
from tests.support.storage import listening_to

TOKEN = "marker-http-token-91c2"
LAB_TOKEN = "marker-lab-token-5d3e"
OPERATOR = Origin("tests", "a fixture")
FIRST, LAST = E164("+815000000000"), E164("+815000000099")

Clients = Callable[..., httpx2.AsyncClient]


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """SQLite: what the API makes of requests does not depend on the database."""
    return f"sqlite:///{tmp_path}/tokuban.sqlite3"


@dataclass(frozen=True)
class Known:
    """What exists from the start."""

    customer: str
    contract: str
    block: str


async def furnish(office: Office) -> Known:
    """Give an office its first customer, contract and block."""
    customer = await office.customers.create(
        NewCustomer(
            kind=ContractKind.CORPORATE,
            name="特番デモ商事",
            postal_code="100-0001",
            address="東京都千代田区千代田1-1",
            phone="03-1234-5678",
            mail="demo@tokuban.example",
        ),
        origin=OPERATOR,
    )
    contract = await office.customers.open_contract(
        NewContract(customer.id, "standard", Profile.NTT, Location("東京", "東京都")),
        origin=OPERATOR,
    )
    block = await office.numbers.load_block(FIRST, LAST, origin=OPERATOR)
    return Known(customer.id, contract.id, block.id)


def api_of(office: Office, lab: Sequence[APIRouter] = ()) -> FastAPI:
    """The application over an office, with both tokens set."""
    return create_app(
        office,
        lambda: Readiness(True),
        CollectorRegistry(),
        listening_to(office),
        lab_routes=lab,
        token=TOKEN,
        lab_token=LAB_TOKEN,
    )


@pytest.fixture
async def known(office: Office) -> Known:
    return await furnish(office)


@pytest.fixture
def clients(office: Office) -> Clients:
    """Clients by the peer's address, and the bearer token they send."""
    app = api_of(office)

    def client(peer: str = "127.0.0.1", token: str | None = None) -> httpx2.AsyncClient:
        transport = httpx2.ASGITransport(app=app, client=(peer, 50000), raise_app_exceptions=False)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx2.AsyncClient(
            transport=transport, base_url="http://127.0.0.1:8080", headers=headers
        )

    return client


@pytest.fixture
async def api(clients: Clients) -> AsyncIterator[httpx2.AsyncClient]:
    """A client on this host."""
    async with clients() as opened:
        yield opened
