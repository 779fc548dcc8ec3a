"""Requests within a call whose peer asks for a password of ours (RFC 3261 §22.2, §22.3)."""

from __future__ import annotations

from collections.abc import Callable

from ivr.sip.core import CARELESS, Core, Header
from ivr.sip.dialog import Dialog
from ivr.sip.message import Request, Response
from ivr.sip.transaction import ClientTransaction, ClientUser

Prove = Callable[[Response, Request], Header | None]
"""The header that answers a challenge to a request; None where there is none to give."""

CHALLENGES = frozenset((401, 407))
CREDENTIALS = ("Authorization", "Proxy-Authorization")

_REPEATED = ("RAck", "Reason", "Session-Expires", "Min-SE")
"""What a request of ours within a dialog says besides what each of them does."""


class Proving:
    """The user of a BYE, a PRACK or an INFO: it answers a challenge once, and cares for no more."""

    __slots__ = ("_core", "_dialog", "_prove")

    def __init__(self, core: Core, dialog: Dialog, prove: Prove) -> None:
        self._core = core
        self._dialog = dialog
        self._prove = prove

    def on_response(self, transaction: ClientTransaction, response: Response, now: float) -> None:
        """Send what was challenged again, with the answer."""
        header = proof(self._prove, response, transaction.request)
        if header is not None:
            send_again(self._core, self._dialog, transaction.request, header, CARELESS, now)

    def on_failure(self, transaction: ClientTransaction, status: int, now: float) -> None:
        """Nobody waits for it."""


def proof(prove: Prove | None, response: Response, request: Request) -> Header | None:
    """The answer to a response if that is a challenge, and can be answered."""
    if prove is None or response.status not in CHALLENGES:
        return None
    return prove(response, request)


def send_again(
    core: Core, dialog: Dialog, request: Request, header: Header, user: ClientUser, now: float
) -> ClientTransaction:
    """Send a request within a dialog again, with credentials: the next CSeq (RFC 3261 §22.1)."""
    fields = request.headers
    headers = [(name, value) for name in _REPEATED for value in fields.lines(name)]
    return core.send_in_dialog(
        dialog,
        request.method,
        user,
        now,
        headers=[*headers, header],
        body=request.body,
        content_type=fields.get("Content-Type") or "application/sdp",
    )
