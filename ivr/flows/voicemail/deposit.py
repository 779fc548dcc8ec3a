"""A missed call is taken by voicemail: greeting, tone, recording (VM-01).

What the caller said is kept however the call ends. The place in the box is taken before the call is
answered, so that a full box, or a full disk, is told free of charge.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import Enum, auto
from typing import NoReturn

from ivr.call.call import Call
from ivr.call.outcome import CallOver, Outcome
from ivr.call.tape import TakeEnd
from ivr.flows import talkies
from prompts.catalogue import Prompt
from provisioning.contract import (
    BoxFull,
    ContractError,
    Deposit,
    Greeting,
    Line,
    Mailboxes,
    NoRoom,
    VoicemailRules,
)


@dataclass(frozen=True, slots=True)
class Missed:
    """A call that its line's voicemail takes, of a caller whom the line may see or not."""

    line: Line
    rules: VoicemailRules
    caller: str | None


class _Choice(Enum):
    REPLAY = auto()
    REDO = auto()
    KEEP = auto()


async def take(
    call: Call, mailboxes: Mailboxes, missed: Missed, answered: Callable[[], None], longest_s: float
) -> NoReturn:
    """Let the caller leave a message.

    Args:
        answered: told when the call is.
        longest_s: how long it may take with all replaying and doing over.
    """
    box = await mailboxes.of(missed.line.number)
    if box is not None and not box.takes_messages:
        await _turn_away(call, mailboxes, missed.line)
    deposit = await _place(call, mailboxes, missed)
    deposit.on_failed = call.tape.failed
    async with _kept(call, deposit):
        await call.answer()
        answered()
        try:
            async with asyncio.timeout(longest_s):
                await _greet(call, mailboxes, missed.line)
                await _record(call, deposit, missed.rules)
        except TimeoutError:
            call.log.info("deposit.too-long")
        await _tell_kept(call, deposit)
    await call.close()
    raise CallOver(Outcome.COMPLETED)


async def _turn_away(call: Call, mailboxes: Mailboxes, line: Line) -> NoReturn:
    """Greet a caller whom the owner lets leave nothing, free of charge (an assumption)."""
    own = await _own_greeting(call, mailboxes, line)
    if own is not None:
        await call.open_media()
        await call.tape.play(own)
    await talkies.tell(call, talkies.VOICEMAIL_TAKES_NONE)


async def _place(call: Call, mailboxes: Mailboxes, missed: Missed) -> Deposit:
    """Take a place in the box and on the disk, or tell the caller that there is none."""
    number, talkie = missed.line.number, talkies.VOICEMAIL_AWAY
    try:
        return await mailboxes.deposit(number, missed.caller, call.call_id)
    except BoxFull:
        talkie = talkies.VOICEMAIL_FULL
    except (NoRoom, ContractError) as error:
        call.log.warning("deposit.refused", line=number, error=repr(error))
    return await talkies.tell(call, talkie)


@asynccontextmanager
async def _kept(call: Call, deposit: Deposit) -> AsyncIterator[None]:
    """Keep what was recorded, also of a caller who hangs up, or whose call fails (VM-08)."""
    try:
        yield
    finally:
        deposit.on_failed = None
        await call.keep(deposit.keep())


async def _greet(call: Call, mailboxes: Mailboxes, line: Line) -> None:
    """Say what the line's owner chose; a key goes on to the tone at once."""
    own = await _own_greeting(call, mailboxes, line)
    if own is not None:
        await call.tape.play(own)
        return
    box = await mailboxes.of(line.number)
    if box is not None and box.greeting is Greeting.PLAIN:
        await call.play(Prompt.VOICEMAIL_GREETING_PLAIN)
    else:
        await call.play(Prompt.VOICEMAIL_GREETING_NUMBER, line.number)


async def _own_greeting(call: Call, mailboxes: Mailboxes, line: Line) -> bytes | None:
    """The owner's words; where they cannot be read, another greeting does."""
    try:
        return await mailboxes.greeting(line.number)
    except ContractError as error:
        call.log.warning("greeting.unreadable", line=line.number, error=repr(error))
        return None


async def _record(call: Call, deposit: Deposit, rules: VoicemailRules) -> None:
    """Record after the tone, again as often as the caller likes."""
    while True:
        await call.tape.beep()
        take = await call.tape.record(
            deposit.write, longest_s=rules.longest_s, silence_s=rules.silence_s
        )
        if take.end is TakeEnd.FAILED:
            return await call.warn(Prompt.VOICEMAIL_CUT_SHORT)
        if take.end is not TakeEnd.KEY or await _is_kept(call, deposit, rules):
            return None
        await deposit.begin_anew()


async def _is_kept(call: Call, deposit: Deposit, rules: VoicemailRules) -> bool:
    """What a caller wants who ended the recording: True when it is good, False to speak again."""
    choices = {
        rules.replay_key: _Choice.REPLAY,
        rules.redo_key: _Choice.REDO,
        rules.keep_key: _Choice.KEEP,
    }
    while True:
        chosen = await call.choose_once(
            Prompt.VOICEMAIL_RECORDED, choices, *choices, otherwise=_Choice.KEEP
        )
        if chosen is not _Choice.REPLAY:
            return chosen is _Choice.KEEP
        await call.tape.play(await deposit.sound())


async def _tell_kept(call: Call, deposit: Deposit) -> None:
    call.stop_asking()
    message = await call.keep(deposit.keep())
    kept = Prompt.VOICEMAIL_NOTHING_KEPT if message is None else Prompt.VOICEMAIL_KEPT
    await call.play(kept)
