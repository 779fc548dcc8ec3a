"""An INFO that says nothing to us is passed on to the other party of the call (RFC 6086)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ivr.sip.message import Response
from ivr.sip.screening import Refusal
from ivr.sip.session_table import State
from ivr.sip.transaction import ClientTransaction, ServerTransaction

if TYPE_CHECKING:
    from ivr.sip.session import Session

_FINAL, _NOBODY_ANSWERED = 200, 504
_CHALLENGES = frozenset((401, 407))
_BETWEEN_OTHERS = 403
_PASSED_ON = ("Info-Package", "Content-Disposition")
_TAKING = frozenset((State.ANSWERED, State.CONFIRMED))


class ForeignInfo:
    """One such INFO; `pass_on` or `refuse` it at once.

    Args:
        refusal: what is answered where nobody else can take it.
    """

    __slots__ = ("_refusal", "_session", "_transaction", "request")

    def __init__(self, session: Session, transaction: ServerTransaction, refusal: Refusal) -> None:
        self.request = transaction.request
        self._session = session
        self._transaction = transaction
        self._refusal = refusal

    def pass_on(self, session: Session, now: float) -> None:
        """Ask the party of another session; its answer comes back.

        One that does not say that it takes INFO is not asked (RFC 3261 §20.5).
        """
        if session.state not in _TAKING or not session.peer_allows("INFO"):
            self.refuse(now)
            return
        fields = self.request.headers
        session.core.send_in_dialog(
            session.require_dialog(),
            "INFO",
            self,
            now,
            headers=[(name, value) for name in _PASSED_ON for value in fields.lines(name)],
            body=self.request.body,
            content_type=fields.get("Content-Type") or "application/octet-stream",
        )

    def refuse(self, now: float) -> None:
        """Nobody can take it."""
        self._respond(self._refusal, now)

    def on_response(self, transaction: ClientTransaction, response: Response, now: float) -> None:
        """Give the other party's final answer back, but no wish for a password."""
        if response.status < _FINAL:
            return
        if response.status in _CHALLENGES:
            self._respond(Refusal(_BETWEEN_OTHERS), now)
            return
        told = [("Recv-Info", value) for value in response.headers.lines("Recv-Info")]
        self._respond(Refusal(response.status, tuple(told)), now)

    def on_failure(self, transaction: ClientTransaction, status: int, now: float) -> None:
        """The other party answered nothing."""
        self._respond(Refusal(_NOBODY_ANSWERED), now)

    def _respond(self, answer: Refusal, now: float) -> None:
        if not (self._transaction.terminated or self._transaction.final_status):
            self._session.core.respond(
                self._transaction, answer.status, now, headers=answer.headers
            )
