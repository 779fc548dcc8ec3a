"""The interpreter of the four transaction tables: timers, retransmission, absorption.

A transaction knows its table, its messages and its user: the session or endpoint above it, which
it tells about responses, ACKs and failures. It reaches the network through its layer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from ivr.sip.events import Flow
from ivr.sip.headers import Headers
from ivr.sip.message import Request, Response, response_to
from ivr.sip.timers import Timer
from ivr.sip.transaction_tables import (
    CLIENT,
    INVITE_CLIENT,
    INVITE_SERVER,
    SERVER,
    Do,
    Input,
    Machine,
    State,
    Step,
)

if TYPE_CHECKING:
    from ivr.sip.transaction_layer import TransactionLayer

_SPENT = Request("", "")

TIMED_OUT, UNREACHABLE = 408, 503
"""How a client transaction that got no response fails (RFC 3261 §8.1.3.1)."""


class ClientUser(Protocol):
    """Whoever sent a request."""

    def on_response(
        self, transaction: ClientTransaction, response: Response, now: float
    ) -> None: ...

    def on_failure(self, transaction: ClientTransaction, status: int, now: float) -> None:
        """No final response will come; `status` is TIMED_OUT or UNREACHABLE."""


class ServerUser(Protocol):
    """Whoever answers a request."""

    def on_ack(self, ack: Request, now: float) -> None:
        """An ACK for a 2xx that carries the INVITE's own branch."""

    def on_cancel(self, cancel: Request, now: float) -> None:
        """The INVITE was cancelled before its final response; the CANCEL is answered already."""

    def on_unreachable(self, now: float) -> None:
        """A response could not be delivered."""


class Transaction:
    """What clients and servers share: a table, two timers and the last message sent."""

    __slots__ = ("_again", "_end", "_interval_s", "_layer", "_table", "flow", "key", "state")
    _actions: ClassVar[Mapping[Do, Callable[[Any, float], None]]]

    def __init__(self, layer: TransactionLayer, machine: Machine, key: str, flow: Flow) -> None:
        self._layer = layer
        self._table = machine.table
        self.state = machine.initial
        self.key = key
        self.flow = flow
        self._interval_s = 0.0
        self._again: Timer | None = None
        self._end: Timer | None = None

    @property
    def terminated(self) -> bool:
        return self.state is State.TERMINATED

    def advance(self, event: Input, now: float) -> bool:
        """Take one step; False when the table ignores the input in this state."""
        step = self._table.get((self.state, event))
        if step is None:
            return False
        self._take(step, now)
        return True

    def _take(self, step: Step, now: float) -> None:
        self.state = step.next
        for action in step.do:
            self._actions[action](self, now)
        if self.state is State.TERMINATED:
            self._stop_again()
            self._stop_end()
            self._layer.forget(self)

    def on_transport_error(self, now: float) -> None:
        self.advance(Input.TRANSPORT_ERROR, now)

    def _repeat(self, event: Input, interval_s: float, now: float) -> None:
        self._interval_s = interval_s
        self._again = self._layer.timers.after(interval_s, now, partial(self.advance, event))

    def _finish(self, event: Input, after_s: float, now: float) -> None:
        """The last timer of a state: whatever was running is over."""
        if self._again is not None:
            self._stop_again()
        if self._end is not None:
            self._stop_end()
        self._end = self._layer.timers.after(after_s, now, partial(self.advance, event))

    def _linger(self, event: Input, after_s: float, now: float) -> None:
        """As `_finish`; nothing is late on a reliable transport, so no time is spent there."""
        self._finish(event, 0.0 if self.flow.reliable else after_s, now)

    def _stop_again(self) -> None:
        if self._again is not None:
            self._again.cancel()
            self._again = None

    def _stop_end(self) -> None:
        if self._end is not None:
            self._end.cancel()
            self._end = None


class ClientTransaction(Transaction):
    """A request of ours; `response` is the last one received."""

    __slots__ = ("_ack", "_wire", "request", "response", "user")

    def __init__(
        self, layer: TransactionLayer, key: str, request: Request, flow: Flow, user: ClientUser
    ) -> None:
        invite = request.method == "INVITE"
        super().__init__(layer, INVITE_CLIENT if invite else CLIENT, key, flow)
        self.request = request
        self.response: Response | None = None
        self.user: ClientUser | None = user
        self._wire = request.encode()
        self._ack: bytes | None = None

    def start(self, now: float) -> None:
        """Send the request and start Timers A and B, or E and F."""
        timing, invite = self._layer.timing, self.request.method == "INVITE"
        self._layer.send(self._wire, self.flow)
        if not self.flow.reliable:
            self._repeat(Input.TIMER_A if invite else Input.TIMER_E, timing.t1_s, now)
        self._end = self._layer.timers.after(
            timing.transaction_s,
            now,
            partial(self.advance, Input.TIMER_B if invite else Input.TIMER_F),
        )

    def receive(self, response: Response, now: float) -> None:
        """Take a response that matched."""
        status = response.status
        self.response = response
        if status < 200:
            self.advance(Input.RCV_1XX, now)
        else:
            self.advance(Input.RCV_2XX if status < 300 else Input.RCV_300_699, now)

    def abandon(self, now: float) -> None:
        """Stop waiting for a final response that will not come (RFC 3261 §9.1)."""
        self.state = State.TERMINATED
        self._stop_again()
        self._stop_end()
        self._layer.forget(self)

    def _resend(self, now: float) -> None:
        self._layer.send(self._wire, self.flow)

    def _pass_up(self, now: float) -> None:
        if self.state is State.PROCEEDING and self.request.method == "INVITE":
            self._stop_again()
            self._stop_end()
        if self.user is not None and self.response is not None:
            self.user.on_response(self, self.response, now)

    def _send_ack(self, now: float) -> None:
        if self._ack is None and self.response is not None:
            self._ack = _ack_for_failure(self.request, self.response).encode()
        if self._ack is not None:
            self._layer.send(self._ack, self.flow)

    def _report(self, status: int, now: float) -> None:
        if self.user is not None:
            self.user.on_failure(self, status, now)

    def _back_off_a(self, now: float) -> None:
        self._repeat(Input.TIMER_A, self._interval_s * 2, now)

    def _back_off_e(self, now: float) -> None:
        interval_s = min(self._interval_s * 2, self._layer.timing.t2_s)
        self._repeat(Input.TIMER_E, interval_s, now)

    def _restart_e(self, now: float) -> None:
        self._repeat(Input.TIMER_E, self._layer.timing.t2_s, now)

    _actions: ClassVar[Mapping[Do, Callable[[Any, float], None]]] = {
        Do.RESEND: _resend,
        Do.PASS_UP: _pass_up,
        Do.SEND_ACK: _send_ack,
        Do.REPORT_TIMEOUT: lambda self, now: self._report(TIMED_OUT, now),
        Do.REPORT_TRANSPORT_ERROR: lambda self, now: self._report(UNREACHABLE, now),
        Do.BACK_OFF_A: _back_off_a,
        Do.BACK_OFF_E: _back_off_e,
        Do.RESTART_E: _restart_e,
        # Timer D is at least 32 s whatever T1 is (RFC 3261 §17.1.1.2); 64*T1 by default.
        Do.START_D: lambda self, now: self._linger(
            Input.TIMER_D, max(32.0, self._layer.timing.transaction_s), now
        ),
        Do.START_K: lambda self, now: self._linger(Input.TIMER_K, self._layer.timing.t4_s, now),
        Do.START_M: lambda self, now: self._finish(
            Input.TIMER_M, self._layer.timing.transaction_s, now
        ),
    }


class ServerTransaction(Transaction):
    """A request of a peer, `to` the To of our last response, `final_status` 0 until it is sent.

    `reply` holds the bytes of our last response. Once it is final, they are all that is kept to
    absorb retransmissions for the 32 seconds that remain: `request` is an empty one from then on.
    """

    __slots__ = (
        "ack",
        "final_status",
        "merge_key",
        "reply",
        "reply_flow",
        "request",
        "to",
        "user",
    )

    def __init__(
        self, layer: TransactionLayer, key: str, request: Request, flow: Flow, reply_flow: Flow
    ) -> None:
        invite = request.method == "INVITE"
        super().__init__(layer, INVITE_SERVER if invite else SERVER, key, flow)
        self.request = request
        self.reply = b""
        self.reply_flow = reply_flow
        self.to: str | None = None
        self.final_status = 0
        self.ack: Request | None = None
        self.user: ServerUser | None = None
        self.merge_key: str | None = None

    def start(self, now: float) -> None:
        """Wait for the user above, and say 100 when it takes long; nothing once it has answered."""
        if self.reply or self.final_status:
            return
        timing = self._layer.timing
        invite = self.request.method == "INVITE"
        self._repeat(Input.TIMER_TRYING, timing.trying_s if invite else timing.late_trying_s, now)

    def receive_again(self, now: float) -> None:
        """Take a retransmission: absorbed, or answered as it was before."""
        self.advance(Input.RCV_REQUEST, now)

    def receive_ack(self, ack: Request, now: float) -> None:
        self.ack = ack
        self.advance(Input.RCV_ACK, now)

    def respond(self, response: Response, now: float, *, once: bool = False) -> bool:
        """Send a response; False when a final one went out before, or nobody waits any more."""
        to = response.headers.get("To")
        return self.send(response.status, response.encode(), to, now, once=once)

    def send(
        self, status: int, reply: bytes, to: str | None, now: float, *, once: bool = False
    ) -> bool:
        """As `respond`, for a response that is written already.

        Args:
            to: its To.
            once: never repeat this final response unasked, as for 401 and 407: the request may
                carry a forged source (RFC 3261 §26.3.2.4).
        """
        if status < 200:
            event = Input.SEND_1XX
        elif status < 300:
            event = Input.SEND_2XX
        elif self.request.method == "INVITE" and (once or status in (401, 407)):
            event = Input.SEND_CHALLENGE
        else:
            event = Input.SEND_300_699
        step = self._table.get((self.state, event))
        if step is None:
            return False
        self.reply = reply
        self.to = to
        self._take(step, now)
        if status >= 200:
            self.final_status = status
            self.request = _SPENT
            if self.state is State.ACCEPTED:
                self.reply = b""  # whoever sent the 2xx repeats it
        return True

    def _send(self, now: float) -> None:
        if self._again is not None:
            self._stop_again()
        self._layer.send(self.reply, self.reply_flow)

    def _resend(self, now: float) -> None:
        if self.reply:
            self._layer.send(self.reply, self.reply_flow)
        else:
            self._send_trying(now)

    def _send_trying(self, now: float) -> None:
        self.reply = response_to(self.request, 100).encode()
        self._send(now)

    def _pass_up(self, now: float) -> None:
        if self.user is not None and self.ack is not None:
            self.user.on_ack(self.ack, now)

    def _report_transport_error(self, now: float) -> None:
        if self.user is not None:
            self.user.on_unreachable(now)

    def _start_g(self, now: float) -> None:
        if not self.flow.reliable:
            self._repeat(Input.TIMER_G, self._layer.timing.t1_s, now)

    def _start_h(self, now: float) -> None:
        self._end = self._layer.timers.after(
            self._layer.timing.transaction_s, now, partial(self.advance, Input.TIMER_H)
        )

    def _back_off_g(self, now: float) -> None:
        interval_s = min(self._interval_s * 2, self._layer.timing.t2_s)
        self._repeat(Input.TIMER_G, interval_s, now)

    _actions: ClassVar[Mapping[Do, Callable[[Any, float], None]]] = {
        Do.SEND: _send,
        Do.RESEND: _resend,
        Do.SEND_TRYING: _send_trying,
        Do.PASS_UP: _pass_up,
        Do.REPORT_TRANSPORT_ERROR: _report_transport_error,
        Do.BACK_OFF_G: _back_off_g,
        Do.START_F: lambda self, now: self._finish(
            Input.TIMER_F, self._layer.timing.transaction_s, now
        ),
        Do.START_G: _start_g,
        Do.START_H: _start_h,
        Do.START_I: lambda self, now: self._linger(Input.TIMER_I, self._layer.timing.t4_s, now),
        Do.START_J: lambda self, now: self._linger(
            Input.TIMER_J, self._layer.timing.transaction_s, now
        ),
        Do.START_L: lambda self, now: self._finish(
            Input.TIMER_L, self._layer.timing.transaction_s, now
        ),
    }


def _ack_for_failure(invite: Request, response: Response) -> Request:
    """The ACK for a 3xx to 6xx: the INVITE's branch and route, the response's To (§17.1.1.3)."""
    source = invite.headers
    headers = Headers([("Via", source.all("Via")[0]), ("Max-Forwards", "70")])
    for route in source.lines("Route"):
        headers.add("Route", route)
    headers.add("From", source.get("From") or "")
    headers.add("To", response.headers.get("To") or source.get("To") or "")
    headers.add("Call-ID", invite.call_id)
    headers.add("CSeq", f"{invite.cseq.number} ACK")
    return Request("ACK", invite.uri, headers, b"")
