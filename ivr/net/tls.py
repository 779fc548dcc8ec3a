"""TLS in front of a stream (RFC 3261 §26.2.1, RFC 5922): who we are, whom we trust, who may enter.

The loop's own server counts a peer once its handshake is done. Who only begins one costs a
descriptor and holds nothing else up; the door bounds how many may, and for how long.
"""

import asyncio
import contextlib
import socket
import ssl
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ivr.net.transport import Told, untold

_BURST = 64
"""Peers let in in one turn, so that a flood cannot keep timers and media waiting."""
_BACKLOG = 1024
_GOODBYE_S = 1.0
_BREATH_S = 1.0
"""How long the door stays shut when the process has no descriptor left."""


@dataclass(frozen=True, slots=True)
class Tls:
    """Contexts of both directions, and what a peer that does not finish its handshake may cost."""

    server: ssl.SSLContext
    client: ssl.SSLContext
    handshake_s: float = 5.0
    handshakes: int = 400
    """Handshakes under way at once; the next peer is turned away."""
    handshakes_per_host: int = 200
    told: Told = untold
    """Hears of handshakes that came to nothing, and of peers for which there was no room."""


def contexts(certificate: Path, key: Path, authority: Path | None = None) -> Tls:
    """The carrier's TLS: 1.2 or later both ways, and phones are not asked for a certificate.

    Args:
        certificate: PEM, our certificate first, those between it and the authority after it.
        key: PEM, of the first certificate.
        authority: PEM of a further authority whom we believe when we connect to a peer.
    Raises:
        OSError: a file cannot be read, holds no PEM, or key and certificate do not belong together
            (`ssl.SSLError` is one).
    """
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.minimum_version = ssl.TLSVersion.TLSv1_2
    server.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    server.load_cert_chain(certificate, key)
    return Tls(server, _client(authority))


def caller(authority: Path | None = None) -> Tls:
    """TLS of a phone without a certificate: it connects, and nobody connects to it.

    Args:
        authority: PEM of an authority that is believed besides the system's.
    Raises:
        OSError: the file cannot be read or holds no PEM.
    """
    return Tls(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), _client(authority))


def _client(authority: Path | None) -> ssl.SSLContext:
    client = ssl.create_default_context()
    client.minimum_version = ssl.TLSVersion.TLSv1_2
    if authority is not None:
        client.load_verify_locations(authority)
    return client


class TlsDoor:
    """Accepts on a bound socket and hands a peer on once its handshake is done.

    Who is not let in is told of (`Tls.told`), for the log.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        listener: socket.socket,
        tls: Tls,
        connection: Callable[[], asyncio.Protocol],
    ) -> None:
        self._loop, self._listener, self._tls = loop, listener, tls
        self._connection = connection
        self._greeting: set[asyncio.Task[None]] = set()
        self._per_host: Counter[str] = Counter()
        self._shut: asyncio.TimerHandle | None = None
        listener.setblocking(False)
        listener.listen(_BACKLOG)
        self._unlock()

    def _unlock(self) -> None:
        self._shut = None
        self._loop.add_reader(self._listener.fileno(), self._knocked)

    def _knocked(self) -> None:
        for _ in range(_BURST):
            try:
                peer, address = self._listener.accept()
            except (BlockingIOError, InterruptedError):
                return
            except ConnectionAbortedError:
                continue
            except OSError:  # no descriptor is left: who knocks waits in the kernel
                self._loop.remove_reader(self._listener.fileno())
                self._shut = self._loop.call_later(_BREATH_S, self._unlock)
                return
            self._greet(peer, address[:2])

    def _greet(self, peer: socket.socket, address: tuple[str, int]) -> None:
        tls, host = self._tls, address[0]
        full = len(self._greeting) >= tls.handshakes
        if full or self._per_host[host] >= tls.handshakes_per_host:
            peer.close()
            tls.told(address, OSError("too many handshakes at once"))
            return
        peer.setblocking(False)
        self._per_host[host] += 1
        task = self._loop.create_task(self._handshake(peer, address))
        self._greeting.add(task)
        task.add_done_callback(self._greeting.discard)

    async def _handshake(self, peer: socket.socket, address: tuple[str, int]) -> None:
        host = address[0]
        try:
            await self._loop.connect_accepted_socket(
                self._connection,
                peer,
                ssl=self._tls.server,
                ssl_handshake_timeout=self._tls.handshake_s,
                ssl_shutdown_timeout=_GOODBYE_S,
            )
        except OSError as error:  # also a handshake that failed or took too long
            self._tls.told(address, error)
        finally:
            self._per_host[host] -= 1
            if not self._per_host[host]:
                del self._per_host[host]

    def close(self) -> None:
        """Let nobody in any more, and break off the handshakes under way."""
        if self._shut is not None:
            self._shut.cancel()
        with contextlib.suppress(ValueError):
            self._loop.remove_reader(self._listener.fileno())
        self._listener.close()
        for task in self._greeting:
            task.cancel()

    async def wait_closed(self) -> None:
        """Until the last handshake is broken off."""
        await asyncio.gather(*self._greeting, return_exceptions=True)
