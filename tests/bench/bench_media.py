"""CPU and punctuality of playing streams: `python -m tests.bench.bench_media [streams ...]`.

The engine plays in this process, whose CPU time is counted; another process receives and takes
each packet's arrival from the kernel's own time stamp. A packet's lateness is its distance from its
stream's even 20 ms schedule, laid through the stream's earliest packet.
"""

import asyncio
import gc
import select
import socket
import struct
import time
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import NamedTuple

import numpy as np
import uvloop

from ivr.media.rtp import Packet, build
from ivr.media.tones import tone
from ivr.net.media_engine import MediaEngine, RtpPorts
from tests.bench.packets import Table

LOW, HIGH = 20000, 31999
EARS = 64
SO_TIMESTAMPNS = 35
SO_RCVBUFFORCE = 33
SETTLE_S = 1.0
DRAIN_EVERY_S = 0.01
LIFE_TURNS = 40


class Figures(NamedTuple):
    """One run: CPU in ms a stream-second, lateness in ms, frames skipped or lost on the way.

    `bare_ms` is what the machine takes for the same packets without an engine.
    """

    streams: int
    cpu_ms: float
    bare_ms: float
    core_percent: float
    p50_ms: float
    p99_ms: float
    worst_ms: float
    lost: int


def listen(pipe: Connection) -> None:
    """The receiving process: tells its ports, locks every leg, then answers all arrivals."""
    ears = [_ear() for _ in range(EARS)]
    pipe.send([ear.getsockname()[1] for ear in ears])
    legs: list[int] = pipe.recv()
    for number in range(len(legs)):
        _live(ears, legs, number, 0)
    pipe.send("locked")
    arrivals: list[tuple[int, int, int]] = []
    # Drained by the clock: waking this process for each packet would be paid by the sender,
    # as it is not when the phones are other machines.
    turn = 0
    while not pipe.poll(DRAIN_EVERY_S):
        turn += 1
        for number in range(turn % LIFE_TURNS, len(legs), LIFE_TURNS):
            _live(ears, legs, number, turn // LIFE_TURNS)
        for ear in ears:
            _drain(ear, arrivals)
    pipe.recv()
    pipe.send(np.array(arrivals, dtype=np.int64))


def _live(ears: list[socket.socket], legs: list[int], number: int, beat: int) -> None:
    """A sign of life: a packet of audio, as a phone's microphone sends them."""
    sequence = beat + 1 & 0xFFFF
    packet = Packet(False, 0, sequence, 160 * sequence, number, bytes(160))
    ears[number % EARS].sendto(build(packet), ("127.0.0.1", legs[number]))


def _ear() -> socket.socket:
    ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    ear.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    ear.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    try:
        ear.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 22)
    except PermissionError:
        print("receive buffers stay small: packets may be lost in the receiving process")
    ear.bind(("127.0.0.1", 0))
    ear.setblocking(False)
    return ear


def _drain(ear: socket.socket, arrivals: list[tuple[int, int, int]]) -> None:
    while True:
        try:
            data, notes, _, _ = ear.recvmsg(64, 64)
        except BlockingIOError:
            return
        if data[1] & 0x7F:
            continue  # RTCP for the ear on the port below
        seconds, nanoseconds = struct.unpack("=qq", notes[0][2][:16])
        timestamp, ssrc = struct.unpack_from("!II", data, 4)
        arrivals.append((ssrc, timestamp, seconds * 1_000_000_000 + nanoseconds))


async def play(streams: int, seconds: float, pipe: Connection) -> tuple[float, int]:
    """Play on `streams` legs; answer CPU seconds and packets sent while measuring."""
    engine = MediaEngine(RtpPorts("127.0.0.1", LOW, HIGH))
    ears: list[int] = pipe.recv()
    legs = [engine.open() for _ in range(streams)]
    for number, leg in enumerate(legs):
        leg.connect(
            ("127.0.0.1", ears[number % EARS]),
            law="PCMU",
            payload_type=0,
            event_payload_type=101,
            detect_inband=False,
            can_send=False,
        )
    pipe.send([leg.port for leg in legs])
    pipe.recv()
    async with asyncio.timeout(30):
        while any(leg.facts().locked is None for leg in legs):  # noqa: ASYNC110 - sockets lock
            await asyncio.sleep(0.01)
    prompt = tone(400, 10.0)
    for number, leg in enumerate(legs):
        leg.connect(
            ("127.0.0.1", ears[number % EARS]),
            law="PCMU",
            payload_type=0,
            event_payload_type=101,
            detect_inband=False,
        )
        leg.play(prompt, loop=True)
    gc.collect()
    gc.freeze()
    await asyncio.sleep(SETTLE_S)
    begun, sent = time.process_time(), engine.stats().sent
    await asyncio.sleep(seconds)
    cpu, sent = time.process_time() - begun, engine.stats().sent - sent
    engine.close()
    return cpu, sent


def bare(streams: int, seconds: float) -> float:
    """CPU ms a stream-second of sending ready packets on as many sockets, and nothing else."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink:
        sink.bind(("127.0.0.1", 0))
        sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(streams)]
        for sock in sockets:
            sock.connect(sink.getsockname())
        packet, rounds = bytes(172), int(seconds * 50)
        begun = time.process_time()
        for turn in range(rounds * 4):
            for sock in sockets[turn % 4 :: 4]:
                sock.send(packet)
            select.select([], [], [], 0.005)
        cpu = time.process_time() - begun
        for sock in sockets:
            sock.close()
    return cpu * 1000 / (streams * rounds / 50)


def lateness_ms(
    arrivals: np.ndarray[tuple[int, int], np.dtype[np.int64]],
) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], int]:
    """Every packet's lateness, without each stream's first half second, and the frames missing."""
    late, lost = [], 0
    order = np.lexsort((arrivals[:, 2], arrivals[:, 0]))
    for stream in np.split(arrivals[order], np.flatnonzero(np.diff(arrivals[order][:, 0])) + 1):
        number = np.unwrap(stream[:, 1].astype(np.float64), period=2**32) / 160
        number -= number[0]
        lost += int(number[-1]) + 1 - len(number)
        away = stream[:, 2] / 1e6 - number * 20
        away = away[number >= 25]
        late.append(away - away.min())
    return np.concatenate(late), lost


def measure(streams: int, seconds: float) -> Figures:
    context = get_context("spawn")
    here, there = context.Pipe()
    ear = context.Process(target=listen, args=(there,))
    ear.start()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        cpu, sent = runner.run(play(streams, seconds, here))
    here.send("stop")
    late, lost = lateness_ms(here.recv())
    ear.join()
    gc.unfreeze()
    stream_seconds = sent / 50
    p50, p99 = np.percentile(late, [50, 99])
    return Figures(
        streams,
        cpu * 1000 / stream_seconds,
        bare(streams, min(seconds, 2.0)),
        100 * cpu / seconds,
        float(p50),
        float(p99),
        float(late.max()),
        lost,
    )


TABLE = Table(
    counted="streams",
    usual=[100, 500, 1000, 5000],
    sockets=2,
    cpu_target_ms=0.15,
    columns="CPU ms/stream-s  bare sends  % of a core  p50 ms  p99 ms  worst ms  lost",
)


def row(streams: int, seconds: float) -> str:
    """Measure and write one row."""
    figures = measure(streams, seconds)
    return (
        f"{figures.streams:7}  {figures.cpu_ms:15.3f}  {figures.bare_ms:10.3f}"
        f"  {figures.core_percent:11.1f}  {figures.p50_ms:6.2f}  {figures.p99_ms:6.2f}"
        f"  {figures.worst_ms:8.1f}  {figures.lost:4}"
        f"  {TABLE.verdict(figures.cpu_ms, figures.p99_ms)}"
    )


if __name__ == "__main__":
    TABLE.print(__doc__, row)
