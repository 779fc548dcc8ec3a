"""What a transport is to the driver, so that each further one is one file."""

import socket
from collections.abc import Callable
from typing import Protocol

from ivr.sip.events import Flow

Told = Callable[[tuple[str, int], Exception], None]
"""Hears of a peer that was not let in, and why."""


def untold(peer: tuple[str, int], why: Exception) -> None:
    """Where nobody wants to know."""


class Receiver(Protocol):
    """Where a transport delivers: one whole message, or the end of a connection."""

    def received(self, data: bytes, flow: Flow) -> None: ...
    def lost(self, flow: Flow) -> None: ...

    def unframed(self, why: str, flow: Flow, status: int | None) -> None:
        """No message begins where one should: `status` was answered, or nothing."""
        ...


class Transport(Protocol):
    """One way for SIP messages to come and go."""

    name: str
    local: tuple[str, int]

    async def listen(self, host: str, port: int) -> None: ...

    def standing(self, peer: tuple[str, int]) -> Flow | None:
        """The flow to a peer; for a stream only while a connection stands."""
        ...

    def send(self, flow: Flow, data: bytes) -> None: ...
    async def close(self) -> None: ...


def family_of(host: str) -> socket.AddressFamily:
    """The address family of a literal host; a colon means IPv6."""
    return socket.AF_INET6 if ":" in host else socket.AF_INET
