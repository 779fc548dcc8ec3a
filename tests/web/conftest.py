"""An office with two customers of the portal, and browsers on its ASGI app."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import httpx2
import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp
from uvicorn._types import ASGI3Application
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from lab.areas import packaged
from lab.freephone_preview import Previewer
from provisioning.api.app import create_app
from provisioning.api.probes import Readiness
from provisioning.audit.model import Origin
from provisioning.contract import E164, ContractKind, Language, Location, Profile
from provisioning.customers.model import NewContract, NewCustomer
from provisioning.office import Office, OfficeSettings
from provisioning.portal.app import create_portal
from provisioning.portal.settings import PortalSettings
from provisioning.selfcare.service import SelfCare
from tests.support.selfcare import MemoryLetterbox
from tests.support.storage import listening_to
from tests.web.browser import HTTP, Browser

OPERATOR = Origin("operator", "test")
START = 1_784_937_600.0
ID, PASSWORD, MAIL = "demo-selfcare", "marker-selfcare-7f31", "demo@tokuban.example"
OTHER_ID, OTHER_PASSWORD = "other-selfcare", "marker-other-5c20"
OTHER_MAIL = "other@tokuban.example"
SIP = "127.0.0.1:5060"
PROXY = "192.0.2.80"
"""The one proxy whose X-Forwarded headers are believed."""
BLOCK = E164("+815000000000"), E164("+815000000059")


@dataclass
class World:
    """What a test may turn: the clock, the mails, the office."""

    office: Office
    letterbox: MemoryLetterbox
    contract: str
    other_contract: str
    time: float = START

    def now(self) -> float:
        return self.time

    def passes(self, seconds: float) -> None:
        self.time += seconds

    @property
    def code(self) -> str:
        """The latest mailed code."""
        return self.letterbox.code_seen


Browsers = Callable[..., Browser]


@pytest.fixture(scope="session")
def signed_up(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """A data folder with 60 numbers and two self-care logins, and their contracts."""
    data = tmp_path_factory.mktemp("portal") / "data"

    async def sign_up() -> tuple[str, str]:
        office = await Office.open(OfficeSettings(data=data, realm="tokuban"))
        try:
            await office.numbers.load_block(*BLOCK, origin=OPERATOR)
            return (
                await _customer(office, "特番デモ商事", MAIL, ID, PASSWORD),
                await _customer(office, "他社<b>", OTHER_MAIL, OTHER_ID, OTHER_PASSWORD),
            )
        finally:
            await office.close()

    return data, *asyncio.run(sign_up())


@pytest.fixture
async def world(signed_up: tuple[Path, str, str], tmp_path: Path) -> AsyncIterator[World]:
    """An open office on SQLite, whose self-care mails are read at once."""
    folder, contract, other_contract = signed_up
    shutil.copytree(folder, tmp_path / "data")
    settings = OfficeSettings(
        data=tmp_path / "data", realm="tokuban", geography=packaged().geography
    )
    office = await Office.open(settings)
    world = World(office, MemoryLetterbox(), contract, other_contract)
    office.selfcare.close()
    office.selfcare = SelfCare(
        office._database, office.audit, world.letterbox, world.now, office.clock.seconds
    )
    try:
        yield world
    finally:
        await office.close()


def portal_app(world: World) -> FastAPI:
    """The carrier's web application, as a process that has just started has it."""
    settings = PortalSettings(
        sip=lambda: SIP,
        hosts=frozenset({"carrier.lab"}),
        public_url="https://selfcare.example.jp",
        support="support@tokuban.example",
        mailbox="/lab/mail/page",
    )
    listening = listening_to(world.office)
    return create_app(
        world.office,
        lambda: Readiness(True),
        CollectorRegistry(),
        listening,
        token="t",
        portal=create_portal(
            world.office, listening, settings, Previewer(world.office, packaged())
        ),
    )


@pytest.fixture
async def browsers(world: World) -> AsyncIterator[Browsers]:
    """New visitors, each with cookies of its own; of one app unless told otherwise."""
    running = portal_app(world)
    async with AsyncExitStack() as stack:

        def browser(
            base_url: str = HTTP, peer: str = "127.0.0.1", app: FastAPI = running
        ) -> Browser:
            # As lab.web has it; uvicorn and its callers type ASGI each in their own words.
            served = cast(ASGIApp, ProxyHeadersMiddleware(cast(ASGI3Application, app), [PROXY]))
            transport = httpx2.ASGITransport(
                app=served, client=(peer, 50000), raise_app_exceptions=False
            )
            client = httpx2.AsyncClient(transport=transport, base_url=base_url)
            stack.push_async_callback(client.aclose)
            return Browser(client)

        yield browser


@pytest.fixture
def visitor(browsers: Browsers) -> Browser:
    """A browser that is not logged in."""
    return browsers()


@pytest.fixture
async def customer(world: World, browsers: Browsers) -> Browser:
    """A browser that is logged in to the first contract."""
    return await logged_in(browsers(), world)


@pytest.fixture
async def stranger(world: World, browsers: Browsers) -> Browser:
    """A browser that is logged in to the other contract."""
    return await logged_in(browsers(), world, OTHER_ID, OTHER_PASSWORD)


async def logged_in(
    browser: Browser, world: World, selfcare_id: str = ID, password: str = PASSWORD
) -> Browser:
    """The whole login by its two pages."""
    await browser.fill("/portal/login", "/portal/login", selfcare_id=selfcare_id, password=password)
    page = await browser.fill("/portal/login/code", "/portal/login/code", code=world.code)
    assert page.location == "/portal/menu"
    return browser


async def _customer(office: Office, name: str, mail: str, selfcare_id: str, password: str) -> str:
    signed = await office.customers.create(
        NewCustomer(
            ContractKind.CORPORATE,
            name,
            "100-0001",
            "東京都千代田区千代田1-1",
            "03-1234-5678",
            mail,
            language=Language.JA,
        ),
        origin=OPERATOR,
    )
    contract = await office.customers.open_contract(
        NewContract(signed.id, "standard", Profile.NTT, Location("東京", "東京都")),
        origin=OPERATOR,
    )
    await office.selfcare.create(
        contract.id, selfcare_id=selfcare_id, password=password, origin=OPERATOR
    )
    return contract.id
