"""SIP over TCP and TLS (RFC 3261 §18, RFC 5626 §3.5.1): framing, keep-alive, limits, idle close.

TLS is the same stream behind a door of its own (`ivr.net.tls`); WebSocket brings its own framing.
"""

import asyncio
import contextlib
import itertools
import socket
from dataclasses import dataclass, field
from typing import Protocol

from ivr.net.tls import Tls, TlsDoor
from ivr.net.transport import Receiver, family_of
from ivr.sip.events import Flow
from ivr.sip.framing import PING, PONG, FrameLimits, FramingError, StreamFramer

_BACKLOG = 1024
_OPENING_S = 10.0


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """What one peer may cost."""

    connections: int = 2000
    connections_per_host: int = 1000
    idle_s: float = 900.0
    """Longer than the 120 s of RFC 5626's keep-alive; a registered phone pings well within."""
    half_message_s: float = 30.0
    """A message once begun must be whole by then: slow writers are not waited for."""
    unsent_bytes: int = 1_000_000
    """A peer that does not read is cut off."""
    flush_s: float = 1.0
    """How long closing waits for peers to take what was written."""
    frame: FrameLimits = field(default_factory=FrameLimits)


class Door(Protocol):
    """What lets peers in: a server of the loop, or one that asks for a TLS handshake first."""

    def close(self) -> None: ...
    async def wait_closed(self) -> None: ...


class Connection(asyncio.Protocol):
    """One stream, accepted or opened, with SIP's own framing; a subclass may bring another."""

    def __init__(self, owner: "StreamTransport", peer: tuple[str, int] | None = None) -> None:
        self._owner = owner
        self._framer = StreamFramer(owner.limits.frame)
        self._timer: asyncio.TimerHandle | None = None
        self._ends_at = 0.0
        self._was_partial = False
        self._peer = peer
        self._unsent: list[bytes] = []
        self._transport: asyncio.Transport | None = None
        self.flow: Flow | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")
        self._transport = transport  # type: ignore[assignment]  # uvloop has a class of its own
        local = transport.get_extra_info("sockname")
        peer = self._peer or transport.get_extra_info("peername")
        if local is None or peer is None or not self._owner.admit(self, local[:2], peer[:2]):
            transport.abort()  # type: ignore[attr-defined]
            return
        for data in self._unsent:
            self.write(data)
        self._unsent.clear()
        self.rest(self._owner.limits.idle_s)

    def data_received(self, data: bytes) -> None:
        if self.flow is not None:
            self.take(data, self.flow)

    def take(self, data: bytes, flow: Flow) -> None:
        """Cut messages from what came, and hand them on."""
        begun_before = self._was_partial
        try:
            for message in self._framer.feed(data):
                begun_before = False
                if message is PING:
                    self.write(PONG)
                elif message is not PONG:
                    self._owner.receiver.received(message, flow)
        except FramingError as error:
            self._owner.broken(flow, error)
            self.close()
            return
        limits = self._owner.limits
        if not self._framer.partial:
            self.rest(limits.idle_s)
        elif not begun_before:
            self.rest(limits.half_message_s)
        self._was_partial = self._framer.partial

    def send(self, message: bytes) -> None:
        """Send one message in this connection's framing."""
        self.write(message)

    def write(self, data: bytes) -> None:
        """Send octets, or keep them until it stands; a peer that does not read is cut off."""
        if self._transport is None:
            self._unsent.append(data)
            return
        self._transport.write(data)
        if self._transport.get_write_buffer_size() > self._owner.limits.unsent_bytes:
            self._transport.abort()

    def close(self) -> None:
        """Flush and close."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close without waiting for a peer that does not read."""
        if self._transport is not None:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self.flow is not None:
            self._owner.forget(self.flow)

    def rest(self, seconds: float) -> None:
        """Give the connection up after so long, unless told otherwise until then.

        Each message puts the end off. A timer that is due no later serves as well and is set
        anew when it fires, so that a message costs none.
        """
        self._ends_at = self._owner.loop.time() + seconds
        if self._timer is None or self._timer.when() > self._ends_at:
            self._set_timer()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._owner.loop.call_at(self._ends_at, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._owner.loop.time() < self._ends_at:
            self._set_timer()
        else:
            self.dawdled()

    def dawdled(self) -> None:
        """The peer took longer than `rest` gave it: it is given up."""
        self.abort()


class StreamTransport:
    """Listens, opens connections on demand, and reuses the ones that stand.

    With `tls` every connection is one of TLS, both ways (RFC 3261 §26.2.1).
    """

    def __init__(
        self, receiver: Receiver, limits: StreamLimits | None = None, tls: Tls | None = None
    ) -> None:
        self.name = "TLS" if tls else "TCP"
        self.receiver = receiver
        self.limits = limits or StreamLimits()
        self.tls = tls
        self._ids = itertools.count(1)
        self._by_id: dict[int, Connection] = {}
        self._by_peer: dict[tuple[str, int], Connection] = {}
        self._per_host: dict[str, int] = {}
        self._opening: set[asyncio.Task[None]] = set()
        self._emptied = asyncio.Event()

    async def listen(self, host: str, port: int) -> None:
        """Bind and accept. Raises OSError when the address is not to be had."""
        self.loop = asyncio.get_running_loop()
        listener = socket.socket(family_of(host), socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
            self._door = await self._open_door(listener)
        except OSError:
            listener.close()
            raise
        self.local: tuple[str, int] = listener.getsockname()[:2]

    async def _open_door(self, listener: socket.socket) -> Door:
        if self.tls is not None:
            return TlsDoor(self.loop, listener, self.tls, self.connection)
        return await self.loop.create_server(self.connection, sock=listener, backlog=_BACKLOG)

    def connection(self, peer: tuple[str, int] | None = None) -> Connection:
        """What serves one stream; with `peer`, one that we open."""
        return Connection(self, peer)

    def admit(self, connection: Connection, local: tuple[str, int], peer: tuple[str, int]) -> bool:
        """Enter a connection that stands; False when one peer or all together have too many."""
        here = self._per_host.get(peer[0], 0)
        if len(self._by_id) >= self.limits.connections or here >= self.limits.connections_per_host:
            return False
        connection.flow = Flow(self.name, local, peer, next(self._ids))
        self._per_host[peer[0]] = here + 1
        self._by_id[connection.flow.connection] = connection
        self._by_peer[peer] = connection
        return True

    def forget(self, flow: Flow) -> None:
        """A connection ended: its transactions hear of it."""
        connection = self._by_id.pop(flow.connection, None)
        if connection is not None:
            self._per_host[flow.peer[0]] -= 1
            if not self._per_host[flow.peer[0]]:
                del self._per_host[flow.peer[0]]
        if self._by_peer.get(flow.peer) is connection:
            del self._by_peer[flow.peer]
        self._emptied.set()
        self.receiver.lost(flow)

    def broken(self, flow: Flow, error: FramingError) -> None:
        """The stream lost its frame: answer if the RFC has an answer, then it is closed."""
        answered = error.answer is not None
        if error.answer is not None:
            self.send(flow, error.answer)
        self.receiver.unframed(str(error), flow, error.status if answered else None)

    def standing(self, peer: tuple[str, int]) -> Flow | None:
        """The flow of the connection to a peer, if there is one."""
        connection = self._by_peer.get(peer)
        return connection.flow if connection is not None else None

    def send(self, flow: Flow, data: bytes) -> None:
        """Write on the flow's connection; when it is gone, on another to the same peer."""
        connection = self._by_id.get(flow.connection) or self._by_peer.get(flow.peer)
        if connection is None:
            connection = self.connection(flow.peer)
            self._by_peer[flow.peer] = connection
            task = self.loop.create_task(self._open(connection, flow))
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)
        connection.send(data)

    async def _open(self, connection: Connection, flow: Flow) -> None:
        try:
            async with asyncio.timeout(_OPENING_S):
                await self._dial(connection, flow.peer)
        except (OSError, TimeoutError, OverflowError):
            pass
        if connection.flow is None:
            if self._by_peer.get(flow.peer) is connection:
                del self._by_peer[flow.peer]
            self.receiver.lost(flow)

    async def _dial(self, connection: Connection, peer: tuple[str, int]) -> None:
        """Connect; over TLS the peer proves that its certificate is for `peer` (RFC 5922 §7.3)."""
        if self.tls is None:
            await self.loop.create_connection(lambda: connection, *peer)
            return
        await self.loop.create_connection(
            lambda: connection,
            *peer,
            ssl=self.tls.client,
            server_hostname=peer[0],
            ssl_handshake_timeout=self.tls.handshake_s,
        )

    async def close(self) -> None:
        """Stop accepting, close every connection."""
        self._door.close()
        opening = list(self._opening)
        for task in opening:
            task.cancel()
        await asyncio.gather(*opening, return_exceptions=True)
        for connection in list(self._by_id.values()):
            connection.close()
        with contextlib.suppress(TimeoutError):
            await self._until_empty(self.limits.flush_s)
        for connection in list(self._by_id.values()):
            connection.abort()
        await self._until_empty(None)
        await self._door.wait_closed()

    async def _until_empty(self, seconds: float | None) -> None:
        async with asyncio.timeout(seconds):
            while self._by_id:
                self._emptied.clear()
                await self._emptied.wait()
