"""Two phones whose legs are coupled, brought to where a test begins; on real loopback sockets."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from ivr.call.party import JoinEnd
from ivr.media.g711 import FRAME_SAMPLES
from ivr.sip.events import Event, ForeignInfoReceived
from ivr.sip.offer_answer import Capabilities
from ivr.ua.coupling import Couplings, CouplingSettings
from ivr.ua.leg import InboundLeg
from ivr.ua.outbound import Answered, Phone, PhoneCall, PhoneSettings
from tests.contract.leg_contract import eventually
from tests.support.ports import free_range
from tests.support.switchboard import PASSWORD, USER, Switchboard, switchboard

EVENTS = Capabilities()
NO_EVENTS = Capabilities(("PCMA",), telephone_event=False)
PLAIN = Capabilities(("PCMU",), telephone_event=False)
SPEECH = bytes(range(1, 121)) * 30
"""No frame of it is like the next."""


@dataclass
class Party:
    """A phone, its call and the leg at the carrier."""

    phone: Phone
    call: PhoneCall
    leg: InboundLeg
    heard: bytearray = field(default_factory=bytearray)
    pressed: list[str] = field(default_factory=list)
    informed: list[bytes] = field(default_factory=list)

    def listen(self) -> None:
        self.call.listen(lambda offset, ulaw: self.heard.extend(ulaw))
        self.call._sound.media.on_key = lambda key, timestamp: self.pressed.append(key)
        handle = self.phone.driver._handle

        def note(event: Event) -> None:
            if isinstance(event, ForeignInfoReceived):
                self.informed.append(event.info.request.body)
            handle(event)

        self.phone.driver._handle = note

    def speak(self, ulaw: bytes) -> None:
        self.call._sound.media.play(ulaw)

    def direct(self, direction: bytes) -> None:
        """Offer the present description anew, with another direction."""
        plain = self.call.session.local_sdp
        for word in (b"sendrecv", b"sendonly", b"recvonly", b"inactive"):
            plain = plain.replace(b"a=" + word, b"a=" + direction)
        with self.phone.driver.turn() as now:
            self.call.session.reoffer(plain, now)

    async def offers(self, direction: bytes) -> None:
        """As `direct`, and wait for the answer."""
        before = self.call.session.remote_sdp
        self.direct(direction)
        await eventually(lambda: self.call.session.remote_sdp != before)
        self.call._sound.accept(self.call.session.remote_sdp)


@dataclass
class Pair:
    """Two parties, and what joins them."""

    board: Switchboard
    caller: Party
    called: Party
    couplings: Couplings
    joined: asyncio.Task[JoinEnd]


@contextlib.asynccontextmanager
async def pair(
    called: Capabilities = EVENTS,
    settings: CouplingSettings | None = None,
    *,
    direct: bool = False,
) -> AsyncIterator[Pair]:
    async with switchboard() as board, contextlib.AsyncExitStack() as stack:
        parties = [await party(board, stack, each) for each in (EVENTS, called)]
        couplings = Couplings(board.driver, settings or CouplingSettings(), board.notes)
        first, second = parties
        second.leg.direct = direct
        joined = asyncio.ensure_future(couplings.join(first.leg, second.leg))
        await eventually(lambda: first.leg.coupling is not None)
        yield Pair(board, first, second, couplings, joined)
        joined.cancel()
        await asyncio.wait([joined])


async def party(
    board: Switchboard, stack: contextlib.AsyncExitStack, capabilities: Capabilities
) -> Party:
    settings = PhoneSettings(
        board.address, USER, PASSWORD, rtp_ports=free_range(40), capabilities=capabilities
    )
    phone = await Phone.open(settings)
    stack.push_async_callback(phone.close)
    call = phone.dial("09000000002")
    leg = await board.legs.get()
    await leg.answer()
    assert await call.outcome == Answered()
    party = Party(phone, call, leg)
    party.listen()
    return party


def hears(party: Party, ulaw: bytes) -> bool:
    return bytes(ulaw) in party.heard


async def silence(party: Party) -> None:
    """Wait until the party hears nothing but silence."""

    def silent() -> bool:
        return party.heard[-10 * FRAME_SAMPLES :].count(0xFF) == 10 * FRAME_SAMPLES

    party.heard.clear()
    await eventually(silent)
