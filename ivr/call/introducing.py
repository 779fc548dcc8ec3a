"""What caller and called party are told of their call before they talk."""

import asyncio
from collections.abc import Awaitable, Callable

from ivr.call.party import FarLeg
from prompts.catalogue import Prompt, Voice


async def introduce(
    announce: Callable[[Prompt], Awaitable[None]],
    voice: Voice,
    far: FarLeg,
    to_caller: Prompt,
    to_party: Prompt,
) -> None:
    """Tell both at once, each their own words; returns when both were told.

    A party that hangs up meanwhile has been told enough.
    """
    told: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def done(to_its_end: bool) -> None:
        if not told.done():
            told.set_result(to_its_end)

    far.play(voice.speech(to_party).ulaw, done)
    try:
        await announce(to_caller)
        await told
    finally:
        far.stop_playing()
