"""142: the spoken menu of ボイスワープ (FWD-03).

The keys are documented (facts §2), but that 1 confirms a destination is one user's account; that 2
asks for it again, and the words, are assumptions.
"""

from ivr.call.call import Call
from ivr.flows.forwarding import ask_target, change_ring_time, refuse, stop, tell
from ivr.flows.registry import service
from ivr.numbering.plan import NotForwardable
from prompts.catalogue import Prompt
from provisioning.contract import Condition, Forwarding, NoTarget, Profile

WAYS = {
    "1": (Condition.CFU,),
    "2": (Condition.CFNR,),
    "3": (Condition.CFB,),
    "4": (Condition.CFB, Condition.CFNR),
}
"""The conditions that each key starts, in place of those that were on."""


@service("forwarding-menu", on=Profile.NTT)
async def forwarding_menu(call: Call, forwarding: Forwarding) -> None:
    """142: the spoken menu, again and again until the caller hangs up or falls silent."""
    await call.answer()
    choices = {
        "0": stop,
        "1": start,
        "2": change_target,
        "3": change_ring_time,
        "8": read_status,
    }
    async for chosen in call.menu(Prompt.VOICEWARP_MENU, choices):
        await chosen(call, forwarding)


async def start(call: Call, forwarding: Forwarding) -> None:
    """Take the conditions and forward on them alone, to the destination that is set."""
    conditions = await call.choose(Prompt.VOICEWARP_WAYS, WAYS)
    try:
        diversions = await call.keep(forwarding.start(call.line.number, conditions))
    except NoTarget:
        return await call.warn(Prompt.FORWARDING_NO_TARGET)
    for condition in conditions:
        await tell(call, diversions, condition)
    return None


async def change_target(call: Call, forwarding: Forwarding) -> None:
    """Take a number, read it back, and keep it once the caller keys 1; 2 asks again."""
    try:
        target = await ask_target(call)
        while not await call.confirm(Prompt.VOICEWARP_CONFIRM_TARGET, target, yes="1", again="2"):
            target = await ask_target(call)
    except NotForwardable as refused:
        return await refuse(call, refused)
    await call.keep(forwarding.set_target(call.line.number, target))
    return await call.play(Prompt.FORWARDING_TARGET_SET, target)


async def read_status(call: Call, forwarding: Forwarding) -> None:
    """Say on which conditions calls are forwarded, and where to."""
    diversions = await forwarding.of(call.line.number)
    for condition in diversions.active:
        await tell(call, diversions, condition)
    if not diversions.active:
        await call.play(Prompt.FORWARDING_NONE)
