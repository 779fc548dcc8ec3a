"""A bad network: a UDP relay that drops, duplicates, reorders and delays datagrams by seed."""

import heapq
import random
import selectors
import socket
import threading
import time
from dataclasses import dataclass, field

from lab.scenarios.phones.closing import Closing
from tests.support.ports import LOOPBACK

_DATAGRAM = 65_535


@dataclass(frozen=True, slots=True)
class Weather:
    """How bad: shares between 0 and 1, delays in milliseconds."""

    drop: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    reorder_by_ms: float = 25.0


class Impairment:
    """Decides the fate of each datagram; the same seed gives the same fates."""

    def __init__(self, weather: Weather, seed: int) -> None:
        self._weather = weather
        self._dice = random.Random(seed)
        self.dropped = self.duplicated = self.reordered = 0

    def fate(self) -> list[float]:
        """Delays in seconds, one for each copy to deliver; none: it is lost."""
        weather, dice = self._weather, self._dice
        if dice.random() < weather.drop:
            self.dropped += 1
            return []
        copies = 1
        if dice.random() < weather.duplicate:
            self.duplicated += 1
            copies = 2
        return [self._delay_s() for _ in range(copies)]

    def _delay_s(self) -> float:
        weather, dice = self._weather, self._dice
        delay_ms = weather.delay_ms + dice.uniform(-weather.jitter_ms, weather.jitter_ms)
        if dice.random() < weather.reorder:
            self.reordered += 1
            delay_ms += weather.reorder_by_ms
        return max(0.0, delay_ms) / 1000


@dataclass(order=True, slots=True)
class _Parcel:
    due: float
    order: int
    sender: socket.socket = field(compare=False)
    data: bytes = field(compare=False)
    to: tuple[str, int] = field(compare=False)


class Relay(Closing):
    """Stands before a server: each client gets a port of its own toward the server, as a NAT."""

    def __init__(self, server: tuple[str, int], weather: Weather, seed: int = 1) -> None:
        self._server = server
        self.there, self.back = Impairment(weather, seed), Impairment(weather, seed + 1)
        self._selector = selectors.DefaultSelector()
        self._front = self._open()
        self._wake, self._waker = socket.socketpair()
        self._selector.register(self._wake, selectors.EVENT_READ)
        self._upstream: dict[tuple[str, int], socket.socket] = {}
        self._client_of: dict[socket.socket, tuple[str, int]] = {}
        self._parcels: list[_Parcel] = []
        self._order = 0
        self._thread = threading.Thread(target=self._run, name="relay")
        self._running = True
        self._thread.start()

    @property
    def address(self) -> tuple[str, int]:
        """Where clients send to."""
        host, port = self._front.getsockname()
        return host, port

    def _open(self) -> socket.socket:
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        opened.bind((LOOPBACK, 0))
        opened.setblocking(False)
        self._selector.register(opened, selectors.EVENT_READ)
        return opened

    def _run(self) -> None:
        while self._running:
            wait = max(0.0, self._parcels[0].due - time.monotonic()) if self._parcels else None
            for key, _ in self._selector.select(wait):
                if isinstance(key.fileobj, socket.socket) and key.fileobj is not self._wake:
                    self._take_from(key.fileobj)
            self._deliver(time.monotonic())

    def _take_from(self, source: socket.socket) -> None:
        while True:
            try:
                data, sender = source.recvfrom(_DATAGRAM)
            except BlockingIOError:
                return
            except ConnectionRefusedError:
                continue
            if source is self._front:
                self._post(self.there, self._toward_server(sender), data, self._server)
            else:
                self._post(self.back, self._front, data, self._client_of[source])

    def _toward_server(self, client: tuple[str, int]) -> socket.socket:
        if client not in self._upstream:
            opened = self._open()
            self._upstream[client] = opened
            self._client_of[opened] = client
        return self._upstream[client]

    def _post(
        self, way: Impairment, sender: socket.socket, data: bytes, to: tuple[str, int]
    ) -> None:
        for delay_s in way.fate():
            self._order += 1
            due = time.monotonic() + delay_s
            heapq.heappush(self._parcels, _Parcel(due, self._order, sender, data, to))

    def _deliver(self, now: float) -> None:
        while self._parcels and self._parcels[0].due <= now:
            parcel = heapq.heappop(self._parcels)
            try:
                parcel.sender.sendto(parcel.data, parcel.to)
            except (BlockingIOError, ConnectionRefusedError):
                continue

    def close(self) -> None:
        self._running = False
        self._waker.send(b"x")
        self._thread.join()
        self._selector.close()
        for opened in (self._front, self._wake, self._waker, *self._upstream.values()):
            opened.close()
