"""A SUBSCRIBE we were sent and what it makes: a dialog usage that tells by NOTIFY (RFC 6665)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import NamedTuple

from ivr.sip.core import Core, Header
from ivr.sip.dialog import Dialog
from ivr.sip.errors import WrongState
from ivr.sip.events import Flow, SubscriptionEnded
from ivr.sip.headers import BadHeader
from ivr.sip.message import Request, Response
from ivr.sip.subscription_table import ORDERS, TABLE, Do, Input, State
from ivr.sip.timers import Timer
from ivr.sip.transaction import ClientTransaction, ServerTransaction

REST_S = 5.0
"""How long a subscriber that could not take a NOTIFY is left alone, unless it says so itself."""
MOST_REST_S = 60.0
"""The longest Retry-After that is obeyed (chosen by us)."""

_ENDING = frozenset((404, 405, 408, 410, 416, 480, 481, 482, 483, 484, 485, 489, 501, 604))
"""Answers to a NOTIFY after which there is no subscription (RFC 5057 §5.1, RFC 6665 §4.2.2)."""


class Reason(StrEnum):
    """Why a subscription ends, as its subscriber is told (RFC 6665 §4.1.3)."""

    DEACTIVATED = "deactivated"
    """Subscribe anew at once."""
    PROBATION = "probation"
    """Subscribe anew later."""
    TIMEOUT = "timeout"
    NO_RESOURCE = "noresource"


class TooBrief(Exception):
    """A SUBSCRIBE asks for less time than is given (423)."""


class Terms(NamedTuple):
    """How long a subscription may last, in seconds."""

    default_s: int = 3600
    """RFC 3842 §3.4."""
    least_s: int = 30
    most_s: int = 7200

    def granted_s(self, request: Request) -> int:
        """What a SUBSCRIBE is given; 0 for one that ends or fetches (RFC 6665 §4.2.1.1).

        Raises:
            TooBrief: it asks for less than the least, and for less than an hour.
        """
        said = request.headers.get("Expires")
        wanted_s = self.default_s if said is None else int(said)
        if 0 < wanted_s < min(self.least_s, _NEVER_TOO_BRIEF_S):
            raise TooBrief(f"{wanted_s} s; at least {self.least_s} s")
        return min(wanted_s, self.most_s)


_NEVER_TOO_BRIEF_S = 3600


class Subscription:
    """One subscriber; `accept` or `refuse` the SUBSCRIBE, then `tell` what changes.

    Attributes:
        request: the SUBSCRIBE that began it.
        state: see `subscription_table`.
    """

    __slots__ = ("_body", "_clock", "_content_type", "_core", "_dialog", "_event", "_expires_at",
                 "_expires_s", "_reason", "_refusal", "_rest", "_rest_s", "_retry_after_s",
                 "_terms", "_transaction", "request", "state")  # fmt: skip

    def __init__(self, core: Core, transaction: ServerTransaction, terms: Terms) -> None:
        """Raise BadHeader when the SUBSCRIBE has no usable Contact."""
        self.request = transaction.request
        self.state = State.ASKED
        self._core = core
        self._transaction, self._terms = transaction, terms
        self._dialog = Dialog.of_server(self.request, core.token(), transaction.flow)
        self._event = self.request.headers.get("Event") or ""
        self._body, self._content_type = b"", ""
        self._expires_s, self._expires_at = 0, 0.0
        self._reason, self._retry_after_s = Reason.TIMEOUT, 0
        self._refusal: tuple[int, tuple[Header, ...]] = (0, ())
        self._rest_s = REST_S
        self._clock: Timer | None = None
        self._rest: Timer | None = None
        core.dialogs[self._dialog.key] = self

    @property
    def flow(self) -> Flow:
        """The way its dialog goes."""
        return self._dialog.flow

    @property
    def contact(self) -> str:
        """The URI at which the subscriber is told."""
        return self._dialog.remote_target

    @property
    def ended(self) -> bool:
        """Whether nobody is told any more, apart from a last NOTIFY."""
        return self.state in (State.CLOSING, State.LAST, State.OVER)

    def accept(self, body: bytes, content_type: str, now: float) -> None:
        """Send 200, and the state of things at once; 423 where it asks for too little time.

        Raises:
            WrongState: it was accepted or refused before.
        """
        self._body, self._content_type = body, content_type
        try:
            self._expires_s = self._terms.granted_s(self.request)
        except TooBrief:
            self.refuse(423, now, self._least)
            return
        self._step(Input.ACCEPT if self._expires_s else Input.FETCH, now)

    def refuse(self, status: int, now: float, headers: Sequence[Header] = ()) -> None:
        """Send a final 3xx to 6xx.

        Raises:
            WrongState: it was accepted or refused before.
        """
        self._refusal = (status, tuple(headers))
        self._step(Input.REFUSE, now)

    def tell(self, body: bytes, now: float) -> None:
        """Tell the new state; what was not told yet is left out."""
        if body != self._body:
            self._body = body
            self._step(Input.NEWS, now)

    def close(self, reason: Reason, now: float, retry_after_s: int = 0) -> None:
        """End it and say why; `retry_after_s` goes with `PROBATION`."""
        if not self.ended:
            self._reason, self._retry_after_s = reason, retry_after_s
        self._step(Input.CLOSE, now)

    # What comes in its dialog

    def receive_request(self, transaction: ServerTransaction, request: Request, now: float) -> None:
        """Take a refresh or an unsubscription; nothing else belongs here.

        Tags are no secrets (RFC 3261 §26): who comes from another host subscribes anew, with its
        password.
        """
        if transaction.flow.peer[0] != self._dialog.flow.peer[0]:
            self._core.respond(transaction, 481, now)
        elif not self._dialog.accept_order(request.cseq.number):
            self._core.respond(transaction, 500, now)  # RFC 3261 §12.2.2
        elif request.method != "SUBSCRIBE":
            self._core.respond(transaction, 481, now)
        elif (request.headers.get("Event") or "") != self._event or self.state is State.ASKED:
            # Another event package, or another id of ours: no such subscription (§4.1.2.2).
            self._core.respond(transaction, 481, now)
        else:
            self._resubscribe(transaction, request, now)

    def receive_ack(self, request: Request, now: float) -> None:
        """No INVITE came here: an ACK is nobody's."""

    def receive_stray_answer(self, response: Response, now: float) -> None:
        """No INVITE went out from here."""

    @property
    def _least(self) -> list[Header]:
        return [("Min-Expires", str(self._terms.least_s))]

    def _resubscribe(self, transaction: ServerTransaction, request: Request, now: float) -> None:
        try:
            granted_s = self._terms.granted_s(request)
            if not self.ended:
                self._dialog.refresh(request, transaction.flow)
        except TooBrief:
            self._core.respond(transaction, 423, now, headers=self._least)
            return
        except BadHeader:
            self._core.respond(transaction, 400, now)
            return
        self._transaction = transaction
        if not self.ended:
            self._expires_s = granted_s
        self._step(Input.REFRESH if granted_s else Input.UNSUBSCRIBE, now)

    # What becomes of a NOTIFY

    def on_response(self, transaction: ClientTransaction, response: Response, now: float) -> None:
        """Take the answer to a NOTIFY."""
        status = response.status
        if status < 200:
            return
        if status >= 300 and status not in _ENDING:
            self._rest_s = _rest_of(response)
            self._step(Input.NOT_NOW, now)
        else:
            self._step(Input.GONE if status >= 300 else Input.TAKEN, now)

    def on_failure(self, transaction: ClientTransaction, status: int, now: float) -> None:
        """Nobody answers at the subscriber's: it is gone (RFC 6665 §4.2.2)."""
        self._step(Input.GONE, now)

    # Steps

    def _step(self, event: Input, now: float) -> None:
        row = TABLE.get((self.state, event))
        if row is None:
            if event in ORDERS:
                raise WrongState(
                    f"{event.name} does not fit a subscription that is {self.state.name}"
                )
            return
        self.state = row.next
        for action in row.do:
            _ACTIONS[action](self, now)

    def _send_200(self, now: float) -> None:
        headers = [("Expires", str(self._expires_s))]
        tag = self._dialog.local_tag
        self._core.respond(self._transaction, 200, now, to_tag=tag, headers=headers)

    def _send_refusal(self, now: float) -> None:
        status, headers = self._refusal
        self._core.respond(self._transaction, status, now, headers=headers)

    def _send_481(self, now: float) -> None:
        self._core.respond(self._transaction, 481, now)

    def _start_clock(self, now: float) -> None:
        self._stop_clock(now)
        self._expires_at = now + self._expires_s
        self._clock = self._core.layer.timers.set(self._expires_at, self._expire)

    def _stop_clock(self, now: float) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def _expire(self, now: float) -> None:
        self._clock = None
        self._step(Input.EXPIRED, now)

    def _start_rest(self, now: float) -> None:
        self._rest = self._core.layer.timers.set(now + self._rest_s, self._rested)

    def _stop_rest(self, now: float) -> None:
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None

    def _rested(self, now: float) -> None:
        self._rest = None
        self._step(Input.RESTED, now)

    def _notify(self, now: float) -> None:
        left_s = max(1, round(self._expires_at - now))
        self._send(f"active;expires={left_s}", now)

    def _notify_last(self, now: float) -> None:
        state = f"terminated;reason={self._reason}"
        if self._retry_after_s:
            state += f";retry-after={self._retry_after_s}"
        self._send(state, now)

    def _send(self, state: str, now: float) -> None:
        self._core.send_in_dialog(
            self._dialog,
            "NOTIFY",
            self,
            now,
            headers=[("Event", self._event), ("Subscription-State", state)],
            body=self._body,
            content_type=self._content_type,
        )

    def _finish(self, now: float) -> None:
        """Leave nothing behind."""
        self._core.dialogs.pop(self._dialog.key, None)
        self._core.emit(SubscriptionEnded(self))


def _rest_of(response: Response) -> float:
    """How long to wait before another NOTIFY: Retry-After, as far as it can be read."""
    said = (response.headers.get("Retry-After") or "").split(";")[0].split("(")[0].strip()
    if not (said.isascii() and said.isdecimal() and len(said) < 7):
        return REST_S
    return min(MOST_REST_S, max(1.0, float(said)))


_ACTIONS: dict[Do, Callable[[Subscription, float], None]] = {
    Do.SEND_200: Subscription._send_200,
    Do.SEND_REFUSAL: Subscription._send_refusal,
    Do.SEND_481: Subscription._send_481,
    Do.START_CLOCK: Subscription._start_clock,
    Do.STOP_CLOCK: Subscription._stop_clock,
    Do.START_REST: Subscription._start_rest,
    Do.STOP_REST: Subscription._stop_rest,
    Do.NOTIFY: Subscription._notify,
    Do.NOTIFY_LAST: Subscription._notify_last,
    Do.FINISH: Subscription._finish,
}
