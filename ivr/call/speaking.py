"""What a caller is played: one sound after another, some of which a key may cut short."""

import asyncio

from ivr.call.leg import Leg


class Mouth:
    """Plays to its caller; `fading_s` is how long a phone may still hold the last words back."""

    def __init__(self, leg: Leg, fading_s: float) -> None:
        self._leg = leg
        self._fading_s = fading_s
        self._faded_at = 0.0
        self._interruptible = False

    async def say(self, ulaw: bytes, *, interruptible: bool) -> bool:
        """Play a sound: True once it came to its end, False when it was cut short."""
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[bool] = loop.create_future()

        def done(to_its_end: bool) -> None:
            if not ended.done():
                ended.set_result(to_its_end)

        self._interruptible = interruptible
        self._leg.play(ulaw, done)
        try:
            to_its_end = await ended
        except asyncio.CancelledError:
            self._leg.stop_playing()
            raise
        finally:
            self._interruptible = False
        if to_its_end:
            self._faded_at = loop.time() + self._fading_s
        return to_its_end

    def interrupt(self) -> None:
        """A key came: no further packet leaves of a sound that it may cut short."""
        if self._interruptible:
            self._leg.stop_playing()

    async def fade(self) -> None:
        """Wait until the caller's phone has played the last words."""
        left_s = self._faded_at - asyncio.get_running_loop().time()
        if left_s > 0:
            await asyncio.sleep(left_s)
