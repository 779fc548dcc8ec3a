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
from ivr.ua.agent import Agent
from ivr.ua.authentication import AuthenticationPolicy, Authenticator
from ivr.ua.bindings import RegistrarLimits
from ivr.ua.callers import Callers
from ivr.ua.coupling import Couplings, CouplingSettings
from ivr.ua.dialler import Dialler, Parties
from ivr.ua.inbound import InboundCalls
from ivr.ua.leg import Exchange, InboundLeg
from ivr.ua.occupancy import Occupancy
from ivr.ua.outbound import Phone, PhoneSettings
from ivr.ua.policy import CallPolicy
from ivr.ua.registrar import Registrar
from ivr.ua.silence import SilenceWatch
from ivr.ua.sound import SoundSettings
from ivr.ua.ticket import Tickets
from provisioning.contract import E164, Access, Account, Line, Location, Profile
from provisioning.trunks.memory import MemoryTrunks
from tests.support.fake_records import InMemoryRecords, ToldEvents
from tests.support.fakes import InMemoryBindings, InMemoryDirectory
from tests.support.ports import free_port, free_range

USER, PASSWORD, REALM = "09000000001", "demo0001", "tokuban"
NUMBER = E164("+819000000001")
LINE = Line(NUMBER, Profile.DOCOMO, Location("東京", "東京都"))
ACCOUNT = Account(
    USER,
    NUMBER,
    Access.OS,
    {name: ha1(USER, REALM, PASSWORD, name) for name in ("SHA-256", "MD5")},
)


class Notes:
    """A log that remembers."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, object]]] = []

    def info(self, event: str, **facts: object) -> None:
        self.lines.append((event, facts))

    debug = warning = error = info

    def events(self) -> list[str]:
        return [event for event, _ in self.lines]


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
        directory = InMemoryDirectory([LINE], [ACCOUNT])
        self.trunks = MemoryTrunks()
        authenticator = Authenticator(
            directory, AuthenticationPolicy(REALM), self.notes, self.trunks
        )
        callers = Callers(authenticator, directory, self.trunks)
        self.registrar = Registrar(
            self.driver,
            callers,
            self.bindings,
            RegistrarLimits(),
            self.notes,
            self.events,
        )
        tickets = Tickets(self.records, self.events, lambda: (1000.0, 2000.0))
        self.occupancy = Occupancy()
        silence = SilenceWatch(policy, self.notes)
        self.dialler = Dialler(
            self.driver,
            self.media,
            Parties(self.registrar.of, directory, self.trunks),
            tickets,
            SoundSettings(host),
            policy,
            self.occupancy,
            silence,
            self.notes,
        )
        couplings = Couplings(self.driver, CouplingSettings(), self.notes)
        self.calls = InboundCalls(
            self.driver,
            self.media,
            callers,
            self._park,
            SoundSettings(host),
            policy,
            self.notes,
            tickets,
            Exchange(self.dialler, couplings, self.occupancy, silence),
        )
        self._agent = Agent(
            self.driver, settings, self.calls, self.dialler, self.registrar, self.notes
        )

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
        self._agent.handle(event)

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
