"""The UDP socket on a real loopback: it delivers, and nothing makes it deaf."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator

import pytest

from ivr.net.socket_options import age_of_last, note_arrivals
from ivr.net.transport import family_of
from ivr.net.udp import UdpTransport
from ivr.sip.events import Flow
from tests.contract.leg_contract import eventually


class Inbox:
    """Keeps what a transport delivers."""

    def __init__(self) -> None:
        self.messages: asyncio.Queue[tuple[bytes, Flow]] = asyncio.Queue()
        self.undelivered: list[tuple[Flow, OSError]] = []

    def received(self, data: bytes, flow: Flow) -> None:
        self.messages.put_nowait((data, flow))

    def lost(self, flow: Flow) -> None:
        raise AssertionError("a datagram socket has no connections to lose")

    def unframed(self, why: str, flow: Flow, status: int | None) -> None:
        raise AssertionError("a datagram is framed by itself")

    def undeliverable(self, flow: Flow, error: OSError) -> None:
        self.undelivered.append((flow, error))


@pytest.fixture(params=["127.0.0.1", "::1"])
def host(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
async def transport(inbox: Inbox, host: str) -> AsyncIterator[UdpTransport]:
    transport = UdpTransport(inbox, inbox.undeliverable)
    await transport.listen(host, 0)
    yield transport
    await transport.close()


@pytest.fixture
def peer(host: str) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as peer:
        peer.bind((host, 0))
        peer.settimeout(10)
        yield peer


async def test_a_datagram_comes_with_its_flow_and_an_answer_goes_back(
    transport: UdpTransport, inbox: Inbox, peer: socket.socket
) -> None:
    peer.sendto(b"ping", transport.local)
    data, flow = await inbox.messages.get()
    assert (data, flow.peer, flow.reliable) == (b"ping", peer.getsockname()[:2], False)
    transport.send(flow, b"pong")
    assert peer.recv(100) == b"pong"


@pytest.mark.parametrize("port", [70000, -1, 0])
async def test_no_destination_makes_it_deaf(
    transport: UdpTransport, inbox: Inbox, peer: socket.socket, host: str, port: int
) -> None:
    transport.send(Flow("UDP", transport.local, (host, port)), b"lost")
    assert [flow.peer[1] for flow, _ in inbox.undelivered] == [port]
    peer.sendto(b"still there?", transport.local)
    assert (await inbox.messages.get())[0] == b"still there?"


async def test_a_closed_port_does_not_stop_it(
    transport: UdpTransport, inbox: Inbox, peer: socket.socket, host: str
) -> None:
    with socket.socket(peer.family, socket.SOCK_DGRAM) as gone:
        gone.bind((host, 0))
        nobody = gone.getsockname()[:2]
    for _ in range(5):
        transport.send(Flow("UDP", transport.local, nobody), b"anybody?")
    peer.sendto(b"hello", transport.local)
    assert (await inbox.messages.get())[0] == b"hello"


async def test_a_phone_hears_that_a_port_is_closed(inbox: Inbox, host: str) -> None:
    transport = UdpTransport(inbox, inbox.undeliverable, hear_refusals=True)
    await transport.listen(host, 0)
    with socket.socket(family_of(host), socket.SOCK_DGRAM) as gone:
        gone.bind((host, 0))
        nobody = Flow("UDP", transport.local, gone.getsockname()[:2])
    transport.send(nobody, b"anybody?")
    await eventually(lambda: [flow for flow, _ in inbox.undelivered] == [nobody])
    with socket.socket(family_of(host), socket.SOCK_DGRAM) as peer:
        peer.bind((host, 0))
        peer.settimeout(10)
        transport.send(nobody, b"anybody now?")
        transport.send(Flow("UDP", transport.local, peer.getsockname()[:2]), b"hello")
        await asyncio.sleep(0)
        received = await asyncio.to_thread(peer.recv, 100)
    assert received == b"hello"
    await transport.close()


async def test_a_taken_port_is_refused(transport: UdpTransport, inbox: Inbox, host: str) -> None:
    second = UdpTransport(inbox, inbox.undeliverable)
    with pytest.raises(OSError, match="in use"):
        await second.listen(host, transport.local[1])


class Notes:
    """Works 1/64 s on every message, and notes whether its transport is late."""

    def __init__(self) -> None:
        self.now = 100.0
        self.late: list[bool] = []
        self.transport: UdpTransport | None = None

    def received(self, data: bytes, flow: Flow) -> None:
        self.now += 1 / 64
        if self.transport is not None:
            self.late.append(self.transport.late())

    def lost(self, flow: Flow) -> None:
        raise AssertionError("a datagram socket has no connections to lose")

    def unframed(self, why: str, flow: Flow, status: int | None) -> None:
        raise AssertionError("a datagram is framed by itself")


@pytest.mark.parametrize(
    ("age_s", "count", "late"),
    [
        (9.0, 64, 0),  # all were read
        (9.0, 95, 0),  # found late after 64, and for less than half a second
        (9.0, 100, 5),
        (9.0, 128, 33),
        (9.0, 200, 105),
        (0.25, 200, 0),
    ],
)
async def test_it_is_late_when_all_waits_too_long_for_long(
    peer: socket.socket, host: str, age_s: float, count: int, late: int
) -> None:
    notes = Notes()
    transport = UdpTransport(
        notes,
        lambda flow, error: None,
        late_after_s=0.25,
        age=lambda read: age_s,
        now=lambda: notes.now,
    )
    notes.transport = transport
    await transport.listen(host, 0)
    for _ in range(count):
        peer.sendto(b"x", transport.local)
    await eventually(lambda: len(notes.late) == count)
    assert notes.late == [False] * (count - late) + [True] * late
    await eventually(lambda: not transport.late())
    await transport.close()


def test_the_kernel_tells_the_age_of_what_was_read(peer: socket.socket) -> None:
    assert age_of_last(peer) < 10
    note_arrivals(peer)
    peer.sendto(b"x", peer.getsockname())
    peer.recv(1)
    first = age_of_last(peer)
    assert 0 < first < 10
    assert first < age_of_last(peer) < 10


async def test_more_peers_than_it_remembers_are_each_answered(
    transport: UdpTransport, inbox: Inbox, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ivr.net.udp._KNOWN_PEERS", 2)
    family = family_of(host)
    peers = [socket.socket(family, socket.SOCK_DGRAM) for _ in range(5)]
    for turn in range(2):
        for peer in peers:
            peer.sendto(b"%d" % turn, transport.local)
            _, flow = await asyncio.wait_for(inbox.messages.get(), 10)
            assert flow.peer == (host, peer.getsockname()[1])
    for peer in peers:
        peer.close()
