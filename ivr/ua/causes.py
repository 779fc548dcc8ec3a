"""Why legs of calls end, for their records, and how ISDN numbers it."""

from collections.abc import Mapping
from enum import StrEnum

from ivr.sip import q850
from ivr.sip.events import EndCause


class Cause(StrEnum):
    """Why a leg ended; those of a service's own end are the values of `Outcome`."""

    HUNG_UP = "hung-up"
    """This leg's own party hung up."""
    FAR_HUNG_UP = "far-hung-up"
    FAR_LOST = "far-lost"
    """The other party's phone was no longer there."""
    CANCELLED = "cancelled"
    """The caller gave up before the answer."""
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    """It rang, and nobody took the call in time."""
    ABSENT = "absent"
    """No phone of the party could be reached: switched off, or out of range."""
    DECLINED = "declined"
    """The party's phone refused."""
    COMPLETED = "completed"
    """The service ran to its end, and the network hung up."""
    REFUSED = "refused"
    """A talkie or a final response said why not."""
    GAVE_UP = "gave-up"
    """The caller answered no question in the tries allowed."""
    TOO_LONG = "too-long"
    TRY_LATER = "try-later"
    """A setting could not be stored."""
    FAILED = "failed"
    """A defect of ours."""
    TOO_MANY = "too-many-calls"
    CONGESTED = "congested"
    """No RTP port was free."""
    NOT_ACCEPTABLE = "not-acceptable"
    """The peer described no sound that we could send it."""
    NO_ACK = "no-ack"
    NO_PRACK = "no-prack"
    NO_MEDIA = "no-media"
    """Neither sound nor session refresh came for too long (CALL-02)."""
    SESSION_EXPIRED = "session-expired"
    UNREACHABLE = "unreachable"
    """The peer could not be reached, or no longer knew the call."""
    STOPPED = "carrier-stopped"


OF_SESSION: Mapping[EndCause, tuple[Cause, int]] = {
    EndCause.BYE: (Cause.HUNG_UP, 487),
    EndCause.CANCELLED: (Cause.CANCELLED, 487),
    EndCause.NO_ACK: (Cause.NO_ACK, 408),
    EndCause.NO_PRACK: (Cause.NO_PRACK, 504),
    EndCause.SESSION_EXPIRED: (Cause.SESSION_EXPIRED, 408),
    EndCause.TRANSPORT: (Cause.UNREACHABLE, 480),
    EndCause.TIMEOUT: (Cause.UNREACHABLE, 408),
}
"""What an end that the network brought about is called, with the final response of an unanswered
INVITE; `EndCause.LOCAL` is ours and has as many reasons as there are causes."""

LOST = frozenset(
    (
        Cause.NO_ACK,
        Cause.NO_PRACK,
        Cause.NO_MEDIA,
        Cause.SESSION_EXPIRED,
        Cause.UNREACHABLE,
        Cause.STOPPED,
    )
)
"""Ends of one half that are the other half's, too, by the same name."""

_OF_ANSWERED: Mapping[str, int] = {
    Cause.NO_ACK: q850.TIMER_EXPIRED,
    Cause.NO_PRACK: q850.TIMER_EXPIRED,
    Cause.NO_MEDIA: q850.TIMER_EXPIRED,
    Cause.SESSION_EXPIRED: q850.TIMER_EXPIRED,
    Cause.UNREACHABLE: q850.OUT_OF_ORDER,
    Cause.FAR_LOST: q850.OUT_OF_ORDER,
    Cause.STOPPED: q850.TEMPORARY_FAILURE,
    Cause.FAILED: q850.TEMPORARY_FAILURE,
    Cause.TRY_LATER: q850.TEMPORARY_FAILURE,
}
"""Of an answered leg's end; any other one is cleared normally (ITU-T Q.850, chosen by us)."""


_OF_UNANSWERED: Mapping[str, int] = {
    Cause.NO_ANSWER: q850.NO_ANSWER,
    Cause.ABSENT: q850.ABSENT,
}
"""Where the status says less than we know; else it is the status that counts."""


def cause_number(cause: str, status: int | None, *, answered: bool) -> int | None:
    """The cause number of ITU-T Q.850; None while it is not known."""
    if answered:
        return _OF_ANSWERED.get(cause, q850.NORMAL_CLEARING)
    if cause in _OF_UNANSWERED:
        return _OF_UNANSWERED[cause]
    return None if status is None else q850.cause_of(status)
