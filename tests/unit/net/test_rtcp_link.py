"""RTCP of a leg on real sockets: reports by the clock, to and from the peer alone."""

import asyncio
import socket
from collections.abc import Iterator

import pytest

from ivr.media.rtcp import INTERVAL_S, Block, Heard, Sent, parse, report
from ivr.media.rtp import Packet, Reception
from ivr.net.rtcp_link import RtcpLink
from tests.unit.net.media_phone import until

SENT = Sent(0.0, 4000, 25, 4000)


@pytest.fixture
def sockets() -> Iterator[list[socket.socket]]:
    made = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(3)]
    for number, sock in enumerate(made, 1):
        sock.bind(("127.0.0.1" if number < 3 else "127.0.0.3", 0))
        sock.setblocking(False)
    yield made
    for sock in made:
        sock.close()


def compounds(sock: socket.socket) -> list[Heard | None]:
    heard = []
    while True:
        try:
            heard.append(parse(sock.recv(2048)))
        except BlockingIOError:
            return heard


async def test_reports_go_out_by_the_clock_and_bye_at_the_end(
    sockets: list[socket.socket],
) -> None:
    ours, peer, _ = sockets
    loop = asyncio.get_running_loop()
    link, reception = RtcpLink(loop, ours, 7), Reception()
    now = loop.time()
    assert not link.due(now + 100)
    link.peer = peer.getsockname()
    assert not link.due(now - 0.1)
    assert link.due(now + INTERVAL_S)
    for sequence in (1, 2, 4, 5):
        reception.note(Packet(False, 0, sequence, 160 * sequence, 99, b""), now)
    link.report(now + INTERVAL_S, SENT, reception)
    assert not link.due(now + INTERVAL_S)
    assert link.due(now + 2.5 * INTERVAL_S)
    link.close()
    first, last = compounds(peer)
    assert first is not None
    assert (first.ssrc, first.goodbye) == (7, False)
    assert (first.blocks[0].ssrc, first.blocks[0].lost) == (99, 1)
    assert first.blocks[0].lost_share == 256 // 5
    assert last == Heard(7, 0, (), goodbye=True)


async def test_the_peers_report_is_kept_and_a_strangers_is_not(
    sockets: list[socket.socket],
) -> None:
    ours, peer, stranger = sockets
    link = RtcpLink(asyncio.get_running_loop(), ours, 7)
    link.peer = peer.getsockname()
    true, false = Block(7, 5, 9, 1, 2, 3, 4), Block(7, 200, 99, 1, 2, 3, 4)
    stranger.sendto(report(1, "s", SENT, (false,)), ours.getsockname())
    peer.sendto(b"\x80\xc8 no RTCP", ours.getsockname())
    peer.sendto(report(2, "p", SENT, (false._replace(ssrc=8), true)), ours.getsockname())
    stranger.sendto(report(1, "s", SENT, (false,)), ours.getsockname())
    await until(lambda: link.remote is not None, "the peer's report")
    assert link.remote == true
    assert compounds(stranger) == []
    link.close()


async def test_the_peer_is_one_port_above_its_rtp(sockets: list[socket.socket]) -> None:
    link = RtcpLink(asyncio.get_running_loop(), sockets[0], 7)
    link.aim(("192.0.2.1", 4000))
    assert link.peer == ("192.0.2.1", 4001)
    link.aim(("192.0.2.1", 65535))
    assert link.peer is None
    link.aim(None)
    assert link.peer is None
    link.close()
