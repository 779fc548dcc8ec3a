"""Pairs of RTP ports: even, in turn, past what is taken."""

import errno
import resource
import socket
from collections.abc import Iterator

import pytest

from ivr.net.rtp_ports import NoPortsLeft, PortPair, RtpPorts
from tests.support.ports import free_range


@pytest.fixture
def bounds() -> tuple[int, int]:
    return free_range(8)


@pytest.fixture
def opened() -> Iterator[list[PortPair]]:
    pairs: list[PortPair] = []
    yield pairs
    for pair in pairs:
        pair.rtp.close()
        pair.rtcp.close()


def test_pairs_are_even_and_the_odd_port_above(
    bounds: tuple[int, int], opened: list[PortPair]
) -> None:
    ports = RtpPorts("127.0.0.1", *bounds)
    opened += [ports.open() for _ in range(4)]
    for pair in opened:
        assert pair.port % 2 == 0
        assert pair.rtp.getsockname() == ("127.0.0.1", pair.port)
        assert pair.rtcp.getsockname() == ("127.0.0.1", pair.port + 1)
    with pytest.raises(NoPortsLeft):
        ports.open()


def test_an_odd_beginning_is_rounded_up(bounds: tuple[int, int]) -> None:
    assert RtpPorts("127.0.0.1", bounds[0] + 1, bounds[1]).free == 3


def test_the_longest_unused_port_comes_first(
    bounds: tuple[int, int], opened: list[PortPair]
) -> None:
    ports = RtpPorts("127.0.0.1", *bounds)
    first = ports.open()
    ports.close(first)
    opened += [ports.open() for _ in range(4)]
    assert [pair.port for pair in opened] == [bounds[0] + 2 * n for n in (1, 2, 3, 0)]


@pytest.mark.parametrize("half", [0, 1])
def test_a_port_another_program_holds_is_passed_over(
    bounds: tuple[int, int], opened: list[PortPair], half: int
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", bounds[0] + half))
        ports = RtpPorts("127.0.0.1", *bounds)
        opened += [ports.open() for _ in range(3)]
        with pytest.raises(NoPortsLeft, match=r"127\.0\.0\.1"):
            ports.open()
    opened.append(ports.open())
    assert opened[-1].port == bounds[0]


def test_too_many_open_files_is_said(bounds: tuple[int, int]) -> None:
    ports = RtpPorts("127.0.0.1", *bounds)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    with socket.socket() as probe:
        lowest_free = probe.fileno()
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free + 1, limits[1]))
    try:
        with pytest.raises(NoPortsLeft, match="open files"):
            ports.open()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert ports.free == 4


def test_an_address_that_is_not_here_is_an_error() -> None:
    ports = RtpPorts("203.0.113.1", 20000, 20001)
    with pytest.raises(OSError, match=r".") as caught:
        ports.open()
    assert caught.value.errno == errno.EADDRNOTAVAIL
    assert ports.free == 1


@pytest.mark.parametrize(("low", "high"), [(0, 10), (20001, 20002), (30, 20), (65535, 65536)])
def test_a_range_without_a_pair_is_refused(low: int, high: int) -> None:
    with pytest.raises(ValueError, match="RTP ports"):
        RtpPorts("127.0.0.1", low, high)
