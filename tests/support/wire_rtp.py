"""A UDP socket that speaks RTP as plain bytes: sound, RFC 4733 events and nothing by itself."""

import re
import secrets
import select
import socket
from dataclasses import dataclass

from tests.support.ports import LOOPBACK

Address = tuple[str, int]

_SILENCE = b"\xff" * 160


@dataclass(frozen=True, slots=True)
class RtpPacket:
    """One RTP packet (RFC 3550 §5.1) as received."""

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes


class RtpEnd:
    """A UDP socket that speaks RTP, PCMU and RFC 4733 events."""

    def __init__(self, host: str = LOOPBACK) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host, 0))
        self.port = self.socket.getsockname()[1]
        self.peer: Address | None = None
        self.ssrc = secrets.randbits(32)
        self._sequence = secrets.randbits(15)
        self._timestamp = secrets.randbits(31)

    def peer_from(self, sdp: bytes) -> None:
        """Send to where an SDP says."""
        text = sdp.decode()
        host = re.search(r"c=IN IP4 (\S+)", text)
        port = re.search(r"m=audio (\d+)", text)
        assert host is not None, text
        assert port is not None, text
        self.peer = host[1], int(port[1])

    def send(self, payload: bytes, payload_type: int = 0, *, marker: bool = False) -> None:
        """One packet; audio moves the timestamp on by its samples."""
        assert self.peer is not None, "no answer, no peer"
        self.socket.sendto(self.pack(payload, payload_type, marker=marker), self.peer)
        if payload_type == 0:
            self._timestamp += len(payload)

    def pack(self, payload: bytes, payload_type: int, *, marker: bool = False) -> bytes:
        self._sequence += 1
        head = bytes([0x80, payload_type | (0x80 if marker else 0)])
        head += (self._sequence & 0xFFFF).to_bytes(2, "big")
        head += (self._timestamp & 0xFFFFFFFF).to_bytes(4, "big")
        return head + self.ssrc.to_bytes(4, "big") + payload

    def silence(self, packets: int = 1) -> None:
        for _ in range(packets):
            self.send(_SILENCE)

    def key(self, key: str, payload_type: int = 101) -> None:
        """One key as RFC 4733 events: start, middle, three ends, in one burst."""
        event = "0123456789*#ABCD".index(key)
        steps = [(0, 160), (0, 320), (1, 480), (1, 480), (1, 480)]
        for number, (end, duration) in enumerate(steps):
            payload = bytes([event, (end << 7) | 10]) + duration.to_bytes(2, "big")
            self.send(payload, payload_type, marker=number == 0)
        self._timestamp += 800

    def receive(self, timeout_s: float = 5.0) -> RtpPacket | None:
        """The next packet, or None when nothing came in time."""
        if not select.select([self.socket], [], [], timeout_s)[0]:
            return None
        data = self.socket.recv(2048)
        return RtpPacket(
            payload_type=data[1] & 0x7F,
            marker=bool(data[1] & 0x80),
            sequence=int.from_bytes(data[2:4], "big"),
            timestamp=int.from_bytes(data[4:8], "big"),
            ssrc=int.from_bytes(data[8:12], "big"),
            payload=data[12:],
        )

    def waiting(self) -> list[RtpPacket]:
        """The packets that are here already."""
        packets = []
        while (packet := self.receive(0)) is not None:
            packets.append(packet)
        return packets

    def close(self) -> None:
        self.socket.close()
