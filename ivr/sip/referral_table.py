"""The life of one REFER as a table: who sent it is told what becomes of it (RFC 3515 §2.4).

It makes a subscription of its own; one NOTIFY is under way at a time, so that none overtakes
another. What the table does not list is late and ignored, apart from `ORDERS`.
"""

from enum import IntEnum, auto
from typing import NamedTuple


class State(IntEnum):
    """Where the subscription stands."""

    ASKED = auto()
    TELLING = auto()
    """A NOTIFY is under way."""
    BEHIND = auto()
    """A NOTIFY is under way, and there is newer news."""
    WAITING = auto()
    CLOSING = auto()
    """A NOTIFY is under way, and the result is known."""
    LAST = auto()
    """The last NOTIFY is under way."""
    OVER = auto()


class Input(IntEnum):
    """Orders first, then what the network and the clock do."""

    ACCEPT = auto()
    ACCEPT_UNTOLD = auto()
    REFUSE = auto()
    PROGRESS = auto()
    RESULT = auto()
    TAKEN = auto()
    NOT_TAKEN = auto()
    EXPIRED = auto()


class Do(IntEnum):
    """What a referral does on a step, in the order listed."""

    SEND_202 = auto()
    SEND_REFUSAL = auto()
    START_CLOCK = auto()
    NOTIFY = auto()
    NOTIFY_LAST = auto()
    NOTIFY_EXPIRED = auto()
    STOP_CLOCK = auto()


class Step(NamedTuple):
    """One row: the next state, what to do, and the clause that says so."""

    next: State
    do: tuple[Do, ...]
    clause: str


_S, _I, _D = State, Input, Do
_REFUSED = Step(_S.OVER, (_D.STOP_CLOCK,), "RFC 6665 §4.2.2")
_EXPIRED = Step(_S.LAST, (_D.NOTIFY_EXPIRED,), "RFC 6665 §4.2.2")

TABLE: dict[tuple[State, Input], Step] = {
    (_S.ASKED, _I.ACCEPT): Step(
        _S.TELLING, (_D.SEND_202, _D.START_CLOCK, _D.NOTIFY), "RFC 3515 §2.4.4"
    ),
    (_S.ASKED, _I.ACCEPT_UNTOLD): Step(_S.OVER, (_D.SEND_202,), "RFC 4488 §4"),
    (_S.ASKED, _I.REFUSE): Step(_S.OVER, (_D.SEND_REFUSAL,), "RFC 3515 §2.4.2"),
    (_S.TELLING, _I.PROGRESS): Step(_S.BEHIND, (), "RFC 3515 §2.4.5"),
    (_S.TELLING, _I.RESULT): Step(_S.CLOSING, (), "RFC 3515 §2.4.5"),
    (_S.TELLING, _I.TAKEN): Step(_S.WAITING, (), "RFC 6665 §4.2.2"),
    (_S.TELLING, _I.NOT_TAKEN): _REFUSED,
    (_S.TELLING, _I.EXPIRED): _EXPIRED,
    (_S.BEHIND, _I.PROGRESS): Step(_S.BEHIND, (), "RFC 3515 §2.4.5"),
    (_S.BEHIND, _I.RESULT): Step(_S.CLOSING, (), "RFC 3515 §2.4.5"),
    (_S.BEHIND, _I.TAKEN): Step(_S.TELLING, (_D.NOTIFY,), "RFC 3515 §2.4.5"),
    (_S.BEHIND, _I.NOT_TAKEN): _REFUSED,
    (_S.BEHIND, _I.EXPIRED): _EXPIRED,
    (_S.WAITING, _I.PROGRESS): Step(_S.TELLING, (_D.NOTIFY,), "RFC 3515 §2.4.5"),
    (_S.WAITING, _I.RESULT): Step(_S.LAST, (_D.STOP_CLOCK, _D.NOTIFY_LAST), "RFC 3515 §2.4.7"),
    (_S.WAITING, _I.EXPIRED): _EXPIRED,
    (_S.CLOSING, _I.TAKEN): Step(_S.LAST, (_D.STOP_CLOCK, _D.NOTIFY_LAST), "RFC 3515 §2.4.7"),
    (_S.CLOSING, _I.NOT_TAKEN): _REFUSED,
    (_S.CLOSING, _I.EXPIRED): _EXPIRED,
    (_S.LAST, _I.TAKEN): Step(_S.OVER, (), "RFC 3515 §2.4.7"),
    (_S.LAST, _I.NOT_TAKEN): Step(_S.OVER, (), "RFC 6665 §4.2.2"),
}

ORDERS = frozenset((Input.ACCEPT, Input.ACCEPT_UNTOLD, Input.REFUSE))
"""Inputs whose absence from the table is a `WrongState`."""
