"""Sockets that are asked for what came when their slot comes, in one system call for all."""

import asyncio
import select
import socket
from collections.abc import Callable

from ivr.net.socket_options import attach_event_filter, detach_filter, drops

_MOST_A_SLOT = 8


class Ears:
    """The settled legs of one phase, whose peers may send no more than a key now and then.

    A socket the loop watches costs a search for waiters with each packet it sends, once the kernel
    frees it. Asking all of them just before they send costs less, and brings into the cache what
    sending needs: together a quarter of a packet. A key is heard before its leg's next packet, as
    it would be by the loop.
    """

    def __init__(self) -> None:
        self._poll = select.poll()
        self._takers: dict[int, Callable[[], object]] = {}

    def listen(self, fd: int, take: Callable[[], object]) -> None:
        """Call `take` in the slots in which there is something to receive, or an error."""
        self._takers[fd] = take
        self._poll.register(fd, select.POLLIN)

    def ignore(self, fd: int) -> None:
        """Ask no more; the socket is still open."""
        del self._takers[fd]
        self._poll.unregister(fd)

    def hear(self) -> None:
        """Let everyone take what came; what one of them raises is the loop's to tell."""
        if not self._takers:
            return
        for fd, _ in self._poll.poll(0):
            take = self._takers.get(fd)  # another one's key may have closed this leg
            if take is None:
                continue
            try:
                take()
            except Exception as error:
                asyncio.get_running_loop().call_exception_handler(
                    {"message": f"receiving on socket {fd}", "exception": error}
                )


class Watch:
    """Who listens on a leg's socket: the loop, or its phase while the kernel drops all but keys.

    `read` takes one datagram and answers whether there was one; the loop may be given another
    reader. `event` is the payload type whose packets pass the filter, None without one.
    """

    __slots__ = ("_by_loop", "_dropped", "_ears", "_loop", "_read", "_socket", "event")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        ears: Ears,
        sock: socket.socket,
        read: Callable[[], bool],
    ) -> None:
        self.event: int | None = None
        self._loop, self._ears, self._socket, self._read = loop, ears, sock, read
        self._dropped = b""
        self._by_loop: Callable[[], object] | None = None
        self.attend()

    def relax(self, event: int) -> bool:
        """Let the kernel drop audio, and hear the rest slot by slot; whether it does."""
        if not attach_event_filter(self._socket, event):
            return False
        self._dropped = drops(self._socket)
        self.close()
        self.event = event
        self._ears.listen(self._socket.fileno(), self._drain)
        return True

    def attend(self, read: Callable[[], object] | None = None) -> None:
        """Hear every packet as it comes, by `read` if given."""
        if self.event is not None:
            self.close()
            detach_filter(self._socket)
        read = read or self._read
        if read != self._by_loop:
            self._listen(read)

    def anew(self) -> None:
        """Listen again where the loop may have stopped: uvloop does at an ICMP error."""
        if self._by_loop is not None:
            self._listen(self._by_loop)

    def _listen(self, read: Callable[[], object]) -> None:
        if self._by_loop is not None:
            self._loop.remove_reader(self._socket.fileno())
        self._loop.add_reader(self._socket.fileno(), read)
        self._by_loop = read

    def stirred(self) -> bool:
        """Whether the filter dropped anything since it was asked last: the peer lives."""
        if self.event is None:
            return False
        before, self._dropped = self._dropped, drops(self._socket)
        return self._dropped != before

    def close(self) -> None:
        """Listen no more."""
        if self.event is None:
            self._loop.remove_reader(self._socket.fileno())
        else:
            self._ears.ignore(self._socket.fileno())
        self.event = self._by_loop = None

    def forget(self) -> None:
        """Listen no more for good; the reader is let go, so that it forms no cycle."""
        self.close()
        self._read = _nothing

    def _drain(self) -> None:
        for _ in range(_MOST_A_SLOT):
            if not self._read():
                return


def _nothing() -> bool:
    """Read nothing."""
    return False
