"""SRTP and SRTCP (RFC 3711) by libsrtp: a leg's sockets, with its keys before them."""

from collections.abc import Callable
from typing import Any, Protocol, Self

from pylibsrtp import Error, Policy, Session

from ivr.net.rtp_ports import PortPair
from ivr.sip.sdes import Keys

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


class Srtp:
    """Both directions of one leg, RTP and RTCP alike."""

    __slots__ = ("_incoming", "_outgoing", "keys")

    def __init__(self, keys: Keys, before: Self | None = None) -> None:
        """A direction whose key stays as it was `before` goes on: its packets are counted."""
        self.keys = keys
        self._outgoing: Session
        self._incoming: Session
        if before is not None and before.keys.ours == keys.ours:
            self._outgoing = before._outgoing
        else:
            self._outgoing = _session(keys.ours, Policy.SSRC_ANY_OUTBOUND)
        if before is not None and before.keys.theirs == keys.theirs:
            self._incoming = before._incoming
        else:
            self._incoming = _session(keys.theirs, Policy.SSRC_ANY_INBOUND)

    def over(self, pair: PortPair) -> tuple[Wire, Wire]:
        """The two sockets, for RTP and RTCP."""
        out, into = self._outgoing, self._incoming
        return (
            Sealed(pair.rtp, out.protect, into.unprotect),
            Sealed(pair.rtcp, out.protect_rtcp, into.unprotect_rtcp),
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
