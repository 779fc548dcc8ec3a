"""The pump: sockets below, the endpoint in the middle, user agents above.

After every call into the endpoint its transmissions go out, its events go up, and one
loop timer is set to its next deadline. Nothing else in the process touches the endpoint
without `turn`.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Protocol

from ivr.net.clock import monotonic
from ivr.net.transport import Transport
from ivr.sip.endpoint import Endpoint
from ivr.sip.events import Event, Flow
from ivr.sip.transaction import ServerTransaction


class Tap(Protocol):
    """Sees every SIP message as it crosses the socket (`tokuban trace`)."""

    def __call__(self, inbound: bool, flow: Flow, data: bytes) -> None: ...


class Turn:
    """Visits to the endpoint: the outermost of nested ones pumps when it is over.

    One object serves all: `contextmanager` would make three a message, at 2 µs.
    """

    __slots__ = ("_depth", "_now", "_pump")

    def __init__(self, now: Callable[[], float], pump: Callable[[], None]) -> None:
        self._now, self._pump = now, pump
        self._depth = 0

    def __enter__(self) -> float:
        self._depth += 1
        return self._now()

    def __exit__(self, *_: object) -> None:
        # Whatever was raised inside: what the endpoint has to send and its timers come first.
        try:
            if self._depth == 1:
                self._pump()
        finally:
            self._depth -= 1


class Driver:
    """Runs one endpoint over its transports.

    `handle` gets each event; `failed` is told, for the log, of an event whose handler raised,
    of a message that could not be delivered, and of a defect in the endpoint: none of them
    keeps other messages or timers waiting.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        handle: Callable[[Event], None],
        failed: Callable[[str, Exception], None],
        now: Callable[[], float] = monotonic,
    ) -> None:
        self.endpoint = endpoint
        self.transports: dict[str, Transport] = {}
        self.taps: list[Tap] = []
        self._handle = handle
        self._failed = failed
        self._now = now
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = float("inf")
        self._turn = Turn(now, self._pump)
        self._turned: asyncio.Event | None = None

    def add(self, transport: Transport) -> None:
        """Send through this transport from now on; it listens already or will."""
        self.transports[transport.name] = transport

    def received(self, data: bytes, flow: Flow) -> None:
        """One whole message from a transport."""
        for tap in self.taps:
            tap(True, flow, data)
        with self._turn as now:
            try:
                self.endpoint.receive(data, flow, now)
            except Exception as error:
                self._failed(f"receiving from {flow.peer[0]}:{flow.peer[1]}", error)

    def lost(self, flow: Flow) -> None:
        """A connection ended, or a peer cannot be reached on this flow."""
        with self._turn as now:
            try:
                self.endpoint.transport_failed(flow, now)
            except Exception as error:
                self._failed(f"losing {flow.peer[0]}:{flow.peer[1]}", error)

    def unframed(self, why: str, flow: Flow, status: int | None) -> None:
        """A stream is given up, as nobody knows where its next message begins."""
        with self._turn:
            self.endpoint.reject(why, flow, status)

    def undeliverable(self, flow: Flow, error: OSError) -> None:
        """A datagram could not be sent; its transaction hears of it in a turn of its own."""
        self._failed(f"cannot send to {flow.peer[0]}:{flow.peer[1]}", error)
        asyncio.get_running_loop().call_soon(self.lost, flow)

    def refused(self, quoted: bytes, flow: Flow) -> None:
        """A datagram did not arrive, as its peer's host says; told in a turn of its own.

        `quoted` is its beginning.
        """
        asyncio.get_running_loop().call_soon(self._refused, quoted, flow)

    def _refused(self, quoted: bytes, flow: Flow) -> None:
        with self._turn as now:
            try:
                self.endpoint.refused(quoted, flow, now)
            except Exception as error:
                self._failed(f"losing {flow.peer[0]}:{flow.peer[1]}", error)

    def turn(self) -> Turn:
        """One visit to the endpoint; yields `now`, and pumps when it is over.

        Visits nest: an event handler that answers at once is part of the same turn.
        """
        return self._turn

    def answer(
        self,
        transaction: ServerTransaction,
        status: int,
        headers: Sequence[tuple[str, str]] = (),
        reason: str | None = None,
    ) -> None:
        """Answer a `RequestReceived` in a turn of its own; errors as of `Endpoint.answer`."""
        with self._turn as now:
            self.endpoint.answer(transaction, status, now, headers, reason)

    def _pump(self) -> None:
        endpoint = self.endpoint
        while True:
            for flow, data in endpoint.take_transmits():
                self._transmit(flow, data)
            events = endpoint.take_events()
            if not events:
                break
            for event in events:
                try:
                    self._handle(event)
                except Exception as error:  # one call's fault must not stop the others
                    self._failed(f"handling {type(event).__name__}", error)
        deadline = endpoint.next_deadline()
        # A timer that is due no later serves as well: it finds nothing to do and is set anew.
        if deadline is None or deadline < self._timer_at:
            self._arm(deadline)
        if self._turned is not None:
            self._turned.set()

    def _transmit(self, flow: Flow, data: bytes) -> None:
        transport = self.transports.get(flow.transport)
        if transport is None:
            self._failed("cannot send", OSError(f"no {flow.transport} transport is up"))
            return
        try:
            for tap in self.taps:
                tap(False, flow, data)
            transport.send(flow, data)
        except Exception as error:
            self._failed(f"sending to {flow.peer[0]}:{flow.peer[1]}", error)

    def _arm(self, deadline: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer, self._timer_at = None, float("inf")
        if deadline is not None:
            self._timer_at = deadline
            delay = max(0.0, deadline - self._now())
            self._timer = asyncio.get_running_loop().call_later(delay, self._expire)

    def _expire(self) -> None:
        self._timer, self._timer_at = None, float("inf")
        with self._turn as now:
            try:
                self.endpoint.handle_timers(now)
            except Exception as error:  # what else is due is found when the timer is set anew
                self._failed("a timer", error)

    async def quiet(self, grace_s: float) -> None:
        """Wait until every dialog is over (each BYE answered), at most `grace_s` seconds."""
        self._turned = asyncio.Event()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace_s):
                while self.endpoint.census().dialogs:
                    self._turned.clear()
                    await self._turned.wait()

    async def close(self) -> None:
        """Close every transport and the timer."""
        for transport in self.transports.values():
            await transport.close()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
