"""A box heard from another phone: its line's number and PIN (VM-03).

Dialled as 1417 and the number, or as the carrier's number for remote use, which a caller of another
carrier reaches, too. So many wrong PINs as the carrier allows end the call; one more locks the box
against it (facts §1). A number without voicemail or PIN is asked for one all the same: nobody
learns here which lines have a box.
"""

from collections.abc import Awaitable, Callable

from ivr.call.call import Call
from ivr.flows.registry import service
from ivr.flows.voicemail.playback import open_box
from ivr.flows.voicemail.settings import PIN_DIGITS
from ivr.numbering.plan import parse
from prompts.catalogue import Prompt
from provisioning.contract import E164, Directory, Mailboxes, PinVerdict, Profiles

STRANGERS_ERRORS = 3
"""How often a PIN is asked for a number that has no box."""

Judge = Callable[[str], Awaitable[PinVerdict]]


@service("voicemail-remote", on=None)
async def remote(
    call: Call, mailboxes: Mailboxes, directory: Directory, profiles: Profiles
) -> None:
    """Ask for number and PIN, and play that box."""
    call.conceal()
    await call.answer(charged=True)
    number = call.number_dialled or await call.ask(Prompt.REMOTE_ENTER_LINE, secret=True)
    call.conceal()  # the PIN may be typed ahead
    line = await _box_of(parse(number).e164, mailboxes)
    if line is None:
        admitted = await _is_admitted(call, _nobody, STRANGERS_ERRORS)
    else:
        found = directory.line(line)
        rules = profiles.of(found.profile).voicemail if found else None
        errors = rules.remote_pin_errors if rules else STRANGERS_ERRORS
        admitted = await _is_admitted(call, lambda pin: mailboxes.check_pin(line, pin), errors)
    if not admitted or line is None:
        raise await call.give_up()
    await open_box(call, mailboxes, line)


async def _box_of(number: E164 | None, mailboxes: Mailboxes) -> E164 | None:
    """The line whose box a number means, when that may be heard from elsewhere."""
    box = await mailboxes.of(number) if number is not None else None
    return number if box is not None and box.has_pin else None


async def _is_admitted(call: Call, judge: Judge, errors: int) -> bool:
    """Ask for the PIN, so often as `errors` says."""
    for _ in range(errors):
        pin = await call.ask(Prompt.PIN_ENTER, most=PIN_DIGITS, secret=True)
        call.conceal()
        verdict = await judge(pin)
        if verdict is PinVerdict.RIGHT:
            call.conceal(False)
            return True
        if verdict is PinVerdict.LOCKED:
            await call.warn(Prompt.PIN_LOCKED)
            return False
        await call.warn(Prompt.PIN_WRONG)
    return False


async def _nobody(pin: str) -> PinVerdict:
    """No PIN opens a box that is not there."""
    return PinVerdict.WRONG
