"""The caller's side of an INVITE: forks, PRACKs, ACKs, challenges and CANCEL."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Protocol

from ivr.sip.abnf import GrammarError, decimal
from ivr.sip.core import CARELESS, Core, Header
from ivr.sip.dialog import Dialog
from ivr.sip.events import Flow
from ivr.sip.headers import BadHeader, Headers
from ivr.sip.message import Request, Response
from ivr.sip.session_proof import CREDENTIALS
from ivr.sip.session_table import Input
from ivr.sip.session_timer import least_interval
from ivr.sip.timers import Timer
from ivr.sip.transaction import ClientTransaction, ClientUser

_MOST_RSEQ = 2**32 - 1
"""RFC 3262 §7.1."""
_MOST_TRIES = 8
"""INVITEs one call may send in answer to 401, 407 and 422."""
_MOST_FORKS = 20
"""Early dialogs one INVITE may make: a peer that makes up tags must not fill the memory."""


class Caller(Protocol):
    """The session above, as its INVITE sees it."""

    def invite_input(self, event: Input, response: Response | None, now: float) -> None: ...

    def early_dialog(self, dialog: Dialog) -> None: ...

    def careless(self, dialog: Dialog) -> ClientUser: ...


class OutgoingInvite:
    """Sends the INVITE that begins a session and follows its responses."""

    __slots__ = ("_acks", "_answered", "_caller", "_cancelled", "_core", "_early", "_flow",
                 "_rseqs", "_timer_c", "_tries", "request", "transaction")  # fmt: skip

    def __init__(self, core: Core, caller: Caller, request: Request, flow: Flow) -> None:
        self._core = core
        self._caller: Caller | None = caller
        self._answered: set[str] = set()
        self.request = request
        self._flow = flow
        self._early: dict[str, Dialog] = {}
        self._rseqs: dict[str, int] = {}
        self._acks: dict[str, tuple[bytes, Flow]] = {}
        self._timer_c: Timer | None = None
        self._tries = 0
        self._cancelled = False
        self.transaction: ClientTransaction | None = None

    def send(self, now: float) -> None:
        self._tries += 1
        self.transaction = self._core.layer.start_client(self.request, self._flow, self, now)

    def send_again(self, headers: Iterable[Header], now: float) -> None:
        """Send the INVITE once more with other headers: same Call-ID, next CSeq (§8.1.3.5)."""
        fields = self.request.headers.copy()
        fields.remove("Via")
        fields.set("CSeq", f"{self.request.cseq.number + 1} INVITE")
        for name, value in headers:
            fields.set(name, value)
        self.request = Request("INVITE", self.request.uri, fields, self.request.body)
        for key in self.early_keys():
            self._core.dialogs.pop(key, None)
        self._early.clear()
        self._rseqs.clear()
        self.send(now)

    def cancel(self, now: float, reason: str | None = None) -> None:
        """Send CANCEL (RFC 3261 §9.1) and wait 64*T1 at most for what it brings.

        Args:
            reason: a Reason header's value (RFC 3326), as of a call that was answered elsewhere.
        """
        invite = self.transaction
        if invite is None or invite.terminated:
            return
        source = invite.request.headers
        fields = Headers([("Max-Forwards", "70")])
        for name in ("Route", "From", "To", "Call-ID"):
            for value in source.lines(name):
                fields.add(name, value)
        fields.add("CSeq", f"{invite.request.cseq.number} CANCEL")
        if reason:
            fields.add("Reason", reason)
        request = Request("CANCEL", invite.request.uri, fields, b"")
        self._core.layer.start_cancel(request, invite, CARELESS, now)
        self._cancelled = True
        self._stop_timer_c()
        self._timer_c = self._core.layer.timers.set(
            now + self._core.settings.timing.transaction_s, partial(self._on_timer, Input.NO_FINAL)
        )

    def drop(self, now: float) -> None:
        """Forget an INVITE that was cancelled and stays without final response."""
        if self.transaction is not None:
            self.transaction.abandon(now)

    def on_response(self, transaction: ClientTransaction, response: Response, now: float) -> None:
        """Take what the transaction passes up."""
        if transaction is not self.transaction:
            return  # one that was challenged: its successor counts
        if response.status < 200:
            self._on_provisional(response, now)
        elif response.status < 300:
            self._stop_timer_c()
            self._on_answer(response, now)
        else:
            self._stop_timer_c()
            self._on_refusal(response, now)

    def on_failure(self, transaction: ClientTransaction, status: int, now: float) -> None:
        self._stop_timer_c()
        self._tell(Input.FAILED, Response(status), now)

    def _on_provisional(self, response: Response, now: float) -> None:
        if self._cancelled:
            return  # it puts nothing off any more
        self._stop_timer_c()
        self._timer_c = self._core.layer.timers.set(
            now + self._core.settings.timing.timer_c_s, partial(self._on_timer, Input.TIMER_C)
        )
        if response.status > 100 and response.to_tag and not self._note_early(response, now):
            return
        self._tell(Input.RCV_1XX, response, now)

    def _note_early(self, response: Response, now: float) -> bool:
        """Keep the early dialog and PRACK; False when the response is a repetition."""
        tag = response.to_tag or ""
        dialog = self._early.get(tag)
        if dialog is None:
            if len(self._early) >= _MOST_FORKS:
                return True
            try:
                dialog = Dialog.of_client(self.request, response, self._flow)
            except BadHeader:
                return True  # without a Contact it makes no dialog; what it says still counts
            self._early[tag] = dialog
            if self._caller is not None:
                self._caller.early_dialog(dialog)
        return self._acknowledge_provisional(dialog, response, now)

    def _acknowledge_provisional(self, dialog: Dialog, response: Response, now: float) -> bool:
        number = _reliable_number(response)
        if number is None:
            return True
        last = self._rseqs.get(dialog.remote_tag)
        # RFC 3262 §4: only the next one counts; a later one waits for its predecessor.
        if last is not None and number != last + 1:
            return False
        self._rseqs[dialog.remote_tag] = number
        rack = f"{number} {self.request.cseq.number} INVITE"
        user = CARELESS if self._caller is None else self._caller.careless(dialog)
        self._core.send_in_dialog(dialog, "PRACK", user, now, headers=[("RAck", rack)])
        return True

    def _on_answer(self, response: Response, now: float) -> None:
        tag = response.to_tag or ""
        sent = self._acks.get(tag)
        if sent is not None:
            self._core.layer.send(*sent)
        elif tag in self._answered:
            pass  # the session has yet to answer the offer in it
        elif self._caller is None:
            self.end_fork(response, now)
        else:
            self._answered.add(tag)
            self._caller.invite_input(Input.RCV_2XX, response, now)

    def end_fork(self, response: Response, now: float) -> None:
        """Acknowledge an answer nobody wants any more, and hang up (RFC 3261 §13.2.2.4)."""
        try:
            dialog = self.confirm(response)
        except BadHeader:
            return  # without a Contact there is nowhere to send an ACK
        self.acknowledge(dialog, b"", now)
        self._core.send_in_dialog(dialog, "BYE", CARELESS, now)

    def confirm(self, response: Response) -> Dialog:
        """The dialog a 2xx makes; its Contact and Record-Route replace the early ones (§13.2.2.4).

        Raises:
            BadHeader: the peer's 2xx lacks a To tag or a Contact.
        """
        fresh = Dialog.of_client(self.request, response, self._flow)
        early = self._early.get(fresh.remote_tag)
        if early is not None:
            fresh.local_seq = max(fresh.local_seq, early.local_seq)
            fresh.remote_seq = early.remote_seq
        return fresh

    def acknowledge(self, dialog: Dialog, sdp: bytes, now: float) -> None:
        """Send the ACK for a 2xx, and keep it for the next copy of the 2xx."""
        ack = dialog.request("ACK", self.request.cseq.number)
        flow = self._core.flow_toward(dialog)
        self._core.equip(ack, flow)
        for name in CREDENTIALS:
            for value in self.request.headers.lines(name):
                ack.headers.add(name, value)
        if sdp:
            ack.headers.set("Content-Type", "application/sdp")
            ack.body = sdp
        self._acks[dialog.remote_tag] = (self._core.layer.send_outside(ack, flow), flow)

    def acknowledge_again(self, response: Response) -> None:
        """Answer a late copy of a 2xx."""
        sent = self._acks.get(response.to_tag or "")
        if sent is not None and response.cseq.number == self.request.cseq.number:
            self._core.layer.send(*sent)

    def detach(self) -> None:
        """The session is over; answers of other forks are still ended here."""
        self._stop_timer_c()
        self._caller = None

    def dialog_of(self, remote_tag: str | None) -> Dialog | None:
        """The early dialog of one fork."""
        return self._early.get(remote_tag or "")

    def early_keys(self) -> list[str]:
        return [dialog.key for dialog in self._early.values()]

    def _on_refusal(self, response: Response, now: float) -> None:
        status = response.status
        if self._tries >= _MOST_TRIES:
            event = Input.RCV_300_699
        elif status in (401, 407):
            event = Input.RCV_CHALLENGE
        elif status == 422 and "Min-SE" in response.headers:
            event = Input.RCV_TOO_SHORT
        else:
            event = Input.RCV_300_699
        self._tell(event, response, now)

    def lengthen(self, response: Response, now: float) -> None:
        """Ask again for the session interval a 422 wants (RFC 4028 §7.3)."""
        least_s = str(least_interval(response))
        self.send_again([("Session-Expires", least_s), ("Min-SE", least_s)], now)

    def _on_timer(self, event: Input, now: float) -> None:
        self._timer_c = None
        self._tell(event, None, now)

    def _tell(self, event: Input, response: Response | None, now: float) -> None:
        if self._caller is not None:
            self._caller.invite_input(event, response, now)

    def _stop_timer_c(self) -> None:
        if self._timer_c is not None:
            self._timer_c.cancel()
            self._timer_c = None


def _reliable_number(response: Response) -> int | None:
    """RSeq of a response that wants a PRACK; None for one that does not, or does so brokenly."""
    headers = response.headers
    if "RSeq" not in headers or "Require" not in headers:
        return None
    try:
        wanted = "100rel" in headers.tokens("Require")
        return decimal(headers.get("RSeq") or "", _MOST_RSEQ) if wanted else None
    except GrammarError:
        return None
