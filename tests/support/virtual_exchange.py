"""A carrier whose callers and phones are plain text on virtual time, for what phones do wrong.

The user agents, the signalling core and the media engine are the real ones; nothing is sent but
RTP into the void. `play` runs a scene.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any

from ivr.call.outcome import Outcome
from ivr.call.party import Presented, RingSign, Rung, Target
from ivr.net.driver import Driver
from ivr.net.media_engine import MediaEngine, RtpPorts
from ivr.sip.endpoint import Endpoint
from ivr.sip.events import Event, Flow
from ivr.sip.settings import EndpointSettings
from ivr.ua.leg import InboundLeg
from ivr.ua.policy import CallPolicy
from ivr.ua.sound import Srtp
from ivr.ua.transfer import ReferredLeg
from provisioning.contract import (
    E164,
    Access,
    Account,
    Binding,
    Line,
    Location,
    Profile,
    Trunk,
    TrunkClass,
)
from provisioning.trunks.memory import MemoryTrunks
from tests.support.fake_records import InMemoryRecords, ToldEvents
from tests.support.fakes import InMemoryBindings, InMemoryDirectory
from tests.support.notes import Notes
from tests.support.ports import LOOPBACK, free_range
from tests.support.text_phone import CALLERS, CARRIER, DELAY_S, USER, Address, TextCaller, TextPhone
from tests.support.user_agents import Ground, UserAgents
from tests.support.virtual_loop import run_virtually
from tests.support.wire import read

NUMBER = E164("+819000000002")
CALLING = E164("+81312345678")
LINE = Line(NUMBER, Profile.DOCOMO, Location("東京", "東京都"))
ACCOUNT = Account(USER, NUMBER, Access.OS, {})
WAY_IN = Trunk("other", TrunkClass.FIXED, (CALLERS,))
TARGET = Target(USER, users=(USER,), presented=Presented(CALLING), line=NUMBER)


class Air:
    """A transport between the carrier and the phones of one exchange."""

    def __init__(self, name: str, exchange: "VirtualExchange") -> None:
        self.name = name
        self.local = CARRIER
        self._exchange = exchange

    async def listen(self, host: str, port: int) -> None:
        """Nothing to bind."""

    def standing(self, peer: Address) -> Flow | None:
        """As of datagrams; a connection stands while its phone is there."""
        there = self.name == "UDP" or peer in self._exchange.phones
        return Flow(self.name, self.local, peer) if there else None

    def send(self, flow: Flow, data: bytes) -> None:
        """Carry a message to the phone at the flow's peer, if there is one."""
        loop = asyncio.get_running_loop()
        phone = self._exchange.phones.get(flow.peer)
        if phone is not None:
            loop.call_later(DELAY_S, phone.take, read(data))
        elif flow.reliable:
            loop.call_later(DELAY_S, self._exchange.driver.lost, flow)

    async def close(self) -> None:
        """Nothing to close."""


class VirtualExchange:
    """The whole user-agent layer; `serve` is what becomes of a caller."""

    def __init__(
        self,
        policy: CallPolicy | None = None,
        settings: EndpointSettings | None = None,
        srtp: Srtp = Srtp.OFF,
    ) -> None:
        loop = asyncio.get_running_loop()
        self.numbers: Iterator[int] = itertools.count(1)
        self.notes, self.faults = Notes(), list[str]()
        self.phones: dict[Address, TextPhone] = {}
        self.bindings: dict[str, tuple[Binding, ...]] = {}
        self.trunks = MemoryTrunks()
        self.trunks.put(WAY_IN, None)
        self.records, self.events = InMemoryRecords(), ToldEvents()
        settings = settings or EndpointSettings()
        self.endpoint = Endpoint(settings, lambda: f"x{next(self.numbers):08d}", lambda: 0.5)
        self.driver = Driver(self.endpoint, self._handle, self._failed, now=loop.time)
        for transport in ("UDP", "TCP", "TLS"):
            self.driver.add(Air(transport, self))
        self.media = MediaEngine(RtpPorts(LOOPBACK, *free_range(100)), packet_filter=False)
        self.ports = self.media.stats().free_ports
        self.agents = UserAgents(
            self._ground(srtp),
            settings,
            policy or CallPolicy(),
            lambda leg: self.serve(leg),
            lambda user: self.bindings.get(user, ()),
            self.ring,
        )
        self.serve: Callable[[InboundLeg], Coroutine[Any, Any, None]] = self.ring
        self.target = TARGET
        self.within_s: float | None = None
        self.signs, self.rung = list[RingSign](), list[Rung]()

    def _ground(self, srtp: Srtp) -> Ground:
        return Ground(
            self.driver,
            self.media,
            InMemoryDirectory([LINE], [ACCOUNT]),
            self.trunks,
            InMemoryBindings(),
            self.records,
            self.events,
            self.notes,
            LOOPBACK,
            srtp,
        )

    async def ring(self, leg: InboundLeg | ReferredLeg) -> None:
        """Ring `target`; let both talk, or refuse the caller as the party did."""
        rung = await leg.ring(self.target, within_s=self.within_s, signs=self.signs.append)
        self.rung.append(rung)
        if rung.far is None:
            leg.ticket.outcome = Outcome.REFUSED
            leg.hang_up(max(rung.status, 400))
            return
        await leg.answer()
        await leg.join(rung.far)
        leg.ticket.outcome = Outcome.FAR_HUNG_UP
        rung.far.hang_up()
        leg.hang_up()

    def phone(
        self,
        number: int = 1,
        *,
        transport: str = "UDP",
        q: float = 1.0,
        user: str = USER,
        home: Address | None = None,
        path: tuple[str, ...] = (),
    ) -> TextPhone:
        """A phone that is registered."""
        address = (f"192.0.2.{100 + number}", 5060)
        flow = f"{transport.lower()}:{address[0]}:{address[1]}"
        phone = TextPhone(self, address, transport)
        phone.home = home or address
        contact = f"sip:phone@{phone.home[0]}:{phone.home[1]}"
        binding = Binding(contact, "r", 1, 1e9, flow, q, path)
        self.bindings[user] = (*self.bindings.get(user, ()), binding)
        return phone

    def caller(self) -> TextCaller:
        """A caller who has dialled."""
        caller = TextCaller(self)
        caller.dial()
        return caller

    def received(self, data: bytes, flow: Flow) -> None:
        """A message of a phone's comes."""
        self.driver.received(data, flow)

    def causes(self) -> list[tuple[int, str, int | None]]:
        """Leg, cause and status of every record, by leg."""
        return sorted((r.leg, r.cause, r.sip_status) for r in self.records.all)

    async def close(self) -> None:
        """See that nothing is left: no call, port, dialog, transaction, record, task."""
        await asyncio.sleep(70)
        assert not self.faults
        agents = self.agents
        assert (len(agents.calls), len(agents.dialler), len(agents.couplings)) == (0, 0, 0)
        assert (len(agents.transfers), self.media.stats().free_ports) == (0, self.ports)
        assert not any(self.endpoint.census())
        assert self.records.live() == []
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert len(agents.occupancy) == 0
        self.media.close()
        await self.driver.close()

    def _handle(self, event: Event) -> None:
        self.agents.agent.handle(event)

    def _failed(self, what: str, error: Exception) -> None:
        self.faults.append(f"{what}: {error!r}")


def play(
    scene: Callable[[VirtualExchange], Awaitable[None]],
    *,
    policy: CallPolicy | None = None,
    settings: EndpointSettings | None = None,
    srtp: Srtp = Srtp.OFF,
) -> VirtualExchange:
    """Run a scene in virtual time, and see that nothing is left of it."""

    async def run() -> VirtualExchange:
        exchange = VirtualExchange(policy, settings, srtp)
        await scene(exchange)
        await exchange.close()
        return exchange

    return run_virtually(run())


async def pass_(seconds: float = 1.0) -> None:
    """Let virtual time pass."""
    await asyncio.sleep(seconds)
