"""Requests that reach a session within its dialog (RFC 3261 §12.2.2), by method."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ivr.sip.events import (
    AnswerReceived,
    ForeignInfoReceived,
    InfoReceived,
    ReferReceived,
    RequestReceived,
    SessionConfirmed,
)
from ivr.sip.headers import BadHeader
from ivr.sip.message import Request
from ivr.sip.referral import Referral
from ivr.sip.screening import unknown_information
from ivr.sip.session_info import ForeignInfo
from ivr.sip.session_offers import Offer
from ivr.sip.session_table import Input, State
from ivr.sip.transaction import ServerTransaction

if TYPE_CHECKING:
    from ivr.sip.session import Session

Handler = Callable[["Session", ServerTransaction, Request, float], None]


def handle_request(
    session: Session, transaction: ServerTransaction, request: Request, now: float
) -> None:
    """Take a request whose form and extensions are checked already."""
    dialog = session.dialog
    if session.caller is not None and dialog is not None:
        dialog = session.caller.dialog_of(request.from_tag) or dialog
    if dialog is not None and not dialog.accept_order(request.cseq.number):
        session.core.respond(transaction, 500, now)  # RFC 3261 §12.2.2
        return
    handler = _HANDLERS.get(request.method)
    if handler is not None:
        handler(session, transaction, request, now)
    else:
        session.core.emit(RequestReceived(transaction, request, transaction.flow))


def acknowledge_answer(session: Session, ack: Request, now: float) -> None:
    """Take the ACK of our first 2xx; with a late offer its body is the answer (§13.2.2.4)."""
    if session.state not in (State.ANSWERED, State.CLOSING):
        return
    if session.offer is Offer.LOCAL:
        session.offer = Offer.STABLE
        if ack.body:
            session.remote_sdp = ack.body
    closing = session.state is State.CLOSING
    session.step(Input.RCV_ACK, now)
    if not closing:
        session.core.emit(SessionConfirmed(session, ack))


def _bye(session: Session, transaction: ServerTransaction, request: Request, now: float) -> None:
    session.core.respond(transaction, 200, now)
    session.last_request = request
    session.step(Input.RCV_BYE, now)


def _info(session: Session, transaction: ServerTransaction, request: Request, now: float) -> None:
    refusal = unknown_information(request, session.core.settings)
    if refusal is not None:
        info = ForeignInfo(session, transaction, refusal)
        session.core.emit(ForeignInfoReceived(session, info))
        return
    session.core.respond(transaction, 200, now)
    session.core.emit(InfoReceived(session, request))


def _options(
    session: Session, transaction: ServerTransaction, request: Request, now: float
) -> None:
    settings = session.core.settings
    headers = (
        ("Allow", ", ".join(settings.allow)),
        ("Accept", ", ".join(settings.accept)),
        ("Supported", ", ".join(settings.supported)),
    )
    session.core.respond(transaction, 200, now, headers=headers)


def _change(session: Session, transaction: ServerTransaction, request: Request, now: float) -> None:
    session.changes().receive(session, transaction, request, now)


def _prack(session: Session, transaction: ServerTransaction, request: Request, now: float) -> None:
    """Take a PRACK: 481 unless RAck names what waits, its CSeq included (RFC 3262 §3)."""
    callee = session.callee
    done = callee.receive_prack(request.headers.get("RAck"), now) if callee is not None else None
    if callee is None or done is None:
        session.core.respond(transaction, 481, now)
        return
    answers = session.offer is Offer.LOCAL and bool(done.sdp)
    if done.sdp and session.offer in (Offer.REMOTE, Offer.LOCAL):
        session.offer = Offer.STABLE
    if answers and request.body:
        session.remote_sdp = request.body
    if request.body and not answers:
        session.changes().receive(session, transaction, request, now)
    else:
        session.core.respond(transaction, 200, now)
    if answers and request.body:
        session.core.emit(AnswerReceived(session, request))
    callee.send_deferred(now)


def _refer(session: Session, transaction: ServerTransaction, request: Request, now: float) -> None:
    try:
        referral = Referral(session.core, session.require_dialog(), transaction)
    except BadHeader:
        session.core.respond(transaction, 400, now)
        return
    session.follow_contact(request, transaction.flow)
    session.core.emit(ReferReceived(session, referral))


_HANDLERS: dict[str, Handler] = {
    "BYE": _bye,
    "INFO": _info,
    "INVITE": _change,
    "OPTIONS": _options,
    "PRACK": _prack,
    "REFER": _refer,
    "UPDATE": _change,
}
METHODS = frozenset(_HANDLERS)
"""What a session takes itself; anything else is for whoever serves that outside of calls, too."""
