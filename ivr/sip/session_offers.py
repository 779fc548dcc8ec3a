"""Changing a session while it runs: re-INVITE and UPDATE, ours and the peer's.

RFC 3261 §14, RFC 3311, RFC 3264 §4: at most one offer is open at a time; who breaks that is
answered 491 when our offer is open, 500 with Retry-After when theirs is.
"""

from __future__ import annotations

from enum import Enum, auto
from functools import partial
from typing import TYPE_CHECKING

from ivr.sip.abnf import GrammarError, decimal
from ivr.sip.core import Core, Header
from ivr.sip.dialog import Dialog
from ivr.sip.errors import WrongState
from ivr.sip.events import AnswerReceived, Flow, ReofferAnswered, ReofferRefused, SessionReoffered
from ivr.sip.message import Request, Response
from ivr.sip.session_proof import CREDENTIALS, proof, send_again
from ivr.sip.session_reliable import Repeater
from ivr.sip.session_table import Input
from ivr.sip.session_timer import learn_terms, least_interval, too_short
from ivr.sip.timers import Timer
from ivr.sip.transaction import ClientTransaction, ServerTransaction

if TYPE_CHECKING:
    from ivr.sip.session import Session

_MOST_WAIT_S = 10
"""Longest Retry-After of a 500 for overlapping offers (RFC 3261 §14.2, RFC 3311 §5.2)."""
_MOST_TRIES = 5


class Offer(Enum):
    """Whose description waits for an answer."""

    NONE = auto()
    LOCAL = auto()
    REMOTE = auto()
    STABLE = auto()


class Reoffers:
    """The offers of one session after its first."""

    __slots__ = ("_ack", "_core", "_dialog", "_offered_in", "_pending", "_quiet", "_retry_timer",
                 "_sent", "_session", "_tries", "_unacked")  # fmt: skip

    def __init__(self, core: Core, session: Session) -> None:
        self._core = core
        self._session: Session | None = session
        self._dialog: Dialog | None = None
        self._quiet = False
        self._pending: ServerTransaction | None = None
        self._unacked: dict[int, Repeater] = {}
        """The 200s that wait for their ACK, by CSeq, the oldest first."""
        self._offered_in: int | None = None
        self._sent: ClientTransaction | None = None
        self._ack: tuple[bytes, Flow] | None = None
        self._retry_timer: Timer | None = None
        self._tries = 0

    @property
    def busy(self) -> bool:
        """A change of ours or of the peer's is under way."""
        return self._sent is not None or self._pending is not None or self._retry_timer is not None

    @property
    def pending(self) -> bool:
        """The peer's change waits for an answer."""
        return self._pending is not None

    # The peer's offers

    def receive(
        self, session: Session, transaction: ServerTransaction, request: Request, now: float
    ) -> None:
        """Take a re-INVITE, an UPDATE, or a PRACK with an offer, whose order is checked already."""
        refusal = self._refusal(session, request)
        if refusal is not None:
            status, headers = refusal
            self._core.respond(transaction, status, now, headers=headers)
            return
        self._pending = transaction
        transaction.user = self
        if request.body:
            session.offer = Offer.REMOTE
        if not request.body and request.method != "INVITE":
            self.accept(session, b"", now)
        elif request.body and request.body == session.remote_sdp and session.local_sdp:
            # The same description word for word: a session refresh (RFC 4028 §7.4).
            self.accept(session, session.local_sdp, now)
        else:
            self._core.emit(SessionReoffered(session, request))

    def _refusal(self, session: Session, request: Request) -> tuple[int, tuple[Header, ...]] | None:
        settings = self._core.settings
        wait = ("Retry-After", str(int(self._core.dice() * (_MOST_WAIT_S + 1))))
        invite = request.method == "INVITE"
        ours = self._sent is not None and self._sent.request.method == "INVITE"
        if self._pending is not None or (invite and not session.answered):
            return 500, (wait,)
        if invite and ours:
            return 491, ()
        if (request.body or invite) and session.offer is Offer.LOCAL:
            return 491, ()
        if request.body and session.offer is not Offer.STABLE:
            return 500, (wait,)
        if request.method != "PRACK" and too_short(request, settings.min_se_s):
            return 422, (("Min-SE", str(settings.min_se_s)),)
        return None

    def accept(self, session: Session, sdp: bytes, now: float) -> None:
        """Send the 200; one to an INVITE is repeated until its ACK (RFC 3261 §14.2).

        Raises:
            WrongState: nothing is pending.
        """
        transaction = self._take_pending("accept_reoffer")
        request = transaction.request
        headers: tuple[Header, ...] = ()
        if request.method != "PRACK":
            headers = session.agree_terms(request, now)
            session.follow_contact(request, transaction.flow)
        if request.body:
            session.remote_sdp = request.body
            session.offer = Offer.STABLE
        elif sdp:
            session.offer = Offer.LOCAL
            self._offered_in = request.cseq.number
        if sdp:
            session.local_sdp = sdp
        data = self._core.respond(transaction, 200, now, headers=headers, body=sdp)
        if request.method == "INVITE":
            self._unacked[request.cseq.number] = self._repeat(
                session, data, transaction.reply_flow, now
            )

    def refuse(
        self, session: Session, status: int, headers: tuple[Header, ...], now: float
    ) -> None:
        """Send a final refusal; the session stays as it was.

        Raises:
            WrongState: nothing is pending.
        """
        transaction = self._take_pending("refuse_reoffer")
        session.offer = Offer.STABLE
        self._core.respond(transaction, status, now, headers=headers)

    def receive_ack(self, session: Session, ack: Request, now: float) -> bool:
        """Take the ACK of a re-INVITE's 2xx; False when it belongs to no such.

        It stands for the ACKs of earlier ones too: who goes on to another re-INVITE has had their
        2xx (RFC 3261 §14.1), and a lost ACK must not end a call whose party answers.
        """
        number = ack.cseq.number
        if number not in self._unacked:
            return False
        for known in [each for each in self._unacked if each <= number]:
            self._unacked.pop(known).stop()
        if self._offered_in == number:
            self._offered_in = None
            session.offer = Offer.STABLE
            if ack.body:
                session.remote_sdp = ack.body
            self._core.emit(AnswerReceived(session, ack))
        return True

    def on_ack(self, ack: Request, now: float) -> None:
        if self._session is not None:
            self.receive_ack(self._session, ack, now)

    def on_cancel(self, cancel: Request, now: float) -> None:
        """The peer withdrew its re-INVITE (RFC 3261 §9.2)."""
        if self._pending is not None and self._session is not None:
            self.refuse(self._session, 487, (), now)

    def on_unreachable(self, now: float) -> None:
        """The peer repeats its request if it still lives; nothing to do."""

    # Ours

    def offer(self, session: Session, sdp: bytes, now: float, *, update: bool) -> None:
        """Offer a new description."""
        self._tries, self._quiet = 0, False
        self._send(session, sdp, now, update=update)

    def _send(self, session: Session, sdp: bytes, now: float, *, update: bool) -> None:
        """Send an offer, or with an empty `sdp` in an UPDATE a mere refresh."""
        self._tries += 1
        self._dialog = session.require_dialog()
        method = "UPDATE" if update else "INVITE"
        if sdp:
            session.offer = Offer.LOCAL
        self._ack = None
        self._sent = self._core.send_in_dialog(
            self._dialog,
            method,
            self,
            now,
            headers=session.refresh_headers(),
            body=sdp,
        )

    def refresh(self, session: Session, now: float) -> None:
        """Keep the session alive: by UPDATE where the peer knows it (RFC 4028 §7.4)."""
        if self.busy:
            return  # what is under way refreshes the session too
        self._tries, self._quiet = 0, True
        update = session.peer_allows("UPDATE")
        self._send(session, b"" if update else session.local_sdp, now, update=update)

    def on_response(self, transaction: ClientTransaction, response: Response, now: float) -> None:
        """Take what the transaction of our re-INVITE or UPDATE passes up."""
        status = response.status
        if status < 200:
            return
        if status < 300 and transaction.request.method == "INVITE":
            self._acknowledge(transaction, now)
        session = self._session
        if session is None or transaction is not self._sent:
            return
        self._sent = None
        if status < 300:
            self._accepted(session, transaction, response, now)
        else:
            self._refused(session, transaction, response, now)

    def on_failure(self, transaction: ClientTransaction, status: int, now: float) -> None:
        self._sent = None
        if self._session is not None:
            self._session.step(Input.PEER_GONE, now)

    def _acknowledge(self, transaction: ClientTransaction, now: float) -> None:
        """ACK a 2xx, each copy of it the same way; also when the session is over meanwhile."""
        if self._ack is None:
            if self._dialog is None:
                return
            ack = self._dialog.request("ACK", transaction.request.cseq.number)
            for name in CREDENTIALS:  # RFC 3261 §22.1
                for value in transaction.request.headers.lines(name):
                    ack.headers.add(name, value)
            flow = self._core.flow_toward(self._dialog)
            self._ack = (self._core.layer.send_outside(ack, flow), flow)
        else:
            self._core.layer.send(*self._ack)

    def _accepted(
        self, session: Session, transaction: ClientTransaction, response: Response, now: float
    ) -> None:
        offered = bool(transaction.request.body)
        session.follow_contact(response)
        session.run_timer(learn_terms(response), now)
        if not offered:
            return
        session.offer = Offer.STABLE
        session.local_sdp = transaction.request.body
        if response.body:
            changed = session.remote_sdp != response.body
            session.remote_sdp = response.body
            if changed or not self._quiet:
                self._core.emit(ReofferAnswered(session, response))

    def _refused(
        self, session: Session, transaction: ClientTransaction, response: Response, now: float
    ) -> None:
        status = response.status
        header = proof(session.prove, response, transaction.request)
        if header is not None:
            self._sent = send_again(
                self._core, session.require_dialog(), transaction.request, header, self, now
            )
            return
        if session.offer is Offer.LOCAL:
            session.offer = Offer.STABLE
        if status in (408, 481):
            session.step(Input.PEER_GONE, now)
            return
        wait_s = self._wait_before_retry(session, response)
        if wait_s is None or self._tries >= _MOST_TRIES:
            self._core.emit(ReofferRefused(session, response))
            return
        request = transaction.request
        again = partial(self._again, request.body, request.method == "UPDATE")
        self._retry_timer = self._core.layer.timers.set(now + wait_s, again)

    def _wait_before_retry(self, session: Session, response: Response) -> float | None:
        """Seconds until the same may be tried again; None for never."""
        status = response.status
        if status == 491:
            # RFC 3261 §14.1: who owns the Call-ID waits longer, in steps of 10 ms.
            low, high = (2.1, 4.0) if session.outbound else (0.0, 2.0)
            return round(low + self._core.dice() * (high - low), 2)
        if status == 422:
            session.lengthen_terms(least_interval(response))
            return 0.0
        try:
            after_s = decimal((response.headers.get("Retry-After") or "").split(";")[0], 2**31)
        except GrammarError:
            return None
        return float(after_s) if status == 500 and after_s <= _MOST_WAIT_S else None

    def _again(self, sdp: bytes, update: bool, now: float) -> None:
        session, self._retry_timer = self._session, None
        if session is None:
            return
        if self._pending is None and session.offer is Offer.STABLE:
            self._send(session, sdp, now, update=update)
            return
        wait_s = self._core.settings.timing.t1_s
        again = partial(self._again, sdp, update)
        self._retry_timer = self._core.layer.timers.set(now + wait_s, again)

    # Both

    def close(self, now: float) -> None:
        """The session is over: an unanswered request of the peer's gets 487 (§15.1.2)."""
        self._session = None
        for repeater in self._unacked.values():
            repeater.stop()
        self._unacked.clear()
        if self._retry_timer is not None:
            self._retry_timer.cancel()
            self._retry_timer = None
        if self._pending is not None:
            transaction, self._pending = self._pending, None
            self._core.respond(transaction, 487, now)

    def _take_pending(self, order: str) -> ServerTransaction:
        transaction, self._pending = self._pending, None
        if transaction is None:
            raise WrongState(f"{order}: no re-INVITE or UPDATE waits for an answer")
        return transaction

    def _repeat(self, session: Session, data: bytes, flow: Flow, now: float) -> Repeater:
        give_up = partial(session.step, Input.NO_ACK)
        cap_s = self._core.settings.timing.t2_s
        return Repeater(self._core, data, flow, give_up, now, cap_s)
