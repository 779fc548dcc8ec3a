"""Starting and stopping voicemail, its ring time and its PIN (VM-02); all free."""

from ivr.call.call import Call
from ivr.flows.forwarding import RING_TIME_DIGITS
from ivr.flows.registry import service
from prompts.catalogue import Prompt
from provisioning.contract import (
    E164,
    Condition,
    Mailboxes,
    NotContracted,
    OutOfRange,
    VoicemailRules,
)

PIN_DIGITS = 4


@service("voicemail-start", on=None)
async def start(call: Call, mailboxes: Mailboxes) -> None:
    """Take busy, unanswered and unreachable calls from now on; where it must, forwarding stops."""
    box = await call.keep(mailboxes.start(call.line.number))
    await call.answer()
    call.stop_asking()
    await call.play(Prompt.VOICEMAIL_STARTED, box.ring_time_s)


@service("voicemail-always", on=None)
async def start_always(call: Call, mailboxes: Mailboxes) -> None:
    """Take every call from now on, without ringing."""
    await call.keep(mailboxes.start(call.line.number, (Condition.CFU,)))
    await call.answer()
    call.stop_asking()
    await call.play(Prompt.VOICEMAIL_STARTED_ALWAYS)


@service("voicemail-stop", on=None)
async def stop(call: Call, mailboxes: Mailboxes) -> None:
    """Take no calls from now on; the messages stay."""
    await call.keep(mailboxes.stop(call.line.number))
    await call.answer()
    call.stop_asking()
    await call.play(Prompt.VOICEMAIL_STOPPED)


@service("voicemail-ring-time", on=None)
async def ring_time(call: Call, mailboxes: Mailboxes) -> None:
    """Set how long a call rings before voicemail takes it, dialled behind the code or asked for."""
    bounds = (await contracted(call, mailboxes)).ring_times
    await call.answer()
    if call.number_dialled:
        call.stop_asking()
        return await _set_ring_time(call, mailboxes, call.number_dialled)
    digits = await call.ask(
        Prompt.FORWARDING_ENTER_RING_TIME, bounds.least, bounds.most, most=RING_TIME_DIGITS
    )
    return await _set_ring_time(call, mailboxes, digits)


async def _set_ring_time(call: Call, mailboxes: Mailboxes, digits: str) -> None:
    try:
        if not (digits.isdecimal() and len(digits) <= RING_TIME_DIGITS):
            raise OutOfRange("a ring time has digits alone")
        await call.keep(mailboxes.set_ring_time(call.line.number, int(digits)))
    except OutOfRange:
        return await call.warn(Prompt.FORWARDING_RING_TIME_REFUSED)
    return await call.play(Prompt.FORWARDING_RING_TIME_SET, int(digits))


@service("voicemail-pin", on=None)
async def pin(call: Call, mailboxes: Mailboxes) -> None:
    """Set the PIN with which the box is heard from other phones."""
    await contracted(call, mailboxes)
    await call.answer()
    await set_pin(call, mailboxes, call.line.number)


async def set_pin(call: Call, mailboxes: Mailboxes, line: E164) -> None:
    """Take a PIN twice, and keep it when both are the same."""
    wanted = await call.ask(Prompt.PIN_NEW, most=PIN_DIGITS, secret=True)
    if len(wanted) < PIN_DIGITS:
        return await call.warn(Prompt.PIN_REFUSED)
    if await call.ask(Prompt.PIN_AGAIN, most=PIN_DIGITS, secret=True) != wanted:
        return await call.warn(Prompt.PIN_DIFFERENT)
    await call.keep(mailboxes.set_pin(line, wanted))
    return await call.play(Prompt.PIN_SET)


async def contracted(call: Call, mailboxes: Mailboxes) -> VoicemailRules:
    """The carrier's rules, for a line that has voicemail.

    Raises:
        NotContracted: it has none.
    """
    rules = call.profile.voicemail
    if rules is None or await mailboxes.of(call.line.number) is None:
        raise NotContracted(f"{call.line.number} has no voicemail")
    return rules
