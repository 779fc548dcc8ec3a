"""SIP over WebSocket on a real loopback: the handshake, one message a message, limits."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.typing import Origin, Subprotocol

from ivr.net import clock
from ivr.net.tcp import StreamLimits
from ivr.net.tls import Tls, contexts
from ivr.net.websocket import WebSocketTransport
from ivr.sip.events import Flow
from ivr.sip.framing import FrameLimits
from lab.certificates import renew
from tests.unit.net.test_tcp_transport import MESSAGE, Inbox, closed_by_peer

SIP = Subprotocol("sip")
OWN = re.compile(r"https://phone\.example\.com")


@asynccontextmanager
async def listening(
    limits: StreamLimits | None = None,
    origins: re.Pattern[str] | None = None,
    tls: Tls | None = None,
) -> AsyncIterator[tuple[WebSocketTransport, Inbox]]:
    inbox = Inbox()
    transport = WebSocketTransport(inbox, limits, origins, tls)
    await transport.listen("127.0.0.1", 0)
    try:
        yield transport, inbox
    finally:
        await transport.close()


def client(transport: WebSocketTransport, origin: str | None = None) -> connect:
    host, port = transport.local
    named = Origin(origin) if origin else None
    return connect(f"ws://{host}:{port}/any", subprotocols=[SIP], origin=named, proxy=None)


async def closed(socket: ClientConnection) -> int | None:
    """The code the server closed with; None when it went without a word."""
    async with asyncio.timeout(20):
        try:
            while True:
                await socket.recv()
        except ConnectionClosed as over:
            return over.rcvd.code if over.rcvd else None


@pytest.mark.rule("LINE-02")
@pytest.mark.parametrize("text", [True, False])
async def test_a_message_is_a_message_text_or_binary(text: bool) -> None:
    async with listening() as (transport, inbox), client(transport) as socket:
        await socket.send(MESSAGE, text=text)
        data, flow = await inbox.messages.get()
        assert (data, flow.transport, flow.local) == (MESSAGE, "WS", transport.local)
        assert socket.subprotocol == SIP
        transport.send(flow, b"answer")
        assert await socket.recv() == "answer"
        transport.send(flow, b"\xff")
        assert await socket.recv() == b"\xff"


async def test_a_message_in_pieces_is_put_together() -> None:
    async with listening() as (transport, inbox), client(transport) as socket:
        await socket.send([MESSAGE[:7], MESSAGE[7:20], MESSAGE[20:]])
        assert (await inbox.messages.get())[0] == MESSAGE


async def test_pings_of_both_kinds_are_answered() -> None:
    async with listening() as (transport, inbox), client(transport) as socket:
        await socket.send("\r\n\r\n")
        assert await socket.recv() == "\r\n"
        await socket.send("\r\n")
        async with asyncio.timeout(20):
            await (await socket.ping())
        assert inbox.messages.empty()


async def test_the_end_of_a_connection_is_told() -> None:
    async with listening() as (transport, inbox):
        async with client(transport) as socket:
            await socket.send(MESSAGE)
            _, flow = await inbox.messages.get()
        assert await inbox.ended.get() == flow
        transport.send(flow, b"nobody is there")
        assert (await inbox.ended.get()).peer == flow.peer


async def test_no_connection_is_opened() -> None:
    async with listening() as (transport, inbox):
        flow = Flow("WS", transport.local, ("127.0.0.1", 9))
        transport.send(flow, MESSAGE)
        assert await inbox.ended.get() == flow


async def test_closing_says_goodbye() -> None:
    async with listening() as (transport, inbox):
        socket = await client(transport)
        await socket.send(MESSAGE)
        await inbox.messages.get()
    assert await closed(socket) == 1000


async def test_another_subprotocol_is_refused() -> None:
    async with listening() as (transport, _):
        host, port = transport.local
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"ws://{host}:{port}", subprotocols=[Subprotocol("mqtt")], proxy=None)
        assert refused.value.response.status_code == 400
        with pytest.raises(InvalidStatus):
            await connect(f"ws://{host}:{port}", proxy=None)


@pytest.mark.parametrize(
    ("origin", "welcome"),
    [
        (None, True),
        ("https://phone.example.com", True),
        ("https://phone.example.com.evil.example", False),
        ("null", False),
    ],
)
async def test_pages_of_other_origins_are_refused(origin: str | None, welcome: bool) -> None:
    told: list[Exception] = []
    async with listening(origins=OWN) as (transport, _):
        transport.told = lambda peer, why: told.append(why)
        if welcome:
            async with client(transport, origin) as socket:
                assert socket.subprotocol == SIP
        else:
            with pytest.raises(InvalidStatus) as refused:
                await client(transport, origin)
            assert refused.value.response.status_code == 403
        assert len(told) == (not welcome)


async def test_plain_http_is_told_what_is_spoken_here() -> None:
    async with listening() as (transport, _):
        reader, writer = await asyncio.open_connection(*transport.local)
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        async with asyncio.timeout(20):
            answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 426 ")
        writer.close()


@pytest.mark.parametrize(
    ("octets", "answer"),
    [(MESSAGE, b""), (b"\x00" * 100 + b"\r\n", b""), (b"x" * 20_000, b"HTTP/1.1 414 ")],
)
async def test_what_is_no_handshake_is_closed(octets: bytes, answer: bytes) -> None:
    async with listening() as (transport, inbox):
        reader, writer = await asyncio.open_connection(*transport.local)
        writer.write(octets)
        async with asyncio.timeout(20):
            assert (await reader.read())[: len(answer) or None] == answer
        assert inbox.messages.empty()
        writer.transport.abort()


async def test_a_handshake_must_be_whole_in_time() -> None:
    async with listening(StreamLimits(half_message_s=0.05)) as (transport, _):
        reader, writer = await asyncio.open_connection(*transport.local)
        writer.write(b"GET / HTTP/1.1\r\n")
        assert await closed_by_peer(reader)
        writer.transport.abort()


async def test_a_message_that_is_too_long_is_refused() -> None:
    limits = StreamLimits(frame=FrameLimits(head=100, body=100))
    async with listening(limits) as (transport, inbox), client(transport) as socket:
        await socket.send([b"x" * 150, b"x" * 150])
        assert await closed(socket) == 1009
        assert inbox.messages.empty()


async def test_a_silent_peer_is_asked_and_then_given_up() -> None:
    async with listening(StreamLimits(idle_s=0.05)) as (transport, inbox):
        reader, writer = await asyncio.open_connection(*transport.local)
        writer.write(
            b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Protocol: sip\r\n\r\n"
        )
        async with asyncio.timeout(20):
            assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
            assert await reader.readexactly(2) == Frame(Opcode.PING, b"").serialize(mask=False)
        assert await closed_by_peer(reader)
        await inbox.ended.get()
        writer.transport.abort()


async def test_a_peer_that_answers_pings_stays() -> None:
    async with listening(StreamLimits(idle_s=0.02)) as (transport, inbox), client(transport) as one:
        await one.send(MESSAGE)
        _, flow = await inbox.messages.get()
        for _ in range(5):
            async with asyncio.timeout(20):
                await (await one.ping())
                await asyncio.sleep(0.02)
        transport.send(flow, b"still here")
        assert await one.recv() == "still here"


async def test_a_secure_one_works_alike(tmp_path: Path) -> None:
    renew(tmp_path, ("127.0.0.1",), clock.wall())
    tls = contexts(tmp_path / "server.pem", tmp_path / "server.key", tmp_path / "ca.pem")
    async with listening(tls=tls) as (transport, inbox):
        host, port = transport.local
        url = f"wss://{host}:{port}"
        async with connect(url, subprotocols=[SIP], ssl=tls.client, proxy=None) as socket:
            await socket.send(MESSAGE)
            data, flow = await inbox.messages.get()
            assert (data, flow.transport) == (MESSAGE, "WSS")
