"""Phones that dial digit by digit, at a code that a longer one begins with (RFC 3578).

au's 141 is the guide, and the beginning of 1417. The network waits as an exchange does: when no
further digit comes, 141 was meant; an INVITE with more digits ends the shorter one by 484.
"""

import asyncio
from collections import defaultdict
from typing import NoReturn

from ivr.call.call import Call
from ivr.flows.registry import BoundFlow
from ivr.numbering.dial_string import normalised

ADDRESS_INCOMPLETE = 484


class DigitByDigit:
    """The calls that wait for a further digit, by the caller's account."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[_Pause]] = defaultdict(set)

    def dialled(self, user: str, dialled: str) -> None:
        """An account sent these digits: its calls that waited for them are over."""
        for pause in self._waiting.get(user, ()):
            pause.hear(normalised(dialled) or "")

    def patient(self, user: str, dialled: str, flow: BoundFlow, longest_s: float) -> BoundFlow:
        """`flow`, once no further digit came for so long."""

        async def wait(call: Call) -> None:
            pause = _Pause(normalised(dialled) or "")
            self._waiting[user].add(pause)
            try:
                goes_on = await pause.end(longest_s)
            finally:
                self._forget(user, pause)
            if goes_on:
                refuse_at_once(call)
            await flow(call)

        return wait

    def _forget(self, user: str, pause: "_Pause") -> None:
        self._waiting[user].discard(pause)
        if not self._waiting[user]:
            del self._waiting[user]


class _Pause:
    """The time between two digits."""

    def __init__(self, digits: str) -> None:
        self._digits = digits
        self._goes_on = asyncio.Event()

    def hear(self, digits: str) -> None:
        """The same account dialled these."""
        if digits != self._digits and digits.startswith(self._digits):
            self._goes_on.set()

    async def end(self, longest_s: float) -> bool:
        """Whether more digits came, at the latest after so many seconds."""
        try:
            async with asyncio.timeout(longest_s):
                return await self._goes_on.wait()
        except TimeoutError:
            return False


def refuse_at_once(call: Call) -> NoReturn:
    """End the call: more digits are wanted."""
    call.refuse(ADDRESS_INCOMPLETE)
