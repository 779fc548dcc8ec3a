"""The pump: sockets below, the endpoint in the middle, user agents above.

After every call into the endpoint its transmissions go out, its events go up, and one
loop timer is set to its next deadline. Nothing else in the process touches the endpoint
without `turn`.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from ivr.net.clock import monotonic
from ivr.net.transport import Transport
from ivr.sip.endpoint import Endpoint
from ivr.sip.events import Event, Flow


class Tap(Protocol):
    """Sees every SIP message as it crosses the socket (`tokuban trace`)."""

    def __call__(self, inbound: bool, flow: Flow, data: bytes) -> None: ...


class Driver:
    """Runs one endpoint over its transports.

    `handle` gets each event; `failed` is told, for the log, of an event whose handler raised
    and of a message that could not be delivered.
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
        self._turning = False
        self._turned: asyncio.Event | None = None

    def add(self, transport: Transport) -> None:
        """Send through this transport from now on; it listens already or will."""
        self.transports[transport.name] = transport

    def received(self, data: bytes, flow: Flow) -> None:
        """One whole message from a transport."""
        for tap in self.taps:
            tap(True, flow, data)
        with self.turn() as now:
            self.endpoint.receive(data, flow, now)

    def lost(self, flow: Flow) -> None:
        """A connection ended, or a peer cannot be reached on this flow."""
        with self.turn() as now:
            self.endpoint.transport_failed(flow, now)

    def undeliverable(self, flow: Flow, error: OSError) -> None:
        """A datagram could not be sent; its transaction hears of it in a turn of its own."""
        self._failed(f"cannot send to {flow.peer[0]}:{flow.peer[1]}", error)
        asyncio.get_running_loop().call_soon(self.lost, flow)

    @contextmanager
    def turn(self) -> Iterator[float]:
        """One visit to the endpoint; yields `now`, and pumps when it is over.

        Visits nest: an event handler that answers at once is part of the same turn.
        """
        now = self._now()
        if self._turning:
            yield now
            return
        self._turning = True
        try:
            yield now
            self._pump()
        finally:
            self._turning = False

    def _pump(self) -> None:
        endpoint = self.endpoint
        while True:
            for flow, data in endpoint.take_transmits():
                self._transmit(flow, data)
            events = endpoint.take_events()
            if not events:
                break
            for event in events:
                self._dispatch(event)
        self._arm(endpoint.next_deadline())
        if self._turned is not None:
            self._turned.set()

    def _transmit(self, flow: Flow, data: bytes) -> None:
        transport = self.transports.get(flow.transport)
        if transport is None:
            self._failed("cannot send", OSError(f"no {flow.transport} transport is up"))
            return
        for tap in self.taps:
            tap(False, flow, data)
        transport.send(flow, data)

    def _dispatch(self, event: Event) -> None:
        try:
            self._handle(event)
        except Exception as error:  # one call's fault must not stop the others
            self._failed(f"handling {type(event).__name__}", error)

    def _arm(self, deadline: float | None) -> None:
        if deadline is None:
            if self._timer is not None:
                self._timer.cancel()
                self._timer, self._timer_at = None, float("inf")
            return
        # A timer that is due no later serves as well: it finds nothing to do and is set anew.
        if self._timer is not None and self._timer_at <= deadline:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = deadline
        delay = max(0.0, deadline - self._now())
        self._timer = asyncio.get_running_loop().call_later(delay, self._expire)

    def _expire(self) -> None:
        self._timer, self._timer_at = None, float("inf")
        with self.turn() as now:
            self.endpoint.handle_timers(now)

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
