"""1429, 1421 and 1420: start, stop, aim and hear call forwarding (転送でんわ, FWD-01).

Keys 3 and 4 follow a docomo reseller's page; 1, 2 and 5 are assumptions (facts §2).
"""

from ivr.call.call import Call
from ivr.flows.registry import service
from ivr.numbering.plan import NotForwardable, WhyNot, forwardable
from prompts.catalogue import Prompt
from provisioning.contract import E164, Forwarding, NoTarget, OutOfRange, Profile

REFUSALS = {
    WhyNot.NOT_A_NUMBER: Prompt.TARGET_NOT_A_NUMBER,
    WhyNot.SHORT_CODE: Prompt.TARGET_SHORT_CODE,
    WhyNot.FREEPHONE: Prompt.TARGET_FREEPHONE,
    WhyNot.PREMIUM: Prompt.TARGET_PREMIUM,
    WhyNot.INTERNATIONAL: Prompt.TARGET_INTERNATIONAL,
    WhyNot.OWN_LINE: Prompt.TARGET_OWN_LINE,
}
"""The reason the caller hears for each number that is refused (FWD-06)."""

RING_TIME_DIGITS = 3


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
    await start(call, forwarding)


@service("forwarding-stop", on=Profile.DOCOMO)
async def forwarding_stop(call: Call, forwarding: Forwarding) -> None:
    """1420: stop."""
    await call.answer()
    await stop(call, forwarding)


async def start(call: Call, forwarding: Forwarding) -> None:
    """Forward calls to the destination that is set, and read it back."""
    try:
        diversion = await call.keep(forwarding.start(call.line.number))
    except NoTarget:
        return await call.warn(Prompt.FORWARDING_NO_TARGET)
    return await call.play(Prompt.FORWARDING_STARTED, diversion.target)


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
        return await call.warn(REFUSALS[refused.why])
    await call.keep(forwarding.set_target(call.line.number, target))
    return await call.play(Prompt.FORWARDING_TARGET_SET, target)


async def ask_target(call: Call) -> E164:
    """A number calls may go to; `NotForwardable` says why the one that was keyed is none."""
    digits = await call.ask(Prompt.FORWARDING_ENTER_TARGET)
    return forwardable(digits, call.line)


async def read_status(call: Call, forwarding: Forwarding) -> None:
    """Say whether calls are forwarded, where to, and after how long."""
    diversion = await forwarding.of(call.line.number)
    if diversion.active:
        await call.play(Prompt.FORWARDING_ON, diversion.target, diversion.ring_time_s)
    else:
        await call.play(Prompt.FORWARDING_OFF)


async def change_ring_time(call: Call, forwarding: Forwarding) -> None:
    """Take the seconds a call rings before it is forwarded, within the carrier's bounds."""
    bounds = call.profile.ring_times
    seconds = int(
        await call.ask(
            Prompt.FORWARDING_ENTER_RING_TIME, bounds.least, bounds.most, most=RING_TIME_DIGITS
        )
    )
    try:
        await call.keep(forwarding.set_ring_time(call.line.number, seconds))
    except OutOfRange:
        return await call.warn(Prompt.FORWARDING_RING_TIME_REFUSED)
    return await call.play(Prompt.FORWARDING_RING_TIME_SET, seconds)
