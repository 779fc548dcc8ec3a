"""The life of a call as a table (RFC 3261 §9, §13 to §15, RFC 3262 §3, RFC 4028 §10).

Orders that the table does not list are the caller's mistake, apart from hanging up; network
inputs that it does not list are late and ignored.
"""

from enum import IntEnum, auto
from typing import NamedTuple


class State(IntEnum):
    """OFFERED to CLOSING are the callee's, CALLING to CANCELLING the caller's."""

    OFFERED = auto()
    ANSWERED = auto()
    CLOSING = auto()
    CALLING = auto()
    PROCEEDING = auto()
    CHALLENGED = auto()
    ABANDONED = auto()
    CANCELLING = auto()
    CONFIRMED = auto()
    ENDED = auto()


class Input(IntEnum):
    """Orders first, then what the network and the timers do."""

    PROVISIONAL = auto()
    ANSWER = auto()
    REFUSE = auto()
    RETRY = auto()
    HANG_UP = auto()
    RCV_CANCEL = auto()
    RCV_BYE = auto()
    RCV_ACK = auto()
    RCV_1XX = auto()
    RCV_2XX = auto()
    RCV_CHALLENGE = auto()
    RCV_TOO_SHORT = auto()
    RCV_300_699 = auto()
    BAD_ANSWER = auto()
    FAILED = auto()
    UNREACHABLE = auto()
    NO_ACK = auto()
    NO_PRACK = auto()
    NO_FINAL = auto()
    TIMER_C = auto()
    INVITE_EXPIRED = auto()
    SESSION_EXPIRED = auto()
    PEER_GONE = auto()


class Do(IntEnum):
    """What a session does on a step, in the order listed."""

    SEND_480 = auto()
    SEND_487 = auto()
    SEND_504 = auto()
    SEND_BYE = auto()
    SEND_CANCEL = auto()
    CONFIRM = auto()
    LENGTHEN = auto()
    ACK_AND_BYE = auto()
    DROP_INVITE = auto()
    STOP_2XX = auto()
    REPORT_PROGRESS = auto()
    REPORT_CHALLENGE = auto()
    REPORT_REFUSED = auto()
    REPORT_BYE = auto()
    REPORT_CANCELLED = auto()
    REPORT_LOCAL = auto()
    REPORT_NO_ACK = auto()
    REPORT_NO_PRACK = auto()
    REPORT_EXPIRED = auto()
    REPORT_TIMEOUT = auto()
    REPORT_TRANSPORT = auto()


class Step(NamedTuple):
    """One row: the next state, what to do, and the clause that says so."""

    next: State
    do: tuple[Do, ...]
    clause: str


_S, _I, _D = State, Input, Do
_CANCELLED = Step(_S.ENDED, (_D.REPORT_CANCELLED,), "RFC 3261 §9.1")
_CROSSED = Step(_S.ENDED, (_D.ACK_AND_BYE, _D.REPORT_CANCELLED), "RFC 3261 §9.1")
_REFUSED = Step(_S.ENDED, (_D.REPORT_REFUSED,), "RFC 3261 §13.2.2.3")
_GIVEN_UP = Step(_S.ENDED, (_D.REPORT_LOCAL,), "RFC 3261 §22.2")

_CALLEE: dict[tuple[State, Input], Step] = {
    (_S.OFFERED, _I.PROVISIONAL): Step(_S.OFFERED, (), "RFC 3261 §13.3.1.1"),
    (_S.OFFERED, _I.ANSWER): Step(_S.ANSWERED, (), "RFC 3261 §13.3.1.4"),
    (_S.OFFERED, _I.REFUSE): Step(_S.ENDED, (_D.REPORT_LOCAL,), "RFC 3261 §13.3.1.3"),
    (_S.OFFERED, _I.HANG_UP): Step(_S.ENDED, (_D.SEND_480, _D.REPORT_LOCAL), "RFC 3261 §21.4.18"),
    (_S.OFFERED, _I.RCV_CANCEL): Step(
        _S.ENDED, (_D.SEND_487, _D.REPORT_CANCELLED), "RFC 3261 §9.2"
    ),
    (_S.OFFERED, _I.RCV_BYE): Step(_S.ENDED, (_D.SEND_487, _D.REPORT_BYE), "RFC 3261 §15.1.2"),
    (_S.OFFERED, _I.INVITE_EXPIRED): Step(
        _S.ENDED, (_D.SEND_487, _D.REPORT_CANCELLED), "RFC 3261 §13.3.1"
    ),
    (_S.OFFERED, _I.NO_PRACK): Step(_S.ENDED, (_D.SEND_504, _D.REPORT_NO_PRACK), "RFC 3262 §3"),
    (_S.OFFERED, _I.UNREACHABLE): Step(
        _S.ENDED, (_D.SEND_480, _D.REPORT_TRANSPORT), "RFC 3261 §17.2.4"
    ),
    (_S.ANSWERED, _I.RCV_ACK): Step(_S.CONFIRMED, (_D.STOP_2XX,), "RFC 3261 §13.3.1.4"),
    (_S.ANSWERED, _I.RCV_BYE): Step(_S.ENDED, (_D.STOP_2XX, _D.REPORT_BYE), "RFC 3261 §15.1.2"),
    (_S.ANSWERED, _I.NO_ACK): Step(_S.ENDED, (_D.SEND_BYE, _D.REPORT_NO_ACK), "RFC 3261 §13.3.1.4"),
    # The four below find a 2xx that still waits for a PRACK (RFC 3262 §3).
    (_S.ANSWERED, _I.RCV_CANCEL): Step(
        _S.ENDED, (_D.STOP_2XX, _D.REPORT_CANCELLED), "RFC 3261 §9.2"
    ),
    (_S.ANSWERED, _I.NO_PRACK): Step(_S.ENDED, (_D.SEND_504, _D.REPORT_NO_PRACK), "RFC 3262 §3"),
    (_S.CLOSING, _I.NO_PRACK): Step(_S.ENDED, (_D.SEND_504,), "RFC 3262 §3"),
    (_S.CLOSING, _I.RCV_CANCEL): Step(_S.ENDED, (_D.STOP_2XX,), "RFC 3261 §9.2"),
    (_S.ANSWERED, _I.PEER_GONE): Step(
        _S.ENDED, (_D.STOP_2XX, _D.SEND_BYE, _D.REPORT_TIMEOUT), "RFC 3261 §12.2.1.2"
    ),
    (_S.ANSWERED, _I.SESSION_EXPIRED): Step(
        _S.ENDED, (_D.STOP_2XX, _D.SEND_BYE, _D.REPORT_EXPIRED), "RFC 4028 §10"
    ),
    # The callee's BYE waits for the ACK, or for the end of waiting (RFC 3261 §15).
    (_S.ANSWERED, _I.HANG_UP): Step(_S.CLOSING, (_D.REPORT_LOCAL,), "RFC 3261 §15"),
    (_S.CLOSING, _I.RCV_ACK): Step(_S.ENDED, (_D.STOP_2XX, _D.SEND_BYE), "RFC 3261 §15"),
    (_S.CLOSING, _I.NO_ACK): Step(_S.ENDED, (_D.SEND_BYE,), "RFC 3261 §15"),
    (_S.CLOSING, _I.RCV_BYE): Step(_S.ENDED, (_D.STOP_2XX,), "RFC 3261 §15.1.2"),
}

_CALLER: dict[tuple[State, Input], Step] = {
    (_S.CALLING, _I.RCV_1XX): Step(_S.PROCEEDING, (_D.REPORT_PROGRESS,), "RFC 3261 §13.2.2.1"),
    (_S.CALLING, _I.RCV_2XX): Step(_S.CONFIRMED, (_D.CONFIRM,), "RFC 3261 §13.2.2.4"),
    (_S.CALLING, _I.RCV_CHALLENGE): Step(_S.CHALLENGED, (_D.REPORT_CHALLENGE,), "RFC 3261 §22.2"),
    (_S.CALLING, _I.RCV_TOO_SHORT): Step(_S.CALLING, (_D.LENGTHEN,), "RFC 4028 §7.3"),
    (_S.CALLING, _I.RCV_300_699): _REFUSED,
    (_S.CALLING, _I.FAILED): _REFUSED,
    # A CANCEL before any provisional response might overtake its INVITE.
    (_S.CALLING, _I.HANG_UP): Step(_S.ABANDONED, (), "RFC 3261 §9.1"),
    (_S.PROCEEDING, _I.RCV_1XX): Step(_S.PROCEEDING, (_D.REPORT_PROGRESS,), "RFC 3261 §13.2.2.1"),
    (_S.PROCEEDING, _I.RCV_2XX): Step(_S.CONFIRMED, (_D.CONFIRM,), "RFC 3261 §13.2.2.4"),
    (_S.PROCEEDING, _I.RCV_CHALLENGE): Step(
        _S.CHALLENGED, (_D.REPORT_CHALLENGE,), "RFC 3261 §22.2"
    ),
    (_S.PROCEEDING, _I.RCV_TOO_SHORT): Step(_S.CALLING, (_D.LENGTHEN,), "RFC 4028 §7.3"),
    (_S.PROCEEDING, _I.RCV_300_699): _REFUSED,
    (_S.PROCEEDING, _I.FAILED): _REFUSED,
    (_S.PROCEEDING, _I.HANG_UP): Step(_S.CANCELLING, (_D.SEND_CANCEL,), "RFC 3261 §9.1"),
    (_S.PROCEEDING, _I.TIMER_C): Step(_S.CANCELLING, (_D.SEND_CANCEL,), "RFC 3261 §16.8"),
    (_S.CHALLENGED, _I.RETRY): Step(_S.CALLING, (), "RFC 3261 §22.2"),
    (_S.CHALLENGED, _I.HANG_UP): _GIVEN_UP,
    (_S.ABANDONED, _I.RCV_1XX): Step(_S.CANCELLING, (_D.SEND_CANCEL,), "RFC 3261 §9.1"),
    (_S.ABANDONED, _I.RCV_2XX): _CROSSED,
    (_S.ABANDONED, _I.RCV_CHALLENGE): _CANCELLED,
    (_S.ABANDONED, _I.RCV_TOO_SHORT): _CANCELLED,
    (_S.ABANDONED, _I.RCV_300_699): _CANCELLED,
    (_S.ABANDONED, _I.FAILED): _CANCELLED,
    (_S.CANCELLING, _I.RCV_2XX): _CROSSED,
    (_S.CANCELLING, _I.RCV_CHALLENGE): _CANCELLED,
    (_S.CANCELLING, _I.RCV_TOO_SHORT): _CANCELLED,
    (_S.CANCELLING, _I.RCV_300_699): _CANCELLED,
    (_S.CANCELLING, _I.FAILED): _CANCELLED,
    (_S.CANCELLING, _I.NO_FINAL): Step(
        _S.ENDED, (_D.DROP_INVITE, _D.REPORT_CANCELLED), "RFC 3261 §9.1"
    ),
}

_EITHER: dict[tuple[State, Input], Step] = {
    (_S.CONFIRMED, _I.HANG_UP): Step(_S.ENDED, (_D.SEND_BYE, _D.REPORT_LOCAL), "RFC 3261 §15.1.1"),
    (_S.CONFIRMED, _I.BAD_ANSWER): Step(_S.ENDED, (_D.REPORT_REFUSED,), "RFC 3261 §12.1.2"),
    # A second fork answered too (RFC 3261 §13.2.2.4).
    (_S.CONFIRMED, _I.RCV_2XX): Step(_S.CONFIRMED, (_D.ACK_AND_BYE,), "RFC 3261 §13.2.2.4"),
    (_S.CONFIRMED, _I.RCV_BYE): Step(_S.ENDED, (_D.REPORT_BYE,), "RFC 3261 §15.1.2"),
    (_S.CONFIRMED, _I.NO_ACK): Step(_S.ENDED, (_D.SEND_BYE, _D.REPORT_NO_ACK), "RFC 3261 §14.2"),
    (_S.CONFIRMED, _I.SESSION_EXPIRED): Step(
        _S.ENDED, (_D.SEND_BYE, _D.REPORT_EXPIRED), "RFC 4028 §10"
    ),
    (_S.CONFIRMED, _I.PEER_GONE): Step(
        _S.ENDED, (_D.SEND_BYE, _D.REPORT_TIMEOUT), "RFC 3261 §12.2.1.2"
    ),
}

TABLE: dict[tuple[State, Input], Step] = {**_CALLEE, **_CALLER, **_EITHER}

ORDERS = frozenset((Input.PROVISIONAL, Input.ANSWER, Input.REFUSE, Input.RETRY))
"""Inputs whose absence from the table is a `WrongState`."""
