"""A carrier whose callers and phones are plain text on virtual time, for what phones do wrong.

The user agents, the signalling core and the media engine are the real ones; nothing is sent but
RTP into the void. Run a scene with `run_virtually`.
"""

import asyncio
import itertools
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from ivr.call.outcome import Outcome
from ivr.call.party import Presented, RingSign, Rung, Target
from ivr.net.driver import Driver
from ivr.net.media_engine import MediaEngine, RtpPorts
from ivr.sip.endpoint import Endpoint
from ivr.sip.events import Event, Flow
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
from ivr.ua.policy import CallPolicy
from ivr.ua.registrar import Registrar
from ivr.ua.silence import SilenceWatch
from ivr.ua.sound import SoundSettings
from ivr.ua.ticket import Tickets
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
from tests.support.ports import LOOPBACK, free_range
from tests.support.switchboard import Notes
from tests.support.wire import Message, read

Address = tuple[str, int]
Act = Callable[[Message], None]

CARRIER: Address = ("192.0.2.1", 5060)
CALLERS = "192.0.2.9"
DELAY_S = 0.01
OFFER = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 9 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
)
USER = "09000000002"
NUMBER = E164("+819000000002")
CALLING = E164("+81312345678")
LINE = Line(NUMBER, Profile.DOCOMO, Location("東京", "東京都"))
ACCOUNT = Account(USER, NUMBER, Access.OS, {})
WAY_IN = Trunk("other", TrunkClass.FIXED, ("192.0.2.9",))
TARGET = Target(USER, users=(USER,), presented=Presented(CALLING), line=NUMBER)


class Air:
    """A transport between the carrier and the phones of one exchange."""

    def __init__(self, name: str, exchange: "VirtualExchange") -> None:
        self.name = name
        self.local = CARRIER
        self._exchange = exchange

    async def listen(self, host: str, port: int) -> None:
        """Nothing to bind."""

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


class TextPhone:
    """A phone at an address; what it does with a request of a method is the test's to say."""

    def __init__(self, exchange: "VirtualExchange", address: Address, transport: str) -> None:
        self.address = address
        self.got: list[Message] = []
        self.acts: dict[str, Act] = {"BYE": self.ok, "CANCEL": self.cancelled}
        self.tag = f"p{next(exchange.numbers)}"
        self._exchange = exchange
        self._flow = Flow(transport, CARRIER, address)
        exchange.phones[address] = self

    def take(self, message: Message) -> None:
        self.got.append(message)
        act = self.acts.get(message.method)
        if message.status is None and act is not None:
            act(message)

    def requests(self, method: str) -> list[Message]:
        """What came, copies included."""
        return [m for m in self.got if m.status is None and m.method == method]

    def one(self, method: str) -> Message:
        """The only request of a method."""
        (message,) = self.requests(method)
        return message

    def gone(self) -> None:
        """Vanish: nothing is heard of it any more."""
        del self._exchange.phones[self.address]

    def send(self, lines: Sequence[str], body: str = "") -> None:
        text = "\r\n".join([*lines, f"Content-Length: {len(body)}", "", body])
        asyncio.get_running_loop().call_later(
            DELAY_S, self._exchange.driver.received, text.encode(), self._flow
        )

    def reply(
        self,
        request: Message,
        status: int,
        *,
        sdp: str = "",
        contact: bool = True,
        tag: str | None = None,
        extra: Sequence[str] = (),
    ) -> None:
        """Answer a request of the carrier's."""
        lines = [f"SIP/2.0 {status} Whatever"]
        for name in ("Via", "From", "Call-ID", "CSeq"):
            lines += [f"{name}: {value}" for value in request.all(name)]
        has_tag = ";tag=" in request.get("To") or status == 100
        lines.append(f"To: {request.get('To')}" + ("" if has_tag else f";tag={tag or self.tag}"))
        if contact:
            lines.append(f"Contact: <sip:phone@{self.address[0]}:{self.address[1]}>")
        if sdp:
            lines.append("Content-Type: application/sdp")
        self.send([*lines, *extra], sdp)

    def ok(self, request: Message) -> None:
        self.reply(request, 200, contact=False)

    def cancelled(self, cancel: Message) -> None:
        """Obey a CANCEL."""
        self.ok(cancel)
        self.reply(self.requests("INVITE")[-1], 487, contact=False)

    def invites(self, *steps: Callable[[Message], None]) -> None:
        """Take these steps at the first INVITE; copies of it are ignored."""

        def act(invite: Message) -> None:
            if len(self.requests("INVITE")) == 1:
                for step in steps:
                    step(invite)

        self.acts["INVITE"] = act

    def answers(self, sdp: str = OFFER, tag: str | None = None) -> Act:
        """The step of answering."""
        return lambda invite: self.reply(invite, 200, sdp=sdp, tag=tag)

    def rings(self, status: int = 180, sdp: str = "", tag: str | None = None) -> Act:
        """The step of a provisional response."""
        return lambda invite: self.reply(invite, status, sdp=sdp, tag=tag)

    def refuses(self, status: int) -> Act:
        """The step of a final refusal."""
        return lambda invite: self.reply(invite, status, contact=False)

    def bye(self, invite: Message) -> None:
        """Hang up the call that an INVITE of the carrier's began."""
        self.request("BYE", invite)

    def request(self, method: str, invite: Message, extra: Sequence[str] = ()) -> None:
        """A request within the dialog of an INVITE of the carrier's."""
        number = next(self._exchange.numbers)
        sent_by = f"{self.address[0]}:{self.address[1]}"
        self.send(
            [
                f"{method} sip:{CARRIER[0]}:{CARRIER[1]} SIP/2.0",
                f"Via: SIP/2.0/UDP {sent_by};branch=z9hG4bK{number};rport",
                f"From: {invite.get('To')};tag={self.tag}",
                f"To: {invite.get('From')}",
                f"Call-ID: {invite.get('Call-ID')}",
                f"CSeq: {number} {method}",
                "Max-Forwards: 70",
                *extra,
            ]
        )


class TextCaller(TextPhone):
    """Calls in from another carrier, which needs no password."""

    def __init__(self, exchange: "VirtualExchange") -> None:
        number = next(exchange.numbers)
        super().__init__(exchange, (CALLERS, 6000 + number), "UDP")
        self._call_id = f"call{number}"
        self._answered: Message | None = None

    def take(self, message: Message) -> None:
        super().take(message)
        if message.status == 200 and message.method == "INVITE":
            self._answered = message
            self.say("ACK", 1, message.get("To"))

    def dial(self, number: str = USER) -> None:
        """Send the INVITE."""
        self.say("INVITE", 1, f"<sip:{number}@{CARRIER[0]}>", OFFER)

    def give_up(self) -> None:
        """Send CANCEL."""
        self.say("CANCEL", 1, f"<sip:{USER}@{CARRIER[0]}>")

    def hang_up(self) -> None:
        """Send BYE."""
        assert self._answered is not None
        self.say("BYE", 2, self._answered.get("To"))

    def leave(self) -> None:
        """Hang up, or give up, whichever fits."""
        if self._answered is not None:
            self.hang_up()
        else:
            self.give_up()

    def say(self, method: str, number: int, to: str, body: str = "") -> None:
        branch = f"z9hG4bK{self._call_id}{'INVITE' if method == 'CANCEL' else method}"
        host, port = self.address
        lines = [
            f"{method} sip:{USER}@{CARRIER[0]} SIP/2.0",
            f"Via: SIP/2.0/UDP {host}:{port};branch={branch};rport",
            f"From: <sip:0312345678@{host}>;tag={self._call_id}",
            f"To: {to}",
            f"Call-ID: {self._call_id}",
            f"CSeq: {number} {method}",
            f"Contact: <sip:{host}:{port}>",
            "Max-Forwards: 70",
        ]
        self.send([*lines, "Content-Type: application/sdp"] if body else lines, body)


class VirtualExchange:
    """The whole user-agent layer; `serve` is what becomes of a caller."""

    def __init__(
        self, policy: CallPolicy | None = None, settings: EndpointSettings | None = None
    ) -> None:
        loop = asyncio.get_running_loop()
        policy, settings = policy or CallPolicy(), settings or EndpointSettings()
        self.numbers = itertools.count(1)
        self.notes, self.faults = Notes(), list[str]()
        self.phones: dict[Address, TextPhone] = {}
        self.bindings: dict[str, tuple[Binding, ...]] = {}
        self.directory = InMemoryDirectory([LINE], [ACCOUNT])
        self.trunks = MemoryTrunks()
        self.trunks.replace([WAY_IN], [])
        self.records, self.events = InMemoryRecords(), ToldEvents()
        self.endpoint = Endpoint(settings, lambda: f"x{next(self.numbers):08d}", lambda: 0.5)
        self.driver = Driver(self.endpoint, self._handle, self._failed, now=loop.time)
        for name in ("UDP", "TCP"):
            self.driver.add(Air(name, self))
        self.media = MediaEngine(RtpPorts(LOOPBACK, *free_range(100)), packet_filter=False)
        self.ports = self.media.stats().free_ports
        self._make(policy, settings)

    def _make(self, policy: CallPolicy, settings: EndpointSettings) -> None:
        tickets = Tickets(self.records, self.events, lambda: (1000.0, 2000.0))
        sound = SoundSettings(LOOPBACK)
        authenticator = Authenticator(
            self.directory, AuthenticationPolicy("tokuban"), self.notes, self.trunks
        )
        callers = Callers(authenticator, self.directory, self.trunks)
        registrar = Registrar(
            self.driver, callers, InMemoryBindings(), RegistrarLimits(), self.notes, self.events
        )
        self.occupancy = Occupancy()
        silence = SilenceWatch(policy, self.notes)
        self.dialler = Dialler(
            self.driver,
            self.media,
            Parties(lambda user: self.bindings.get(user, ()), self.directory, self.trunks),
            tickets,
            sound,
            policy,
            self.occupancy,
            silence,
            self.notes,
        )
        self.couplings = Couplings(self.driver, CouplingSettings(), self.notes)
        self.serve: Callable[[InboundLeg], Coroutine[Any, Any, None]] = self.ring
        self.calls = InboundCalls(
            self.driver,
            self.media,
            callers,
            lambda leg: self.serve(leg),
            sound,
            policy,
            self.notes,
            tickets,
            Exchange(self.dialler, self.couplings, self.occupancy, silence),
        )
        self._agent = Agent(self.driver, settings, self.calls, self.dialler, registrar, self.notes)
        self.target = TARGET
        self.within_s: float | None = None
        self.signs: list[RingSign] = []
        self.rung: list[Rung] = []

    async def ring(self, leg: InboundLeg) -> None:
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
        self, number: int = 1, *, transport: str = "UDP", q: float = 1.0, user: str = USER
    ) -> TextPhone:
        """A phone that is registered."""
        address = (f"192.0.2.{100 + number}", 5060)
        flow = f"{transport.lower()}:{address[0]}:{address[1]}"
        contact = f"sip:phone@{address[0]}:{address[1]}"
        binding = Binding(contact, "r", 1, 1e9, flow, q)
        self.bindings[user] = (*self.bindings.get(user, ()), binding)
        return TextPhone(self, address, transport)

    def caller(self) -> TextCaller:
        """A caller who has dialled."""
        caller = TextCaller(self)
        caller.dial()
        return caller

    def causes(self) -> list[tuple[int, str, int | None]]:
        """Leg, cause and status of every record, by leg."""
        return sorted((r.leg, r.cause, r.sip_status) for r in self.records.all)

    async def close(self) -> None:
        """See that nothing is left: no call, port, dialog, transaction, record, task."""
        await asyncio.sleep(70)
        assert not self.faults
        assert (len(self.calls), len(self.dialler), len(self.couplings)) == (0, 0, 0)
        assert self.media.stats().free_ports == self.ports
        assert not any(self.endpoint.census())
        assert self.records.live() == []
        assert all(self.occupancy.of(whose) == 0 for whose in (USER, "trunk:other"))
        self.media.close()
        await self.driver.close()

    def _handle(self, event: Event) -> None:
        self._agent.handle(event)

    def _failed(self, what: str, error: Exception) -> None:
        self.faults.append(f"{what}: {error!r}")
