"""Forwardings that were forwarded on: legs of a call without a phone at their end (FWD-07).

Of a call that two lines forward, the second line's forwarding leads to the phone; the first one's
led to the second line, is a call of its own all the same, and paid for by who forwarded.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from ivr.call.leg import Ticket
from ivr.call.outcome import CallOver, Outcome
from ivr.call.party import Ring, Rung
from provisioning.contract import E164

HUNG_UP, CANCELLED = "hung-up", "cancelled"
"""Causes of a leg whose call the caller ended, answered or not."""
_IN_VAIN = {
    Ring.UNREACHABLE: "absent",
    Ring.BUSY: "busy",
    Ring.NO_ANSWER: "no-answer",
    Ring.DECLINED: "declined",
    Ring.INCOMPATIBLE: "not-acceptable",
    Ring.CONGESTED: "congested",
}
"""Causes of a leg that nobody answered."""


class PassedOn:
    """Those legs of one call; their records go along with the call's."""

    def __init__(self, first: Ticket) -> None:
        self._first = first
        self._tickets: list[Ticket] = []
        self._answered = False

    def add(self, forwarder: E164, to: E164) -> Ticket:
        """The call that `forwarder` sent to the line `to` goes on from there."""
        ticket = self._first.passed_on(forwarder, to)
        self._tickets.append(ticket)
        return ticket

    def in_vain(self, forwarder: E164, to: E164, rung: Rung) -> None:
        """The call that `forwarder` sent to `to` ends there, where nobody could be asked."""
        self._first.passed_on(forwarder, to).close(_IN_VAIN[rung.outcome], rung.status)

    def answered(self) -> None:
        """Somebody answered at the end of the way: each leg of it is charged from now on."""
        self._answered = True
        for ticket in self._tickets:
            ticket.answered()

    @contextmanager
    def recorded(self) -> Iterator[None]:
        """Close every leg with the call, however that ends."""
        cause = Outcome.FAILED.value
        try:
            yield
        except CallOver as over:
            cause = over.outcome.value
            raise
        except asyncio.CancelledError:
            cause = HUNG_UP if self._answered else CANCELLED
            raise
        finally:
            for ticket in self._tickets:
                ticket.close(cause, self._first.status)
