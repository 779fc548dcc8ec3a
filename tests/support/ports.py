"""Free ports of the loopback interface for programs that want a number, not a socket."""

import os
import socket
import threading
from collections.abc import Iterator

LOOPBACK = "127.0.0.1"
_KINDS = (socket.SOCK_DGRAM, socket.SOCK_STREAM)


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


def _is_free(port: int) -> bool:
    for kind in _KINDS:
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                return False
    return True


def free_port() -> int:
    """A port that neither UDP nor TCP uses now, outside the kernel's ephemeral range."""
    with _one_at_a_time:
        return next(port for port in _signalling if _is_free(port))


def free_range(count: int) -> tuple[int, int]:
    """The first and last of `count` successive free ports, the first one even."""
    with _one_at_a_time:
        for low in _media:
            ports = range(low, low + count)
            if ports[-1] < 32_000 and all(_is_free(port) for port in ports):
                for _ in range(count // 2 - 1):
                    next(_media)
                return low, ports[-1]
    raise AssertionError("unreachable: the walk never ends")
