"""A user agent server without state, for whoever has not said who it is (RFC 3261 §8.2.7).

A challenge that leaves nothing behind costs a third of one with a transaction, and a flood of
them no memory. Its To tag and nonce follow from the request, so that a copy gets the same answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import blake2s

from ivr.sip.core import Core, Header
from ivr.sip.dialog import check_makes_dialog
from ivr.sip.events import Flow
from ivr.sip.headers import BadHeader
from ivr.sip.message import Request
from ivr.sip.reply import write_fields, write_reply
from ivr.sip.screening import screen_new
from ivr.sip.transaction_layer import reply_flow

Challenge = Callable[[Request, str, float], Sequence[Header] | None]
"""`(request, salt, now)`: the headers of a 401, the same for the same salt within a while.

None leaves the request to the user agent, which is told of it as of any other.
"""

_CHALLENGED = frozenset(("INVITE", "REGISTER"))
_UNAUTHORIZED = 401
_TAG_OCTETS = 8


class Stateless:
    """Challenges new requests without credentials; an ACK that comes back finds nothing."""

    def __init__(self, core: Core, challenge: Challenge) -> None:
        self._core = core
        self._challenge = challenge
        self._server = f"Server: {core.settings.user_agent}\r\n"
        self._key = core.token().encode()

    def answers(self, request: Request, key: str, flow: Flow, now: float) -> bool:
        """Send a 401, where nothing else is wrong with a request; its `key` is a transaction's."""
        if request.method not in _CHALLENGED or "Authorization" in request.headers.fields:
            return False
        if request.to_tag is not None or not self._fine(request):
            return False
        salt = blake2s(key.encode(), key=self._key, digest_size=_TAG_OCTETS).hexdigest()
        headers = self._challenge(request, salt, now)
        if headers is None:
            return False
        to = f"{request.headers.fields['To'][0]};tag={salt}"
        fields = self._server + write_fields(headers)
        data = write_reply(request, _UNAUTHORIZED, None, to, fields, b"")
        self._core.layer.send(data, reply_flow(request.via, flow))
        return True

    def _fine(self, request: Request) -> bool:
        """Whether a request would reach the user agent; what would not is refused with state."""
        if screen_new(request, self._core.settings) is not None:
            return False
        if request.method == "INVITE":
            try:
                check_makes_dialog(request)
            except BadHeader:
                return False
        return True
