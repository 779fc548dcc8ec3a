"""The four transaction machines as tables (RFC 3261 §17, RFC 6026 §7 and §8, RFC 4320 §4).

A pair that a table does not list is ignored on purpose: a late timer, a retransmission that
needs no answer, a second final response from the user above.
"""

from enum import IntEnum, auto
from typing import NamedTuple


class State(IntEnum):
    """Where a transaction stands; no machine uses all of them."""

    CALLING = auto()
    TRYING = auto()
    PROCEEDING = auto()
    ACCEPTED = auto()
    COMPLETED = auto()
    CONFIRMED = auto()
    TERMINATED = auto()


class Input(IntEnum):
    """What can happen to a transaction: messages from the network, orders from above, timers."""

    RCV_1XX = auto()
    RCV_2XX = auto()
    RCV_300_699 = auto()
    RCV_REQUEST = auto()
    RCV_ACK = auto()
    SEND_1XX = auto()
    SEND_2XX = auto()
    SEND_300_699 = auto()
    SEND_CHALLENGE = auto()
    TIMER_TRYING = auto()
    TIMER_A = auto()
    TIMER_B = auto()
    TIMER_D = auto()
    TIMER_E = auto()
    TIMER_F = auto()
    TIMER_G = auto()
    TIMER_H = auto()
    TIMER_I = auto()
    TIMER_J = auto()
    TIMER_K = auto()
    TIMER_L = auto()
    TIMER_M = auto()
    TRANSPORT_ERROR = auto()


class Do(IntEnum):
    """What a transaction does on a step, in the order listed."""

    SEND = auto()
    RESEND = auto()
    SEND_TRYING = auto()
    SEND_ACK = auto()
    PASS_UP = auto()
    REPORT_TIMEOUT = auto()
    REPORT_TRANSPORT_ERROR = auto()
    BACK_OFF_A = auto()
    BACK_OFF_E = auto()
    RESTART_E = auto()
    BACK_OFF_G = auto()
    START_D = auto()
    START_F = auto()
    START_G = auto()
    START_H = auto()
    START_I = auto()
    START_J = auto()
    START_K = auto()
    START_L = auto()
    START_M = auto()


class Step(NamedTuple):
    """One row: the next state, what to do, and the clause that says so."""

    next: State
    do: tuple[Do, ...]
    clause: str


Table = dict[tuple[State, Input], Step]


class Machine(NamedTuple):
    """A table with its name and the state a transaction is born in."""

    name: str
    initial: State
    table: Table


_S, _I, _D = State, Input, Do

_3261_CLIENT = "RFC 3261 §17.1.1.2"
_6026_CLIENT = "RFC 6026 §7.2"
_FAILED = (_D.SEND_ACK, _D.PASS_UP, _D.START_D)
_ACCEPTED = (_D.PASS_UP, _D.START_M)

INVITE_CLIENT = Machine(
    "INVITE client transaction",
    _S.CALLING,
    {
        (_S.CALLING, _I.TIMER_A): Step(_S.CALLING, (_D.RESEND, _D.BACK_OFF_A), _3261_CLIENT),
        (_S.CALLING, _I.TIMER_B): Step(_S.TERMINATED, (_D.REPORT_TIMEOUT,), _3261_CLIENT),
        (_S.CALLING, _I.RCV_1XX): Step(_S.PROCEEDING, (_D.PASS_UP,), _3261_CLIENT),
        (_S.CALLING, _I.RCV_2XX): Step(_S.ACCEPTED, _ACCEPTED, _6026_CLIENT),
        (_S.CALLING, _I.RCV_300_699): Step(_S.COMPLETED, _FAILED, _3261_CLIENT),
        (_S.CALLING, _I.TRANSPORT_ERROR): Step(
            _S.TERMINATED, (_D.REPORT_TRANSPORT_ERROR,), "RFC 3261 §17.1.4"
        ),
        (_S.PROCEEDING, _I.RCV_1XX): Step(_S.PROCEEDING, (_D.PASS_UP,), _3261_CLIENT),
        (_S.PROCEEDING, _I.RCV_2XX): Step(_S.ACCEPTED, _ACCEPTED, _6026_CLIENT),
        (_S.PROCEEDING, _I.RCV_300_699): Step(_S.COMPLETED, _FAILED, _3261_CLIENT),
        # What rings at the other end of a connection that is lost cannot answer on it any more.
        (_S.PROCEEDING, _I.TRANSPORT_ERROR): Step(
            _S.TERMINATED, (_D.REPORT_TRANSPORT_ERROR,), "RFC 3261 §18.4"
        ),
        (_S.ACCEPTED, _I.RCV_2XX): Step(_S.ACCEPTED, (_D.PASS_UP,), _6026_CLIENT),
        (_S.ACCEPTED, _I.TIMER_M): Step(_S.TERMINATED, (), _6026_CLIENT),
        (_S.COMPLETED, _I.RCV_300_699): Step(_S.COMPLETED, (_D.SEND_ACK,), _3261_CLIENT),
        (_S.COMPLETED, _I.TIMER_D): Step(_S.TERMINATED, (), _3261_CLIENT),
        (_S.COMPLETED, _I.TRANSPORT_ERROR): Step(
            _S.TERMINATED, (_D.REPORT_TRANSPORT_ERROR,), "RFC 3261 §17.1.4"
        ),
    },
)

_3261_SERVER = "RFC 3261 §17.2.1"
_6026_SERVER = "RFC 6026 §7.1"

INVITE_SERVER = Machine(
    "INVITE server transaction",
    _S.PROCEEDING,
    {
        (_S.PROCEEDING, _I.TIMER_TRYING): Step(_S.PROCEEDING, (_D.SEND_TRYING,), _3261_SERVER),
        (_S.PROCEEDING, _I.RCV_REQUEST): Step(_S.PROCEEDING, (_D.RESEND,), _3261_SERVER),
        (_S.PROCEEDING, _I.SEND_1XX): Step(_S.PROCEEDING, (_D.SEND,), _3261_SERVER),
        (_S.PROCEEDING, _I.SEND_2XX): Step(_S.ACCEPTED, (_D.SEND, _D.START_L), _6026_SERVER),
        (_S.PROCEEDING, _I.SEND_300_699): Step(
            _S.COMPLETED, (_D.SEND, _D.START_G, _D.START_H), _3261_SERVER
        ),
        # One datagram with a forged source must not make us send more than one back.
        (_S.PROCEEDING, _I.SEND_CHALLENGE): Step(
            _S.COMPLETED, (_D.SEND, _D.START_H), "RFC 3261 §26.3.2.4"
        ),
        (_S.PROCEEDING, _I.TRANSPORT_ERROR): Step(
            _S.PROCEEDING, (_D.REPORT_TRANSPORT_ERROR,), _6026_SERVER
        ),
        (_S.ACCEPTED, _I.SEND_2XX): Step(_S.ACCEPTED, (_D.SEND,), _6026_SERVER),
        (_S.ACCEPTED, _I.RCV_ACK): Step(_S.ACCEPTED, (_D.PASS_UP,), _6026_SERVER),
        (_S.ACCEPTED, _I.TIMER_L): Step(_S.TERMINATED, (), _6026_SERVER),
        (_S.ACCEPTED, _I.TRANSPORT_ERROR): Step(
            _S.ACCEPTED, (_D.REPORT_TRANSPORT_ERROR,), _6026_SERVER
        ),
        (_S.COMPLETED, _I.RCV_REQUEST): Step(_S.COMPLETED, (_D.RESEND,), _3261_SERVER),
        (_S.COMPLETED, _I.TIMER_G): Step(_S.COMPLETED, (_D.RESEND, _D.BACK_OFF_G), _3261_SERVER),
        (_S.COMPLETED, _I.RCV_ACK): Step(_S.CONFIRMED, (_D.START_I,), _3261_SERVER),
        (_S.COMPLETED, _I.TIMER_H): Step(_S.TERMINATED, (), _6026_SERVER),
        (_S.COMPLETED, _I.TRANSPORT_ERROR): Step(
            _S.COMPLETED, (_D.REPORT_TRANSPORT_ERROR,), _6026_SERVER
        ),
        (_S.CONFIRMED, _I.TIMER_I): Step(_S.TERMINATED, (), _3261_SERVER),
    },
)

_NON_INVITE_CLIENT = "RFC 3261 §17.1.2.2"
_DONE = (_D.PASS_UP, _D.START_K)

CLIENT = Machine(
    "non-INVITE client transaction",
    _S.TRYING,
    {
        (_S.TRYING, _I.TIMER_E): Step(_S.TRYING, (_D.RESEND, _D.BACK_OFF_E), _NON_INVITE_CLIENT),
        (_S.TRYING, _I.TIMER_F): Step(_S.TERMINATED, (_D.REPORT_TIMEOUT,), _NON_INVITE_CLIENT),
        (_S.TRYING, _I.RCV_1XX): Step(_S.PROCEEDING, (_D.PASS_UP,), _NON_INVITE_CLIENT),
        (_S.TRYING, _I.RCV_2XX): Step(_S.COMPLETED, _DONE, _NON_INVITE_CLIENT),
        (_S.TRYING, _I.RCV_300_699): Step(_S.COMPLETED, _DONE, _NON_INVITE_CLIENT),
        (_S.TRYING, _I.TRANSPORT_ERROR): Step(
            _S.TERMINATED, (_D.REPORT_TRANSPORT_ERROR,), "RFC 3261 §17.1.4"
        ),
        (_S.PROCEEDING, _I.TIMER_E): Step(
            _S.PROCEEDING, (_D.RESEND, _D.RESTART_E), _NON_INVITE_CLIENT
        ),
        (_S.PROCEEDING, _I.TIMER_F): Step(_S.TERMINATED, (_D.REPORT_TIMEOUT,), _NON_INVITE_CLIENT),
        (_S.PROCEEDING, _I.RCV_1XX): Step(_S.PROCEEDING, (_D.PASS_UP,), _NON_INVITE_CLIENT),
        (_S.PROCEEDING, _I.RCV_2XX): Step(_S.COMPLETED, _DONE, _NON_INVITE_CLIENT),
        (_S.PROCEEDING, _I.RCV_300_699): Step(_S.COMPLETED, _DONE, _NON_INVITE_CLIENT),
        (_S.PROCEEDING, _I.TRANSPORT_ERROR): Step(
            _S.TERMINATED, (_D.REPORT_TRANSPORT_ERROR,), "RFC 3261 §17.1.4"
        ),
        (_S.COMPLETED, _I.TIMER_K): Step(_S.TERMINATED, (), _NON_INVITE_CLIENT),
    },
)

_NON_INVITE_SERVER = "RFC 3261 §17.2.2"
_ANSWERED = (_D.SEND, _D.START_J)

SERVER = Machine(
    "non-INVITE server transaction",
    _S.TRYING,
    {
        (_S.TRYING, _I.TIMER_TRYING): Step(
            _S.PROCEEDING, (_D.SEND_TRYING, _D.START_F), "RFC 4320 §4.1"
        ),
        (_S.TRYING, _I.SEND_1XX): Step(_S.PROCEEDING, (_D.SEND, _D.START_F), _NON_INVITE_SERVER),
        (_S.TRYING, _I.SEND_2XX): Step(_S.COMPLETED, _ANSWERED, _NON_INVITE_SERVER),
        (_S.TRYING, _I.SEND_300_699): Step(_S.COMPLETED, _ANSWERED, _NON_INVITE_SERVER),
        (_S.PROCEEDING, _I.RCV_REQUEST): Step(_S.PROCEEDING, (_D.RESEND,), _NON_INVITE_SERVER),
        (_S.PROCEEDING, _I.SEND_1XX): Step(_S.PROCEEDING, (_D.SEND,), _NON_INVITE_SERVER),
        (_S.PROCEEDING, _I.SEND_2XX): Step(_S.COMPLETED, _ANSWERED, _NON_INVITE_SERVER),
        (_S.PROCEEDING, _I.SEND_300_699): Step(_S.COMPLETED, _ANSWERED, _NON_INVITE_SERVER),
        # The client's Timer F has fired: nobody waits for an answer any more.
        (_S.PROCEEDING, _I.TIMER_F): Step(_S.TERMINATED, (), "RFC 4320 §4.2"),
        (_S.PROCEEDING, _I.TRANSPORT_ERROR): Step(
            _S.TERMINATED, (_D.REPORT_TRANSPORT_ERROR,), "RFC 3261 §17.2.4"
        ),
        (_S.COMPLETED, _I.RCV_REQUEST): Step(_S.COMPLETED, (_D.RESEND,), _NON_INVITE_SERVER),
        (_S.COMPLETED, _I.TIMER_J): Step(_S.TERMINATED, (), _NON_INVITE_SERVER),
        (_S.COMPLETED, _I.TRANSPORT_ERROR): Step(
            _S.TERMINATED, (_D.REPORT_TRANSPORT_ERROR,), "RFC 3261 §17.2.4"
        ),
    },
)

MACHINES = (INVITE_CLIENT, INVITE_SERVER, CLIENT, SERVER)
