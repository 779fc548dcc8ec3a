"""The user-agent layer on real loopback sockets, with the flow left to the test."""

import asyncio
import random
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

from ivr.net.driver import Driver
from ivr.net.media_engine import MediaEngine, RtpPorts
from ivr.net.tcp import StreamTransport
from ivr.net.udp import UdpTransport
from ivr.sip.digest import ha1
from ivr.sip.endpoint import Endpoint
from ivr.sip.events import Event
from ivr.sip.settings import EndpointSettings
from ivr.ua.leg import InboundLeg
from ivr.ua.outbound import Phone, PhoneSettings
from ivr.ua.policy import CallPolicy
from ivr.ua.sound import Srtp
from provisioning.contract import E164, Access, Account, Line, Location, Profile
from provisioning.trunks.memory import MemoryTrunks
from tests.support.fake_records import InMemoryRecords, ToldEvents
from tests.support.fakes import InMemoryBindings, InMemoryDirectory
from tests.support.notes import Notes
from tests.support.ports import free_port, free_range
from tests.support.user_agents import REALM, Ground, UserAgents

USER, PASSWORD = "09000000001", "demo0001"
NUMBER = E164("+819000000001")
LINE = Line(NUMBER, Profile.DOCOMO, Location("東京", "東京都"))
ACCOUNT = Account(
    USER,
    NUMBER,
    Access.OS,
    {name: ha1(USER, REALM, PASSWORD, name) for name in ("SHA-256", "MD5")},
)


class Switchboard:
    """Takes calls and registrations of one account; every call's leg is parked in `legs`."""

    def __init__(self, host: str, policy: CallPolicy, settings: EndpointSettings) -> None:
        self.host = host
        self.notes = Notes()
        self.faults: list[str] = []
        self.legs: asyncio.Queue[InboundLeg] = asyncio.Queue()
        self.bindings = InMemoryBindings([USER])
        self.endpoint = Endpoint(settings, lambda: secrets.token_hex(10), random.random)
        self.driver = Driver(self.endpoint, self._handle, self._failed)
        self.records, self.events = InMemoryRecords(), ToldEvents()
        self.media = MediaEngine(RtpPorts(host, *free_range(40)))
        self.trunks = MemoryTrunks()
        ground = Ground(
            self.driver,
            self.media,
            InMemoryDirectory([LINE], [ACCOUNT]),
            self.trunks,
            self.bindings,
            self.records,
            self.events,
            self.notes,
            host,
            Srtp.ALLOWED,
        )
        agents = UserAgents(ground, settings, policy, self._park)
        self.registrar, self.calls, self.dialler = agents.registrar, agents.calls, agents.dialler
        self.occupancy = agents.occupancy
        self.agent = agents.agent

    async def open(self) -> Self:
        udp = UdpTransport(self.driver, self.driver.undeliverable)
        await udp.listen(self.host, free_port())
        tcp = StreamTransport(self.driver)
        await tcp.listen(self.host, udp.local[1])
        self.driver.add(udp)
        self.driver.add(tcp)
        self.address = udp.local
        return self

    async def close(self) -> None:
        await self.calls.drain(5.0)
        await self.driver.quiet(5.0)
        await self.registrar.close()
        self.media.close()
        await self.driver.close()
        assert not self.faults

    async def _park(self, leg: InboundLeg) -> None:
        self.legs.put_nowait(leg)
        await asyncio.Event().wait()

    def _handle(self, event: Event) -> None:
        self.agent.handle(event)

    def _failed(self, what: str, error: Exception) -> None:
        self.faults.append(f"{what}: {error!r}")


@asynccontextmanager
async def switchboard(
    host: str = "127.0.0.1",
    policy: CallPolicy | None = None,
    settings: EndpointSettings | None = None,
) -> AsyncIterator[Switchboard]:
    board = Switchboard(host, policy or CallPolicy(), settings or EndpointSettings())
    await board.open()
    try:
        yield board
    finally:
        await board.close()


@asynccontextmanager
async def phone_of(
    board: Switchboard, *, password: str = PASSWORD, transport: str = "UDP"
) -> AsyncIterator[Phone]:
    settings = PhoneSettings(
        board.address, USER, password, transport, board.host, rtp_ports=free_range(40)
    )
    phone = await Phone.open(settings)
    try:
        yield phone
    finally:
        await phone.close()
        assert not phone.failures
