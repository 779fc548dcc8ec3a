"""1417: the messages of a box, one after another (VM-03).

The keys are docomo's as its resellers document them; 9 is an assumption, and so are all of them on
other carriers (facts §1). Every key counts at any moment. Playing is charged (VM-05): the call is
answered once its record is durable. With nothing to hear it is free.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta, timezone

from ivr.call import tape
from ivr.call.call import Call
from ivr.flows.registry import service
from prompts.catalogue import Prompt
from provisioning.contract import (
    E164,
    Mailboxes,
    MessageMark,
    StorageUnavailable,
    UnknownVoiceMessage,
    VoiceMessage,
)

CHECK = "voicemail-check"
"""The service of a call that found nothing to hear: free (VM-05)."""
SKIP_S = 5.0
PAUSE_S = 20.0
PAUSE_KEY = "8"
NEXT, PREVIOUS, STAY = 1, -1, 0

JAPAN = timezone(timedelta(hours=9), "JST")


@service("voicemail-playback", on=None)
async def playback(call: Call, mailboxes: Mailboxes) -> None:
    """Play the box of the caller's own line; no PIN is asked there (assumption, facts §1)."""
    await open_box(call, mailboxes, call.line.number)


async def open_box(call: Call, mailboxes: Mailboxes, line: E164) -> None:
    """Play what is in a line's box, to whoever may hear it."""
    messages = await mailboxes.messages(line)
    if not messages:
        call.ticket.service = CHECK
        await call.answer()
        call.stop_asking()
        return await call.play(Prompt.VOICEMAIL_EMPTY)
    await call.answer(charged=True)
    return await _Course(call, mailboxes, line, messages).follow()


class _Course:
    """The messages of one call in the order they are heard; what comes meanwhile is last."""

    def __init__(
        self, call: Call, mailboxes: Mailboxes, line: E164, messages: tuple[VoiceMessage, ...]
    ) -> None:
        self._call = call
        self._mailboxes = mailboxes
        self._line = line
        self._ids = [message.id for message in messages]
        self._new = sum(message.mark is MessageMark.NEW for message in messages)
        self._saved_at: int | None = self._new if 0 < self._new < len(messages) else None

    async def follow(self) -> None:
        """Play them all, and those that came meanwhile."""
        if self._new:
            await self._call.play(Prompt.VOICEMAIL_NEW, self._new)
        else:
            await self._call.play(Prompt.VOICEMAIL_SAVED_ALONE, len(self._ids))
        place, step = 0, NEXT
        while place < len(self._ids) or await self._more():
            if place == self._saved_at:
                await self._tell_saved()
            step = await self._hear(place, step)
            place = max(0, place + step)
        self._call.stop_asking()
        await self._call.play(Prompt.VOICEMAIL_END)

    async def _tell_saved(self) -> None:
        saved = len(self._ids) - (self._saved_at or 0)
        self._saved_at = None
        await self._call.play(Prompt.VOICEMAIL_SAVED_FOLLOW, saved)

    async def _more(self) -> bool:
        """Whether messages came during the call; they are told, and to be heard."""
        known = set(self._ids)
        came = [each.id for each in await self._messages() if each.id not in known]
        self._ids += came
        if came:
            await self._call.play(Prompt.VOICEMAIL_NEW, len(came))
        return bool(came)

    async def _hear(self, place: int, towards: int) -> int:
        """Play one message; by how many to go on. Another phone may have erased it meanwhile.

        One that cannot be heard is passed over `towards` where the caller is going.
        """
        found = {message.id: message for message in await self._messages()}
        message = found.get(self._ids[place])
        sound = await self._sound(message)
        if message is None or sound is None:
            return towards if place else NEXT
        try:
            return await _Hearing(self._call, self._mailboxes, message, sound).run(place + 1)
        except UnknownVoiceMessage:
            await self._call.warn(Prompt.VOICEMAIL_GONE)
            return NEXT

    async def _sound(self, message: VoiceMessage | None) -> bytes | None:
        """What a message says; None, which is told, when it cannot be had here and now."""
        why = Prompt.VOICEMAIL_GONE
        if message is not None:
            try:
                return await self._mailboxes.sound(self._line, message.id)
            except UnknownVoiceMessage:
                pass
            except StorageUnavailable as error:
                self._call.log.warning("message.out-of-reach", message=message.id, error=str(error))
                why = Prompt.VOICEMAIL_OUT_OF_REACH
        await self._call.warn(why)
        return None

    async def _messages(self) -> tuple[VoiceMessage, ...]:
        return await self._mailboxes.messages(self._line)


class _Hearing:
    """One message, from its introduction to the key that leaves it.

    `_at_s` is where it goes on to play, None behind its end.
    """

    def __init__(
        self, call: Call, mailboxes: Mailboxes, message: VoiceMessage, sound: bytes
    ) -> None:
        self._call = call
        self._mailboxes = mailboxes
        self._message = message
        self._sound = sound
        self._at_s: float | None = 0.0

    async def run(self, ordinal: int) -> int:
        """Play it, and do what is keyed, until a key leads to another message."""
        await self._introduce(ordinal)
        keys: dict[str, Callable[[], Awaitable[int]]] = {
            "1": self._replay,
            "2": self._save,
            "3": self._erase,
            "4": self._next,
            "#": self._next,
            "7": self._back,
            "9": self._ahead,
            PAUSE_KEY: self._pause,
            "64": self._previous,
            "65": self._tell_time,
            "66": self._tell_caller,
        }
        step = STAY
        while step == STAY:
            await self._play()
            chosen = await self._call.choose(Prompt.VOICEMAIL_MENU, keys)
            step = await chosen()
        return step

    async def _introduce(self, ordinal: int) -> None:
        caller, when = _number_of(self._message), _when(self._message)
        about = (ordinal, when.date(), when.time())
        if caller is None:
            await self._call.play(Prompt.VOICEMAIL_MESSAGE_WITHHELD, *about)
        else:
            await self._call.play(Prompt.VOICEMAIL_MESSAGE, *about, caller)

    async def _play(self) -> None:
        """Play from where it stands; a message that was heard to its end is no longer new."""
        if self._at_s is None:
            return
        self._at_s = await self._call.tape.play(self._sound, self._at_s)
        if self._at_s is None and self._message.mark is MessageMark.NEW:
            try:
                await self._mark_saved()
            except StorageUnavailable as error:
                self._call.log.warning("message.stays-new", error=str(error))

    async def _mark_saved(self) -> None:
        message = self._message
        change = self._mailboxes.mark(message.line, message.id, MessageMark.SAVED)
        self._message = await self._call.keep(change)

    async def _replay(self) -> int:
        self._at_s = 0.0
        return STAY

    async def _save(self) -> int:
        await self._mark_saved()
        await self._call.play(Prompt.VOICEMAIL_SAVED)
        return NEXT

    async def _erase(self) -> int:
        message = self._message
        await self._call.keep(self._mailboxes.erase(message.line, message.id))
        await self._call.play(Prompt.VOICEMAIL_ERASED)
        return NEXT

    async def _next(self) -> int:
        return NEXT

    async def _previous(self) -> int:
        return PREVIOUS

    async def _back(self) -> int:
        self._at_s = max(0.0, self._stands_at_s - SKIP_S)
        return STAY

    async def _ahead(self) -> int:
        self._at_s = min(self._length_s, self._stands_at_s + SKIP_S)
        return STAY

    async def _pause(self) -> int:
        await self._call.tape.pause(PAUSE_S, resume=PAUSE_KEY)
        return STAY

    async def _tell_time(self) -> int:
        when = _when(self._message)
        await self._call.play(Prompt.VOICEMAIL_TIME, when.date(), when.time())
        return STAY

    async def _tell_caller(self) -> int:
        caller = _number_of(self._message)
        if caller is None:
            await self._call.play(Prompt.VOICEMAIL_CALLER_WITHHELD)
        else:
            await self._call.play(Prompt.VOICEMAIL_CALLER, caller)
        return STAY

    @property
    def _length_s(self) -> float:
        return tape.length_s(self._sound)

    @property
    def _stands_at_s(self) -> float:
        return self._length_s if self._at_s is None else self._at_s


def _when(message: VoiceMessage) -> datetime:
    """When a message was left, by Japan's clocks."""
    return datetime.fromtimestamp(message.recorded_at, JAPAN)


def _number_of(message: VoiceMessage) -> str | None:
    """The caller's number, where it is one that can be read out."""
    caller = message.caller
    digits = (caller or "").removeprefix("+")
    return caller if digits.isascii() and digits.isdecimal() and len(digits) <= 20 else None
