"""Pairs of UDP ports for RTP and RTCP (RFC 3550 §11): even, and odd above it."""

import errno
import ipaddress
import socket
from collections import deque
from collections.abc import Container
from typing import NamedTuple

from ivr.media.source_lock import Address, normal

RECEIVE_BUFFER = 64 * 1024
"""Three seconds of audio: what a recording may have to wait to be written."""
RELAYED_BUFFER = 8 * 1024
"""Under half a second: who hears it later hears all that follows later too."""
_TAKEN = (errno.EADDRINUSE, errno.EACCES)
_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class NoPortsLeft(Exception):
    """No pair of RTP ports is free: widen the range, or raise the limit of open files."""


class PortPair(NamedTuple):
    """Two bound, non-blocking sockets; `port` is the RTP one, `ipv6` what both are.

    `host` is what they are bound to; `own` are the ports there that nobody else can be at, these
    two included. `outward` are those of them whose sound goes to and comes from other carriers.
    """

    port: int
    rtp: socket.socket
    rtcp: socket.socket
    ipv6: bool
    host: str
    own: Container[int]
    outward: set[int]

    def keep(self, octets: int) -> None:
        """Say how much that was not read yet is kept (the kernel counts its own overhead too)."""
        self.rtp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, octets)

    def reaches(self, remote: Address) -> Address:
        """`remote`, its host in the usual form.

        Raises:
            ValueError: no IP address and port, or one of IPv6 that these sockets do not reach.
        """
        host, port = normal(remote[0]), remote[1]
        if not 0 < port < 65536:
            raise ValueError(f"RTP port {port} of {host}: 1 to 65535")
        if ":" in host and not self.ipv6:
            raise ValueError(f"RTP address {host}: this engine speaks IPv4")
        return host, port


class OwnPorts(Container[int]):
    """The ports of a range that are ours: open now, or free for a call to come.

    A softphone on this host may have one of the range: that is where it says it is.
    """

    def __init__(self, ports: "RtpPorts", bounds: range) -> None:
        self._ports = ports
        self._bounds = bounds

    def __contains__(self, port: object) -> bool:
        """Whether a peer that names this port on our host names one of ours."""
        if not isinstance(port, int) or port not in self._bounds:
            return False
        return self._ports.is_open(port) or self._ports.is_vacant(port)


class RtpPorts:
    """Even ports of `low`..`high` on `host`, handed out in the order they were given back.

    The longest unused port comes first, so that late packets of an old call find nobody.
    A port some other program holds is passed over.

    Raises:
        ValueError: `host` is no IP address, or the range holds no pair.
    """

    def __init__(self, host: str, low: int, high: int) -> None:
        first = low + low % 2
        if not 1 <= low <= high <= 65535 or first + 1 > high:
            raise ValueError(f"RTP ports {low}-{high}: give a range of at least one even-odd pair")
        self.host = host
        self.family = socket.AF_INET6 if ipaddress.ip_address(host).version == 6 else socket.AF_INET
        self._free = deque(range(first, high, 2))
        self._taken: set[int] = set()
        self._outward: set[int] = set()
        self._own = OwnPorts(self, range(first, high + 1))

    @property
    def free(self) -> int:
        """How many pairs are not handed out."""
        return len(self._free)

    def open(self) -> PortPair:
        """Bind the next free pair.

        Raises:
            NoPortsLeft: every port is taken, or the process may open no more sockets.
        """
        for _ in range(len(self._free)):
            port = self._free.popleft()
            try:
                return self._bind_pair(port)
            except OSError as error:
                self._free.append(port)
                if error.errno in _EXHAUSTED:
                    raise NoPortsLeft(f"no socket for RTP: {error.strerror}") from error
                if error.errno not in _TAKEN:
                    raise
        raise NoPortsLeft(f"no free pair of RTP ports on {self.host}")

    def close(self, pair: PortPair) -> None:
        """Close both sockets and put the port at the end of the queue."""
        pair.rtp.close()
        pair.rtcp.close()
        self._taken -= {pair.port, pair.port + 1}
        self._outward.discard(pair.port)
        self._free.append(pair.port)

    def _bind_pair(self, port: int) -> PortPair:
        rtp = self._bind(port)
        try:
            rtp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            rtcp = self._bind(port + 1)
        except OSError:
            rtp.close()
            raise
        self._taken |= {port, port + 1}
        ipv6 = self.family == socket.AF_INET6
        return PortPair(port, rtp, rtcp, ipv6, self.host, self._own, self._outward)

    def is_open(self, port: int) -> bool:
        """Whether a pair with it is handed out."""
        return port in self._taken

    def is_vacant(self, port: int) -> bool:
        """Whether nobody is at a port of ours: it could be bound now."""
        try:
            self._bind(port).close()
        except OSError:
            return False
        return True

    def _bind(self, port: int) -> socket.socket:
        sock = socket.socket(self.family, socket.SOCK_DGRAM)
        try:
            sock.setblocking(False)
            if self.family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            sock.bind((self.host, port))
        except OSError:
            sock.close()
            raise
        return sock
