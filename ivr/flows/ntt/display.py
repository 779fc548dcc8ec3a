"""135, 1351 and 1350: show the freephone number to those one calls (特定番号通知, SHOW-01).

A short message confirms and the network hangs up; its wording, and the prompt of 135 with
1 or 0, are assumptions (facts §3). A refusal is a free talkie, so nothing is answered for it.
"""

from ivr.call.call import Call
from ivr.flows.registry import service
from prompts.catalogue import Prompt
from provisioning.contract import NotContracted, Presentation, Profile

NOT_CONTRACTED_STATUS = 403


@service("display-menu", on=Profile.NTT)
async def display_menu(call: Call, presentation: Presentation) -> None:
    """135: 1 starts, 0 stops; anything else, and silence, changes nothing."""
    await require_contract(call, presentation)
    await call.answer()
    choices = {"1": start, "0": stop}
    chosen = await call.choose_once(Prompt.DISPLAY_MENU, choices, otherwise=change_nothing)
    call.stop_asking()
    await chosen(call, presentation)


@service("display-start", on=Profile.NTT)
async def display_start(call: Call, presentation: Presentation) -> None:
    """1351: show the freephone number from now on."""
    await require_contract(call, presentation)
    await call.answer()
    call.stop_asking()
    await start(call, presentation)


@service("display-stop", on=Profile.NTT)
async def display_stop(call: Call, presentation: Presentation) -> None:
    """1350: show it no more."""
    await require_contract(call, presentation)
    await call.answer()
    call.stop_asking()
    await stop(call, presentation)


async def require_contract(call: Call, presentation: Presentation) -> None:
    """Turn away, by a free talkie, a line that contracted no number to show."""
    display = await presentation.of(call.line.number)
    if display.number is None:
        await call.talkie(Prompt.DISPLAY_NOT_CONTRACTED, then=NOT_CONTRACTED_STATUS)


async def start(call: Call, presentation: Presentation) -> None:
    """Start, and say which number is shown."""
    try:
        display = await call.keep(presentation.start(call.line.number))
    except NotContracted:
        await call.talkie(Prompt.DISPLAY_NOT_CONTRACTED, then=NOT_CONTRACTED_STATUS)
    await call.play(Prompt.DISPLAY_STARTED, display.number)


async def stop(call: Call, presentation: Presentation) -> None:
    """Stop, and say so."""
    try:
        await call.keep(presentation.stop(call.line.number))
    except NotContracted:
        await call.talkie(Prompt.DISPLAY_NOT_CONTRACTED, then=NOT_CONTRACTED_STATUS)
    await call.play(Prompt.DISPLAY_STOPPED)


async def change_nothing(call: Call, presentation: Presentation) -> None:
    """Say that all stays as it was."""
    await call.warn(Prompt.DISPLAY_UNCHANGED)
