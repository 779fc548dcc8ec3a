"""A user agent server without state, for whoever has not said who it is (RFC 3261 §8.2.7).

A challenge that leaves nothing behind costs two thirds of one with a transaction, and a flood of
them no memory. Its To tag and nonce follow from the request, so that a copy gets the same answer.

When the carrier is late, what is new is told to come later (§21.5.4): that costs a tenth of
a call, and what was begun goes on. Whoever were kept waiting instead would send again and again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2s

from ivr.sip.core import Core, Header
from ivr.sip.dialog import check_makes_dialog
from ivr.sip.events import Flow, MessageRejected
from ivr.sip.headers import BadHeader
from ivr.sip.message import Request
from ivr.sip.reply import write_fields, write_reply
from ivr.sip.screening import screen_new
from ivr.sip.transaction_layer import reply_flow

Challenge = Callable[[Request, Flow, str, float], Sequence[Header] | None]
"""`(request, flow, salt, now)`: the headers of a 401, the same for the same salt within a while.

None leaves the request to the user agent, which is told of it as of any other.
"""

Late = Callable[[], bool]
"""Whether messages wait so long that what is new must come later."""

_NEW = frozenset(("INVITE", "REGISTER", "MESSAGE", "SUBSCRIBE"))
_MAKES_DIALOG = frozenset(("INVITE", "SUBSCRIBE"))
_UNAUTHORIZED, _UNAVAILABLE = 401, 503
_TAG_OCTETS = 8
_LATER_S, _SPREAD_S = 5, 10
"""Retry-After: spread, so that those who were shed together do not come back together."""


class Stateless:
    """Answers new requests without credentials; an ACK that comes back finds nothing."""

    def __init__(self, core: Core) -> None:
        self.challenge: Challenge | None = None
        self.late: Late | None = None
        self._core = core
        self._server = f"Server: {core.settings.user_agent}\r\n"
        self._key = core.token().encode()

    def answers(self, request: Request, key: str, flow: Flow, now: float) -> bool:
        """Send a 401, or a 503 when it is late; the request's `key` is a transaction's.

        False leaves it to the user agent, or to a refusal for what else is wrong with it.
        """
        if request.method not in _NEW or "Authorization" in request.headers.fields:
            return False
        if request.to_tag is not None:
            return False
        if self.late is not None and self.late():
            later_s = _LATER_S + int(self._core.dice() * _SPREAD_S)
            self._send(
                request, _UNAVAILABLE, (("Retry-After", str(later_s)),), self._tag(key), flow
            )
            self._core.emit(MessageRejected(f"{request.method}: shed, it is late", flow, 503))
            return True
        if self.challenge is None or not self._fine(request):
            return False
        tag = self._tag(key)
        headers = self.challenge(request, flow, tag, now)
        if headers is None:
            return False
        self._send(request, _UNAUTHORIZED, headers, tag, flow)
        return True

    def _tag(self, key: str) -> str:
        return blake2s(key.encode(), key=self._key, digest_size=_TAG_OCTETS).hexdigest()

    def _send(
        self, request: Request, status: int, headers: Iterable[Header], tag: str, flow: Flow
    ) -> None:
        to = f"{request.headers.fields['To'][0]};tag={tag}"
        fields = self._server + write_fields(headers)
        data = write_reply(request, status, None, to, fields, b"")
        self._core.layer.send(data, reply_flow(request.via, flow))

    def _fine(self, request: Request) -> bool:
        """Whether a request would reach the user agent; what would not is refused with state."""
        if screen_new(request, self._core.settings) is not None:
            return False
        if request.method in _MAKES_DIALOG:
            try:
                check_makes_dialog(request)
            except BadHeader:
                return False
        return True
