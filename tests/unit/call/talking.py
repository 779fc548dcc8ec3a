"""A call whose verbs a test calls itself, in virtual time."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import pytest

from ivr.call.call import Call
from ivr.call.limits import CallLimits
from ivr.call.outcome import CallOver, Outcome
from ivr.call.subscriber import Subscriber
from provisioning.contract import Profile
from provisioning.profiles.store import ProfileFiles
from tests.support.scripted_call import DOCOMO, Caller, EventLog, SpelledVoice
from tests.support.scripted_leg import ScriptedLeg, account_of
from tests.support.virtual_loop import run_virtually

T = TypeVar("T")


@dataclass
class Talk:
    """A call and what can be seen of it."""

    call: Call
    leg: ScriptedLeg
    log: EventLog

    @property
    def heard(self) -> list[str]:
        return [SpelledVoice.read(ulaw) for ulaw in self.leg.heard]

    @property
    def now(self) -> float:
        return asyncio.get_running_loop().time()

    def after(self, seconds: float, keys: str) -> None:
        """Press `keys` all at once after `seconds`."""
        for key in keys:
            asyncio.get_running_loop().call_later(seconds, self.leg.press, key)


def talk(
    script: Callable[[Talk], Awaitable[T]],
    keys: str = "",
    *,
    limits: CallLimits | None = None,
    answered: bool = True,
) -> T:
    """Run `script` on a call in virtual time while its caller keys `keys`."""

    async def main() -> T:
        leg, log = ScriptedLeg(account_of(DOCOMO.number), "1429"), EventLog()
        subscriber = Subscriber(DOCOMO, ProfileFiles.load().of(Profile.DOCOMO), SpelledVoice())
        call = Call(leg, subscriber, limits or CallLimits(), log)
        Caller(leg, keys)
        if answered:
            await call.answer()
        return await script(Talk(call, leg, log))

    return run_virtually(main())


async def given_up(doing: Awaitable[object]) -> Outcome:
    """How a call ends that ends while `doing`."""
    with pytest.raises(CallOver) as over:
        await doing
    return over.value.outcome
