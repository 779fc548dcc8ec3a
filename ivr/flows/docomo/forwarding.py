"""1429, 1421 and 1420: start, stop, aim and hear call forwarding (転送でんわ, FWD-01).

Keys 3 and 4 follow a docomo reseller's page; 1, 2 and 5 are assumptions (facts §2).
"""

from ivr.call.call import Call
from ivr.flows.forwarding import ask_target, change_ring_time, refuse
from ivr.flows.registry import service
from ivr.numbering.plan import NotForwardable
from prompts.catalogue import Prompt
from provisioning.contract import Forwarding, NoTarget, Profile


@service("forwarding-menu", on=Profile.DOCOMO)
async def forwarding_menu(call: Call, forwarding: Forwarding) -> None:
    """1429: the spoken menu, again and again until the caller hangs up or falls silent."""
    await call.answer()
    choices = {"1": start, "2": stop, "3": change_target, "4": read_status, "5": change_ring_time}
    async for chosen in call.menu(Prompt.FORWARDING_MENU, choices):
        await chosen(call, forwarding)


@service("forwarding-start", on=Profile.DOCOMO)
async def forwarding_start(call: Call, forwarding: Forwarding) -> None:
    """1421: start, and hear the destination."""
    await call.answer()
    call.stop_asking()
    await start(call, forwarding)


@service("forwarding-stop", on=Profile.DOCOMO)
async def forwarding_stop(call: Call, forwarding: Forwarding) -> None:
    """1420: stop."""
    await call.answer()
    call.stop_asking()
    await stop(call, forwarding)


async def start(call: Call, forwarding: Forwarding) -> None:
    """Forward calls to the destination that is set, and read it back."""
    try:
        diversions = await call.keep(forwarding.start(call.line.number))
    except NoTarget:
        return await call.warn(Prompt.FORWARDING_NO_TARGET)
    return await call.play(Prompt.FORWARDING_STARTED, diversions.no_answer.target)


async def stop(call: Call, forwarding: Forwarding) -> None:
    """Forward no more; the destination stays."""
    await call.keep(forwarding.stop(call.line.number))
    await call.play(Prompt.FORWARDING_STOPPED)


async def change_target(call: Call, forwarding: Forwarding) -> None:
    """Take a number, read it back, and keep it once the caller keys `#`; `*` asks again."""
    try:
        target = await ask_target(call)
        while not await call.confirm(Prompt.FORWARDING_CONFIRM_TARGET, target):
            target = await ask_target(call)
    except NotForwardable as refused:
        return await refuse(call, refused)
    await call.keep(forwarding.set_target(call.line.number, target))
    return await call.play(Prompt.FORWARDING_TARGET_SET, target)


async def read_status(call: Call, forwarding: Forwarding) -> None:
    """Say whether calls are forwarded, where to, and after how long."""
    diversions = await forwarding.of(call.line.number)
    if diversions.no_answer.active:
        target = diversions.no_answer.target
        await call.play(Prompt.FORWARDING_ON, target, diversions.ring_time_s)
    else:
        await call.play(Prompt.FORWARDING_OFF)
