"""SRTP and SRTCP (RFC 3711) by libsrtp: a leg's sockets, with its keys before them."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Protocol, Self

from pylibsrtp import Error, Policy, Session

from ivr.net.rtp_ports import PortPair
from ivr.sip.sdes import Keys

MOST_STREAMS = 8
"""A phone has one at a time, and another after a transfer or restart of its own."""
_MOST_WAITING = 256
"""More packets of audio than the buffer of a leg's socket holds."""
_FORGED = b""
"""What a packet is read as that was not made with the peer's key, or came before: no packet."""


class Wire(Protocol):
    """What of a UDP socket a leg speaks and hears by."""

    def fileno(self) -> int: ...
    def recv(self, size: int, /) -> bytes: ...
    def recvfrom(self, size: int, /) -> tuple[bytes, Any]: ...
    def send(self, data: bytes, /) -> int: ...
    def sendto(self, data: bytes, address: Any, /) -> int: ...


class Sealed:
    """A socket whose packets are sealed as they leave and opened as they come.

    What cannot be sealed, a number that was used before or a packet beyond libsrtp's length, is
    an `OSError` as any packet that cannot be sent.
    """

    __slots__ = ("_open", "_seal", "_socket", "fileno")

    def __init__(
        self, socket: Wire, seal: Callable[[bytes], bytes], open_: Callable[[bytes], bytes]
    ) -> None:
        self._socket, self._seal, self._open = socket, seal, open_
        self.fileno = socket.fileno

    def recv(self, size: int, /) -> bytes:
        return self._opened(self._socket.recv(size))

    def recvfrom(self, size: int, /) -> tuple[bytes, Any]:
        data, source = self._socket.recvfrom(size)
        return self._opened(data), source

    def send(self, data: bytes, /) -> int:
        return self._socket.send(self._sealed(data))

    def sendto(self, data: bytes, address: Any, /) -> int:
        return self._socket.sendto(self._sealed(data), address)

    def _sealed(self, data: bytes) -> bytes:
        try:
            return self._seal(data)
        except (Error, ValueError) as error:
            raise OSError(str(error)) from None

    def _opened(self, data: bytes) -> bytes:
        try:
            return self._open(data)
        except (Error, ValueError):
            return _FORGED


class Opener:
    """Opens what one peer sends; of its streams the latest `MOST_STREAMS` are kept.

    libsrtp remembers every SSRC it ever opened a packet of, so that a phone could fill the memory.
    """

    __slots__ = ("_latest", "_session", "streams")

    def __init__(self, key: bytes) -> None:
        self._session = _session(key, Policy.SSRC_ANY_INBOUND)
        self._latest = b""
        self.streams: dict[bytes, None] = {}

    def rtp(self, packet: bytes) -> bytes:
        """The packet in the clear; its SSRC is octets 8 to 11 (RFC 3550 §5.1)."""
        opened = self._session.unprotect(packet)
        if packet[8:12] != self._latest:
            self._note(packet[8:12])
        return opened

    def rtcp(self, packet: bytes) -> bytes:
        """The compound packet in the clear; its first SSRC is octets 4 to 7 (RFC 3550 §6.4.1)."""
        opened = self._session.unprotect_rtcp(packet)
        if packet[4:8] != self._latest:
            self._note(packet[4:8])
        return opened

    def _note(self, ssrc: bytes) -> None:
        self._latest = ssrc
        self.streams[ssrc] = None
        if len(self.streams) > MOST_STREAMS:
            oldest = next(iter(self.streams))
            del self.streams[oldest]
            self._session.remove_stream(int.from_bytes(oldest, "big"))


class Srtp:
    """Both directions of one leg, RTP and RTCP alike."""

    __slots__ = ("_incoming", "_outgoing", "keys")

    def __init__(self, keys: Keys, before: Self | None = None) -> None:
        """A direction whose key stays as it was `before` goes on: its packets are counted."""
        self.keys = keys
        self._outgoing: Session
        self._incoming: Opener
        if before is not None and before.keys.ours == keys.ours:
            self._outgoing = before._outgoing
        else:
            self._outgoing = _session(keys.ours, Policy.SSRC_ANY_OUTBOUND)
        if before is not None and before.keys.theirs == keys.theirs:
            self._incoming = before._incoming
        else:
            self._incoming = Opener(keys.theirs)

    def over(self, pair: PortPair) -> tuple[Wire, Wire]:
        """The two sockets, for RTP and RTCP."""
        out, into = self._outgoing, self._incoming
        return (
            Sealed(pair.rtp, out.protect, into.rtp),
            Sealed(pair.rtcp, out.protect_rtcp, into.rtcp),
        )


def _session(key: bytes, streams: int) -> Session:
    return Session(Policy(key=key, ssrc_type=streams))


class Wires:
    """What a leg speaks by: its sockets as they are, or sealed once there are keys."""

    __slots__ = ("_pair", "_srtp", "rtcp", "rtp")

    def __init__(self, pair: PortPair) -> None:
        self.rtp: Wire = pair.rtp
        self.rtcp: Wire = pair.rtcp
        self._pair = pair
        self._srtp: Srtp | None = None

    def use(self, keys: Keys | None) -> bool:
        """Seal with these keys, with None no longer; whether that is a change."""
        if keys == (self._srtp.keys if self._srtp else None):
            return False
        self._srtp = Srtp(keys, self._srtp) if keys else None
        plain = self._pair.rtp, self._pair.rtcp
        self.rtp, self.rtcp = self._srtp.over(self._pair) if self._srtp else plain
        return True

    def waiting(self, size: int) -> Iterator[tuple[bytes, Any]]:
        """Read the RTP that waits: connecting a socket leaves in it what came before.

        It ends early at an error, and where the socket was closed meanwhile.
        """
        with suppress(OSError):
            for _ in range(_MOST_WAITING):
                yield self.rtp.recvfrom(size)
