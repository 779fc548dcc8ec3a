"""Responses that are repeated until somebody acknowledges them (RFC 3261 §13.3.1.4, RFC 3262)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from ivr.sip.core import Core, Header
from ivr.sip.events import Flow
from ivr.sip.timers import Timer
from ivr.sip.transaction import ServerTransaction


class Repeater:
    """Sends a response until it is acknowledged, at T1 doubling to a cap, for 64*T1 at most.

    Used for 2xx to INVITE on every transport (RFC 3261 §13.3.1.4) and for reliable provisional
    responses (RFC 3262 §3, where the interval has no cap).
    """

    __slots__ = ("_again", "_cap_s", "_core", "_data", "_end_at", "_flow", "_give_up",
                 "_interval_s")  # fmt: skip

    def __init__(
        self,
        core: Core,
        data: bytes,
        flow: Flow,
        give_up: Callable[[float], None],
        now: float,
        cap_s: float,
    ) -> None:
        timing = core.settings.timing
        self._core = core
        self._data = data
        self._flow = flow
        self._cap_s = cap_s
        self._interval_s = timing.t1_s
        self._end_at = now + timing.transaction_s
        self._give_up = give_up
        self._again: Timer = core.layer.timers.after(timing.t1_s, now, self._repeat)

    def stop(self) -> None:
        self._again.cancel()

    def _repeat(self, now: float) -> None:
        self._core.layer.send(self._data, self._flow)
        self._interval_s = min(self._interval_s * 2, self._cap_s)
        timers = self._core.layer.timers
        if now + self._interval_s < self._end_at:
            self._again = timers.after(self._interval_s, now, self._repeat)
        else:
            self._again = timers.set(self._end_at, self._give_up)


class Provisional(NamedTuple):
    """A reliable response that waits for its turn."""

    status: int
    headers: tuple[Header, ...]
    sdp: bytes


class Reliable:
    """Reliable provisional responses, one at a time, each until its PRACK (RFC 3262 §3)."""

    __slots__ = ("_core",
        "_cseq", "_current", "_give_up", "_queue", "_repeater", "_rseq", "_to_tag",
                 "_transaction")  # fmt: skip

    def __init__(
        self,
        core: Core,
        transaction: ServerTransaction,
        to_tag: str,
        give_up: Callable[[float], None],
    ) -> None:
        self._core = core
        self._transaction = transaction
        self._to_tag = to_tag
        self._cseq = str(transaction.request.cseq).split()
        self._give_up = give_up
        # RFC 3262 §3 wants 1 to 2**31-1 at random; half of that leaves room to count up.
        self._rseq = 1 + int(core.dice() * 2**30)
        self._queue: deque[Provisional] = deque()
        self._current: Provisional | None = None
        self._repeater: Repeater | None = None

    @property
    def blocks_answer(self) -> bool:
        """A description is under way unacknowledged: a 2xx must wait (RFC 3262 §3)."""
        waiting = [self._current, *self._queue]
        return any(one is not None and one.sdp for one in waiting)

    def send(self, provisional: Provisional, now: float) -> None:
        if self._current is not None:
            self._queue.append(provisional)
            return
        self._current = provisional
        self._rseq += 1
        headers = (("Require", "100rel"), ("RSeq", str(self._rseq)), *provisional.headers)
        data = self._core.respond(
            self._transaction,
            provisional.status,
            now,
            to_tag=self._to_tag,
            headers=headers,
            body=provisional.sdp,
        )
        timing = self._core.settings.timing
        self._repeater = Repeater(
            self._core,
            data,
            self._transaction.reply_flow,
            self._give_up,
            now,
            timing.transaction_s,
        )

    def acknowledge(self, rack: str | None, now: float) -> Provisional | None:
        """Take a PRACK's RAck; None when it acknowledges nothing that waits: 481.

        RAck names RSeq, and CSeq number and method of the INVITE; all three count.
        """
        words = (rack or "").split()
        if words != [str(self._rseq), *self._cseq] or self._current is None:
            return None
        done, self._current = self._current, None
        self._stop_repeating()
        if self._queue:
            self.send(self._queue.popleft(), now)
        return done

    def stop(self) -> None:
        self._current = None
        self._queue.clear()
        self._stop_repeating()

    def _stop_repeating(self) -> None:
        if self._repeater is not None:
            self._repeater.stop()
            self._repeater = None
