"""One leg's RTCP: reports every five seconds, BYE at the end, and what the peer reports."""

import asyncio
import random
import secrets

from ivr.media.rtcp import INTERVAL_S, Block, Heard, Sent, goodbye, parse
from ivr.media.rtcp import report as compound
from ivr.media.rtp import Reception
from ivr.media.source_lock import Address, normal
from ivr.net.srtp import Wire

_DATAGRAM = 2048
_DRAIN = 8


class RtcpLink:
    """Reports to `peer`, once known, and reads reports that come from its host alone.

    Nothing is answered: a report goes out by the clock, so a stranger can draw none.
    `remote` is our last block in the peer's reports: what the peer lost of ours.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, sock: Wire, ssrc: int) -> None:
        self.peer: Address | None = None
        self.remote: Block | None = None
        self._loop = loop
        self._socket = sock
        self._ssrc = ssrc
        self._cname = secrets.token_urlsafe(12)
        self._due = loop.time() + INTERVAL_S * random.uniform(0.0, 0.5)
        self._last_report, self._last_report_at = 0, 0.0
        self._expected = self._received = 0
        loop.add_reader(sock.fileno(), self._readable)

    def aim(self, rtp: Address | None) -> None:
        """Report to the port above the peer's RTP (RFC 3550 §11); to nobody without one."""
        self.peer = (rtp[0], rtp[1] + 1) if rtp is not None and rtp[1] < 65535 else None

    def through(self, sock: Wire) -> None:
        """Report by `sock` from now on: the same socket, before which keys have changed."""
        self._socket = sock

    def due(self, now: float) -> bool:
        """Whether it is time for a report, and somebody to report to."""
        return now >= self._due and self.peer is not None

    def report(self, now: float, sent: Sent, reception: Reception) -> None:
        """Report, and be due half to one and a half intervals later (RFC 3550 §6.2)."""
        self._due = now + INTERVAL_S * random.uniform(0.5, 1.5)
        blocks = () if reception.ssrc is None else (self._block(reception, now),)
        self._send(compound(self._ssrc, self._cname, sent, blocks))

    def close(self) -> None:
        """Say BYE and stop listening."""
        self._loop.remove_reader(self._socket.fileno())
        if self.peer is not None:
            self._send(goodbye(self._ssrc, self._cname))

    def _block(self, reception: Reception, now: float) -> Block:
        expected, received = reception.expected, reception.received
        new, came = expected - self._expected, received - self._received
        self._expected, self._received = expected, received
        sampled = reception.sampled
        share = 0 if sampled or new <= 0 else max(0, min(255, (new - came) * 256 // new))
        delay = int((now - self._last_report_at) * 65536) if self._last_report else 0
        return Block(
            reception.ssrc or 0,
            share,
            reception.lost,
            reception.highest,
            int(reception.jitter),
            self._last_report,
            delay,
        )

    def _send(self, datagram: bytes) -> None:
        try:
            self._socket.sendto(datagram, self.peer or ("", 0))
        except OSError:
            return  # RTCP is a courtesy: RTP's own errors are counted where they matter

    def _readable(self) -> None:
        for _ in range(_DRAIN):
            try:
                datagram, source = self._socket.recvfrom(_DATAGRAM)
            except OSError:
                return
            heard = parse(datagram)
            if heard is not None and self.peer and normal(source[0]) == normal(self.peer[0]):
                self._take(heard)

    def _take(self, heard: Heard) -> None:
        if heard.last_report:
            self._last_report, self._last_report_at = heard.last_report, self._loop.time()
        for block in heard.blocks:
            if block.ssrc == self._ssrc:
                self.remote = block
