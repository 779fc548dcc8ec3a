"""What Linux can do for a UDP socket and Python's socket module has no name for."""

import ctypes
import fcntl
import os
import socket
import struct
import sys
from collections.abc import Iterable
from functools import cache

from ivr.net import clock

_LINUX = sys.platform.startswith("linux")
_SO_ATTACH_FILTER = 26
_SO_DETACH_FILTER = 27
_SO_MEMINFO = 55
_SIOCGSTAMP = 0x8906
"""When the datagram that was read last had arrived (socket(7)); asking once begins it."""
_EXTENDED_ERROR = struct.Struct("=IBBBB")
"""Error, origin, type and code: how `sock_extended_err` begins (ip(7))."""
_ICMP, _ICMP6 = 2, 3
_UNREACHABLE = {_ICMP: 3, _ICMP6: 1}
_TOO_BIG = 4
_UDP_HEADER = 8
_ALL = 0xFFFF

_LOAD_BYTE, _LOAD_HALF, _AND, _IF_EQUAL, _RETURN = 0x30, 0x28, 0x54, 0x15, 0x06

PASS_MASK = 255
"""Of the audio packets the filter lets through those whose sequence number is 0 under this mask."""

_MEMINFO = 9 * 4
_DROPS_AT = 8 * 4


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


@cache
def _event_program(event_payload_type: int) -> tuple[bytes, ctypes.Array[ctypes.c_char]]:
    """The filter as the socket option takes it, and the code it points to."""
    code = b"".join(
        struct.pack("=HBBI", *instruction)
        for instruction in (
            (_LOAD_BYTE, 0, 0, _UDP_HEADER + 1),
            (_AND, 0, 0, 0x7F),
            (_IF_EQUAL, 3, 0, event_payload_type),
            (_LOAD_HALF, 0, 0, _UDP_HEADER + 2),
            (_AND, 0, 0, PASS_MASK),
            (_IF_EQUAL, 0, 1, 0),
            (_RETURN, 0, 0, _ALL),
            (_RETURN, 0, 0, 0),
        )
    )
    buffer = ctypes.create_string_buffer(code, len(code))
    return bytes(_Program(len(code) // 8, ctypes.addressof(buffer))), buffer


def attach_event_filter(sock: socket.socket, event_payload_type: int) -> bool:
    """Let the kernel drop audio nobody listens to; answer whether it does.

    Events of `event_payload_type` pass, and of all else a packet every five seconds, to know where
    its numbers are; `drops` tells whether the peer lives. (Classic BPF; the payload type is octet 1
    and the sequence number octets 2-3 of RFC 3550 §5.1.)
    """
    if not drops(sock):
        return False
    program, _ = _event_program(event_payload_type)
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)
    except OSError:
        return False
    return True


def drops(sock: socket.socket) -> bytes:
    """A count of what came and was not let through, the same as long as nothing comes.

    Empty where the system keeps none (Linux does from 4.12 on).
    """
    if not _LINUX:
        return b""
    try:
        return sock.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMINFO)[_DROPS_AT:]
    except OSError:
        return b""


def detach_filter(sock: socket.socket) -> None:
    """Let every packet through again; a socket without a filter stays as it is."""
    if _LINUX:
        try:
            sock.setsockopt(socket.SOL_SOCKET, _SO_DETACH_FILTER, 0)
        except FileNotFoundError:
            return


def says_unreachable(told: Iterable[tuple[int, int, bytes]]) -> bool:
    """Whether an error of a socket's queue is that port, host or network cannot be reached.

    One that says that a datagram was too big, or lived for too long, is none (RFC 3261 §18.4).
    `told`: what `recvmsg` gives besides.
    """
    for _, _, data in told:
        if len(data) >= _EXTENDED_ERROR.size:
            _, origin, kind, code = _EXTENDED_ERROR.unpack_from(data)[:4]
            too_big = origin == _ICMP and code == _TOO_BIG
            if _UNREACHABLE.get(origin) == kind and not too_big:
                return True
    return False


def note_arrivals(sock: socket.socket) -> None:
    """Let `age_of_last` know the datagrams from now on."""
    age_of_last(sock)


def age_of_last(sock: socket.socket) -> float:
    """How long the datagram that was read last had waited in the kernel, in seconds.

    0 where the system does not say.
    """
    if not sys.platform.startswith("linux"):
        return 0.0
    try:
        stamp = fcntl.ioctl(sock.fileno(), _SIOCGSTAMP, bytes(16))
    except OSError:
        return 0.0
    seconds, microseconds = (int(part) for part in struct.unpack("@ll", stamp))
    return max(0.0, clock.wall() - seconds - microseconds / 1e6)


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def disconnect(sock: socket.socket) -> None:
    """Hear every source again on a connected UDP socket (connect(2): `AF_UNSPEC`).

    Raises:
        OSError: the system refused.
    """
    nowhere = struct.pack("=H", socket.AF_UNSPEC) + bytes(26)
    if _libc().connect(sock.fileno(), nowhere, len(nowhere)) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
