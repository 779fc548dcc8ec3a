"""What a caller hears while another party is rung (CALL-01, CALL-03)."""

import asyncio
from collections.abc import Coroutine
from typing import NoReturn

from ivr.call.leg import Caller
from ivr.call.log import Log
from ivr.call.outcome import Outcome
from ivr.call.party import FarLeg, JoinEnd, RingSign, Rung, Target
from ivr.media import tones

JOIN_ENDS = {
    JoinEnd.FAR_HUNG_UP: Outcome.FAR_HUNG_UP,
    JoinEnd.FAR_LOST: Outcome.FAR_LOST,
    JoinEnd.TRANSFERRED: Outcome.COMPLETED,
}
"""How a call ends whose party is gone."""


def answering(answer: Coroutine[object, object, None], far: FarLeg) -> asyncio.Task[None]:
    """Answer the caller beside the talk; a party whose caller cannot be answered is hung up."""

    def answered(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            far.hang_up()

    task = asyncio.get_running_loop().create_task(answer)
    task.add_done_callback(answered)
    return task


class RingBack:
    """Rings a party, and lets the caller hear it.

    Attributes:
        party_heard: the caller heard sound of the party's own.
    """

    def __init__(self, leg: Caller, log: Log) -> None:
        self.party_heard = False
        self._leg = leg
        self._log = log
        self._signs: asyncio.Queue[RingSign] = asyncio.Queue()

    async def ring(self, target: Target, within_s: float | None) -> Rung:
        """Ring it; the caller hears ring-back from its first sign on, or its own early media.

        Nothing is awaited once the party has answered, so that its half is never lost on the way.
        """
        following = asyncio.ensure_future(self._follow())
        following.add_done_callback(self._followed)
        try:
            return await self._leg.ring(target, within_s=within_s, signs=self._told)
        finally:
            following.cancel()
            self._leg.stop_playing()

    def _told(self, sign: RingSign) -> None:
        """Take a sign; a party's own sound has precedence over ours, at once and from then on."""
        self._log.info("party.sign", sign=sign.name.lower())
        if sign is RingSign.EARLY_MEDIA:
            self.party_heard = True
            self._leg.stop_playing()
        self._signs.put_nowait(sign)

    async def _follow(self) -> NoReturn:
        while True:
            sign = await self._signs.get()
            await self._leg.progress(ringing=sign is RingSign.RINGING)
            if not self.party_heard:
                self._leg.play(tones.ring_back(), loop=True)

    def _followed(self, following: asyncio.Future[NoReturn]) -> None:
        if not following.cancelled() and (error := following.exception()):
            self._log.error("ring-back.failed", error=repr(error), exc_info=error)
