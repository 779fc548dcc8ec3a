"""What callers hear before the tone, chosen or spoken by the owner (応答メッセージ).

The keys, and the code or menu that leads here, are assumptions. It is charged (VM-05).
"""

from ivr.call import tape
from ivr.call.call import Call
from ivr.flows.registry import service
from ivr.flows.voicemail.settings import contracted
from prompts.catalogue import Prompt
from provisioning.contract import Greeting, Mailboxes, OutOfRange, VoicemailRules

AFTER_SPEECH_S = 0.3
"""What stays of the silence behind the last word (chosen by us)."""


@service("voicemail-greeting", on=None)
async def greeting(call: Call, mailboxes: Mailboxes) -> None:
    """Choose the greeting, again and again until the caller hangs up or falls silent."""
    rules = await contracted(call, mailboxes)
    await call.answer(charged=True)
    await choose_greeting(call, mailboxes, rules)


async def choose_greeting(call: Call, mailboxes: Mailboxes, rules: VoicemailRules) -> None:
    """Offer the greetings; each choice is made at once."""
    choices = {"1": Greeting.NUMBER, "2": Greeting.PLAIN, "3": Greeting.OWN}
    async for chosen in call.menu(Prompt.GREETING_MENU, choices):
        if chosen is Greeting.OWN:
            await _speak_own(call, mailboxes, rules)
        else:
            await call.keep(mailboxes.set_greeting(call.line.number, chosen))
            number = chosen is Greeting.NUMBER
            said = Prompt.GREETING_NUMBER_SET if number else Prompt.GREETING_PLAIN_SET
            await call.play(said)


async def _speak_own(call: Call, mailboxes: Mailboxes, rules: VoicemailRules) -> None:
    """Record the owner's words, play them, and use them once `#` confirms; `*` speaks again."""
    confirmed = False
    while not confirmed:
        sound = await _recorded(call, rules)
        if not sound:
            return await call.warn(Prompt.GREETING_REFUSED)
        await call.tape.play(sound)
        confirmed = await call.confirm(Prompt.GREETING_CONFIRM)
    try:
        await call.keep(mailboxes.set_greeting(call.line.number, Greeting.OWN, sound))
    except OutOfRange:
        return await call.warn(Prompt.GREETING_REFUSED)
    return await call.play(Prompt.GREETING_OWN_SET)


async def _recorded(call: Call, rules: VoicemailRules) -> bytes:
    """What the owner says after the tone, without the silence behind it."""
    sound: list[bytes] = []
    await call.play(Prompt.GREETING_SPEAK)
    await call.tape.beep()
    take = await call.tape.record(
        sound.append, longest_s=rules.longest_greeting_s, silence_s=rules.silence_s
    )
    return tape.first(b"".join(sound), take.spoken_s + AFTER_SPEECH_S)
