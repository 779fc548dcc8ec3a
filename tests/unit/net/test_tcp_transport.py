"""SIP over TCP on a real loopback: framing, keep-alive, limits, and connections on demand."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from ivr.net.tcp import Connection, StreamLimits, StreamTransport
from ivr.net.tls import Tls
from ivr.sip.events import Flow
from tests.support.virtual_loop import run_virtually

MESSAGE = b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 4\r\n\r\nbody"


class Inbox:
    """Keeps what a transport delivers, and which connections ended."""

    def __init__(self) -> None:
        self.messages: asyncio.Queue[tuple[bytes, Flow]] = asyncio.Queue()
        self.ended: asyncio.Queue[Flow] = asyncio.Queue()
        self.unframed_streams: list[tuple[str, int | None]] = []

    def received(self, data: bytes, flow: Flow) -> None:
        self.messages.put_nowait((data, flow))

    def lost(self, flow: Flow) -> None:
        self.ended.put_nowait(flow)

    def unframed(self, why: str, flow: Flow, status: int | None) -> None:
        self.unframed_streams.append((why, status))


@asynccontextmanager
async def listening(
    limits: StreamLimits | None = None, tls: Tls | None = None
) -> AsyncIterator[tuple[StreamTransport, Inbox]]:
    inbox = Inbox()
    transport = StreamTransport(inbox, limits, tls)
    await transport.listen("127.0.0.1", 0)
    try:
        yield transport, inbox
    finally:
        await transport.close()


@asynccontextmanager
async def connected(
    transport: StreamTransport,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(*transport.local)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def closed_by_peer(reader: asyncio.StreamReader) -> bool:
    async with asyncio.timeout(20):
        try:
            return await reader.read() == b""
        except ConnectionError:
            return True


async def test_messages_are_cut_from_the_stream_however_it_is_cut() -> None:
    async with listening() as (transport, inbox), connected(transport) as (_, writer):
        for octet in MESSAGE + MESSAGE:
            writer.write(bytes([octet]))
            await writer.drain()
        assert [(await inbox.messages.get())[0] for _ in range(2)] == [MESSAGE, MESSAGE]


async def test_an_answer_goes_back_on_the_connection() -> None:
    async with listening() as (transport, inbox), connected(transport) as (reader, writer):
        writer.write(MESSAGE)
        _, flow = await inbox.messages.get()
        transport.send(flow, b"answer")
        assert await reader.readexactly(6) == b"answer"
        assert flow.reliable


async def test_a_ping_is_answered() -> None:
    async with listening() as (transport, _), connected(transport) as (reader, writer):
        writer.write(b"\r\n\r\n")
        assert await reader.readexactly(2) == b"\r\n"


async def test_the_end_of_a_connection_is_told() -> None:
    async with listening() as (transport, inbox):
        async with connected(transport) as (_, writer):
            writer.write(MESSAGE)
            _, flow = await inbox.messages.get()
        assert await inbox.ended.get() == flow


async def test_two_lengths_are_answered_once_and_the_connection_closed() -> None:
    async with listening() as (transport, inbox), connected(transport) as (reader, writer):
        writer.write(
            b"OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bK1\r\n"
            b"From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n"
            b"Content-Length: 0\r\nContent-Length: 40\r\n\r\nINVITE sip:smuggled SIP/2.0\r\n\r\n"
        )
        async with asyncio.timeout(20):
            answer = await reader.read()
        assert answer.startswith(b"SIP/2.0 400")
        assert answer.count(b"SIP/2.0 ") == 1
        assert inbox.unframed_streams == [("Content-Length is broken or stands twice", 400)]


@pytest.mark.parametrize("begun", [b"", b"OPTIONS sip:a SIP/2.0\r\n"])
async def test_nobody_may_dawdle(begun: bytes) -> None:
    limits = StreamLimits(idle_s=0.05, half_message_s=0.05)
    async with listening(limits) as (transport, _), connected(transport) as (reader, writer):
        writer.write(begun)
        assert await closed_by_peer(reader)


async def test_one_host_has_so_many_connections() -> None:
    async with (
        listening(StreamLimits(connections_per_host=1)) as (transport, inbox),
        connected(transport) as (_, first),
    ):
        first.write(MESSAGE)
        await inbox.messages.get()
        async with connected(transport) as (reader, _):
            assert await closed_by_peer(reader)
        first.write(MESSAGE)
        assert (await inbox.messages.get())[0] == MESSAGE


async def test_a_peer_that_does_not_read_is_cut_off() -> None:
    async with (
        listening(StreamLimits(unsent_bytes=100_000)) as (transport, inbox),
        connected(transport) as (_, writer),
    ):
        writer.write(MESSAGE)
        _, flow = await inbox.messages.get()
        while inbox.ended.empty():
            transport.send(flow, b"x" * 1_000_000)
            await asyncio.sleep(0)
        assert await inbox.ended.get() == flow


async def test_a_connection_is_opened_on_demand_and_used_again() -> None:
    async with listening() as (transport, inbox), listening() as (far, far_inbox):
        flow = Flow("TCP", transport.local, far.local)
        transport.send(flow, MESSAGE)
        transport.send(flow, MESSAGE)
        (_, one), (_, other) = [await far_inbox.messages.get() for _ in range(2)]
        assert one == other
        far.send(one, MESSAGE)
        assert (await inbox.messages.get())[0] == MESSAGE


async def test_nobody_listening_is_told() -> None:
    async with listening() as (transport, inbox):
        async with listening() as (gone, _):
            nobody = gone.local
        flow = Flow("TCP", transport.local, nobody)
        transport.send(flow, MESSAGE)
        assert await inbox.ended.get() == flow


class Pipe(asyncio.Transport):
    """The far end of a connection in virtual time: remembers when it was cut off."""

    def __init__(self) -> None:
        super().__init__({"sockname": ("127.0.0.1", 5060), "peername": ("127.0.0.1", 5071)})
        self.aborted_at: float | None = None

    def abort(self) -> None:
        self.aborted_at = asyncio.get_running_loop().time()


@pytest.mark.parametrize(
    ("heard", "ends_at"),
    [
        ({}, 900),
        ({800: MESSAGE}, 1700),
        ({800: MESSAGE[:9], 801: MESSAGE[9:], 1690: MESSAGE}, 2590),
        ({100: MESSAGE[:9], 110: MESSAGE[9:12]}, 130),
        ({100: MESSAGE + MESSAGE[:9], 120: MESSAGE[9:] + MESSAGE[:9]}, 150),
    ],
)
def test_each_message_puts_the_end_off_and_half_of_one_brings_it_near(
    heard: dict[int, bytes], ends_at: int
) -> None:
    async def scene() -> None:
        owner, pipe = StreamTransport(Inbox()), Pipe()
        owner.loop = asyncio.get_running_loop()
        connection = Connection(owner)
        connection.connection_made(pipe)
        for at, data in heard.items():
            await asyncio.sleep(at - owner.loop.time())
            connection.data_received(data)
        await asyncio.sleep(10_000)
        assert pipe.aborted_at == pytest.approx(ends_at)

    run_virtually(scene())
