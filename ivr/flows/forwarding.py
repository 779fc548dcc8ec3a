"""What forwarding services have in common: destinations, seconds, and what is said."""

from ivr.call.call import Call
from ivr.numbering.plan import NotForwardable, WhyNot, forwardable
from prompts.catalogue import Prompt
from provisioning.contract import E164, Condition, Diversions, Forwarding, OutOfRange

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


async def refuse(call: Call, refused: NotForwardable) -> None:
    """Say why calls are not forwarded to a number; nothing was changed (FWD-06)."""
    await call.warn(REFUSALS[refused.why])


async def ask_target(call: Call) -> E164:
    """A number calls may go to; `NotForwardable` says why the one that was keyed is none."""
    digits = await call.ask(Prompt.FORWARDING_ENTER_TARGET)
    return forwardable(digits, call.line)


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


async def tell(call: Call, diversions: Diversions, condition: Condition) -> None:
    """Say where calls go on a condition that a carrier of several conditions has on the dial."""
    target = diversions.on(condition).target
    match condition:
        case Condition.CFU:
            await call.play(Prompt.FORWARDING_ALWAYS, target)
        case Condition.CFB:
            await call.play(Prompt.FORWARDING_BUSY, target)
        case _:
            await call.play(Prompt.FORWARDING_NO_ANSWER, diversions.ring_time_s, target)


async def stop(call: Call, forwarding: Forwarding) -> None:
    """Forward no more, on any condition; the destinations stay."""
    await call.keep(forwarding.stop(call.line.number))
    await call.play(Prompt.FORWARDING_ENDED)
