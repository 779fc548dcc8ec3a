"""What a deployment may choose about the signalling core."""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field

from ivr.sip.timers import Timing

ALLOW = (
    "INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "INFO", "PRACK", "UPDATE", "REGISTER", "MESSAGE",
    "REFER", "SUBSCRIBE",
)  # fmt: skip
"""Methods answered by this endpoint (RFC 3261, 6086, 3262, 3311, 3428, 3515, 6665)."""

KNOWN = frozenset((*ALLOW, "NOTIFY", "PUBLISH"))
"""Methods that exist; one that is not allowed gets 405, one that is not known gets 501."""

SUPPORTED = ("100rel", "timer", "norefersub")
"""Option tags understood in Require (RFC 3262, RFC 4028, RFC 4488)."""

Resolve = Callable[[str, int | None, str], tuple[str, int] | None]


@dataclass(frozen=True, slots=True)
class EndpointSettings:
    """Shapes are those of the header fields they fill; intervals are seconds."""

    timing: Timing = field(default_factory=Timing)
    session_expires_s: int = 1800
    """Session-Expires we propose (RFC 4028 §4 recommends 1800)."""
    min_se_s: int = 90
    """The least session interval we take (RFC 4028 §4: never below 90)."""
    allow: tuple[str, ...] = ALLOW
    known: frozenset[str] = KNOWN
    supported: tuple[str, ...] = SUPPORTED
    accept: tuple[str, ...] = ("application/sdp", "multipart/mixed")
    """Bodies an INVITE, UPDATE or PRACK may carry; others get 415. Of several parts one must be a
    session description."""
    info: tuple[str, ...] = ("application/dtmf-relay", "application/dtmf")
    """Bodies of an INFO that we understand (RFC 2976); others are passed on, or get 415."""
    max_uri: int = 2048
    """Longest Request-URI in characters; more gets 414 (our choice; RFC 3261 names no number)."""
    user_agent: str = "tokuban"
    advertised: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    """Per transport, the host and port in Via and Contact; the flow's local address otherwise.

    Port 0 stands for the port the flow ends at, where the system chose it.
    """
    inside: Container[str] = ()
    """Hosts that reach the flow's local address itself, and are told it whatever is advertised."""
    resolve: Resolve | None = None
    """`(host, port, transport) -> (address, port)` for names; addresses need no resolver.

    Without an answer an in-dialog request follows the flow the dialog was made on.
    """
