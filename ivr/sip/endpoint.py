"""The façade of the signalling core: bytes, orders and instants in; bytes and events out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ivr.sip.events import Event, Flow, Transmit
from ivr.sip.message import Request, Response
from ivr.sip.session import Header, Session
from ivr.sip.settings import EndpointSettings
from ivr.sip.transaction import ClientTransaction, ServerTransaction


class Census(NamedTuple):
    """What an endpoint holds; all zero once every call and transaction has run out."""

    server_transactions: int
    client_transactions: int
    dialogs: int
    timers: int


class Endpoint:
    """All transactions, dialogs and sessions behind a set of sockets.

    After every call into it, drain `take_transmits` and `take_events` and set the alarm for
    `next_deadline`.

    Args:
        settings: see `EndpointSettings`.
        token: a fresh random identifier each call (tags, branches, Call-IDs): `[A-Za-z0-9]+`,
            at least 64 bits of randomness.
        dice: uniform in [0, 1), for back-off and initial sequence numbers.
    """

    def __init__(
        self, settings: EndpointSettings, token: Callable[[], str], dice: Callable[[], float]
    ) -> None:
        raise NotImplementedError

    def receive(self, data: bytes, flow: Flow, now: float) -> None:
        """Take a datagram, or one framed message of a stream. Never raises."""
        raise NotImplementedError

    def transport_failed(self, flow: Flow, now: float) -> None:
        """The peer's port is closed (ICMP) or the connection is lost."""
        raise NotImplementedError

    def handle_timers(self, now: float) -> None:
        """Do what is due by `now`."""
        raise NotImplementedError

    def next_deadline(self) -> float | None:
        """When `handle_timers` is next needed, monotonic seconds."""
        raise NotImplementedError

    def take_transmits(self) -> list[Transmit]:
        raise NotImplementedError

    def take_events(self) -> list[Event]:
        raise NotImplementedError

    def respond(self, transaction: ServerTransaction, response: Response, now: float) -> None:
        """Answer a `RequestReceived`; build the response with `message.response_to`.

        Via, and the To tag where it is missing, are set here.
        """
        raise NotImplementedError

    def request(self, request: Request, flow: Flow, now: float) -> ClientTransaction:
        """Send a request outside any dialog; Via and its branch are added here."""
        raise NotImplementedError

    def invite(
        self,
        target: str,
        flow: Flow,
        from_: str,
        to: str,
        sdp: bytes,
        now: float,
        headers: Sequence[Header] = (),
    ) -> Session:
        """Call `target` (the Request-URI).

        Args:
            from_: name-addr without tag.
            to: name-addr without tag.
            sdp: the offer; empty to let the peer offer, see `Session.acknowledge`.
            headers: further header fields; `Route` among them is obeyed.
        """
        raise NotImplementedError

    def census(self) -> Census:
        raise NotImplementedError
