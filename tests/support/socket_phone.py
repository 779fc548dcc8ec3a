"""A phone of plain text on a real socket, registered at a switchboard."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

from ivr.net import clock
from ivr.sip.events import Flow
from provisioning.contract import Binding
from tests.support.ports import LOOPBACK
from tests.support.switchboard import Switchboard
from tests.support.text_phone import Address, TextPhone
from tests.support.wire import read

CALLED = "09000000002"
_PATIENCE_S = 5.0


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
        await board.calls.drain(_PATIENCE_S)
        await board.driver.quiet(_PATIENCE_S)
        transport.close()
