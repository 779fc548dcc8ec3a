"""The laboratory's own mail server: takes every mail that reaches it and lets nothing out."""

import asyncio
import logging
import socket
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from provisioning.contract import StorageUnavailable
from provisioning.notify.caught import CaughtMails

MOST_BYTES = 10 * 1024 * 1024
MOST_RECIPIENTS = 100

log = logging.getLogger("tokuban.mail")


class Catcher:
    """Speaks SMTP on a listening socket; any login is taken, for programs that insist on one."""

    def __init__(self, caught: CaughtMails) -> None:
        self._caught = caught
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.BaseTransport] = set()

    async def start(self, listening: socket.socket) -> None:
        """Serve `listening`."""
        # What it logs at lower levels is every command with its addresses, and each login.
        logging.getLogger("mail.log").setLevel(logging.ERROR)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connection, sock=listening)

    async def stop(self) -> None:
        """Take nothing more and hang up."""
        if self._server is not None:
            self._server.close()
            for transport in list(self._connections):
                transport.close()
            await self._server.wait_closed()

    def _connection(self) -> asyncio.BaseProtocol:
        return _Connection(
            self,
            data_size_limit=MOST_BYTES,
            enable_SMTPUTF8=True,
            hostname="tokuban.example",
            ident="tokuban",
            auth_require_tls=False,
            authenticator=_let_in,
            loop=asyncio.get_running_loop(),
        )

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take any address."""
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return "452 4.5.3 too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Answer 250 once the mail is durable."""
        raw = envelope.original_content or b""
        try:
            await self._caught.take(envelope.mail_from or "", tuple(envelope.rcpt_tos), raw)
        except StorageUnavailable:
            return "451 4.3.0 cannot be kept now; try again later"
        return "250 2.0.0 caught"


class _Connection(SMTP):
    """One client; noted, so that it can be hung up on."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.event_handler._connections.add(transport)
        self._noted = transport
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self.event_handler._connections.discard(self._noted)
        super().connection_lost(error)


def _let_in(*_: Any) -> Any:
    return AuthResult(success=True)
