"""SIP over UDP on a socket of our own.

asyncio's datagram transport closes itself when a send raises anything but OSError, and a
process with a closed transport is deaf for good; here a bad destination costs one datagram.
"""

import asyncio
import contextlib
import socket
import sys
from collections import deque
from collections.abc import Callable

from ivr.net import clock
from ivr.net.socket_options import age_of_last, note_arrivals, says_unreachable
from ivr.net.transport import Receiver, family_of
from ivr.sip.events import Flow

_LARGEST = 65535
_BURST = 64
"""Datagrams read in one turn, so that a flood cannot keep timers and media waiting."""
_KNOWN_PEERS = 4096
"""Peers whose flow is kept; a flood of forged ones makes it forget them all."""
_BACKLOG = 4096
"""Datagrams kept while the kernel's send buffer is full; the oldest go first, as on any wire."""
_RECEIVE_BUFFER = 8 * 1024 * 1024
_QUOTED = 2048
"""More than an ICMP error quotes of what it is about: 576 octets of IPv4, 1280 of IPv6."""
_RECVERR = {socket.AF_INET: (socket.IPPROTO_IP, 11), socket.AF_INET6: (socket.IPPROTO_IPV6, 25)}
"""IP_RECVERR and IPV6_RECVERR of Linux (ip(7), ipv6(7)), which `socket` does not name."""
_MSG_ERRQUEUE = 0x2000
_LINUX = sys.platform.startswith("linux")


class UdpTransport:
    """One bound datagram socket.

    `refused` is told of each datagram that did not arrive as its port is closed or its host is
    away (ICMP, RFC 3261 §18.4): of its beginning, and its flow. Anyone can forge such an error;
    who knows the datagram has seen it.

    It is `late` once all that is read has waited in the kernel for more than `late_after_s`, and
    has been so for twice as long: what a stall of the host leaves is read in less.
    """

    name = "UDP"

    def __init__(
        self,
        receiver: Receiver,
        undeliverable: Callable[[Flow, OSError], None],
        refused: Callable[[bytes, Flow], None] | None = None,
        *,
        late_after_s: float = 0.3,
        age: Callable[[socket.socket], float] = age_of_last,
        now: Callable[[], float] = clock.monotonic,
    ) -> None:
        self._receiver = receiver
        self._undeliverable = undeliverable
        self._refused = refused
        self._late_after_s = late_after_s
        self._age = age
        self._now = now
        self._flows: dict[tuple[str, int], Flow] = {}
        self._late_since: float | None = None
        self._waiting: deque[tuple[bytes, tuple[str, int]]] = deque(maxlen=_BACKLOG)

    async def listen(self, host: str, port: int) -> None:
        """Bind; port 0 takes a free one. Raises OSError when the address is not to be had."""
        self._loop = asyncio.get_running_loop()
        self._socket = socket.socket(family_of(host), socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
            if self._refused is not None and _LINUX:
                self._socket.setsockopt(*_RECVERR[family_of(host)], 1)
            self._socket.bind((host, port))
            note_arrivals(self._socket)
        except OSError:
            self._socket.close()
            raise
        self.local: tuple[str, int] = self._socket.getsockname()[:2]
        self._loop.add_reader(self._socket.fileno(), self._readable)

    def _readable(self) -> None:
        receive, socket_receive = self._receiver.received, self._socket.recvfrom
        flows = self._flows
        for number in range(_BURST):
            try:
                data, address = socket_receive(_LARGEST)
            except (BlockingIOError, InterruptedError):
                self._late_since = None
                if number == 0:  # called for an error that something else has met
                    self._take_refusals()
                return
            except OSError:  # an ICMP error of an earlier send; the socket stays good
                self._take_refusals()
                continue
            receive(data, flows.get(address) or self._flow_from(address))
        self._look_how_late()

    def late(self) -> bool:
        """Whether datagrams wait too long, and have for longer than a passing stall explains."""
        if self._late_since is None:
            return False
        return self._now() - self._late_since >= 2 * self._late_after_s

    def _look_how_late(self) -> None:
        """Ask how long the last datagram of a full reading had waited, if more wait behind it."""
        if not self._more_waits() or self._age(self._socket) <= self._late_after_s:
            self._late_since = None
        elif self._late_since is None:
            self._late_since = self._now()

    def _flow_from(self, address: tuple[str, int]) -> Flow:
        """A flow for a peer not heard of lately: made once, it is found in a fifth of the time."""
        if len(self._flows) >= _KNOWN_PEERS:
            self._flows.clear()
        flow = self._flows[address] = Flow("UDP", self.local, address[:2])
        return flow

    def _more_waits(self) -> bool:
        try:
            self._socket.recv(1, socket.MSG_PEEK)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError:
            self._take_refusals()
            return self._more_waits()
        return True

    def _take_refusals(self) -> bool:
        """Tell what did not arrive: the kernel queues each error with what it is about.

        Whether there was any: an error that a call for something else had met.
        """
        if self._refused is None or not _LINUX:
            return False
        taken = False
        while True:
            try:
                quoted, told, _, peer = self._socket.recvmsg(_QUOTED, 512, _MSG_ERRQUEUE)
            except OSError:
                break
            taken = True
            if says_unreachable(told):
                self._refused(quoted, Flow("UDP", self.local, peer[:2]))
        self._listen_anew()
        return taken

    def _listen_anew(self) -> None:
        """Watch the socket again: libuv, and so uvloop, gives one up that reports an error.

        It may have seen the error already and not said so yet, whoever met it first.
        """
        number = self._socket.fileno()
        self._loop.remove_reader(number)
        self._loop.add_reader(number, self._readable)
        if self._waiting:
            self._loop.remove_writer(number)
            self._loop.add_writer(number, self._writable)

    def standing(self, peer: tuple[str, int]) -> Flow:
        """The flow to a peer; datagrams need nothing more."""
        return self._flows.get(peer) or self._flow_from(peer)

    def send(self, flow: Flow, data: bytes) -> None:
        """Send one datagram to the flow's peer, or queue it while the kernel's buffer is full."""
        if self._waiting:
            self._waiting.append((data, flow.peer))
            return
        try:
            self._put(data, flow.peer)
        except (BlockingIOError, InterruptedError):
            self._waiting.append((data, flow.peer))
            self._loop.add_writer(self._socket.fileno(), self._writable)
        except OSError as error:
            self._undeliverable(flow, error)
        except (OverflowError, ValueError) as error:
            self._undeliverable(flow, OSError(str(error)))

    def _put(self, data: bytes, peer: tuple[str, int]) -> None:
        """Send one datagram; an error that an earlier one met keeps it from leaving once."""
        try:
            self._socket.sendto(data, peer)
        except (BlockingIOError, InterruptedError):
            raise
        except OSError:
            if not self._take_refusals():
                raise
            self._socket.sendto(data, peer)

    def _writable(self) -> None:
        while self._waiting:
            data, peer = self._waiting[0]
            try:
                self._put(data, peer)
            except (BlockingIOError, InterruptedError):
                return
            except (OSError, OverflowError, ValueError):
                pass
            self._waiting.popleft()
        self._loop.remove_writer(self._socket.fileno())

    async def close(self) -> None:
        """Stop reading and give the port back."""
        with contextlib.suppress(ValueError):
            self._loop.remove_reader(self._socket.fileno())
            self._loop.remove_writer(self._socket.fileno())
        self._socket.close()
