"""Sockets asked once a slot, on the loopback interface."""

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from ivr.net.ears import Ears


@pytest.fixture
def pairs() -> Iterator[list[tuple[socket.socket, socket.socket]]]:
    """Sockets that hear, and the ones that speak to them."""
    made = [socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(3)]
    for ear, _ in made:
        ear.setblocking(False)
    yield made
    for ear, mouth in made:
        ear.close()
        mouth.close()


Pairs = list[tuple[socket.socket, socket.socket]]


def test_only_who_was_spoken_to_hears_and_only_while_it_listens(pairs: Pairs) -> None:
    ears, heard = Ears(), list[bytes]()
    for ear, _ in pairs:
        ears.listen(ear.fileno(), lambda ear=ear: heard.append(ear.recv(99)))  # type: ignore[misc]
    ears.hear()
    pairs[1][1].send(b"one")
    ears.hear()
    ears.hear()
    assert heard == [b"one"]
    ears.ignore(pairs[1][0].fileno())
    pairs[1][1].send(b"two")
    pairs[2][1].send(b"three")
    ears.hear()
    assert heard == [b"one", b"three"]


def test_what_one_hears_may_close_another(pairs: Pairs) -> None:
    ears, heard = Ears(), list[int]()

    def take(number: int) -> None:
        heard.append(number)
        for other, (ear, _) in enumerate(pairs):
            if other != number:
                ears.ignore(ear.fileno())

    for number, (ear, mouth) in enumerate(pairs):
        ears.listen(ear.fileno(), lambda number=number: take(number))  # type: ignore[misc]
        mouth.send(b"!")
    ears.hear()
    assert len(heard) == 1


async def test_ones_fault_is_told_and_costs_the_others_nothing(pairs: Pairs) -> None:
    ears, heard, told = Ears(), list[bytes](), list[dict[str, Any]]()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))

    def fail() -> None:
        raise RuntimeError("a flow's own fault")

    ears.listen(pairs[0][0].fileno(), fail)
    ears.listen(pairs[1][0].fileno(), lambda: heard.append(pairs[1][0].recv(99)))
    for _, mouth in pairs:
        mouth.send(b"!")
    ears.hear()
    assert heard == [b"!"]
    assert [str(context["exception"]) for context in told] == ["a flow's own fault"]
