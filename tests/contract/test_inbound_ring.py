"""The leg of a real call can be connected: our own phone calls, a phone of plain text is rung."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from ivr.call.party import Target
from ivr.net import clock
from ivr.sip.events import Flow
from ivr.ua.leg import InboundLeg
from ivr.ua.outbound import PhoneCall, PhoneEvent, Progress
from provisioning.contract import Binding
from tests.contract.leg_contract import PATIENCE_S, eventually
from tests.contract.ring_contract import RingContract
from tests.support.ports import LOOPBACK
from tests.support.switchboard import Switchboard, phone_of, switchboard
from tests.support.text_phone import OFFER, Address, TextPhone
from tests.support.wire import Message, read

CALLED = "09000000002"
KEY = ["Content-Type: application/dtmf-relay"]


class Socket(asyncio.DatagramProtocol):
    """A UDP socket on loopback that one phone is behind."""

    def __init__(self, server: Address) -> None:
        self.numbers: Iterator[int] = itertools.count(1)
        self.phones: dict[Address, TextPhone] = {}
        self.transport: asyncio.DatagramTransport | None = None
        self._server = server

    def datagram_received(self, data: bytes, addr: Address) -> None:
        for phone in self.phones.values():
            phone.take(read(data))

    def received(self, data: bytes, flow: Flow) -> None:
        """Send what the phone says."""
        if self.transport is not None:
            self.transport.sendto(data, self._server)


class ObedientPhone:
    """Does as it is told with the INVITE that came, or comes, last."""

    def __init__(self, phone: TextPhone) -> None:
        self._phone = phone
        self._refused = 0

    async def rings(self) -> None:
        self._phone.reply(await self._invite(), 180)

    async def sends_early_media(self) -> None:
        self._phone.reply(await self._invite(), 183, sdp=OFFER)

    async def answers(self) -> None:
        self._phone.reply(await self._invite(), 200, sdp=OFFER)

    async def refuses(self, status: int) -> None:
        self._phone.reply(await self._invite(), status, contact=False)
        self._refused += 1

    async def hangs_up(self) -> None:
        self._phone.bye(await self._invite())

    async def presses(self, key: str) -> None:
        self._phone.request("INFO", await self._invite(), KEY, f"Signal={key}\r\nDuration=160\r\n")

    def cancelled(self) -> bool:
        return bool(self._phone.requests("CANCEL"))

    def got_bye(self) -> bool:
        return bool(self._phone.requests("BYE"))

    def _invites(self) -> list[Message]:
        return list({m.get("Call-ID"): m for m in self._phone.requests("INVITE")}.values())

    async def _invite(self) -> Message:
        await eventually(lambda: len(self._invites()) > self._refused)
        return self._invites()[-1]


class WireScene:
    target = Target(CALLED, users=(CALLED,))
    nobody = Target("09000000003", users=("09000000003",))

    def __init__(self, leg: InboundLeg, call: PhoneCall, phone: TextPhone) -> None:
        self.leg = leg
        self.called = ObedientPhone(phone)
        self._told: list[PhoneEvent] = []
        call.told = self._told.append

    def provisional(self) -> list[int]:
        return [told.status for told in self._told if isinstance(told, Progress)]


@asynccontextmanager
async def registered(board: Switchboard) -> AsyncIterator[TextPhone]:
    """A phone that is registered as `CALLED`."""
    loop = asyncio.get_running_loop()
    transport, socket = await loop.create_datagram_endpoint(
        lambda: Socket(board.address), local_addr=(LOOPBACK, 0)
    )
    socket.transport = transport
    host, port = transport.get_extra_info("sockname")
    contact = f"sip:{CALLED}@{host}:{port}"
    binding = Binding(contact, "r", 1, clock.wall() + 600, f"udp:{host}:{port}")
    board.bindings.rows[CALLED] = (binding,)
    await board.registrar.load()
    try:
        yield TextPhone(socket, (host, port), "UDP")
    finally:
        await board.calls.drain(PATIENCE_S)
        await board.driver.quiet(PATIENCE_S)
        transport.close()


class TestInboundRinging(RingContract):
    @pytest.fixture
    async def scene(self) -> AsyncIterator[WireScene]:
        async with (
            switchboard() as board,
            registered(board) as called,
            phone_of(board) as phone,
        ):
            call = phone.dial(CALLED)
            async with asyncio.timeout(PATIENCE_S):
                leg = await board.legs.get()
            yield WireScene(leg, call, called)
