"""000001, 000002 and 000003: an echo, a tone and a reading back of keys, to test a phone with."""

from ivr.call.call import Call
from ivr.flows.registry import service
from prompts.catalogue import Prompt

READABLE = frozenset("0123456789*#")
"""Keys that have a spoken name; A to D are on no telephone's keypad."""


@service("echo-test", on=None)
async def echo_test(call: Call) -> None:
    """000001: hear oneself."""
    await call.answer()
    await call.play(Prompt.ECHO_TEST)
    await call.echo()


@service("tone-test", on=None)
async def tone_test(call: Call) -> None:
    """000002: hear 400 Hz."""
    await call.answer()
    await call.dial_tone()


@service("keys-test", on=None)
async def keys_test(call: Call) -> None:
    """000003: read back what was keyed, again and again, until nothing is keyed any more."""
    await call.answer()
    await call.play(Prompt.KEYS_TEST)
    while pressed := await call.keys():
        readable = "".join(key for key in pressed if key in READABLE)
        if readable:
            await call.play(Prompt.KEYS_HEARD, readable)
        else:
            await call.warn(Prompt.INVALID_KEY)
    raise await call.give_up()
