"""The sending half of a leg: where its packets go, and the one loop that sends them all."""

from collections.abc import Callable, Collection

from ivr.media.player import Stream
from ivr.media.source_lock import Address
from ivr.net.rtp_ports import PortPair
from ivr.net.socket_options import disconnect


def send_due(outs: Collection["RtpOut"], skipped: int) -> None:
    """Send this slot's packet of every stream, after `skipped` slots that passed unsent.

    The hottest loop of the process: two calls into C a packet, no method of ours, nothing counted
    that can be told afterwards. One peer's closed port must not cost the others their packet.
    """
    if skipped:
        for out in outs:
            out.stream.skip(skipped)
    for out in outs:
        try:
            out.send(out.next_packet())
        except BlockingIOError:
            out.unsent += 1
        except OSError:
            # An ICMP error of an earlier packet: the peer's port is closed, now or for good.
            out.refused += 1


def _nowhere(packet: bytes) -> int:
    """Take the packet of a slot in which nothing may be sent: the stream's time goes on."""
    return 0


class RtpOut:
    """A stream, its socket and the peer it is sent to.

    `unsent` packets found the socket's buffer full, `refused` ones the peer's port closed.
    """

    __slots__ = (
        "_allowed",
        "_ipv6",
        "_made_before",
        "_sent_before",
        "_socket",
        "connected",
        "next_packet",
        "refused",
        "remote",
        "send",
        "stream",
        "unsent",
    )

    def __init__(self, pair: PortPair, stream: Stream) -> None:
        self.stream = stream
        self.next_packet = stream.packets.__next__
        self.send: Callable[[bytes], int] = _nowhere
        self.unsent = self.refused = 0
        self.remote: Address | None = None
        self.connected = False
        self._socket, self._ipv6 = pair.rtp, pair.ipv6
        self._allowed = False
        self._made_before = self._sent_before = 0

    @property
    def sent(self) -> int:
        """How many packets left."""
        made = 0 if self.send is _nowhere else self.stream.made - self._made_before
        return self._sent_before + made - self.unsent - self.refused

    def allow(self, allowed: bool) -> None:
        """Say whether offer and answer let us send at all."""
        self._allowed = allowed
        self._aim()

    def to(self, remote: Address | None) -> None:
        """Send to `remote`, or nowhere."""
        self.remote = None if remote is None else self._spelled(remote)
        self._aim()

    def hold(self, remote: Address) -> bool:
        """Send to and hear only `remote`: the kernel keeps strangers out. Whether it does."""
        self.remote = self._spelled(remote)
        try:
            self._socket.connect(self.remote)
            self.connected = True
        except OSError:
            self.connected = False
        self._aim()
        return self.connected

    def release(self) -> bool:
        """Hear every source again; answer whether it is so."""
        if self.connected:
            try:
                disconnect(self._socket)
            except OSError:
                return False
            self.connected = False
            self._aim()
        return True

    def close(self) -> None:
        """Cut short what is under way and send nothing more."""
        self._count()
        self.send = _nowhere
        self.stream.close()

    def _aim(self) -> None:
        """Settle once how packets leave, for every slot to come."""
        self._count()
        sock, remote = self._socket, self.remote
        if remote is None or not self._allowed:
            self.send = _nowhere
        elif self.connected:
            self.send = sock.send
        else:
            self.send = lambda packet: sock.sendto(packet, remote)

    def _count(self) -> None:
        made = self.stream.made
        if self.send is not _nowhere:
            self._sent_before += made - self._made_before
        self._made_before = made

    def _spelled(self, address: Address) -> Address:
        """`address` as the socket takes it: IPv4-mapped where it is an IPv6 one."""
        host, port = address
        if self._ipv6 and ":" not in host:
            return f"::ffff:{host}", port
        return address
