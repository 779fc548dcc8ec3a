"""The sending half of a leg: where its packets go, and the one loop that sends them all."""

from collections.abc import Callable

from ivr.media.chorus import Chorus, Voice
from ivr.media.player import Stream
from ivr.media.songbook import Songbook
from ivr.media.source_lock import Address
from ivr.net.ears import Ears
from ivr.net.rtp_ports import PortPair
from ivr.net.socket_options import disconnect
from ivr.net.srtp import Wire


class Phase:
    """The legs whose packets are due in the same tick; rows as in `chorus`."""

    __slots__ = ("chorus", "ears", "outs", "sends")

    def __init__(self, songbook: Songbook) -> None:
        self.chorus = Chorus(songbook)
        self.ears = Ears()
        self.outs: list[RtpOut] = []
        self.sends: list[Callable[[bytes], int]] = []

    def __len__(self) -> int:
        """How many streams are due; none of those that a relay speaks for."""
        return len(self.outs)

    def add(self, out: "RtpOut") -> Voice:
        """Take `out` in; it is sent for from the next tick on."""
        self.outs.append(out)
        self.sends.append(out.send)
        return self.chorus.add(out.stream)

    def remove(self, voice: Voice) -> None:
        """Let one go; the last one takes its row, as in the chorus."""
        row = voice.row
        self.chorus.remove(voice)
        self.outs[row], self.sends[row] = self.outs[-1], self.sends[-1]
        self.outs.pop()
        self.sends.pop()


def send_due(phase: Phase, skipped: int) -> None:
    """Send this slot's packet of every stream, after `skipped` slots that passed unsent.

    The hottest loop of the process: one call into C a packet, and nothing touched that belongs to
    one leg but its socket, since memory out of the cache is what a packet costs most beside the
    kernel. One peer's closed port must not cost the others their packet.
    """
    sends = phase.sends
    for row, packet in enumerate(phase.chorus.packets(skipped)):
        try:
            sends[row](packet)
        except OSError as error:
            phase.outs[row].failed(error)


def _nowhere(packet: bytes) -> int:
    """Take the packet of a slot in which nothing may be sent: the stream's time goes on."""
    return 0


class RtpOut:
    """A stream, its socket and the peer it is sent to.

    It takes part in its phase's ticks until a relay speaks for it. `unsent` packets found the
    socket's buffer full, `refused` ones the peer's port closed; `relayed` are a relay's.
    """

    __slots__ = (
        "_allowed",
        "_ipv6",
        "_made_before",
        "_sent_before",
        "_socket",
        "_voice",
        "_wire",
        "connected",
        "phase",
        "refused",
        "relayed",
        "remote",
        "send",
        "stream",
        "unsent",
    )

    def __init__(self, pair: PortPair, stream: Stream, phase: Phase) -> None:
        self.stream = stream
        self.send: Callable[[bytes], int] = _nowhere
        self.unsent = self.refused = 0
        self.remote: Address | None = None
        self.connected = False
        self._socket, self._ipv6 = pair.rtp, pair.ipv6
        self._wire: Wire = pair.rtp
        self._allowed = False
        self._made_before = self._sent_before = self.relayed = 0
        self.phase = phase
        self._voice: Voice | None = phase.add(self)

    def leave(self) -> None:
        """Take part in the phase's ticks no more."""
        if self._voice is not None:
            self.phase.remove(self._voice)
            self._voice = None

    def join(self) -> None:
        """Take part in the phase's ticks again."""
        if self._voice is None:
            self._voice = self.phase.add(self)

    @property
    def open(self) -> bool:
        """Whether packets leave at all."""
        return self.send is not _nowhere

    def carry(self, packet: bytes) -> None:
        """Send a relay's packet now, and none of our own until `join`."""
        self.leave()
        self.relayed += 1
        try:
            self.send(packet)
        except OSError as error:
            self.failed(error)

    def failed(self, error: OSError) -> None:
        """Count a packet that did not leave."""
        if isinstance(error, BlockingIOError):
            self.unsent += 1
        else:
            # An ICMP error of an earlier packet: the peer's port is closed, now or for good.
            self.refused += 1

    @property
    def sent(self) -> int:
        """How many packets left."""
        made = 0 if self.send is _nowhere else self._made() - self._made_before
        return self._sent_before + made - self.unsent - self.refused

    def allow(self, allowed: bool) -> None:
        """Say whether offer and answer let us send at all."""
        self._allowed = allowed
        self._aim()

    def through(self, wire: Wire) -> None:
        """Send by `wire`, which is the socket or seals what goes to it."""
        self._wire = wire
        self._aim()

    def to(self, remote: Address | None) -> None:
        """Send to `remote`, or nowhere."""
        self.remote = None if remote is None else self._spelled(remote)
        self._aim()

    def hold(self, remote: Address, *, alone: bool) -> bool:
        """Send to `remote`, and `alone` hear only it; answer whether it is so.

        Alone, the kernel keeps strangers out. A learned source is not: the kernel would keep the
        address of the SDP out as well.
        """
        self.remote = self._spelled(remote)
        if alone:
            try:
                self._socket.connect(self.remote)
                self.connected = True
            except OSError:
                self.connected = False
        self._aim()
        return self.connected or not alone

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
        self._send_by(_nowhere)
        self.stream.close()

    def _aim(self) -> None:
        """Settle once how packets leave, for every slot to come."""
        wire, remote = self._wire, self.remote
        if remote is None or not self._allowed:
            self._send_by(_nowhere)
        elif self.connected:
            self._send_by(wire.send)
        else:
            self._send_by(lambda packet: wire.sendto(packet, remote))

    def _send_by(self, send: Callable[[bytes], int]) -> None:
        if send is self.send:
            return
        self._count()
        self.send = send
        if self._voice is not None:
            self.phase.sends[self._voice.row] = send

    def _made(self) -> int:
        return self.stream.made + self.relayed

    def _count(self) -> None:
        made = self._made()
        if self.send is not _nowhere:
            self._sent_before += made - self._made_before
        self._made_before = made

    def _spelled(self, address: Address) -> Address:
        """`address` as the socket takes it: IPv4-mapped where it is an IPv6 one."""
        host, port = address
        if self._ipv6 and ":" not in host:
            return f"::ffff:{host}", port
        return address
