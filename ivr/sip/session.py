"""One call: the INVITE usage of a dialog, on either side (RFC 3261 §13 to §15)."""

from __future__ import annotations

from collections.abc import Sequence

from ivr.sip.events import Flow
from ivr.sip.message import Request

Header = tuple[str, str]


class Session:
    """A call as the signalling core sees it; every method takes `now` in monotonic seconds.

    Orders that do not fit the state raise `WrongState`; `hang_up` and `cancel` never do.
    """

    id: str
    """Unique within the endpoint: the local tag."""
    request: Request
    """The INVITE that began it; after `retry`, the latest one."""
    flow: Flow
    local_sdp: bytes
    """The last description sent that the peer has accepted or has yet to answer."""
    remote_sdp: bytes
    """The last description received."""
    answered: bool
    """A 2xx was sent or received."""
    ended: bool

    # UAS
    def ringing(self, now: float) -> None:
        """Send 180."""
        raise NotImplementedError

    def progress(
        self, sdp: bytes, now: float, status: int = 183, headers: Sequence[Header] = ()
    ) -> None:
        """Send a provisional response with early media, reliably when the peer can (RFC 3262)."""
        raise NotImplementedError

    def answer(self, sdp: bytes, now: float, headers: Sequence[Header] = ()) -> None:
        """Send 200, again and again until the ACK comes, whatever the transport (§13.3.1.4)."""
        raise NotImplementedError

    def refuse(
        self, status: int, now: float, headers: Sequence[Header] = (), reason: str | None = None
    ) -> None:
        """Send a final 3xx to 6xx; 401 and 407 go out once (§26.3.2.4)."""
        raise NotImplementedError

    # UAC
    def retry(self, headers: Sequence[Header], now: float) -> None:
        """Send the challenged INVITE again with credentials: same Call-ID, next CSeq (§22.2)."""
        raise NotImplementedError

    def acknowledge(self, sdp: bytes, now: float) -> None:
        """Answer the offer that came in a 2xx, in its ACK."""
        raise NotImplementedError

    def cancel(self, now: float) -> None:
        """Give the call up before it is answered; waits for a provisional (§9.1)."""
        raise NotImplementedError

    # either side
    def hang_up(self, now: float, reason: str | None = None) -> None:
        """End the call by whatever the state asks for; `reason` is a Reason header's value."""
        raise NotImplementedError

    def reoffer(self, sdp: bytes, now: float, *, update: bool = False) -> None:
        """Offer a new description by re-INVITE, or by UPDATE when asked."""
        raise NotImplementedError

    def accept_reoffer(self, sdp: bytes, now: float) -> None:
        """Answer the pending re-INVITE or UPDATE with 200."""
        raise NotImplementedError

    def refuse_reoffer(self, status: int, now: float, headers: Sequence[Header] = ()) -> None:
        """Refuse the pending re-INVITE or UPDATE; the session goes on as it was."""
        raise NotImplementedError

    def info(self, content_type: str, body: bytes, now: float) -> None:
        """Send an INFO within the session (RFC 6086)."""
        raise NotImplementedError
