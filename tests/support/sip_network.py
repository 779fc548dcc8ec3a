"""Endpoints wired to each other in memory, on a clock that only the test moves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from typing import TypeVar

from ivr.sip.endpoint import Endpoint
from ivr.sip.events import Event, Flow
from ivr.sip.message import Message, Request, Response, parse
from ivr.sip.settings import EndpointSettings

Address = tuple[str, int]
Lose = Callable[["Node", Message, int], bool]
T = TypeVar("T")

DELAY_S = 0.01
SDP = (
    b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
    b"m=audio 4000 RTP/AVP 0\r\n"
)
OTHER_SDP = SDP.replace(b"- 1 1 ", b"- 1 2 ").replace(b"4000", b"5000")


def tokens(prefix: str) -> Callable[[], str]:
    """Identifiers that are the same in every run."""
    numbers = count(1)
    return lambda: f"{prefix}{next(numbers):04d}"


@dataclass(eq=False)
class Node:
    """An endpoint, its address, and everything it sent and told."""

    name: str
    address: Address
    endpoint: Endpoint
    events: list[Event] = field(default_factory=list)
    sent: list[Message] = field(default_factory=list)

    def flow_to(self, peer: Node | Address, transport: str = "UDP") -> Flow:
        address = peer.address if isinstance(peer, Node) else peer
        return Flow(transport, self.address, address, 0 if transport == "UDP" else 1)

    def all(self, kind: type[T]) -> list[T]:
        return [event for event in self.events if isinstance(event, kind)]

    def one(self, kind: type[T]) -> T:
        """The only event of a kind."""
        (event,) = self.all(kind)
        return event

    def requests(self, method: str) -> list[Request]:
        """What was sent, retransmissions included."""
        return [m for m in self.sent if isinstance(m, Request) and m.method == method]

    def responses(self, status: int, method: str | None = None) -> list[Response]:
        return [
            m
            for m in self.sent
            if isinstance(m, Response) and m.status == status and method in (None, m.cseq.method)
        ]


class Network:
    """Carries transmits between nodes after `DELAY_S`; what `lose` names does not arrive.

    `lose(sender, message, nth)` gets the running number of the datagram; `delays(nth)` says when
    each copy of a datagram arrives, in seconds from its sending.
    """

    def __init__(self, settings: EndpointSettings | None = None) -> None:
        self.now = 1000.0
        self.lose: Lose = lambda sender, message, nth: False
        self.delays: Callable[[int], Sequence[float]] = lambda nth: (DELAY_S,)
        self._settings = settings or EndpointSettings()
        self._nodes: dict[Address, Node] = {}
        self._wire: list[tuple[float, int, Flow, bytes]] = []
        self._carried = 0

    def node(self, name: str, host: str, settings: EndpointSettings | None = None) -> Node:
        endpoint = Endpoint(settings or self._settings, tokens(name), lambda: 0.5)
        node = Node(name, (host, 5060), endpoint)
        self._nodes[node.address] = node
        return node

    def run(self, seconds: float = 0.2) -> None:
        """Let virtual time pass: deliver and fire, in order."""
        end = self.now + seconds
        while True:
            self._collect()
            at = self._next()
            if at is None or at > end:
                break
            self.now = max(self.now, at)
            self._deliver_due()
            for node in self._nodes.values():
                node.endpoint.handle_timers(self.now)
        self.now = end

    def run_out(self) -> None:
        """Until nothing is on the wire and no timer is set."""
        for _ in range(10_000):
            self._collect()
            at = self._next()
            if at is None:
                return
            self.run(max(0.0, at - self.now))
        raise AssertionError("the network never falls silent")

    def _next(self) -> float | None:
        deadlines = [node.endpoint.next_deadline() for node in self._nodes.values()]
        known = [at for at in deadlines if at is not None]
        if self._wire:
            known.append(self._wire[0][0])
        return min(known, default=None)

    def _collect(self) -> None:
        for node in self._nodes.values():
            for flow, data in node.endpoint.take_transmits():
                self._carry(node, flow, data)
            node.events += node.endpoint.take_events()

    def _carry(self, sender: Node, flow: Flow, data: bytes) -> None:
        message = parse(data)
        sender.sent.append(message)
        self._carried += 1
        if not self.lose(sender, message, self._carried):
            for delay_s in self.delays(self._carried):
                heappush(self._wire, (self.now + delay_s, self._carried, flow, data))

    def _deliver_due(self) -> None:
        while self._wire and self._wire[0][0] <= self.now:
            _, _, flow, data = heappop(self._wire)
            receiver = self._nodes.get(flow.peer)
            if receiver is not None:
                back = Flow(flow.transport, flow.peer, flow.local, flow.connection)
                receiver.endpoint.receive(data, back, self.now)


def pair(settings: EndpointSettings | None = None) -> tuple[Network, Node, Node]:
    """A network with a caller and a callee."""
    network = Network(settings)
    return network, network.node("alice", "192.0.2.1"), network.node("bob", "192.0.2.2")
