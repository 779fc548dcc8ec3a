"""The UDP socket on a real loopback: it delivers, and nothing makes it deaf."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Iterator

import pytest
import uvloop

from ivr.net.socket_options import age_of_last, note_arrivals, says_unreachable
from ivr.net.transport import family_of
from ivr.net.udp import UdpTransport
from ivr.sip.events import Flow
from tests.contract.leg_contract import eventually


class Inbox:
    """Keeps what a transport delivers."""

    def __init__(self) -> None:
        self.messages: asyncio.Queue[tuple[bytes, Flow]] = asyncio.Queue()
        self.undelivered: list[tuple[Flow, OSError]] = []
        self.refusals: list[tuple[bytes, Flow]] = []

    def received(self, data: bytes, flow: Flow) -> None:
        self.messages.put_nowait((data, flow))

    def lost(self, flow: Flow) -> None:
        raise AssertionError("a datagram socket has no connections to lose")

    def unframed(self, why: str, flow: Flow, status: int | None) -> None:
        raise AssertionError("a datagram is framed by itself")

    def undeliverable(self, flow: Flow, error: OSError) -> None:
        self.undelivered.append((flow, error))

    def refused(self, quoted: bytes, flow: Flow) -> None:
        self.refusals.append((quoted, flow))


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


@pytest.fixture
async def hearing(inbox: Inbox, host: str) -> AsyncIterator[UdpTransport]:
    transport = UdpTransport(inbox, inbox.undeliverable, inbox.refused)
    await transport.listen(host, 0)
    yield transport
    await transport.close()


@pytest.fixture
def nobody(hearing: UdpTransport, host: str) -> Flow:
    """The way to a port that is closed."""
    with socket.socket(family_of(host), socket.SOCK_DGRAM) as gone:
        gone.bind((host, 0))
        return Flow("UDP", hearing.local, gone.getsockname()[:2])


async def test_a_closed_port_is_told_with_what_was_sent_there(
    hearing: UdpTransport, inbox: Inbox, nobody: Flow
) -> None:
    hearing.send(nobody, b"anybody?")
    await eventually(lambda: inbox.refusals == [(b"anybody?", nobody)])
    assert inbox.undelivered == []


@pytest.mark.parametrize("others", [0, 1, 3])
def test_closed_ports_deafen_nobody_on_uvloop(host: str, others: int) -> None:
    """uvloop gives a socket up that reports an error, whoever met it: the reader or a sender."""

    async def talk() -> None:
        inbox, family = Inbox(), family_of(host)
        hearing = UdpTransport(inbox, inbox.undeliverable, inbox.refused)
        await hearing.listen(host, 0)
        with socket.socket(family, socket.SOCK_DGRAM) as gone:
            gone.bind((host, 0))
            nobody = Flow("UDP", hearing.local, gone.getsockname()[:2])
        with socket.socket(family, socket.SOCK_DGRAM) as peer:
            peer.bind((host, 0))
            there = Flow("UDP", hearing.local, peer.getsockname()[:2])
            for number in range(20):
                hearing.send(nobody, b"anybody?")
                for _ in range(others):
                    asyncio.get_running_loop().call_soon(hearing.send, there, b"hello")
                    await asyncio.sleep(0)
                peer.sendto(b"%d" % number, hearing.local)
                async with asyncio.timeout(10):
                    assert (await inbox.messages.get())[0] == b"%d" % number
            # The kernel sends so many ICMP errors a second and no more.
            await eventually(lambda: bool(inbox.refusals))
        await hearing.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(talk())


async def test_what_follows_to_others_is_sent_all_the_same(
    hearing: UdpTransport, inbox: Inbox, nobody: Flow, peer: socket.socket
) -> None:
    """The error of an earlier datagram is told at the next one's sending, and is not its own."""
    there = Flow("UDP", hearing.local, peer.getsockname()[:2])
    for number in range(3):
        hearing.send(nobody, b"anybody?")
        hearing.send(there, b"hello %d" % number)
        assert peer.recv(100) == b"hello %d" % number
    await eventually(lambda: len(inbox.refusals) == 3)
    assert inbox.undelivered == []


@pytest.mark.parametrize(
    ("origin", "kind", "code", "unreachable"),
    [
        (2, 3, 3, True),  # port
        (2, 3, 1, True),  # host
        (2, 3, 4, False),  # too big for the way
        (2, 11, 0, False),  # lived too long
        (3, 1, 4, True),  # port, IPv6
        (3, 2, 0, False),
        (3, 3, 0, False),
        (1, 0, 0, False),  # an error of our own host's
    ],
)
def test_only_what_cannot_be_reached_counts(
    origin: int, kind: int, code: int, unreachable: bool
) -> None:
    """RFC 3261 §18.4."""
    error = struct.pack("=IBBBBII", 111, origin, kind, code, 0, 0, 0)
    assert says_unreachable([(0, 0, b"x"), (0, 11, error)]) is unreachable


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
