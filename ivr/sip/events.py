"""What the signalling core tells the user agent, and what it asks the transport to send.

Every session that was announced (`CallReceived`) or begun (`Endpoint.invite`) ends in exactly one
`SessionEnded` or `SessionRefused`. Events are not to be changed; frozen classes, which would see
to it, take three times as long to make.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ivr.sip.message import Request, Response
    from ivr.sip.referral import Referral
    from ivr.sip.session import Session
    from ivr.sip.session_info import ForeignInfo
    from ivr.sip.subscription import Subscription
    from ivr.sip.transaction import ClientTransaction, ServerTransaction


class Flow(NamedTuple):
    """One way to a peer: the local socket, the peer's address, and the connection of a stream."""

    transport: str
    """`UDP`, `TCP`, `TLS`, `WS` or `WSS`."""
    local: tuple[str, int]
    peer: tuple[str, int]
    connection: int = 0
    """0 for datagrams, and for a stream that is to be opened (or found) toward `peer`."""

    @property
    def reliable(self) -> bool:
        return self.transport != "UDP"

    @property
    def secured(self) -> bool:
        """Whether nobody on the way reads what passes."""
        return self.transport in ("TLS", "WSS")


class Transmit(NamedTuple):
    """Bytes to be sent; the peer's host is an IP address and its port is 1 to 65535."""

    flow: Flow
    data: bytes


class EndCause(Enum):
    """Why a session ended."""

    BYE = "the peer hung up"
    CANCELLED = "cancelled before it was answered"
    NO_ACK = "the answer was never acknowledged"
    NO_PRACK = "a reliable provisional response was never acknowledged"
    SESSION_EXPIRED = "the session timer ran out"
    TRANSPORT = "the peer cannot be reached"
    TIMEOUT = "the peer no longer answers or no longer knows the call"
    LOCAL = "ended on this side"


@dataclass(slots=True)
class CallReceived:
    """A new call; answer it with `session.ringing/progress/answer/refuse`."""

    session: Session
    request: Request


@dataclass(slots=True)
class RequestReceived:
    """A request other than INVITE for the user agent; answer it with `Endpoint.respond`."""

    transaction: ServerTransaction
    request: Request
    flow: Flow


@dataclass(slots=True)
class ResponseReceived:
    """A response to `Endpoint.request`, provisional or final."""

    transaction: ClientTransaction
    response: Response


@dataclass(slots=True)
class TransactionTimedOut:
    """No final response to `Endpoint.request` within 64*T1, or the transport failed."""

    transaction: ClientTransaction
    status: int
    """408, or 503 when the transport failed (RFC 3261 §8.1.3.1)."""


@dataclass(slots=True)
class SessionProgress:
    """A provisional response to our INVITE other than 100; reliable ones are already PRACKed."""

    session: Session
    response: Response


@dataclass(slots=True)
class SessionAnswered:
    """Our INVITE was answered; acknowledged already unless the offer is in this response."""

    session: Session
    response: Response


@dataclass(slots=True)
class SessionConfirmed:
    """The ACK for our 2xx came; its body is the answer when our 2xx carried the offer."""

    session: Session
    request: Request


@dataclass(slots=True)
class SessionChallenged:
    """401 or 407 to our INVITE; go on with `session.retry`, or give up with `hang_up`."""

    session: Session
    response: Response


@dataclass(slots=True)
class SessionRefused:
    """Our INVITE failed; `response` is None for a time-out (408) or a transport error (503)."""

    session: Session
    status: int
    response: Response | None


@dataclass(slots=True)
class SessionReoffered:
    """A re-INVITE or UPDATE; answer with `accept_reoffer` or `refuse_reoffer`.

    An empty body asks us for an offer; the answer then comes as `AnswerReceived`.
    """

    session: Session
    request: Request


@dataclass(slots=True)
class AnswerReceived:
    """The peer's answer to an offer we made in a response: it came in a PRACK or an ACK.

    The ACK of a re-INVITE may lack it: the body is empty then.
    """

    session: Session
    request: Request


@dataclass(slots=True)
class ReofferAnswered:
    """Our re-INVITE or UPDATE was accepted; `response` carries the answer."""

    session: Session
    response: Response


@dataclass(slots=True)
class ReofferRefused:
    """Our re-INVITE or UPDATE was refused for good; the session goes on as it was."""

    session: Session
    response: Response


@dataclass(slots=True)
class InfoReceived:
    """An INFO that we understand, or that is empty; 200 was sent already."""

    session: Session
    request: Request


@dataclass(slots=True)
class ForeignInfoReceived:
    """An INFO that says nothing to us; `info.pass_on` or `info.refuse` it at once."""

    session: Session
    info: ForeignInfo


@dataclass(slots=True)
class ReferReceived:
    """A REFER within the session; `referral.accept` or `referral.refuse` it at once."""

    session: Session
    referral: Referral


@dataclass(slots=True)
class SubscriptionEnded:
    """Nobody is told through this subscription any more."""

    subscription: Subscription


@dataclass(slots=True)
class SessionEnded:
    """The session is over; `request` is the BYE or CANCEL that ended it."""

    session: Session
    cause: EndCause
    request: Request | None = None


@dataclass(slots=True)
class FlowLost:
    """A connection ended; requests that waited for an answer on it have failed already."""

    flow: Flow


@dataclass(slots=True)
class MessageRejected:
    """Something unreadable, forbidden or unexpected came; `status` is None when not answered."""

    reason: str
    flow: Flow
    status: int | None


Event = (
    CallReceived
    | RequestReceived
    | ResponseReceived
    | TransactionTimedOut
    | SessionProgress
    | SessionAnswered
    | SessionConfirmed
    | SessionChallenged
    | SessionRefused
    | SessionReoffered
    | AnswerReceived
    | ReofferAnswered
    | ReofferRefused
    | InfoReceived
    | ForeignInfoReceived
    | ReferReceived
    | SubscriptionEnded
    | SessionEnded
    | FlowLost
    | MessageRejected
)
