"""A telephone's media for tests of the engine: a socket on the loopback interface, no task."""

import asyncio
import socket
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from ivr.media.dtmf import KEYS
from ivr.media.g711 import FRAME_SAMPLES
from ivr.media.rtp import Packet, build, parse
from ivr.net.media_engine import MediaLeg

PROMPT = b"\x11" * 160
EVENTS = 101
DEADLINE_S = 20.0


async def until(probe: Callable[[], bool], what: str) -> None:
    """Let the loop run until `probe` holds."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + DEADLINE_S
    while not probe():
        assert loop.time() < deadline, f"{what}: not within {DEADLINE_S:g} s"
        await asyncio.sleep(0.002)


class Phone:
    """Sends what it is told and keeps what it got."""

    def __init__(self, host: str = "127.0.0.1", ssrc: int = 77, port: int = 0) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.bind((host, port))
        self.socket.setblocking(False)
        self.address: tuple[str, int] = (host, self.socket.getsockname()[1])
        self.ssrc = ssrc
        self.sequence = 100
        self.timestamp = 5000
        self.got: list[Packet] = []
        self.to: tuple[str, int] = ("", 0)

    def say(self, payload: bytes, payload_type: int = 0) -> None:
        """Send one packet of audio."""
        self._send(payload, payload_type, self.timestamp)
        self.timestamp += FRAME_SAMPLES

    def press(self, key: str, payload_type: int = 101) -> None:
        """Send one key as a burst of events."""
        for end, duration in ((0, 160), (0, 320), (0x80, 480), (0x80, 480), (0x80, 480)):
            payload = bytes([KEYS.index(key), end | 10]) + duration.to_bytes(2, "big")
            self._send(payload, payload_type, self.timestamp)
        self.timestamp += 5 * FRAME_SAMPLES

    def listen(self) -> list[Packet]:
        """Take in what has arrived; answer all packets so far."""
        while True:
            try:
                packet = parse(self.socket.recv(2048))
            except (BlockingIOError, ConnectionRefusedError):
                return self.got
            assert packet is not None
            self.got.append(packet)

    def close(self) -> None:
        self.socket.close()

    def _send(self, payload: bytes, payload_type: int, timestamp: int) -> None:
        packet = Packet(False, payload_type, self.sequence, timestamp, self.ssrc, payload)
        self.socket.sendto(build(packet), self.to)
        self.sequence = (self.sequence + 1) & 0xFFFF


def join(leg: MediaLeg, phone: Phone, **how: Any) -> None:
    """Connect the two as offer and answer would; the phone says a first word."""
    host = phone.address[0]
    phone.to = (host, leg.port)
    settled = {
        "law": "PCMU",
        "payload_type": 0,
        "event_payload_type": EVENTS,
        "detect_inband": False,
    }
    leg.connect(phone.address, **{**settled, **how})


async def locked(leg: MediaLeg, phone: Phone, **how: Any) -> None:
    join(leg, phone, **how)
    phone.say(PROMPT, how.get("payload_type", 0))
    await until(lambda: leg.facts().locked is not None, "the lock")


def prompt_in(packets: list[Packet]) -> int:
    return sum(packet.payload == PROMPT for packet in packets)


def left_out(packets: Sequence[Packet]) -> int:
    """How many frames are missing from a stream that is whole but for stalls of the machine.

    Those longer than is made up for leave frames out: the timestamp goes on by them, and a marker
    says so.
    """
    missed = 0
    for before, after in pairwise(packets):
        assert (after.sequence - before.sequence) & 0xFFFF == 1
        frames, rest = divmod((after.timestamp - before.timestamp) & 0xFFFFFFFF, 160)
        assert (rest, frames >= 1, frames == 1 or after.marker) == (0, True, True)
        missed += frames - 1
    return missed
