"""The façade of the signalling core: bytes, orders and instants in; bytes and events out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ivr.sip.bodies import unwrap
from ivr.sip.check import check, check_response
from ivr.sip.core import Core, DialogUsage, Header
from ivr.sip.dialog import dialog_key
from ivr.sip.errors import WrongState
from ivr.sip.events import (
    CallReceived,
    Event,
    Flow,
    FlowLost,
    MessageRejected,
    RequestReceived,
    ResponseReceived,
    TransactionTimedOut,
    Transmit,
)
from ivr.sip.headers import BadHeader, Headers
from ivr.sip.message import ParseError, Request, Response, parse, response_to
from ivr.sip.screening import Refusal, screen, screen_new
from ivr.sip.session import Session
from ivr.sip.session_requests import METHODS
from ivr.sip.settings import EndpointSettings
from ivr.sip.stateless import Challenge, Late, Stateless
from ivr.sip.subscription import Subscription, Terms
from ivr.sip.transaction import ClientTransaction, ServerTransaction
from ivr.sip.transaction_layer import reply_flow, server_key
from ivr.sip.transaction_tables import State as TransactionState
from ivr.sip.values import NameAddr

_STILL_HERE = b"\r\n\0 "
"""What phones send over UDP to keep a NAT open: nothing else, and no message (RFC 3261 §7.5)."""

Vouch = Callable[[Session, Request, Flow], Refusal | None]
"""Judges who sends a request within a session, from a host that its peer is not known to be at."""


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
        self._core = Core(settings, token, dice)
        self._layer = self._core.layer
        self._settings = settings
        self._stateless = Stateless(self._core)
        self._vouch: Vouch | None = None

    def vouch_with(self, vouch: Vouch) -> None:
        """Have requests within a call judged that come from another host than the peer's."""
        self._vouch = vouch

    def challenge_with(self, challenge: Challenge) -> None:
        """Have new requests without credentials challenged before anyone hears of them."""
        self._stateless.challenge = challenge

    def shed_when(self, late: Late) -> None:
        """Have the same requests answered 503 while it is late, and what was begun go on."""
        self._stateless.late = late

    # The driver's side

    def receive(self, data: bytes, flow: Flow, now: float) -> None:
        """Take a datagram, or one framed message of a stream. Never raises."""
        try:
            message = parse(data)
            if message.body:
                unwrap(message)
            if isinstance(message, Response):
                self._receive_response(message, flow, now)
            elif message.method == "ACK":  # nothing goes back the way its Via says
                self._receive_ack(message, now)
            else:
                message.stamp_source(*flow.peer)
                self._receive_request(message, flow, now)
        except ParseError as error:
            if data.strip(_STILL_HERE):
                self._refuse_unreadable(error, flow)
        except ValueError as error:  # a header nobody could foresee a use for
            self.reject(str(error), flow, None)

    def transport_failed(self, flow: Flow, now: float) -> None:
        """Nothing can be sent to the peer, or its connection is lost."""
        self._layer.transport_failed(flow, now)
        if flow.reliable:
            self._core.emit(FlowLost(flow))

    def refused(self, quoted: bytes, flow: Flow, now: float) -> None:
        """A datagram did not arrive; `quoted` is its beginning, as its peer's host sent it back.

        Only the request of which that shows the branch fails (RFC 3261 §18.4): nobody who has not
        seen the datagram knows it.
        """
        self._layer.refused(quoted, flow, now)

    def handle_timers(self, now: float) -> None:
        """Do what is due by `now`."""
        self._layer.fire_due(now)

    def next_deadline(self) -> float | None:
        """When `handle_timers` is next needed, monotonic seconds."""
        return self._layer.next_deadline()

    def take_transmits(self) -> list[Transmit]:
        transmits, self._layer.transmits = self._layer.transmits, []
        return transmits

    def take_events(self) -> list[Event]:
        events, self._core.events = self._core.events, []
        return events

    def census(self) -> Census:
        layer = self._layer
        return Census(
            len(layer.servers), len(layer.clients), len(self._core.dialogs), len(layer.timers)
        )

    # The user agent's side

    def respond(self, transaction: ServerTransaction, response: Response, now: float) -> None:
        """Answer a `RequestReceived`; build the response with `message.response_to`.

        The To tag is added where it is missing, and what identifies us. A response that comes
        after the peer has given up goes nowhere.

        Raises:
            WrongState: a final response was given before.
        """
        if transaction.final_status:
            raise WrongState(f"respond: {transaction.final_status} was the final response already")
        if response.status > 100 and response.to_tag is None:
            to = response.headers.get("To") or ""
            response.headers.set("To", f"{to};tag={self._core.token()}")
        response.headers.set("Server", self._settings.user_agent)
        if response.status == 405 and "Allow" not in response.headers:
            response.headers.set("Allow", ", ".join(self._settings.allow))
        transaction.respond(response, now)

    def answer(
        self,
        transaction: ServerTransaction,
        status: int,
        now: float,
        headers: Sequence[Header] = (),
        reason: str | None = None,
    ) -> None:
        """Answer a `RequestReceived` with a final status and `headers`: `respond` in one go.

        Raises:
            WrongState: a final response was given before.
            ValueError: a header or the reason holds a line break.
        """
        if transaction.final_status:
            raise WrongState(f"answer: {transaction.final_status} was the final response already")
        self._core.respond(transaction, status, now, headers=headers, reason=reason)

    def address(self, flow: Flow) -> str:
        """Host and port at which whoever is at the other end of a flow finds this endpoint."""
        return self._core.sent_by(flow)

    def request(self, request: Request, flow: Flow, now: float) -> ClientTransaction:
        """Send a request outside any dialog; Via and its branch are added here."""
        request.headers.set("User-Agent", self._settings.user_agent)
        return self._layer.start_client(request, flow, self, now)

    def subscription(self, transaction: ServerTransaction, terms: Terms) -> Subscription:
        """What a SUBSCRIBE outside of any dialog asks for, to be accepted or refused.

        Raises:
            BadHeader: it has no usable Contact.
        """
        return Subscription(self._core, transaction, terms)

    def invite(
        self,
        target: str,
        flow: Flow,
        from_: str,
        to: str,
        sdp: bytes,
        now: float,
        headers: Sequence[Header] = (),
        hops: int = 70,
        expires_s: int | None = None,
    ) -> Session:
        """Call `target` (the Request-URI).

        Args:
            from_: name-addr without tag.
            to: name-addr without tag.
            sdp: the offer; empty to let the peer offer, see `Session.acknowledge`.
            headers: further header fields; `Route` among them is written, not obeyed: `flow` says
                where the INVITE goes.
            hops: Max-Forwards.
            expires_s: the session interval, neither more nor less; None for the usual terms.
        """
        tag = self._core.token()
        fields = Headers([("Max-Forwards", str(hops)), ("From", f"{from_};tag={tag}"), ("To", to)])
        fields.add("Call-ID", self._core.token())
        fields.add("CSeq", "1 INVITE")
        request = Request("INVITE", target, fields, sdp)
        self._core.equip(request, flow, headers)
        self._offer_terms(fields, expires_s)
        if sdp:
            fields.set("Content-Type", "application/sdp")
        else:
            # A reliable provisional could bring the offer, whose answer belongs into the PRACK.
            kept = [tag for tag in self._settings.supported if tag != "100rel"]
            fields.set("Supported", *([", ".join(kept)] if kept else []))
        session = Session.outgoing(self._core, tag, request, flow, now)
        session.expires_s = expires_s or session.expires_s
        return session

    def _offer_terms(self, fields: Headers, expires_s: int | None) -> None:
        """The session timer of an INVITE of ours (RFC 4028 §7.1)."""
        if "timer" in self._settings.supported:
            fields.set("Session-Expires", str(expires_s or self._settings.session_expires_s))
            fields.set("Min-SE", str(expires_s or self._settings.min_se_s))

    def on_response(self, transaction: ClientTransaction, response: Response, now: float) -> None:
        """Pass on a response to `request`."""
        self._core.emit(ResponseReceived(transaction, response))

    def on_failure(self, transaction: ClientTransaction, status: int, now: float) -> None:
        """Pass on that `request` stays without response."""
        self._core.emit(TransactionTimedOut(transaction, status))

    # Responses

    def _receive_response(self, response: Response, flow: Flow, now: float) -> None:
        if len(response.vias) > 1:
            self.reject("a response that was meant for someone before us", flow, None)
            return
        check_response(response)  # before a transaction counts on it
        transaction = self._layer.client_for(response)
        if transaction is not None:
            transaction.receive(response, now)
        elif 200 <= response.status < 300 and response.cseq.method == "INVITE":
            self._receive_stray_answer(response, now)

    def _receive_stray_answer(self, response: Response, now: float) -> None:
        key = dialog_key(response.call_id, response.from_tag or "", response.to_tag or "")
        usage = self._core.dialogs.get(key)
        if usage is not None:
            usage.receive_stray_answer(response, now)

    # Requests

    def _receive_request(self, request: Request, flow: Flow, now: float) -> None:
        key = server_key(request, request.method)
        known = self._layer.servers.get(key)
        if known is not None:
            known.receive_again(now)
            return
        check(request)
        if self._stateless.answers(request, key, flow, now):
            return
        transaction = self._layer.start_server(
            key, request, flow, reply_flow(request.via, flow), now
        )
        if request.method == "CANCEL":
            self._receive_cancel(transaction, now)
        elif request.to_tag is not None:
            self._receive_in_dialog(transaction, now)
        else:
            self._receive_new(transaction, now)

    def _receive_ack(self, ack: Request, now: float) -> None:
        """Find what an ACK is for; one that fits nothing is never answered (RFC 3261 §17)."""
        transaction = self._layer.servers.get(server_key(ack, "INVITE"))
        if transaction is not None and transaction.state is not TransactionState.ACCEPTED:
            transaction.receive_ack(ack, now)
            return
        usage = self._core.dialogs.get(_dialog_key(ack))
        if usage is not None:
            usage.receive_ack(ack, now)
        elif transaction is not None:
            transaction.receive_ack(ack, now)

    def _receive_cancel(self, transaction: ServerTransaction, now: float) -> None:
        """Answer a CANCEL itself, and tell whoever answers its INVITE (RFC 3261 §9.2)."""
        cancel = transaction.request
        invite = self._layer.servers.get(server_key(cancel, "INVITE"))
        if invite is None:
            self._core.respond(transaction, 481, now)
            return
        tag = NameAddr.parse(invite.to).tag if invite.to else None
        self._core.respond(transaction, 200, now, to_tag=tag)
        if invite.state is TransactionState.PROCEEDING and invite.user is not None:
            invite.user.on_cancel(cancel, now)

    def _receive_in_dialog(self, transaction: ServerTransaction, now: float) -> None:
        request = transaction.request
        usage = self._core.dialogs.get(_dialog_key(request))
        if usage is None:
            self._refuse(transaction, Refusal(481), "no such dialog", now)
            return
        refusal = screen(request, self._settings, in_dialog=True)
        refusal = refusal or self._unvouched(usage, request, transaction.flow)
        if refusal is not None:
            self._refuse(transaction, refusal, refusal.why, now)
            return
        usage.receive_request(transaction, request, now)

    def _unvouched(self, usage: DialogUsage, request: Request, flow: Flow) -> Refusal | None:
        """RFC 3261 takes a request with the right tags from anywhere; they are no secrets (§26)."""
        if self._vouch is None or not isinstance(usage, Session):
            return None
        if request.method not in METHODS:  # who serves it asks for a password, and only once
            return None
        if usage.is_peer_at(request, flow.peer[0]):
            return None
        return self._vouch(usage, request, flow)

    def _receive_new(self, transaction: ServerTransaction, now: float) -> None:
        request = transaction.request
        merge_key = f"{request.from_tag} {request.call_id} {request.cseq.number} {request.method}"
        if merge_key in self._layer.merging:
            self._refuse(transaction, Refusal(482), "merged: came by another path too", now)
            return
        self._layer.remember_merge(merge_key, transaction)
        refusal = screen_new(request, self._settings)
        if refusal is not None:
            self._refuse(transaction, refusal, refusal.why, now)
        elif request.method == "INVITE":
            self._receive_invite(transaction, now)
        else:
            self._core.emit(RequestReceived(transaction, request, transaction.flow))

    def _receive_invite(self, transaction: ServerTransaction, now: float) -> None:
        try:
            session = Session.incoming(self._core, transaction, transaction.flow, now)
        except BadHeader as error:
            self._refuse(transaction, Refusal(400), str(error), now)
            return
        self._core.emit(CallReceived(session, transaction.request))

    def _refuse(
        self, transaction: ServerTransaction, refusal: Refusal, reason: str, now: float
    ) -> None:
        """Send one refusal and remember no more than the transaction that absorbs copies."""
        status, headers = refusal
        method = transaction.request.method
        self._core.respond(transaction, status, now, headers=headers, once=True)
        self.reject(f"{method}: {reason}", transaction.flow, status)

    def _refuse_unreadable(self, error: ParseError, flow: Flow) -> None:
        """Answer broken bytes as far as they can be read, from no state; an ACK never."""
        request, status = error.message, error.status
        if request is None or status is None or request.method == "ACK":
            self.reject(error.reason, flow, None)
            return
        try:
            request.stamp_source(*flow.peer)
            data = response_to(request, status, to_tag=self._core.token()).encode()
            self._layer.send(data, reply_flow(request.via, flow))
        except ValueError:
            status = None
        self.reject(error.reason, flow, status)

    def reject(self, reason: str, flow: Flow, status: int | None) -> None:
        """Tell of something that came and is no use; `status` was answered, or nothing."""
        self._core.emit(MessageRejected(reason, flow, status))


def _dialog_key(request: Request) -> str:
    return dialog_key(request.call_id, request.to_tag or "", request.from_tag or "")
