"""Serve an ASGI app inside the carrier's own loop."""

import asyncio
import errno
import socket
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from lab.errors import Refused
from lab.patience import PatientProtocol

LOOPBACK = "127.0.0.1"


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: the process ends when the assembly says so."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _Here:
    """ASGI middleware: who counts as this host asks by its loopback address."""

    def __init__(self, app: ASGIApp, here: Container[str]) -> None:
        self._app, self._here = app, here

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = scope.get("client")
        if client is not None and client[0] in self._here:
            scope["client"] = (LOOPBACK, client[1])
        await self._app(scope, receive, send)


class WebPart:
    """The HTTP part of the assembly.

    `proxies`: addresses and networks whose X-Forwarded-Proto and X-Forwarded-For are believed.
    `here`: hosts that count as this one.
    """

    name = "http"

    def __init__(
        self,
        app: ASGIApp,
        host: str,
        port: int,
        protocol: type[PatientProtocol] = PatientProtocol,
        *,
        proxies: Sequence[str] = (),
        here: Container[str] = (),
    ) -> None:
        self._app, self._host, self._port, self._protocol = _Here(app, here), host, port, protocol
        self._proxies = tuple(proxies)
        self._server: _Server | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """The port in use; the chosen one when 0 was asked for."""
        return self._port

    async def start(self) -> None:
        """Bind and serve.

        Raises:
            Refused: the port is taken or the address is not this host's.
        """
        listening = listen(self._host, self._port)
        self._port = int(listening.getsockname()[1])
        config = uvicorn.Config(
            self._app,
            http=self._protocol,
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_keep_alive=5,
            ws="none",
            proxy_headers=bool(self._proxies),
            forwarded_allow_ips=list(self._proxies),
        )
        self._server = _Server(config)
        self._task = asyncio.create_task(self._server.serve([listening]), name="http")

    async def stop(self, grace_s: float) -> None:
        """Answer what was asked, then close; after `grace_s` seconds close anyway."""
        if self._server is None or self._task is None:
            return
        self._server.config.timeout_graceful_shutdown = max(1, int(grace_s))
        self._server.should_exit = True
        await self._task


def listen(host: str, port: int) -> socket.socket:
    """A listening TCP socket; an error says which option to change."""
    listening = socket.socket(family_of(host), socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(256)
    except OSError as error:
        listening.close()
        raise Refused(bind_failure(error, "HTTP", host, port, "--http-port")) from None
    listening.setblocking(False)
    return listening


def family_of(host: str) -> socket.AddressFamily:
    """The address family of a literal address."""
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def bind_failure(error: OSError, what: str, host: str, port: int, option: str) -> str:
    """Why an address could not be taken, and by which option to take another."""
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    if error.errno == errno.EADDRINUSE:
        return f"{what} port {place} is used by another program; choose one with {option} PORT"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{what} cannot listen on {place}: no address of this host; change --host"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"{what} port {place} needs more rights; choose one above 1023 with {option} PORT"
    return f"{what} cannot listen on {place}: {error.strerror}"
