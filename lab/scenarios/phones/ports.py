"""Free ports of an address for programs that want a number, not a socket."""

import os
import socket
import threading
from collections.abc import Iterator

from lab.scenarios.phones.errors import NoneFree

LOOPBACK = "127.0.0.1"
_KINDS = (socket.SOCK_DGRAM, socket.SOCK_STREAM)
_LAST_MEDIA = 32_000


def _walk(low: int, high: int) -> Iterator[int]:
    """Even ports below the kernel's ephemeral range, from a place that differs by process."""
    span = (high - low) // 2
    start = (os.getpid() * 131) % span
    while True:
        for step in range(span):
            yield low + 2 * ((start + step) % span)


_one_at_a_time = threading.Lock()
_signalling = _walk(16_000, 19_900)
_media = _walk(20_000, 31_000)
_LOOKS = 10_000


def _is_free(port: int, host: str) -> bool:
    for kind in _KINDS:
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind((host, port))
            except OSError:
                return False
    return True


def free_port(host: str = LOOPBACK) -> int:
    """A port that neither UDP nor TCP uses now, outside the kernel's ephemeral range.

    Raises:
        NoneFree: there is none.
    """
    with _one_at_a_time:
        for _, port in zip(range(_LOOKS), _signalling, strict=False):
            if _is_free(port, host):
                return port
    raise NoneFree(f"{host} has no free port from 16000 to 19900")


def free_range(count: int, host: str = LOOPBACK) -> tuple[int, int]:
    """The first and last of `count` successive free ports, the first one even.

    Raises:
        NoneFree: there are none.
    """
    with _one_at_a_time:
        for _, low in zip(range(_LOOKS), _media, strict=False):
            ports = range(low, low + count)
            if ports[-1] < _LAST_MEDIA and all(_is_free(port, host) for port in ports):
                for _ in range(count // 2 - 1):
                    next(_media)
                return low, ports[-1]
    raise NoneFree(f"{host} has no {count} successive free ports from 20000 to 31999")


def own_address(server: tuple[str, int]) -> str:
    """The address of this host from which a server (by address) is reached.

    Raises:
        OSError: it is not reached from here.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(server)
        return str(probe.getsockname()[0])
