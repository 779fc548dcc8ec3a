"""What the session table's actions do."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from ivr.sip.events import (
    EndCause,
    SessionAnswered,
    SessionChallenged,
    SessionEnded,
    SessionProgress,
    SessionRefused,
)
from ivr.sip.headers import BadHeader
from ivr.sip.message import Response
from ivr.sip.session_offers import Offer
from ivr.sip.session_table import Do, Input
from ivr.sip.session_timer import learn_terms

if TYPE_CHECKING:
    from ivr.sip.session import Session

Action = Callable[["Session", float], None]

_BAD_GATEWAY = 502


def _refuse(status: int, session: Session, now: float) -> None:
    if session.callee is not None:
        session.callee.refuse(status, (), now)


def _stop_2xx(session: Session, now: float) -> None:
    if session.callee is not None:
        session.callee.stop(now)


def _send_bye(session: Session, now: float) -> None:
    dialog = session.require_dialog()
    if session.caller is not None and session.offer is Offer.REMOTE and not session.local_sdp:
        session.caller.acknowledge(dialog, b"", now)  # a BYE may not come before the ACK
    reason = [("Reason", session.bye_reason)] if session.bye_reason else []
    session.core.send_in_dialog(dialog, "BYE", session.careless(dialog), now, headers=reason)


def _send_cancel(session: Session, now: float) -> None:
    if session.caller is not None:
        session.caller.cancel(now, session.bye_reason)


def _drop_invite(session: Session, now: float) -> None:
    if session.caller is not None:
        session.caller.drop(now)


def _confirm(session: Session, now: float) -> None:
    """Take a 2xx: make the dialog, acknowledge, run the session timer (RFC 3261 §13.2.2.4)."""
    response, caller = session.last_response, session.caller
    if response is None or caller is None:
        return
    try:
        dialog = caller.confirm(response)
    except BadHeader:
        session.step(Input.BAD_ANSWER, now)
        return
    for key in caller.early_keys():
        session.core.dialogs.pop(key, None)
    session.early_dialog(dialog)
    session.answered = True
    _take_answer(session, response)
    if session.offer is not Offer.REMOTE:
        caller.acknowledge(dialog, b"", now)
    session.run_timer(learn_terms(response), now)
    session.core.emit(SessionAnswered(session, response))


def _take_answer(session: Session, response: Response) -> None:
    """File the description in a response: our offer's answer, or an offer of the peer's."""
    if response.body:
        session.remote_sdp = response.body
    if session.offer is Offer.NONE and response.body:
        session.offer = Offer.REMOTE
    elif session.offer is not Offer.REMOTE and _settles(response):
        session.offer = Offer.STABLE


def _settles(response: Response) -> bool:
    """An unreliable provisional response only lets the answer be heard early (§13.2.1)."""
    return response.status >= 200 or bool(response.body and "RSeq" in response.headers)


def _lengthen(session: Session, now: float) -> None:
    if session.caller is not None and session.last_response is not None:
        session.caller.lengthen(session.last_response, now)
        session.request = session.caller.request


def _ack_and_bye(session: Session, now: float) -> None:
    if session.caller is not None and session.last_response is not None:
        session.caller.end_fork(session.last_response, now)


def _report_progress(session: Session, now: float) -> None:
    response = session.last_response
    if response is None or response.status == 100:
        return
    if session.offer is Offer.LOCAL:
        _take_answer(session, response)
    session.core.emit(SessionProgress(session, response))


def _report_challenge(session: Session, now: float) -> None:
    if session.last_response is not None:
        session.core.emit(SessionChallenged(session, session.last_response))


def _report_refused(session: Session, now: float) -> None:
    response = session.last_response
    session.reported = True
    if response is None or not len(response.headers):
        status = response.status if response is not None else _BAD_GATEWAY
        session.core.emit(SessionRefused(session, status, None))
    else:
        status = response.status if response.status >= 300 else _BAD_GATEWAY
        session.core.emit(SessionRefused(session, status, response))


def _report(cause: EndCause, session: Session, now: float) -> None:
    if not session.reported:
        session.reported = True
        session.core.emit(SessionEnded(session, cause, session.last_request))


ACTIONS: dict[Do, Action] = {
    Do.SEND_480: partial(_refuse, 480),
    Do.SEND_487: partial(_refuse, 487),
    Do.SEND_504: partial(_refuse, 504),
    Do.SEND_BYE: _send_bye,
    Do.SEND_CANCEL: _send_cancel,
    Do.CONFIRM: _confirm,
    Do.LENGTHEN: _lengthen,
    Do.ACK_AND_BYE: _ack_and_bye,
    Do.DROP_INVITE: _drop_invite,
    Do.STOP_2XX: _stop_2xx,
    Do.REPORT_PROGRESS: _report_progress,
    Do.REPORT_CHALLENGE: _report_challenge,
    Do.REPORT_REFUSED: _report_refused,
    Do.REPORT_BYE: partial(_report, EndCause.BYE),
    Do.REPORT_CANCELLED: partial(_report, EndCause.CANCELLED),
    Do.REPORT_LOCAL: partial(_report, EndCause.LOCAL),
    Do.REPORT_NO_ACK: partial(_report, EndCause.NO_ACK),
    Do.REPORT_NO_PRACK: partial(_report, EndCause.NO_PRACK),
    Do.REPORT_EXPIRED: partial(_report, EndCause.SESSION_EXPIRED),
    Do.REPORT_TIMEOUT: partial(_report, EndCause.TIMEOUT),
    Do.REPORT_TRANSPORT: partial(_report, EndCause.TRANSPORT),
}
