"""The driver goes on: one message's, one timer's, one socket's fault stops nothing else."""

import asyncio

import pytest

from ivr.net.driver import Driver
from ivr.sip.endpoint import Endpoint
from ivr.sip.events import Event, Flow, RequestReceived
from ivr.sip.message import response_to
from ivr.sip.settings import EndpointSettings
from ivr.sip.timers import Timers
from tests.support.virtual_loop import run_virtually

PEER = Flow("UDP", ("127.0.0.1", 5060), ("127.0.0.1", 5071))
PING = (
    b"OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5071;branch=z9hG4bK1\r\n"
    b"From: <sip:a@127.0.0.1>;tag=1\r\nTo: <sip:127.0.0.1>\r\nCall-ID: 1\r\n"
    b"CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
)
POISON = b"poison"


class Defective(Endpoint):
    """An endpoint that fails at one message, and has alarms of the test's own beside its timers."""

    def __init__(self) -> None:
        super().__init__(EndpointSettings(), lambda: "token", lambda: 0.5)
        self.alarms = Timers()
        self.fired: list[float] = []

    def receive(self, data: bytes, flow: Flow, now: float) -> None:
        if data == POISON:
            raise RuntimeError("a defect")
        super().receive(data, flow, now)

    def transport_failed(self, flow: Flow, now: float) -> None:
        raise RuntimeError("a defect")

    def handle_timers(self, now: float) -> None:
        self.alarms.fire_due(now)

    def next_deadline(self) -> float | None:
        return self.alarms.next_deadline()

    def fail(self, now: float) -> None:
        raise RuntimeError("a defect")


class Wire:
    """A transport that keeps what it is given; it fails as often as it is told to."""

    name = "UDP"
    local = ("127.0.0.1", 5060)

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.failures = 0

    async def listen(self, host: str, port: int) -> None:
        raise AssertionError("nothing listens here")

    def standing(self, peer: tuple[str, int]) -> Flow:
        return Flow(self.name, self.local, peer)

    def send(self, flow: Flow, data: bytes) -> None:
        if self.failures:
            self.failures -= 1
            raise RuntimeError("a defect")
        self.sent.append(data)

    async def close(self) -> None:
        self.sent.clear()


class Bench:
    """A driver that answers requests with 200, and what it was told of failures."""

    def __init__(self) -> None:
        self.endpoint = Defective()
        self.wire = Wire()
        self.failed: list[str] = []
        self.driver = Driver(
            self.endpoint,
            self._answer,
            lambda what, error: self.failed.append(f"{what}: {error}"),
            asyncio.get_running_loop().time,
        )
        self.driver.add(self.wire)

    def _answer(self, event: Event) -> None:
        assert isinstance(event, RequestReceived)
        with self.driver.turn() as now:
            self.endpoint.respond(event.transaction, response_to(event.request, 200), now)


def test_a_message_that_breaks_the_endpoint_leaves_the_next_one_served() -> None:
    async def scene() -> None:
        bench = Bench()
        bench.driver.received(POISON, PEER)
        assert bench.failed == ["receiving from 127.0.0.1:5071: a defect"]
        bench.driver.received(PING, PEER)
        assert [data[:15] for data in bench.wire.sent] == [b"SIP/2.0 200 OK\r"]

    run_virtually(scene())


def test_a_timer_that_fails_leaves_the_others_running() -> None:
    async def scene() -> None:
        bench = Bench()
        endpoint = bench.endpoint
        for at, fire in ((1.0, endpoint.fail), (1.0, endpoint.fired.append), (2.0, endpoint.fail),
                         (3.0, endpoint.fired.append)):  # fmt: skip
            endpoint.alarms.set(at, fire)
        with bench.driver.turn():
            pass
        await asyncio.sleep(5)
        assert [round(at) for at in endpoint.fired] == [1, 3]
        assert bench.failed == ["a timer: a defect"] * 2

    run_virtually(scene())


def test_a_transport_that_fails_costs_one_message() -> None:
    async def scene() -> None:
        bench = Bench()
        bench.wire.failures = 1
        bench.driver.received(PING, PEER)
        assert bench.failed == ["sending to 127.0.0.1:5071: a defect"]
        bench.driver.received(PING, PEER)  # a copy: the 200 goes out again
        assert len(bench.wire.sent) == 1

    run_virtually(scene())


def test_a_lost_flow_that_breaks_the_endpoint_is_told() -> None:
    async def scene() -> None:
        bench = Bench()
        bench.driver.lost(PEER)
        assert bench.failed == ["losing 127.0.0.1:5071: a defect"]

    run_virtually(scene())


def test_what_a_visit_raises_is_raised_after_its_messages_went_out() -> None:
    async def scene() -> None:
        bench = Bench()

        def visit() -> None:
            with bench.driver.turn() as now:
                bench.endpoint.receive(PING, PEER, now)
                raise RuntimeError("of the visitor")

        with pytest.raises(RuntimeError, match="of the visitor"):
            visit()
        assert len(bench.wire.sent) == 1
        bench.driver.received(PING, PEER)
        assert len(bench.wire.sent) == 2

    run_virtually(scene())
