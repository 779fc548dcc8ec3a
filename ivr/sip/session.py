"""One call: the INVITE usage of a dialog, on either side (RFC 3261 §13 to §15).

The session runs the table of `session_table` and holds what the two sides have agreed on; the
INVITE itself is the work of `IncomingInvite` or `OutgoingInvite`, later offers that of `Reoffers`.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import partial

from ivr.sip.core import CARELESS, Core, Header
from ivr.sip.dialog import Dialog
from ivr.sip.errors import WrongState
from ivr.sip.events import Flow
from ivr.sip.headers import BadHeader
from ivr.sip.message import Request, Response
from ivr.sip.session_actions import ACTIONS
from ivr.sip.session_incoming import IncomingInvite
from ivr.sip.session_offers import Offer, Reoffers
from ivr.sip.session_outgoing import OutgoingInvite
from ivr.sip.session_probe import Probe
from ivr.sip.session_proof import Prove, Proving
from ivr.sip.session_requests import acknowledge_answer, handle_request
from ivr.sip.session_table import ORDERS, TABLE, Input, State
from ivr.sip.session_timer import SessionExpires, SessionTimer, Terms, accept_terms
from ivr.sip.timers import Timer
from ivr.sip.transaction import ClientUser, ServerTransaction


class Session:
    """A call as the signalling core sees it; every method takes `now` in monotonic seconds.

    Orders that do not fit the state raise `WrongState`; `hang_up` and `cancel` never do.

    Attributes:
        id: unique within the endpoint: the local tag.
        state: where the call stands, see `session_table`.
        dialog: None for our own INVITE until a response makes one.
        flow: the way the INVITE came or went.
        request: the INVITE that began it; after `retry`, the latest one.
        local_sdp: the last description of ours; remote_sdp: the peer's.
        answered: a 2xx was sent or received.
        outbound: the INVITE was ours.
        expires_s: the session interval that we agree to at most (RFC 4028 §9).
        prove: answers a challenge to a request of ours within the dialog; None: nobody may ask.
    """

    __slots__ = ("__weakref__", "_expiry", "_min_se_s", "_reoffers", "_timer", "answered",
                 "bye_reason", "callee", "caller", "core", "dialog", "expires_s", "flow", "id",
                 "last_request", "last_response", "local_sdp", "offer", "outbound", "prove",
                 "remote_sdp", "reported", "request", "state")  # fmt: skip

    def __init__(self, core: Core, tag: str, request: Request, flow: Flow, state: State) -> None:
        self.core = core
        self.id = tag
        self.request = request
        self.flow = flow
        self.state = state
        self.outbound = state is State.CALLING
        self.answered = False
        self.dialog: Dialog | None = None
        self.local_sdp = b""
        self.remote_sdp = b""
        self.offer = Offer.NONE
        self.callee: IncomingInvite | None = None
        self.caller: OutgoingInvite | None = None
        self.last_request: Request | None = None
        self.last_response: Response | None = None
        self.bye_reason: str | None = None
        self.reported = False
        self._reoffers: Reoffers | None = None
        self._timer: SessionTimer | None = None
        self._expiry: Timer | None = None
        self._min_se_s = core.settings.min_se_s
        self.expires_s = core.settings.session_expires_s
        self.prove: Prove | None = None

    @classmethod
    def incoming(
        cls, core: Core, transaction: ServerTransaction, flow: Flow, now: float
    ) -> Session:
        """The callee's session of a new INVITE, its dialog ready.

        Raises:
            BadHeader: the INVITE has no usable Contact.
        """
        request = transaction.request
        session = cls(core, core.token(), request, flow, State.OFFERED)
        session.dialog = Dialog.of_server(request, session.id, flow)
        session.remote_sdp = request.body
        session.offer = Offer.REMOTE if request.body else Offer.NONE
        session.callee = IncomingInvite(
            core,
            transaction,
            session.id,
            partial(session.step, Input.NO_ACK),
            partial(session.step, Input.NO_PRACK),
        )
        core.dialogs[session.dialog.key] = session
        transaction.user = session
        transaction.to = session.dialog.local  # one tag for every response, a CANCEL's too (§9.2)
        session._start_expiry(now)
        return session

    @classmethod
    def outgoing(cls, core: Core, tag: str, request: Request, flow: Flow, now: float) -> Session:
        """The caller's session of our INVITE, which is sent at once."""
        session = cls(core, tag, request, flow, State.CALLING)
        session.local_sdp = request.body
        session.offer = Offer.LOCAL if request.body else Offer.NONE
        session.caller = OutgoingInvite(core, session, request, flow)
        session.caller.send(now)
        return session

    @property
    def ended(self) -> bool:
        return self.state is State.ENDED

    # Orders to the callee's side

    def ringing(self, now: float) -> None:
        """Send 180."""
        self.progress(b"", now, 180)

    def progress(
        self, sdp: bytes, now: float, status: int = 183, headers: Sequence[Header] = ()
    ) -> None:
        """Send a provisional response with early media, reliably when the peer can (RFC 3262)."""
        self.step(Input.PROVISIONAL, now)
        if self.callee is None:
            return
        reliable = self.callee.provisional(status, sdp, tuple(headers), now)
        if sdp:
            self.local_sdp = sdp
        if sdp and reliable and not self.request.body:
            self.offer = Offer.LOCAL

    def answer(self, sdp: bytes, now: float, headers: Sequence[Header] = ()) -> None:
        """Send 200, again and again until the ACK comes, whatever the transport (§13.3.1.4).

        It waits for the PRACK of a reliable description under way; once one was acknowledged,
        `sdp` is not sent again, and `reoffer` is the way to change it.
        """
        self.step(Input.ANSWER, now)
        if self.callee is None:
            return
        self.stop_expiry()
        self.answered = True
        if self.offer is not Offer.STABLE:
            self.local_sdp = sdp
            self.offer = Offer.STABLE if self.request.body else Offer.LOCAL
        terms = self.agree_terms(self.request, now)
        self.callee.answer(sdp, (*terms, *headers), now)

    def refuse(
        self, status: int, now: float, headers: Sequence[Header] = (), reason: str | None = None
    ) -> None:
        """Send a final 3xx to 6xx; 401 and 407 go out once (§26.3.2.4)."""
        callee = self.callee
        self.step(Input.REFUSE, now)
        if callee is not None:
            callee.refuse(status, tuple(headers), now, reason=reason)

    # Orders to the caller's side

    def retry(self, headers: Sequence[Header], now: float) -> None:
        """Send the challenged INVITE again with credentials: same Call-ID, next CSeq (§22.2)."""
        self.step(Input.RETRY, now)
        if self.caller is not None:
            self.caller.send_again(headers, now)
            self.request = self.caller.request

    def acknowledge(self, sdp: bytes, now: float) -> None:
        """Answer the offer that came in a 2xx, in its ACK.

        Raises:
            WrongState: no ACK is due.
        """
        if self.caller is None or self.dialog is None or self.offer is not Offer.REMOTE:
            raise WrongState("acknowledge: no offer in a 2xx waits for an answer")
        self.local_sdp, self.offer = sdp, Offer.STABLE
        self.caller.acknowledge(self.dialog, sdp, now)

    def cancel(self, now: float) -> None:
        """Give the call up before it is answered; waits for a provisional (§9.1)."""
        self.step(Input.HANG_UP, now)

    # Orders to either side

    def hang_up(self, now: float, reason: str | None = None) -> None:
        """End the call by whatever the state asks for; `reason` is a Reason header's value."""
        self.bye_reason = reason
        self.step(Input.HANG_UP, now)

    def reoffer(self, sdp: bytes, now: float, *, update: bool = False) -> None:
        """Offer a new description by re-INVITE, or by UPDATE when asked.

        Raises:
            WrongState: an offer is open, or (for a re-INVITE) the call is not established.
        """
        changes = self.changes()
        if not (self.state in _CHANGEABLE[update] and self.offer is Offer.STABLE) or changes.busy:
            raise WrongState(f"reoffer: {self.state.name}, offer {self.offer.name}; wait for it")
        changes.offer(self, sdp, now, update=update)

    def accept_reoffer(self, sdp: bytes, now: float) -> None:
        """Answer the pending re-INVITE or UPDATE with 200."""
        self.changes().accept(self, sdp, now)

    def refuse_reoffer(self, status: int, now: float, headers: Sequence[Header] = ()) -> None:
        """Refuse the pending re-INVITE or UPDATE; the session goes on as it was."""
        self.changes().refuse(self, status, tuple(headers), now)

    def info(self, content_type: str, body: bytes, now: float) -> None:
        """Send an INFO within the session (RFC 6086)."""
        if self.ended:
            raise WrongState("info: the session is over")
        dialog = self.require_dialog()
        user = self.careless(dialog)
        self.core.send_in_dialog(dialog, "INFO", user, now, body=body, content_type=content_type)

    def probe(self, now: float) -> None:
        """Ask the peer whether it still knows the call, which ends when it does not.

        A call that session timers watch is left to them (RFC 4028).
        """
        watched = self._timer is not None and self._timer.terms is not None
        if self.state is State.CONFIRMED and not watched:
            self.core.send_in_dialog(self.require_dialog(), "OPTIONS", Probe(self), now)

    # Inputs from below

    def is_peer_at(self, request: Request, host: str) -> bool:
        """Whether a request within the dialog comes from where the peer is known to be."""
        dialog = self.caller.dialog_of(request.from_tag) if self.caller is not None else None
        dialog = dialog or self.dialog
        return host == self.flow.peer[0] or (dialog is not None and dialog.is_at(host))

    def receive_request(self, transaction: ServerTransaction, request: Request, now: float) -> None:
        """Take a request within the dialog."""
        handle_request(self, transaction, request, now)

    def receive_ack(self, request: Request, now: float) -> None:
        """Take the ACK of a 2xx: to the first INVITE, or to a re-INVITE."""
        if self._reoffers is not None and self._reoffers.receive_ack(self, request, now):
            return
        if request.cseq.number == self.request.cseq.number:
            acknowledge_answer(self, request, now)

    def receive_stray_answer(self, response: Response, now: float) -> None:
        """Take a copy of a 2xx that came after its transaction."""
        if self.caller is not None:
            self.caller.acknowledge_again(response)

    def on_ack(self, ack: Request, now: float) -> None:
        self.receive_ack(ack, now)

    def on_cancel(self, cancel: Request, now: float) -> None:
        self.last_request = cancel
        self.step(Input.RCV_CANCEL, now)

    def on_unreachable(self, now: float) -> None:
        self.step(Input.UNREACHABLE, now)

    def invite_input(self, event: Input, response: Response | None, now: float) -> None:
        """What became of our INVITE."""
        if response is not None:
            self.last_response = response
        self.step(event, now)

    def early_dialog(self, dialog: Dialog) -> None:
        self.dialog = dialog
        self.core.dialogs[dialog.key] = self

    def step(self, event: Input, now: float) -> None:
        """Take one step of the table."""
        row = TABLE.get((self.state, event))
        if row is None:
            if event in ORDERS:
                raise WrongState(f"{event.name} does not fit a session that is {self.state.name}")
            return
        self.state = row.next
        for action in row.do:
            ACTIONS[action](self, now)
        if self.state is State.ENDED:
            self._finish(now)

    @property
    def is_asked(self) -> bool:
        """Whether a re-INVITE or UPDATE of the peer's waits for our answer."""
        return self._reoffers is not None and self._reoffers.pending

    # What the actions and the offers ask for

    def changes(self) -> Reoffers:
        if self._reoffers is None:
            self._reoffers = Reoffers(self.core, self)
        return self._reoffers

    def careless(self, dialog: Dialog) -> ClientUser:
        """The user of a request within a dialog whose outcome changes nothing."""
        return CARELESS if self.prove is None else Proving(self.core, dialog, self.prove)

    def require_dialog(self) -> Dialog:
        if self.dialog is None:
            raise WrongState("no response has made a dialog yet")
        return self.dialog

    def peer_allows(self, method: str) -> bool:
        """Whether the peer's last INVITE or 2xx lists the method in Allow."""
        peer = self.last_response if self.outbound else self.request
        return peer is not None and method in peer.headers.all("Allow")

    def follow_contact(self, message: Request | Response, flow: Flow | None = None) -> None:
        """Refresh the remote target; a Contact that is none changes nothing."""
        with suppress(BadHeader):
            self.require_dialog().refresh(message, flow)

    def agree_terms(self, request: Request, now: float) -> tuple[Header, ...]:
        """Settle the session timer for our 2xx and say so in its headers (RFC 4028 §9)."""
        settings = self.core.settings
        current = self._timer.terms if self._timer is not None else None
        terms = accept_terms(request, self.expires_s, settings.min_se_s, current)
        self.run_timer(terms, now)
        if terms is None:
            return ()
        said = SessionExpires(terms.interval_s, "uas" if terms.we_refresh else "uac")
        header = ("Session-Expires", str(said))
        return (header,) if terms.we_refresh else (header, ("Require", "timer"))

    def refresh_headers(self) -> tuple[Header, ...]:
        """Session-Expires and Min-SE of a re-INVITE or UPDATE of ours (RFC 4028 §7.4)."""
        terms = self._timer.terms if self._timer is not None else None
        if terms is None:
            return ()
        interval_s = max(terms.interval_s, self._min_se_s)
        said = SessionExpires(interval_s, "uac" if terms.we_refresh else "uas")
        return ("Session-Expires", str(said)), ("Min-SE", str(self._min_se_s))

    def lengthen_terms(self, least_s: int) -> None:
        """Obey a 422 to a refresh (RFC 4028 §7.3)."""
        self._min_se_s = max(self._min_se_s, least_s)

    def run_timer(self, terms: Terms | None, now: float) -> None:
        if self._timer is None:
            if terms is None:
                return
            self._timer = SessionTimer(
                self.core.layer.timers, self._refresh, partial(self.step, Input.SESSION_EXPIRED)
            )
        self._timer.run(terms, now)

    def stop_expiry(self) -> None:
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None

    def _start_expiry(self, now: float) -> None:
        """Let the caller's own limit end an unanswered INVITE (RFC 3261 §13.3.1)."""
        expires = self.request.headers.get("Expires")
        if expires is not None and expires.isdecimal() and len(expires) < 10:
            self._expiry = self.core.layer.timers.set(
                now + int(expires), partial(self.step, Input.INVITE_EXPIRED)
            )

    def _refresh(self, now: float) -> None:
        self.changes().refresh(self, now)

    def _finish(self, now: float) -> None:
        """Leave nothing behind: no timer, no dialog, no reference cycle."""
        self.stop_expiry()
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if self._reoffers is not None:
            self._reoffers.close(now)
            self._reoffers = None
        if self.callee is not None:
            self.callee.transaction.user = None
            self.callee = None
        dialogs = self.core.dialogs
        if self.caller is not None:
            for key in self.caller.early_keys():
                dialogs.pop(key, None)
            self.caller.detach()
            self.caller = None
        if self.dialog is not None:
            dialogs.pop(self.dialog.key, None)


_ESTABLISHED = frozenset((State.ANSWERED, State.CONFIRMED))
_CHANGEABLE = {
    False: frozenset((State.CONFIRMED,)),
    True: _ESTABLISHED | {State.OFFERED, State.PROCEEDING},
}
"""Where a re-INVITE, and where an UPDATE, may carry an offer (RFC 3261 §14.1, RFC 3311 §5.1)."""
