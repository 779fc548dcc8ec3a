"""The life of one subscription as a table: its subscriber is told what changes (RFC 6665 §4.2).

One NOTIFY is under way at a time: what changes meanwhile is told once, at its newest, when that one
has been answered. What the table does not list is late and ignored, apart from `ORDERS`.
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
    RESTING = auto()
    """The subscriber could not take the last NOTIFY; it is tried again."""
    CLOSING = auto()
    """A NOTIFY is under way, and the subscription has come to its end."""
    LAST = auto()
    """The last NOTIFY is under way."""
    OVER = auto()


class Input(IntEnum):
    """Orders first, then what the network and the clock do."""

    ACCEPT = auto()
    FETCH = auto()
    """Accept for a single NOTIFY: the SUBSCRIBE asked for no time at all."""
    REFUSE = auto()
    NEWS = auto()
    CLOSE = auto()
    REFRESH = auto()
    UNSUBSCRIBE = auto()
    TAKEN = auto()
    NOT_NOW = auto()
    """The NOTIFY failed, and the subscription stands (RFC 5057 §5.1)."""
    GONE = auto()
    """The NOTIFY failed, and the subscription with it."""
    RESTED = auto()
    EXPIRED = auto()


class Do(IntEnum):
    """What a subscription does on a step, in the order listed."""

    SEND_200 = auto()
    SEND_REFUSAL = auto()
    SEND_481 = auto()
    START_CLOCK = auto()
    STOP_CLOCK = auto()
    START_REST = auto()
    STOP_REST = auto()
    NOTIFY = auto()
    NOTIFY_LAST = auto()
    FINISH = auto()


class Step(NamedTuple):
    """One row: the next state, what to do, and the clause that says so."""

    next: State
    do: tuple[Do, ...]
    clause: str


_S, _I, _D = State, Input, Do

_CREATION, _NOTIFYING, _REFRESHING = "RFC 6665 §4.2.1", "RFC 6665 §4.2.2", "RFC 6665 §4.2.1.4"
_ENDING, _FETCHING, _RETRY = "RFC 6665 §4.4.1", "RFC 6665 §4.4.3", "RFC 5057 §5.1"

_FAREWELL = (_D.STOP_CLOCK, _D.NOTIFY_LAST)
_REMOVED = Step(_S.OVER, (_D.STOP_CLOCK, _D.STOP_REST, _D.FINISH), _NOTIFYING)
_REPEATED = Step(_S.BEHIND, (_D.SEND_200, _D.START_CLOCK), _REFRESHING)
_ENDED_MEANWHILE = Step(_S.CLOSING, (_D.STOP_CLOCK,), _ENDING)
_LEFT_MEANWHILE = Step(_S.CLOSING, (_D.SEND_200, _D.STOP_CLOCK), _ENDING)
_TOO_LATE = (_D.SEND_481,)

TABLE: dict[tuple[State, Input], Step] = {
    (_S.ASKED, _I.ACCEPT): Step(_S.TELLING, (_D.SEND_200, _D.START_CLOCK, _D.NOTIFY), _CREATION),
    (_S.ASKED, _I.FETCH): Step(_S.LAST, (_D.SEND_200, _D.NOTIFY_LAST), _FETCHING),
    (_S.ASKED, _I.REFUSE): Step(_S.OVER, (_D.SEND_REFUSAL, _D.FINISH), _CREATION),
    (_S.TELLING, _I.NEWS): Step(_S.BEHIND, (), _NOTIFYING),
    (_S.TELLING, _I.CLOSE): _ENDED_MEANWHILE,
    (_S.TELLING, _I.REFRESH): _REPEATED,
    (_S.TELLING, _I.UNSUBSCRIBE): _LEFT_MEANWHILE,
    (_S.TELLING, _I.TAKEN): Step(_S.WAITING, (), _NOTIFYING),
    (_S.TELLING, _I.NOT_NOW): Step(_S.RESTING, (_D.START_REST,), _RETRY),
    (_S.TELLING, _I.GONE): _REMOVED,
    (_S.TELLING, _I.EXPIRED): _ENDED_MEANWHILE,
    (_S.BEHIND, _I.NEWS): Step(_S.BEHIND, (), _NOTIFYING),
    (_S.BEHIND, _I.CLOSE): _ENDED_MEANWHILE,
    (_S.BEHIND, _I.REFRESH): _REPEATED,
    (_S.BEHIND, _I.UNSUBSCRIBE): _LEFT_MEANWHILE,
    (_S.BEHIND, _I.TAKEN): Step(_S.TELLING, (_D.NOTIFY,), _NOTIFYING),
    (_S.BEHIND, _I.NOT_NOW): Step(_S.RESTING, (_D.START_REST,), _RETRY),
    (_S.BEHIND, _I.GONE): _REMOVED,
    (_S.BEHIND, _I.EXPIRED): _ENDED_MEANWHILE,
    (_S.WAITING, _I.NEWS): Step(_S.TELLING, (_D.NOTIFY,), _NOTIFYING),
    (_S.WAITING, _I.CLOSE): Step(_S.LAST, _FAREWELL, _ENDING),
    (_S.WAITING, _I.REFRESH): Step(
        _S.TELLING, (_D.SEND_200, _D.START_CLOCK, _D.NOTIFY), _REFRESHING
    ),
    (_S.WAITING, _I.UNSUBSCRIBE): Step(_S.LAST, (_D.SEND_200, *_FAREWELL), _ENDING),
    (_S.WAITING, _I.EXPIRED): Step(_S.LAST, _FAREWELL, _ENDING),
    (_S.RESTING, _I.NEWS): Step(_S.RESTING, (), _RETRY),
    (_S.RESTING, _I.CLOSE): Step(_S.LAST, (_D.STOP_REST, *_FAREWELL), _ENDING),
    (_S.RESTING, _I.REFRESH): Step(
        _S.TELLING, (_D.STOP_REST, _D.SEND_200, _D.START_CLOCK, _D.NOTIFY), _REFRESHING
    ),
    (_S.RESTING, _I.UNSUBSCRIBE): Step(_S.LAST, (_D.STOP_REST, _D.SEND_200, *_FAREWELL), _ENDING),
    (_S.RESTING, _I.RESTED): Step(_S.TELLING, (_D.NOTIFY,), _RETRY),
    (_S.RESTING, _I.EXPIRED): Step(_S.LAST, (_D.STOP_REST, *_FAREWELL), _ENDING),
    (_S.CLOSING, _I.REFRESH): Step(_S.CLOSING, _TOO_LATE, _ENDING),
    (_S.CLOSING, _I.UNSUBSCRIBE): Step(_S.CLOSING, _TOO_LATE, _ENDING),
    (_S.CLOSING, _I.TAKEN): Step(_S.LAST, (_D.NOTIFY_LAST,), _ENDING),
    (_S.CLOSING, _I.NOT_NOW): Step(_S.LAST, (_D.NOTIFY_LAST,), _ENDING),
    (_S.CLOSING, _I.GONE): _REMOVED,
    (_S.LAST, _I.REFRESH): Step(_S.LAST, _TOO_LATE, _ENDING),
    (_S.LAST, _I.UNSUBSCRIBE): Step(_S.LAST, _TOO_LATE, _ENDING),
    (_S.LAST, _I.TAKEN): Step(_S.OVER, (_D.FINISH,), _ENDING),
    (_S.LAST, _I.NOT_NOW): Step(_S.OVER, (_D.FINISH,), _ENDING),
    (_S.LAST, _I.GONE): Step(_S.OVER, (_D.FINISH,), _ENDING),
}

ORDERS = frozenset((Input.ACCEPT, Input.FETCH, Input.REFUSE))
"""Inputs whose absence from the table is a `WrongState`."""
