"""A real SMTP server for tests, on loopback, that refuses, hangs or hangs up when told to."""

import asyncio
import socket
import ssl
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from provisioning.notify.address import StartTls
from provisioning.notify.message import Read, read
from provisioning.notify.smtp import MailServer, Waits

HANG = "hang"
"""A reply that does not come until `release`."""

HANG_UP = "hang up"
TAKE_AND_HANG_UP = "take and hang up"
TAKE_AND_HANG = "take and hang"


class ScriptedServer:
    """Takes mail; `rcpt` and `data` hold the replies to give first, in their order."""

    def __init__(self) -> None:
        self.rcpt: deque[str] = deque()
        self.data: deque[str] = deque()
        self.taken: list[Read] = []
        self.offers = 0
        self.hanging = asyncio.Event()
        self.release = asyncio.Event()
        self.logins: list[tuple[bytes, bytes]] = []
        self.port = 0
        self.connections: list[SMTP] = []

    def server(self, **more: Any) -> MailServer:
        """The server as the postman is told of it."""
        return MailServer("127.0.0.1", self.port, **{"starttls": StartTls.OFF, **more})

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """The next scripted reply, else 250."""
        self.offers += 1
        reply = await self._next(self.rcpt, server)
        if reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """The next scripted reply, else 250; the mail is taken when it is 250."""
        reply = await self._next(self.data, server)
        if reply == TAKE_AND_HANG_UP:
            self._take(envelope)
            return await self._hang_up(server)
        if reply == TAKE_AND_HANG:
            self._take(envelope)
            return await self._hang()
        if reply.startswith("250"):
            self._take(envelope)
        return reply

    def _take(self, envelope: Envelope) -> None:
        assert isinstance(envelope.original_content, bytes)
        self.taken.append(read(envelope.original_content))

    async def _next(self, script: deque[str], server: SMTP) -> str:
        reply = script.popleft() if script else "250 OK"
        if reply == HANG:
            return await self._hang()
        return await self._hang_up(server) if reply == HANG_UP else reply

    async def _hang(self) -> str:
        self.hanging.set()
        await self.release.wait()
        return "250 OK"

    async def _hang_up(self, server: SMTP) -> str:
        assert server.transport is not None
        server.transport.close()
        return "421 bye"

    def authenticated(self, login: bytes, password: bytes) -> bool:
        """Note the login; every one is right but `wrong`."""
        self.logins.append((login, password))
        return password != b"wrong"


class _Connection(SMTP):
    """One client, hung up on when the server ends."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.event_handler.connections.append(self)
        super().connection_made(transport)


@asynccontextmanager
async def mail_server(
    tls: ssl.SSLContext | None = None, *, port: int = 0
) -> AsyncIterator[ScriptedServer]:
    """A listening server; with `tls` it insists on STARTTLS."""
    scripted = ScriptedServer()
    loop = asyncio.get_running_loop()

    def connection() -> SMTP:
        return _Connection(
            scripted,
            hostname="mail.test",
            loop=loop,
            tls_context=tls,
            require_starttls=tls is not None,
            auth_require_tls=tls is not None,
            authenticator=_authenticator(scripted),
        )

    listening = socket.create_server(("127.0.0.1", port))
    scripted.port = listening.getsockname()[1]
    server = await loop.create_server(connection, sock=listening)
    try:
        yield scripted
    finally:
        scripted.release.set()
        server.close()
        for each in scripted.connections:
            if each.transport is not None:
                each.transport.close()
            if each._handler_coroutine is not None:
                each._handler_coroutine.cancel()  # after a failed handshake it waits for ever
        await server.wait_closed()


def _authenticator(scripted: ScriptedServer) -> Any:
    def check(
        _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any
    ) -> AuthResult:
        known = scripted.authenticated(data.login, data.password)
        return AuthResult(success=known, handled=False)

    return check


QUICK = Waits(command_s=5, data_s=5)
