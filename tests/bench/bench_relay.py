"""CPU and delay of relayed calls: `python -m tests.bench.bench_relay [calls ...]`.

The engine relays in this process, whose CPU time is counted; another process is both phones of
every call: it sends 50 packets a second each way and takes each arrival from the kernel's own time
stamp. A packet's delay is from just before the phone sends it until it reaches the other phone's
socket.
"""

import asyncio
import gc
import select
import socket
import struct
import time
from collections.abc import Callable
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import uvloop

from ivr.media.g711 import FRAME_SAMPLES
from ivr.media.rtp import HEADER, VERSION
from ivr.net.feed import DATAGRAM
from ivr.net.media_engine import MediaEngine, MediaLeg, RtpPorts
from tests.bench.packets import Table

LOW, HIGH = 20000, 31999
PHONES = 64
SO_TIMESTAMPNS = 35
SO_RCVBUFFORCE = 33
SETTLE_S = 1.5
LAST_S = 0.2
GROUPS = 20
"""The calls' packets are spread over as many milliseconds."""

_SENT_AT = struct.Struct("=q")
_REST = bytes(FRAME_SAMPLES - _SENT_AT.size)


class Figures(NamedTuple):
    """One run: CPU in ms a call-second, delays in ms, packets sent and lost.

    `bare_ms` is what the machine takes to receive and send the same packets, unread.
    """

    calls: int
    cpu_ms: float
    bare_ms: float
    core_percent: float
    p50_ms: float
    p99_ms: float
    worst_ms: float
    sent: int
    lost: int


class Phones:
    """Both phones of every call, on few sockets; each leg is one stream of ours by its number."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._sockets = [_socket() for _ in range(PHONES)]
        pipe.send([sock.getsockname()[1] for sock in self._sockets])
        ports: list[int] = pipe.recv()
        self._legs = [("127.0.0.1", port) for port in ports]
        self._round = 0
        self.sent = 0
        self.delays: list[int] = []

    def run(self) -> None:
        """Talk and listen until told to stop, counting from when told to."""
        start = time.monotonic()
        tick = 0
        while True:
            if self._pipe.poll(max(0.0, start + tick * 0.001 - time.monotonic())):
                if self._pipe.recv() == "stop":
                    break
                self.delays.clear()
                self.sent = 0
            self._talk(tick % GROUPS, tick // GROUPS)
            tick += 1
            if tick % 5 == 0:
                self._listen()
        self._pipe.poll(LAST_S)
        self._listen()
        self._pipe.send((self.sent, np.array(self.delays, dtype=np.int64)))

    def _talk(self, group: int, sequence: int) -> None:
        timestamp = sequence * FRAME_SAMPLES & 0xFFFFFFFF
        for number in range(group, len(self._legs), GROUPS):
            head = HEADER.pack(VERSION, 0, sequence & 0xFFFF, timestamp, number)
            packet = head + _SENT_AT.pack(time.time_ns()) + _REST
            self._sockets[number % PHONES].sendto(packet, self._legs[number])
            self.sent += 1

    def _listen(self) -> None:
        for sock in self._sockets:
            try:
                while True:
                    data, notes, _, _ = sock.recvmsg(64, 64)
                    (sent_at,) = _SENT_AT.unpack_from(data, HEADER.size)
                    if data[1] & 0x7F or sent_at < 0:
                        continue  # RTCP for the socket on the port below, or the leg's own silence
                    seconds, nanoseconds = struct.unpack("=qq", notes[0][2][:16])
                    self.delays.append(seconds * 1_000_000_000 + nanoseconds - sent_at)
            except BlockingIOError:
                continue


def _socket() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    try:
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 22)
    except PermissionError:
        print("receive buffers stay small: packets may be lost in the phones' process")
    sock.bind(("127.0.0.1", 0))
    sock.setblocking(False)
    return sock


def phones(pipe: Connection) -> None:
    """The other process."""
    Phones(pipe).run()


async def relay(calls: int, seconds: float, pipe: Connection) -> float:
    """Couple `calls` pairs of legs; answer the CPU seconds of this process while measuring."""
    engine = MediaEngine(RtpPorts("127.0.0.1", LOW, HIGH))
    ports: list[int] = pipe.recv()
    legs = [engine.open() for _ in range(2 * calls)]
    for number, leg in enumerate(legs):
        leg.connect(
            ("127.0.0.1", ports[number % PHONES]),
            law="PCMU",
            payload_type=0,
            event_payload_type=101,
            detect_inband=False,
        )
    for number in range(0, len(legs), 2):
        _couple(legs[number], legs[number + 1])
    pipe.send([leg.port for leg in legs])
    async with asyncio.timeout(30):
        while any(leg.facts().locked is None for leg in legs):  # noqa: ASYNC110 - sockets lock
            await asyncio.sleep(0.05)
    gc.collect()
    gc.freeze()
    await asyncio.sleep(SETTLE_S)
    pipe.send("count")
    begun = time.process_time()
    await asyncio.sleep(seconds)
    cpu = time.process_time() - begun
    pipe.send("stop")
    await asyncio.sleep(0.1)
    engine.close()
    return cpu


def _couple(one: MediaLeg, other: MediaLeg) -> None:
    one.relay_to(other)
    other.relay_to(one)


def bare(calls: int, seconds: float, pipe: Connection) -> float:
    """Pass every packet on as it is, by one loop around three system calls."""
    ears: list[int] = pipe.recv()
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2 * calls)]
    poll = select.epoll()
    ways: dict[int, tuple[Callable[[int], bytes], Callable[[bytes], int]]] = {}
    for number, sock in enumerate(sockets):
        sock.bind(("127.0.0.1", 0))
        sock.connect(("127.0.0.1", ears[number % PHONES]))
        ways[sock.fileno()] = sock.recv, sockets[number ^ 1].send
        poll.register(sock.fileno(), select.EPOLLIN)

    def run(duration_s: float) -> float:
        end, begun = time.monotonic() + duration_s, time.process_time()
        while time.monotonic() < end:
            for number, _ in poll.poll(0.1, 256):
                receive, send = ways[number]
                send(receive(DATAGRAM))
        return time.process_time() - begun

    pipe.send([sock.getsockname()[1] for sock in sockets])
    run(SETTLE_S)
    pipe.send("count")
    cpu = run(seconds)
    pipe.send("stop")
    poll.close()
    for sock in sockets:
        sock.close()
    return cpu


class Talk(NamedTuple):
    """What the phones saw while `cpu_s` were spent between them; delays in ns."""

    cpu_s: float
    sent: int
    delays: npt.NDArray[np.int64]

    @property
    def cpu_ms(self) -> float:
        """CPU ms a call-second: a call is 100 packets a second."""
        return self.cpu_s * 1000 / (self.sent / 100)


def talk(between: Callable[[Connection], float]) -> Talk:
    """Let the other process talk through `between`."""
    context = get_context("spawn")
    here, there = context.Pipe()
    other = context.Process(target=phones, args=(there,))
    other.start()
    cpu = between(here)
    sent: int
    delays: npt.NDArray[np.int64]
    sent, delays = here.recv()
    other.join()
    return Talk(cpu, sent, delays)


def relayed(calls: int, seconds: float, pipe: Connection) -> float:
    """Relay by an engine in a loop of its own."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        cpu = runner.run(relay(calls, seconds, pipe))
    gc.unfreeze()
    return cpu


def measure(calls: int, seconds: float) -> Figures:
    ours = talk(partial(relayed, calls, seconds))
    least = talk(partial(bare, calls, min(seconds, 2.0)))
    p50, p99 = np.percentile(ours.delays, [50, 99]) / 1e6
    return Figures(
        calls,
        ours.cpu_ms,
        least.cpu_ms,
        100 * ours.cpu_s / seconds,
        float(p50),
        float(p99),
        float(ours.delays.max()) / 1e6,
        ours.sent,
        max(0, ours.sent - len(ours.delays)),
    )


TABLE = Table(
    counted="calls",
    usual=[50, 200, 500],
    sockets=4,
    cpu_target_ms=0.5,
    columns="CPU ms/call-s  bare passing  % of a core  p50 ms  p99 ms  worst ms    sent  lost",
)


def row(calls: int, seconds: float) -> str:
    """Measure and write one row."""
    figures = measure(calls, seconds)
    return (
        f"{figures.calls:5}  {figures.cpu_ms:13.3f}  {figures.bare_ms:12.3f}"
        f"  {figures.core_percent:11.1f}  {figures.p50_ms:6.2f}  {figures.p99_ms:6.2f}"
        f"  {figures.worst_ms:8.1f}  {figures.sent:6}  {figures.lost:4}"
        f"  {TABLE.verdict(figures.cpu_ms, figures.p99_ms)}"
    )


if __name__ == "__main__":
    TABLE.print(__doc__, row)
