"""Write SIP messages as a packet capture that Wireshark and tshark decode.

The carrier sees messages, not packets, so the headers around them are made up: IPv4 or
IPv6, then UDP, or TCP with running sequence numbers. Link type 101 (LINKTYPE_RAW): a packet
begins with its IP header. File format: draft-ietf-opsawg-pcap.
"""

import ipaddress
import struct
from typing import BinaryIO

Address = tuple[str, int]

MAGIC_NANOSECONDS = 0xA1B23C4D
LINKTYPE_RAW = 101
SNAP_LENGTH = 262_144
UDP, TCP = 17, 6
TCP_SEGMENT_BYTES = 32_768
PSH_ACK = 0x18


class PcapWriter:
    """Appends messages to a file; each is flushed, so that a reader may follow."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._sent: dict[tuple[Address, Address], int] = {}
        header = struct.pack("!IHHiIII", MAGIC_NANOSECONDS, 2, 4, 0, 0, SNAP_LENGTH, LINKTYPE_RAW)
        out.write(header)
        out.flush()

    def write(
        self, at: float, transport: str, source: Address, target: Address, data: bytes
    ) -> None:
        """One message at `at` (UTC epoch seconds); `transport` is UDP, or a stream over TCP."""
        if transport == "UDP":
            self._packet(at, source, target, UDP, udp(source, target, data))
            return
        for start in range(0, len(data), TCP_SEGMENT_BYTES):
            self._segment(at, source, target, data[start : start + TCP_SEGMENT_BYTES])

    def _segment(self, at: float, source: Address, target: Address, data: bytes) -> None:
        sequence = self._sent.get((source, target), 1)
        acknowledged = self._sent.get((target, source), 1)
        self._sent[source, target] = (sequence + len(data)) % 2**32
        payload = tcp(source, target, data, sequence, acknowledged)
        self._packet(at, source, target, TCP, payload)

    def _packet(
        self, at: float, source: Address, target: Address, protocol: int, payload: bytes
    ) -> None:
        packet = ip(source[0], target[0], protocol, payload)
        seconds, nanoseconds = divmod(round(at * 1_000_000_000), 1_000_000_000)
        size = len(packet)
        self._out.write(struct.pack("!IIII", seconds, nanoseconds, size, size) + packet)
        self._out.flush()


def ip(source: str, target: str, protocol: int, payload: bytes) -> bytes:
    """An IPv4 (RFC 791 §3.1) or IPv6 (RFC 8200 §3) packet."""
    pair = _packed(source) + _packed(target)
    if len(pair) == 32:
        return struct.pack("!IHBB", 6 << 28, len(payload), protocol, 64) + pair + payload
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 0, 0x4000, 64, protocol, 0) + pair
    return head[:10] + checksum(head).to_bytes(2, "big") + head[12:] + payload


def udp(source: Address, target: Address, data: bytes) -> bytes:
    """A UDP datagram (RFC 768); a checksum of zero is sent as all ones."""
    head = struct.pack("!HHHH", source[1], target[1], 8 + len(data), 0)
    total = checksum(_pseudo(source[0], target[0], UDP, 8 + len(data)) + head + data) or 0xFFFF
    return head[:6] + total.to_bytes(2, "big") + data


def tcp(source: Address, target: Address, data: bytes, sequence: int, acknowledged: int) -> bytes:
    """A TCP segment with PSH and ACK (RFC 9293 §3.1)."""
    ports = (source[1], target[1])
    head = struct.pack("!HHIIBBHHH", *ports, sequence, acknowledged, 5 << 4, PSH_ACK, 65535, 0, 0)
    total = checksum(_pseudo(source[0], target[0], TCP, 20 + len(data)) + head + data)
    return head[:16] + total.to_bytes(2, "big") + head[18:] + data


def checksum(data: bytes) -> int:
    """The internet checksum: ones' complement of the ones' complement sum (RFC 1071 §1)."""
    if len(data) % 2:
        data += b"\x00"
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _pseudo(source: str, target: str, protocol: int, length: int) -> bytes:
    pair = _packed(source) + _packed(target)
    if len(pair) == 32:
        return pair + struct.pack("!II", length, protocol)
    return pair + struct.pack("!BBH", 0, protocol, length)


def _packed(host: str) -> bytes:
    """The address's octets; an IPv4 address mapped into IPv6 counts as IPv4."""
    address = ipaddress.ip_address(host.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return address.packed
