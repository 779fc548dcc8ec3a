"""Who is silent for too long is hung up on, and the record says since when (CALL-02)."""

import asyncio

from ivr.ua.causes import Cause
from ivr.ua.log import Log
from ivr.ua.policy import CallPolicy
from ivr.ua.side import Side

_REASON = 'SIP;cause=408;text="no media"'


class SilenceWatch:
    """Looks now and then for sides without RTP and without session refresh.

    Who may be silent is asked whether it is still there.
    """

    def __init__(self, policy: CallPolicy, log: Log) -> None:
        self._policy = policy
        self._log = log
        self._sides: dict[Side, None] = {}
        self._timer: asyncio.TimerHandle | None = None

    def add(self, side: Side) -> None:
        """Watch a side from now on."""
        self._sides[side] = None
        if self._timer is None:
            self._soon()

    def discard(self, side: Side) -> None:
        """It is over."""
        self._sides.pop(side, None)
        if not self._sides and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _soon(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._policy.watch_s, self._look)

    def _look(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        for side in list(self._sides):
            silent_since = side.silent_since()
            if silent_since is None:
                side.probe(now, self._policy.probe_s)
            silent_s = 0.0 if silent_since is None else now - silent_since
            side.ticket.heard_until(silent_s if silent_s > self._policy.lull_s else None)
            if silent_s > self._policy.silence_s:
                self._log.warning("call.silent", call_id=side.call_id)
                side.ticket.ending = Cause.NO_MEDIA
                side.ticket.ended(ago_s=silent_s)
                side.end(_REASON)
        if self._sides and self._timer is None:
            self._soon()
