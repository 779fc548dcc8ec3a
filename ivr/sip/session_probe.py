"""Asking a peer within a call whether it still knows it (RFC 3261 §11, §12.2.1.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ivr.sip.message import Response
from ivr.sip.session_table import Input
from ivr.sip.transaction import ClientTransaction

if TYPE_CHECKING:
    from ivr.sip.session import Session

_FORGOTTEN = frozenset((408, 481))


class Probe:
    """The user of an OPTIONS within a dialog: any answer but 408 and 481 shows that it lives."""

    __slots__ = ("_session",)

    def __init__(self, session: Session) -> None:
        self._session = session

    def on_response(self, transaction: ClientTransaction, response: Response, now: float) -> None:
        if response.status in _FORGOTTEN:
            self._session.step(Input.PEER_GONE, now)

    def on_failure(self, transaction: ClientTransaction, status: int, now: float) -> None:
        self._session.step(Input.PEER_GONE, now)
