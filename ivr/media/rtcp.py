"""RTCP compounds: what we report and what we read of a peer's reports (RFC 3550 §6)."""

from dataclasses import dataclass
from struct import Struct
from typing import NamedTuple

SENDER_REPORT, RECEIVER_REPORT, SOURCE_DESCRIPTION, GOODBYE = 200, 201, 202, 203
INTERVAL_S = 5.0
"""The least time between two reports (RFC 3550 §6.2)."""

_HEADER = Struct("!BBHI")
_SENDER = Struct("!IIIII")
_BLOCK = Struct("!IIIIII")
_VERSION = 0x80
_CNAME = 1
_LOST_MOST, _LOST_LEAST = 0x7FFFFF, -0x800000


class Sent(NamedTuple):
    """What we sent until `now`, any clock in seconds; `timestamp` is the RTP one at `now`."""

    now: float
    timestamp: int
    packets: int
    octets: int


class Block(NamedTuple):
    """A report block (RFC 3550 §6.4.1); `lost_share` of the last interval in 1/256.

    `jitter` is in samples; `last_report` and `delay` in 1/65536 s, 0 when none was received.
    """

    ssrc: int
    lost_share: int
    lost: int
    highest: int
    jitter: int
    last_report: int
    delay: int


@dataclass(frozen=True, slots=True)
class Heard:
    """What a compound said: its sender's SSRC, the middle of its NTP time, its blocks, a BYE."""

    ssrc: int
    last_report: int
    blocks: tuple[Block, ...]
    goodbye: bool


def ntp(now: float) -> int:
    """Seconds as a 64-bit NTP number (RFC 3550 §4); any clock will do that only we compare."""
    return int(now * (1 << 32)) & 0xFFFFFFFFFFFFFFFF


def report(ssrc: int, cname: str, sent: Sent, blocks: tuple[Block, ...] = ()) -> bytes:
    """A sender report, or a receiver report while nothing was sent, with the SDES CNAME.

    RFC 3550 §6.1, §6.4, §6.5.1.
    """
    if not sent.packets:
        reports = b"".join(map(_pack_block, blocks))
        return _chunk(RECEIVER_REPORT, len(blocks), ssrc, reports) + _description(ssrc, cname)
    time = ntp(sent.now)
    body = _SENDER.pack(
        time >> 32,
        time & 0xFFFFFFFF,
        sent.timestamp & 0xFFFFFFFF,
        sent.packets & 0xFFFFFFFF,
        sent.octets & 0xFFFFFFFF,
    )
    body += b"".join(map(_pack_block, blocks))
    return _chunk(SENDER_REPORT, len(blocks), ssrc, body) + _description(ssrc, cname)


def goodbye(ssrc: int, cname: str) -> bytes:
    """An empty receiver report, the CNAME and BYE (RFC 3550 §6.6)."""
    empty = _chunk(RECEIVER_REPORT, 0, ssrc, b"")
    return empty + _description(ssrc, cname) + _chunk(GOODBYE, 1, ssrc, b"")


def parse(datagram: bytes) -> Heard | None:
    """Read a compound, or answer `None` when it is not valid (RFC 3550 A.2)."""
    chunks = _chunks(datagram)
    if not chunks or chunks[0].kind not in (SENDER_REPORT, RECEIVER_REPORT):
        return None
    last_report, blocks = 0, list[Block]()
    for kind, items, _, body in chunks:
        if kind == SENDER_REPORT:
            if len(body) < _SENDER.size:
                return None
            last_report = int.from_bytes(body[2:6], "big")
            blocks += _blocks(body[_SENDER.size :], items)
        elif kind == RECEIVER_REPORT:
            blocks += _blocks(body, items)
    parting = any(chunk.kind == GOODBYE for chunk in chunks)
    return Heard(chunks[0].ssrc, last_report, tuple(blocks), parting)


class _Chunk(NamedTuple):
    kind: int
    items: int
    ssrc: int
    body: bytes


def _chunks(datagram: bytes) -> list[_Chunk] | None:
    """The packets of a compound; `None` when their lengths do not add up to it."""
    chunks, at = [], 0
    while at + _HEADER.size <= len(datagram):
        first, kind, words, ssrc = _HEADER.unpack_from(datagram, at)
        end = at + 4 * (words + 1)
        if first & 0xC0 != _VERSION or end > len(datagram) or not words:
            return None
        chunks.append(_Chunk(kind, first & 0x1F, ssrc, datagram[at + _HEADER.size : end]))
        at = end
    return chunks if at == len(datagram) else None


def _chunk(kind: int, count: int, ssrc: int, body: bytes) -> bytes:
    return _HEADER.pack(_VERSION | count, kind, 1 + len(body) // 4, ssrc) + body


def _description(ssrc: int, cname: str) -> bytes:
    name = cname.encode()[:255]
    items = bytes([_CNAME, len(name)]) + name
    return _chunk(SOURCE_DESCRIPTION, 1, ssrc, items + bytes(4 - len(items) % 4))


def _pack_block(block: Block) -> bytes:
    lost = max(_LOST_LEAST, min(block.lost, _LOST_MOST)) & 0xFFFFFF
    return _BLOCK.pack(
        block.ssrc,
        (block.lost_share & 0xFF) << 24 | lost,
        block.highest & 0xFFFFFFFF,
        block.jitter & 0xFFFFFFFF,
        block.last_report & 0xFFFFFFFF,
        block.delay & 0xFFFFFFFF,
    )


def _blocks(body: bytes, count: int) -> list[Block]:
    blocks = []
    for at in range(0, min(count * _BLOCK.size, len(body) - _BLOCK.size + 1), _BLOCK.size):
        ssrc, losses, highest, jitter, last_report, delay = _BLOCK.unpack_from(body, at)
        lost = ((losses & 0xFFFFFF) + 0x800000 & 0xFFFFFF) - 0x800000
        blocks.append(Block(ssrc, losses >> 24, lost, highest, jitter, last_report, delay))
    return blocks
