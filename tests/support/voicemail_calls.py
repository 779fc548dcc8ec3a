"""Messages left and heard by script: what callers of a line with voicemail say."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from ivr.media import tones
from provisioning.contract import Greeting, Line, MessageMark, VoiceMessage
from tests.support.scripted_call import DOCOMO, OWNER, Heard, Network
from tests.support.scripted_leg import ScriptedLeg, account_of
from tests.support.scripted_party import Script, behaves
from tests.support.virtual_loop import run_virtually

OWNERS_PHONE = "09000000007"
"""The number of `OWNER` as it is dialled, and the user of its phone."""

HELLO = tones.tone(600, 2.0)
"""Two seconds of what is no silence."""
HUSH = b"\xff" * 8000
"""A second of silence."""

RECORDING_S = 0.2 + 3 + 1
"""When the tone after the standard greeting of a busy line has ended."""
SAID = {RECORDING_S + 1: HELLO}

NOVEMBER_22 = 1_795_327_503.0
"""2026-11-22, 15:05:03 in Japan."""


def network() -> Network:
    """One whose boxes are as the carriers start them, on a November day."""
    net = Network()
    net.mailboxes.now = NOVEMBER_22
    return net


def calls_owner(
    net: Network,
    keys: str = "",
    *,
    says: Mapping[float, bytes] | None = None,
    script: Script | None = None,
    by: Line = DOCOMO,
    dialled: str = OWNERS_PHONE,
    leg: ScriptedLeg | None = None,
    hang_up_after_s: float | None = None,
) -> Heard:
    """Somebody calls `OWNER`, whose phone is busy if no script says otherwise."""
    return net.dial(
        by,
        dialled,
        keys,
        leg=leg,
        phones={OWNERS_PHONE: script or behaves(refuses=486)},
        says=says,
        hang_up_after_s=hang_up_after_s,
    )


def box(net: Network, line: Line = OWNER) -> tuple[VoiceMessage, ...]:
    """What is in a line's box."""
    return run_virtually(net.mailboxes.messages(line.number))


def sound_of(net: Network, message: VoiceMessage) -> bytes:
    """What was said."""
    return run_virtually(net.mailboxes.sound(message.line, message.id))


def filled(
    net: Network,
    *sounds: bytes,
    callers: Sequence[str | None] = (),
    saved: int = 0,
    line: Line = OWNER,
) -> Callable[[], Coroutine[Any, Any, None]]:
    """Messages that were left an hour apart, the first ones heard already."""
    names = [*callers, *[DOCOMO.number] * (len(sounds) - len(callers))]

    async def fill() -> None:
        for index, (sound, caller) in enumerate(zip(sounds, names, strict=True)):
            mark = MessageMark.SAVED if index < saved else None
            await net.mailboxes.leave(line.number, sound, caller, mark)
            net.mailboxes.now += 3600

    return fill


def greeted_by(net: Network, greeting: Greeting, ulaw: bytes | None = None) -> None:
    """Choose the owner's greeting."""
    run_virtually(net.mailboxes.set_greeting(OWNER.number, greeting, ulaw))


def pressing(keys: Mapping[float, str], by: Line = OWNER, dialled: str = "1417") -> ScriptedLeg:
    """A leg whose caller presses keys at their seconds, from the answer on."""
    leg = ScriptedLeg(account_of(by.number), dialled)
    answer = leg.answer

    async def answered() -> None:
        if not leg.answered:
            for at_s, run in keys.items():
                for index, key in enumerate(run):
                    asyncio.get_running_loop().call_later(at_s + index / 10, leg.press, key)
        await answer()

    leg.answer = answered  # type: ignore[method-assign]
    return leg
