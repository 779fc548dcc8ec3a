"""The torture messages over UDP and TCP: the RFC's answer, and a carrier that lives on."""

import select
import socket
import time
from collections.abc import Iterator

import pytest

from tests.support.carrier import Carrier
from tests.support.torture import Case, cases
from tests.support.wire import Wire, read

pytestmark = pytest.mark.interop

HOST = "127.0.5.60"
"""An address of its own: replies go to the ports that the messages name."""
ANSWER_S = 1.0

CASES = cases()
UNFINISHED = ("clerr.dat", "baddn.dat")
"""On a stream these have not ended yet: octets of the body, or the end of the headers, are due."""


@pytest.fixture(scope="module")
def listeners() -> Iterator[dict[int, socket.socket]]:
    """A socket on every port that a message names for its reply."""
    opened: dict[int, socket.socket] = {}
    for port in {case.reply_port for case in CASES} | {5060}:
        if 0 < port < 65_536:
            opened[port] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            opened[port].bind((HOST, port))
    yield opened
    for each in opened.values():
        each.close()


def statuses(data: bytes) -> list[int]:
    """The status codes of the responses in a stream or datagram."""
    found = []
    for piece in data.split(b"SIP/2.0 ")[1:]:
        if piece[:3].isdigit():
            found.append(int(piece[:3]))
    return found


def final(codes: list[int]) -> int | None:
    """The final response, or the provisional one that alone came, or None for silence."""
    finals = [code for code in codes if code >= 200]
    return finals[0] if finals else (codes[0] if codes else None)


def collect(sockets: list[socket.socket], enough: float = ANSWER_S) -> list[int]:
    """The statuses that arrive until a final one did, or for `enough` seconds."""
    codes: list[int] = []
    deadline = time.monotonic() + enough
    while (left := deadline - time.monotonic()) > 0 and final(codes) is None:
        for ready in select.select(sockets, [], [], left)[0]:
            data = ready.recv(65_535)
            if not data:
                return codes
            codes += statuses(data)
    return codes


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_over_udp(carrier: Carrier, listeners: dict[int, socket.socket], case: Case) -> None:
    for each in listeners.values():
        while select.select([each], [], [], 0)[0]:
            each.recv(65_535)
    listeners[5060].sendto(case.data, carrier.address)
    answer = final(collect(list(listeners.values())))
    assert case.allows(answer), f"answered {answer}, wanted one of {sorted(case.answers)}"
    with Wire(carrier.address) as wire:
        assert wire.ping().status == 200


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_over_tcp(md5_carrier: Carrier, case: Case) -> None:
    """To another carrier: to the first one they would be repeats of what came over UDP."""
    carrier = md5_carrier
    with socket.create_connection(carrier.address) as connection:
        connection.sendall(case.data)
        answer = final(collect([connection]))
    allowed = case.allows(answer) or (answer is None and case.file in UNFINISHED)
    assert allowed, f"answered {answer}, wanted one of {sorted(case.answers)}"
    with Wire(carrier.address) as wire:
        assert wire.ping().status == 200


def test_the_reader_of_answers_reads_them() -> None:
    assert statuses(b"SIP/2.0 100 Trying\r\n\r\nSIP/2.0 404 Not Found\r\n\r\n") == [100, 404]
    assert final([100, 404]) == 404
    assert final([]) is None
    assert read(b"SIP/2.0 200 OK\r\nCSeq: 1 OPTIONS\r\n\r\n").method == "OPTIONS"
