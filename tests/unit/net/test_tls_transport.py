"""SIP over TLS on a real loopback: who gets in, how long it may take, and what garbage costs."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from ivr.net import clock
from ivr.net.tcp import StreamLimits, StreamTransport
from ivr.net.tls import Tls, TlsDoor, contexts
from ivr.sip.events import Flow
from lab.certificates import renew
from tests.unit.net.test_tcp_transport import MESSAGE, closed_by_peer, listening


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates of a laboratory of its own, valid as long as the host's clock is near."""
    made = tmp_path_factory.mktemp("tls")
    renew(made, ("127.0.0.1",), clock.wall())
    return made


@pytest.fixture
def tls(folder: Path) -> Tls:
    return contexts(folder / "server.pem", folder / "server.key", folder / "ca.pem")


@asynccontextmanager
async def connected(
    transport: StreamTransport, context: ssl.SSLContext
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(*transport.local, ssl=context)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def come_true(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110  # what is waited for is the kernel's
            await asyncio.sleep(0)


def door_of(transport: StreamTransport) -> TlsDoor:
    assert isinstance(transport._door, TlsDoor)
    return transport._door


async def test_messages_go_both_ways_on_the_connection(tls: Tls) -> None:
    async with (
        listening(tls=tls) as (transport, inbox),
        connected(transport, tls.client) as streams,
    ):
        reader, writer = streams
        writer.write(MESSAGE)
        data, flow = await inbox.messages.get()
        assert (data, flow.transport, flow.local) == (MESSAGE, "TLS", transport.local)
        transport.send(flow, b"answer")
        assert await reader.readexactly(6) == b"answer"


async def test_a_message_in_the_last_flight_of_the_handshake_is_not_lost(tls: Tls) -> None:
    async with listening(tls=tls) as (transport, inbox):
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = tls.client.wrap_bio(incoming, outgoing, server_hostname="127.0.0.1")
        reader, writer = await asyncio.open_connection(*transport.local)
        while True:
            try:
                client.do_handshake()
                break
            except ssl.SSLWantReadError:
                writer.write(outgoing.read())
                incoming.write(await reader.read(65536))
        client.write(MESSAGE)
        writer.write(outgoing.read())
        assert (await inbox.messages.get())[0] == MESSAGE
        writer.transport.abort()


async def test_a_peer_that_does_not_read_is_cut_off(tls: Tls) -> None:
    limits = StreamLimits(unsent_bytes=100_000)
    async with (
        listening(limits, tls) as (transport, inbox),
        connected(transport, tls.client) as (_, writer),
    ):
        writer.write(MESSAGE)
        _, flow = await inbox.messages.get()
        while inbox.ended.empty():
            transport.send(flow, b"x" * 1_000_000)
            await asyncio.sleep(0)
        assert await inbox.ended.get() == flow


async def test_what_is_no_tls_is_closed_and_others_go_on(tls: Tls) -> None:
    told: list[tuple[tuple[str, int], Exception]] = []
    telling = replace(tls, told=lambda peer, why: told.append((peer, why)))
    async with (
        listening(tls=telling) as (transport, inbox),
        connected(transport, tls.client) as streams,
    ):
        reader, writer = await asyncio.open_connection(*transport.local)
        writer.write(MESSAGE)
        assert await closed_by_peer(reader)
        writer.transport.abort()
        streams[1].write(MESSAGE)
        assert (await inbox.messages.get())[0] == MESSAGE
        ((peer, why),) = told
        assert peer == writer.get_extra_info("sockname")
        assert isinstance(why, ssl.SSLError)


async def test_a_handshake_that_is_not_finished_is_broken_off(tls: Tls) -> None:
    impatient = replace(tls, handshake_s=0.05)
    async with listening(tls=impatient) as (transport, _):
        reader, writer = await asyncio.open_connection(*transport.local)
        writer.write(b"\x16\x03\x01\x02\x00")
        assert await closed_by_peer(reader)
        writer.transport.abort()


async def test_so_many_may_dawdle_and_the_next_is_turned_away(tls: Tls) -> None:
    told: list[str] = []
    narrow = replace(
        tls, handshakes=3, handshakes_per_host=2, told=lambda peer, why: told.append(str(why))
    )
    async with listening(tls=narrow) as (transport, inbox):
        dawdlers = [await asyncio.open_connection(*transport.local) for _ in range(2)]
        reader, third = await asyncio.open_connection(*transport.local)
        assert await closed_by_peer(reader)
        assert told == ["too many handshakes at once"]
        for _, writer in dawdlers:
            writer.transport.abort()
        third.transport.abort()
        await come_true(lambda: not door_of(transport)._per_host)
        async with connected(transport, tls.client) as (_, writer):
            writer.write(MESSAGE)
            assert (await inbox.messages.get())[0] == MESSAGE


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
async def test_an_old_version_is_refused(tls: Tls) -> None:
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    async with listening(tls=tls) as (transport, _):
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await asyncio.open_connection(*transport.local, ssl=old)


async def test_closing_breaks_handshakes_off(tls: Tls) -> None:
    async with listening(tls=tls) as (transport, _):
        reader, writer = await asyncio.open_connection(*transport.local)
        await come_true(lambda: bool(door_of(transport)._greeting))
    assert await closed_by_peer(reader)
    writer.transport.abort()


async def test_a_process_without_descriptors_lets_peers_wait(
    tls: Tls, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with listening(tls=tls) as (transport, inbox):
        door = door_of(transport)

        class Empty:
            def __init__(self, real: socket.socket) -> None:
                self.real, self.tried = real, asyncio.Event()

            def accept(self) -> tuple[socket.socket, tuple[str, int]]:
                self.tried.set()
                raise OSError(24, "Too many open files")

            def fileno(self) -> int:
                return self.real.fileno()

        real = door._listener
        empty = Empty(real)
        monkeypatch.setattr(door, "_listener", empty)
        _, writer = await asyncio.open_connection(*transport.local)
        await empty.tried.wait()
        assert door._shut is not None
        monkeypatch.setattr(door, "_listener", real)
        door._shut.cancel()
        door._unlock()
        writer.transport.abort()
        async with connected(transport, tls.client) as (_, second):
            second.write(MESSAGE)
            assert (await inbox.messages.get())[0] == MESSAGE


async def test_a_connection_is_opened_to_a_peer_that_proves_who_it_is(tls: Tls) -> None:
    async with listening(tls=tls) as (transport, inbox), listening(tls=tls) as (far, far_inbox):
        flow = Flow("TLS", transport.local, far.local)
        transport.send(flow, MESSAGE)
        _, seen = await far_inbox.messages.get()
        far.send(seen, MESSAGE)
        assert (await inbox.messages.get())[0] == MESSAGE


async def test_a_peer_whose_certificate_names_another_is_not_spoken_to(
    tls: Tls, tmp_path: Path
) -> None:
    renew(tmp_path, ("192.0.2.1",), clock.wall())
    other = contexts(tmp_path / "server.pem", tmp_path / "server.key")
    trusting = contexts(tmp_path / "server.pem", tmp_path / "server.key", tmp_path / "ca.pem")
    async with (
        listening(tls=trusting) as (transport, inbox),
        listening(tls=other) as (far, far_inbox),
    ):
        flow = Flow("TLS", transport.local, far.local)
        transport.send(flow, MESSAGE)
        assert await inbox.ended.get() == flow
        assert far_inbox.messages.empty()
