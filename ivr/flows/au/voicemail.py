"""What au's voicemail has of its own: 141, the spoken guide, and 1611 and 1610.

The guide's keys are assumptions (お留守番サービス総合案内).
"""

from ivr.call.call import Call
from ivr.flows.registry import service
from ivr.flows.voicemail.greeting import choose_greeting
from ivr.flows.voicemail.playback import open_box
from ivr.flows.voicemail.settings import contracted, set_pin
from prompts.catalogue import Prompt
from provisioning.contract import Mailboxes, Profile

PLAYBACK, GREETING = "voicemail-playback", "voicemail-greeting"


@service("voicemail-guide", on=Profile.AU)
async def guide(call: Call, mailboxes: Mailboxes) -> None:
    """141: 1 plays, 2 is the greeting, 3 the PIN; the call is then one of what was chosen."""
    await contracted(call, mailboxes)
    await call.answer()
    choices = {"1": play, "2": choose, "3": pin}
    chosen = await call.choose(Prompt.VOICEMAIL_GUIDE, choices)
    await chosen(call, mailboxes)


async def play(call: Call, mailboxes: Mailboxes) -> None:
    """Play the box, charged as by 1417."""
    call.ticket.service = PLAYBACK
    await open_box(call, mailboxes, call.line.number)


async def choose(call: Call, mailboxes: Mailboxes) -> None:
    """Choose the greeting, charged."""
    rules = await contracted(call, mailboxes)
    call.ticket.service = GREETING
    await call.answer(charged=True)
    await choose_greeting(call, mailboxes, rules)


async def pin(call: Call, mailboxes: Mailboxes) -> None:
    """Set the PIN."""
    await set_pin(call, mailboxes, call.line.number)


@service("voicemail-take-messages", on=Profile.AU)
async def take_messages(call: Call, mailboxes: Mailboxes) -> None:
    """1611: callers may leave messages again."""
    await call.keep(mailboxes.set_taking(call.line.number, True))
    await call.answer()
    call.stop_asking()
    await call.play(Prompt.VOICEMAIL_TAKES_MESSAGES)


@service("voicemail-refuse-messages", on=Profile.AU)
async def refuse_messages(call: Call, mailboxes: Mailboxes) -> None:
    """1610: callers are greeted, and leave nothing."""
    await call.keep(mailboxes.set_taking(call.line.number, False))
    await call.answer()
    call.stop_asking()
    await call.play(Prompt.VOICEMAIL_TAKES_NONE)
