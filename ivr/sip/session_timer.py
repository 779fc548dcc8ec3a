"""Session timers: who refreshes a call, how often, and when it is given up (RFC 4028)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ivr.sip.abnf import GrammarError, decimal, parse_parameters
from ivr.sip.message import Request, Response
from ivr.sip.timers import Timer, Timers

LEAST_S = 90
"""No Min-SE is lower (RFC 4028 §5)."""

_LONGEST_S = 2**31 - 1


class Terms(NamedTuple):
    """What both sides agreed on."""

    interval_s: int
    we_refresh: bool


class SessionExpires(NamedTuple):
    """The header's value; `refresher` is `uac`, `uas` or None."""

    interval_s: int
    refresher: str | None = None

    def __str__(self) -> str:
        return f"{self.interval_s};refresher={self.refresher}"


def session_expires(message: Request | Response) -> SessionExpires | None:
    """The Session-Expires of a message; None when absent or unreadable."""
    text = message.headers.get("Session-Expires")
    if text is None:
        return None
    interval, _, parameters = text.partition(";")
    try:
        refresher = parse_parameters(parameters).get("refresher") if parameters else None
        return SessionExpires(
            decimal(interval.strip(), _LONGEST_S), (refresher or "").lower() or None
        )
    except GrammarError:
        return None


def least_interval(message: Request | Response) -> int:
    """The Min-SE of a message in seconds; 90 when absent or unreadable (RFC 4028 §5)."""
    text = message.headers.get("Min-SE")
    try:
        value = decimal((text or "").partition(";")[0].strip(), _LONGEST_S)
    except GrammarError:
        return LEAST_S
    return max(value, LEAST_S)


def too_short(request: Request, min_se_s: int) -> bool:
    """Whether a request is to be refused with 422 (RFC 4028 §9)."""
    asked = session_expires(request)
    return (
        asked is not None
        and asked.interval_s < min_se_s
        and "timer" in request.headers.tokens("Supported")
    )


def accept_terms(
    request: Request, ours_s: int, min_se_s: int, current: Terms | None
) -> Terms | None:
    """What our 2xx says (RFC 4028 §9); None when the peer has no part in session timers.

    A caller that leaves the refresher open is spared the work: we refresh, unless it already does.
    """
    asked = session_expires(request)
    if "timer" not in request.headers.tokens("Supported"):
        return Terms(max(asked.interval_s, min_se_s), True) if asked else None
    proposed = min(asked.interval_s, ours_s) if asked else ours_s
    interval_s = max(proposed, min_se_s, least_interval(request))
    if asked and asked.refresher in ("uac", "uas"):
        return Terms(interval_s, asked.refresher == "uas")
    return Terms(interval_s, current.we_refresh if current else True)


def learn_terms(response: Response) -> Terms | None:
    """What a peer's 2xx says (RFC 4028 §7.2); None ends the timer."""
    agreed = session_expires(response)
    if agreed is None:
        return None
    return Terms(max(agreed.interval_s, LEAST_S), agreed.refresher != "uas")


class SessionTimer:
    """Runs one session's terms: calls `refresh` at half time, `expire` when nothing came.

    The side that does not refresh gives up a little early, so that its BYE still finds the
    dialog at the peer (RFC 4028 §10).
    """

    __slots__ = ("_expire", "_expire_timer", "_refresh", "_refresh_timer", "_timers", "terms")

    def __init__(
        self, timers: Timers, refresh: Callable[[float], None], expire: Callable[[float], None]
    ) -> None:
        self._timers = timers
        self._refresh = refresh
        self._expire = expire
        self._refresh_timer: Timer | None = None
        self._expire_timer: Timer | None = None
        self.terms: Terms | None = None

    def run(self, terms: Terms | None, now: float) -> None:
        """Start, restart, or stop when there are no terms."""
        self.stop()
        self.terms = terms
        if terms is None:
            return
        interval_s = terms.interval_s
        if terms.we_refresh:
            self._refresh_timer = self._timers.set(now + interval_s / 2, self._refresh)
            self._expire_timer = self._timers.set(now + interval_s, self._expire)
        else:
            margin_s = min(32.0, interval_s / 3)
            self._expire_timer = self._timers.set(now + interval_s - margin_s, self._expire)

    def stop(self) -> None:
        for timer in (self._refresh_timer, self._expire_timer):
            if timer is not None:
                timer.cancel()
        self._refresh_timer = self._expire_timer = None
