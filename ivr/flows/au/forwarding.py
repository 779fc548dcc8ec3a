"""1422, 1423 and 1424 with a number, and 1420: au's forwarding in one dialled string (FWD-02).

A message plays and the network hangs up. Which condition 1422 and 1423 mean is an assumption, as
are the words; 1424 is all calls (facts §2).
"""

from ivr.call.call import Call
from ivr.flows.forwarding import refuse, stop, tell
from ivr.flows.registry import service
from ivr.numbering.plan import NotForwardable, forwardable
from provisioning.contract import Condition, Forwarding, Profile


@service("forward-always", on=Profile.AU)
async def forward_always(call: Call, forwarding: Forwarding) -> None:
    """1424 and a number: forward every call there."""
    await forward(call, forwarding, Condition.CFU)


@service("forward-no-answer", on=Profile.AU)
async def forward_no_answer(call: Call, forwarding: Forwarding) -> None:
    """1422 and a number: forward there what nobody answers."""
    await forward(call, forwarding, Condition.CFNR)


@service("forward-busy", on=Profile.AU)
async def forward_busy(call: Call, forwarding: Forwarding) -> None:
    """1423 and a number: forward there what comes while the line is busy."""
    await forward(call, forwarding, Condition.CFB)


@service("forwarding-stop", on=Profile.AU)
async def forwarding_stop(call: Call, forwarding: Forwarding) -> None:
    """1420: stop forwarding on every condition, and voicemail."""
    await call.answer()
    call.stop_asking()
    await stop(call, forwarding)


async def forward(call: Call, forwarding: Forwarding, condition: Condition) -> None:
    """Forward to the number dialled after the code, and say so; or say why not."""
    await call.answer()
    call.stop_asking()
    try:
        target = forwardable(call.number_dialled, call.line)
    except NotForwardable as refused:
        return await refuse(call, refused)
    diversions = await call.keep(forwarding.forward(call.line.number, condition, target))
    return await tell(call, diversions, condition)
