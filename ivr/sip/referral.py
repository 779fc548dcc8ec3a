"""A REFER we were sent, and the subscription it makes (RFC 3515, RFC 4488).

The referral is told what becomes of the call it asked for, and tells its sender by NOTIFY, in
fragments of the responses (RFC 3420). It outlives the call it came in: who refers often hangs up
at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ivr.sip.core import Core, Header
from ivr.sip.dialog import Dialog
from ivr.sip.errors import WrongState
from ivr.sip.events import Flow
from ivr.sip.headers import BadHeader
from ivr.sip.message import Request, Response
from ivr.sip.reasons import reason_phrase
from ivr.sip.referral_table import ORDERS, TABLE, Do, Input, State
from ivr.sip.timers import Timer
from ivr.sip.transaction import ClientTransaction, ServerTransaction
from ivr.sip.values import NameAddr

SUBSCRIPTION_S = 300
"""How long the sender is told at most: longer than anything may ring (chosen by us)."""

_FRAGMENT = "message/sipfrag;version=2.0"
_TRYING = 100


def refer_to(request: Request) -> NameAddr:
    """Whom a REFER points at.

    Raises:
        BadHeader: not exactly one Refer-To, or it holds no URI (RFC 3515 §2.4.2: 400).
    """
    values = request.headers.lines("Refer-To")
    if len(values) != 1:
        raise BadHeader("Refer-To", f"{len(values)} of them where one belongs")
    target = request.headers.parsed("Refer-To", NameAddr.parse)
    try:
        _ = target.uri
    except ValueError as error:
        raise BadHeader("Refer-To", str(error)) from error
    return target


class Referral:
    """One REFER; `accept` or `refuse` it in the turn it came in, then `tell` how it goes.

    Attributes:
        target: whom it points at.
        state: see `referral_table`.
    """

    __slots__ = ("_clock", "_core", "_dialog", "_event", "_expires_at", "_refusal", "_status",
                 "_transaction", "request", "state", "target")  # fmt: skip

    def __init__(self, core: Core, dialog: Dialog, transaction: ServerTransaction) -> None:
        """Raise BadHeader when the request has no usable Refer-To."""
        self.request = transaction.request
        self.target = refer_to(self.request)
        self.state = State.ASKED
        self._core = core
        self._dialog = dialog
        self._transaction = transaction
        # With its number a sender who refers twice in a call can tell one from the other (§2.4.6).
        self._event = f"refer;id={self.request.cseq.number}"
        self._status = _TRYING
        self._refusal: tuple[int, tuple[Header, ...]] = (0, ())
        self._expires_at = 0.0
        self._clock: Timer | None = None

    @property
    def flow(self) -> Flow:
        """The way the REFER came."""
        return self._transaction.flow

    def accept(self, now: float) -> None:
        """Send 202, and keep the sender told unless it wants no word (RFC 4488).

        Raises:
            WrongState: it was accepted or refused before.
        """
        self._step(Input.ACCEPT_UNTOLD if self._untold else Input.ACCEPT, now)

    def refuse(self, status: int, now: float, headers: Sequence[Header] = ()) -> None:
        """Send a final 3xx to 6xx.

        Raises:
            WrongState: it was accepted or refused before.
        """
        self._refusal = (status, tuple(headers))
        self._step(Input.REFUSE, now)

    def tell(self, status: int, now: float) -> None:
        """Tell what the call it asked for was answered; a final status ends the subscription."""
        self._status = status
        self._step(Input.PROGRESS if status < 200 else Input.RESULT, now)

    def on_response(self, transaction: ClientTransaction, response: Response, now: float) -> None:
        """Take the answer to a NOTIFY."""
        if response.status >= 200:
            self._step(Input.TAKEN if response.status < 300 else Input.NOT_TAKEN, now)

    def on_failure(self, transaction: ClientTransaction, status: int, now: float) -> None:
        """The sender is gone: nobody is left to be told."""
        self._step(Input.NOT_TAKEN, now)

    @property
    def _untold(self) -> bool:
        return (self.request.headers.get("Refer-Sub") or "").strip().lower() == "false"

    def _step(self, event: Input, now: float) -> None:
        row = TABLE.get((self.state, event))
        if row is None:
            if event in ORDERS:
                raise WrongState(f"{event.name} does not fit a referral that is {self.state.name}")
            return
        self.state = row.next
        for action in row.do:
            _ACTIONS[action](self, now)

    def _send_202(self, now: float) -> None:
        headers = [("Refer-Sub", "false")] if self._untold else []
        self._core.respond(self._transaction, 202, now, headers=headers)

    def _send_refusal(self, now: float) -> None:
        status, headers = self._refusal
        self._core.respond(self._transaction, status, now, headers=headers)

    def _start_clock(self, now: float) -> None:
        self._expires_at = now + SUBSCRIPTION_S
        self._clock = self._core.layer.timers.set(self._expires_at, self._expire)

    def _expire(self, now: float) -> None:
        self._clock = None
        self._step(Input.EXPIRED, now)

    def _stop_clock(self, now: float) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def _notify(self, now: float) -> None:
        left_s = max(1, round(self._expires_at - now))
        self._send(f"active;expires={left_s}", now)

    def _notify_last(self, now: float) -> None:
        self._send("terminated;reason=noresource", now)

    def _notify_expired(self, now: float) -> None:
        self._send("terminated;reason=timeout", now)

    def _send(self, subscription: str, now: float) -> None:
        fragment = f"SIP/2.0 {self._status} {reason_phrase(self._status)}\r\n"
        self._core.send_in_dialog(
            self._dialog,
            "NOTIFY",
            self,
            now,
            headers=[("Event", self._event), ("Subscription-State", subscription)],
            body=fragment.encode("ascii"),
            content_type=_FRAGMENT,
        )


_ACTIONS: dict[Do, Callable[[Referral, float], None]] = {
    Do.SEND_202: Referral._send_202,
    Do.SEND_REFUSAL: Referral._send_refusal,
    Do.START_CLOCK: Referral._start_clock,
    Do.NOTIFY: Referral._notify,
    Do.NOTIFY_LAST: Referral._notify_last,
    Do.NOTIFY_EXPIRED: Referral._notify_expired,
    Do.STOP_CLOCK: Referral._stop_clock,
}
