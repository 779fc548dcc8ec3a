"""A leg on real sockets: the carrier's own, with our own phone at its far end."""

import asyncio
import random
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ivr.net.driver import Driver
from ivr.net.media_engine import MediaEngine
from ivr.net.rtp_ports import RtpPorts
from ivr.net.udp import UdpTransport
from ivr.sip.digest import ha1
from ivr.sip.endpoint import Endpoint
from ivr.sip.events import Event
from ivr.sip.settings import EndpointSettings
from ivr.ua.agent import Agent
from ivr.ua.authentication import AuthenticationPolicy, Authenticator
from ivr.ua.bindings import RegistrarLimits
from ivr.ua.inbound import CallPolicy, InboundCalls
from ivr.ua.leg import InboundLeg
from ivr.ua.outbound import Ended, Phone, PhoneCall, PhoneEvent, PhoneSettings, Refused
from ivr.ua.registrar import Registrar
from ivr.ua.sound import SoundSettings
from provisioning.contract import Access, Account
from tests.support.fakes import InMemoryBindings, InMemoryDirectory
from tests.support.ports import LOOPBACK, free_range
from tests.support.scripted_call import DOCOMO, EventLog

USER, PASSWORD = "09000000001", secrets.token_hex(8)
PATIENCE_S = 10.0


class WiredPhone:
    """The phone at the far end of `leg`."""

    def __init__(self, leg: InboundLeg, call: PhoneCall) -> None:
        self.leg = leg
        self._call = call
        self._told: list[PhoneEvent] = []
        call.told = self._told.append

    async def press(self, key: str) -> None:
        """Key it as an RTP event."""
        assert await self._call.press(key)

    def final_status(self) -> int | None:
        return next((told.status for told in self._told if isinstance(told, Refused)), None)

    def got_bye(self) -> bool:
        return any(isinstance(told, Ended) and told.by_peer for told in self._told)


class Carrier:
    """Just enough of one to hand out the legs of incoming calls."""

    def __init__(self) -> None:
        account = Account(
            USER, DOCOMO.number, Access.OS, {"SHA-256": ha1(USER, "tokuban", PASSWORD, "SHA-256")}
        )
        log, settings = EventLog(), EndpointSettings()
        self.legs: asyncio.Queue[InboundLeg] = asyncio.Queue()
        endpoint = Endpoint(settings, lambda: secrets.token_hex(10), random.SystemRandom().random)
        self.driver = Driver(endpoint, self._handle, self._failed)
        self.transport = UdpTransport(self.driver, self.driver.undeliverable)
        self.media = MediaEngine(RtpPorts(LOOPBACK, *free_range(4)))
        authenticator = Authenticator(
            InMemoryDirectory([DOCOMO], [account]), AuthenticationPolicy()
        )
        registrar = Registrar(
            self.driver, authenticator, InMemoryBindings(), RegistrarLimits(), log
        )
        self.calls = InboundCalls(
            self.driver,
            self.media,
            authenticator,
            self._serve,
            SoundSettings(LOOPBACK),
            CallPolicy(),
            log,
        )
        self._agent = Agent(self.driver, settings, self.calls, registrar, log)

    async def open(self) -> tuple[str, int]:
        """Listen; returns the address to call."""
        await self.transport.listen(LOOPBACK, 0)
        self.driver.add(self.transport)
        return self.transport.local

    async def close(self) -> None:
        await self.calls.drain(1.0)
        self.media.close()
        await self.driver.close()

    def _handle(self, event: Event) -> None:
        self._agent.handle(event)

    def _failed(self, what: str, error: Exception) -> None:
        raise AssertionError(what) from error

    async def _serve(self, leg: InboundLeg) -> None:
        self.legs.put_nowait(leg)
        await asyncio.Event().wait()


@asynccontextmanager
async def wired_phone() -> AsyncIterator[WiredPhone]:
    """Call the carrier and give its unanswered leg, with the phone that called."""
    carrier = Carrier()
    settings = PhoneSettings(await carrier.open(), USER, PASSWORD, rtp_ports=free_range(4))
    phone = await Phone.open(settings)
    try:
        call = phone.dial("1429")
        async with asyncio.timeout(PATIENCE_S):
            leg = await carrier.legs.get()
        yield WiredPhone(leg, call)
    finally:
        await carrier.close()
        await phone.close()
