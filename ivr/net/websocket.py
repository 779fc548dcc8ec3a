"""SIP over WebSocket (RFC 7118): subprotocol `sip`, one message a WebSocket message.

The protocol itself is the `websockets` library's, without its sockets.
"""

import asyncio
import re
from collections.abc import Callable

from websockets.exceptions import InvalidState
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from ivr.net.tcp import Connection, StreamLimits, StreamTransport
from ivr.net.tls import Tls
from ivr.net.transport import Receiver, Told, untold
from ivr.sip.events import Flow
from ivr.sip.framing import PING, PONG

_SUBPROTOCOL = Subprotocol("sip")
_DATA = frozenset((Opcode.TEXT, Opcode.BINARY, Opcode.CONT))
_NORMAL = 1000
PING_AFTER_S = 30.0
"""A silent peer is asked whether it lives, and given up when it is silent for as long again."""


class WebSocketConnection(Connection):
    """One WebSocket, from its opening handshake on."""

    def __init__(self, owner: "WebSocketTransport") -> None:
        super().__init__(owner)
        self._receiver, self._limits, self._told = owner.receiver, owner.limits, owner.told
        self._silent_s = min(PING_AFTER_S, owner.limits.idle_s)
        self._parts: list[bytes] = []
        self._asked = False
        self._protocol = ServerProtocol(
            origins=None if owner.origins is None else [owner.origins, None],
            subprotocols=[_SUBPROTOCOL],
            max_size=owner.limits.frame.head + owner.limits.frame.body,
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if self.flow is not None:
            self.rest(self._limits.half_message_s)

    def take(self, data: bytes, flow: Flow) -> None:
        """Let the library read what came, and do what it says."""
        protocol = self._protocol
        protocol.receive_data(data)
        events = protocol.events_received()
        begun_before = bool(self._parts)
        for event in events:
            if isinstance(event, Request):
                protocol.send_response(protocol.accept(event))
                if protocol.handshake_exc is not None:
                    self._told(flow.peer, protocol.handshake_exc)
            elif isinstance(event, Frame) and event.opcode in _DATA:
                self._collect(event, flow)
        self._flush()
        if not events or protocol.state is not State.OPEN:
            return
        self._asked = False
        if not self._parts:
            self.rest(self._silent_s)
        elif not begun_before:
            self.rest(self._limits.half_message_s)

    def eof_received(self) -> bool:
        """Nothing more comes: the library may still have an answer."""
        self._protocol.receive_eof()
        self._flush()
        return False

    def send(self, message: bytes) -> None:
        """Send one message: text where it is UTF-8, which is all a script may be ready for."""
        try:
            message.decode()
        except UnicodeDecodeError:
            self._say(lambda: self._protocol.send_binary(message))
        else:
            self._say(lambda: self._protocol.send_text(message))

    def close(self) -> None:
        """Say goodbye, flush and close."""
        if self._protocol.state is State.OPEN:
            self._say(lambda: self._protocol.send_close(_NORMAL))
        super().close()

    def dawdled(self) -> None:
        """Ask a silent peer whether it lives; one that does not answer is given up."""
        if self._asked or self._parts or self._protocol.state is not State.OPEN:
            self.abort()
            return
        self._asked = True
        self._say(lambda: self._protocol.send_ping(b""))
        self.rest(self._silent_s)

    def _collect(self, frame: Frame, flow: Flow) -> None:
        self._parts.append(bytes(frame.data))
        if not frame.fin:
            return
        message = b"".join(self._parts)
        self._parts.clear()
        if message == PING:
            self.send(PONG)
        elif message.strip(b"\r\n"):
            self._receiver.received(message, flow)

    def _say(self, say: Callable[[], None]) -> None:
        try:
            say()
        except InvalidState:  # it is closing; who sends hears of the end in its turn
            return
        self._flush()

    def _flush(self) -> None:
        """Write what the library has to say; its empty octets end our half."""
        for data in self._protocol.data_to_send():
            if data:
                self.write(data)
            else:
                super().close()


class WebSocketTransport(StreamTransport):
    """Takes WebSocket clients in; it opens no connection, since they listen nowhere.

    `origins` is a pattern of the pages that may connect, None for all; a client that is no page
    names none and may. `told` hears of whom was refused.
    """

    def __init__(
        self,
        receiver: Receiver,
        limits: StreamLimits | None = None,
        origins: re.Pattern[str] | None = None,
        tls: Tls | None = None,
        told: Told = untold,
    ) -> None:
        super().__init__(receiver, limits, tls)
        self.name = "WSS" if tls else "WS"
        self.origins, self.told = origins, told

    def connection(self, peer: tuple[str, int] | None = None) -> Connection:
        """What serves one client."""
        return WebSocketConnection(self)

    async def _dial(self, connection: Connection, peer: tuple[str, int]) -> None:
        raise ConnectionRefusedError("a WebSocket client is reached on its own connection alone")
