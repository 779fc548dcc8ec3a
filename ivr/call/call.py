"""A call as a flow sees it: it answers, speaks, asks and hangs up, and never mentions SIP.

Wrong keys, silence, retries, barge-in and type-ahead live here. A flow has no
hang-up branches: when the caller hangs up its task is cancelled, and when the
network ends the call a verb raises `CallOver`, which the flow lets pass.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping
from typing import NoReturn, TypeVar

from ivr.call import introducing, keeping, ringing
from ivr.call.keys import MOST_DIGITS, Entry, KeyBuffer
from ivr.call.leg import Caller, Ticket
from ivr.call.limits import CallLimits
from ivr.call.log import Log
from ivr.call.outcome import CallOver, Outcome
from ivr.call.party import HIDDEN, FarLeg, Rung, Target
from ivr.call.speaking import Mouth
from ivr.call.subscriber import Subscriber, Visitor
from ivr.call.tape import Tape
from ivr.media import tones
from prompts.catalogue import Prompt
from provisioning.contract import CarrierProfile, Line

T = TypeVar("T")

TEMPORARILY_UNAVAILABLE = 480
"""The final response of a call that ends unanswered for no better-known reason."""


class Call:
    """One caller served by one flow.

    A key stops an interruptible prompt before the key handler returns. Keys typed
    ahead answer the questions that follow, whose prompts are then not spoken.
    `number_dialled` is what was dialled after a service code that a number follows, `party_heard`
    whether the party rung last made itself heard before it answered, or did not. `tape` records the
    caller, and plays recordings; `voice` speaks, and may be exchanged.
    """

    def __init__(
        self, leg: Caller, party: Subscriber | Visitor, limits: CallLimits, log: Log
    ) -> None:
        self.log = log
        self.number_dialled = ""
        self.answered = False
        self.over = False
        self.party_heard = False
        self._audible = False
        self._far: FarLeg | None = None
        self._leg = leg
        self._party = party
        self.voice = party.voice
        self._limits = limits
        self._keys = KeyBuffer()
        self._mouth = Mouth(leg, limits.closing_pause_s)
        self.tape = Tape(leg, self._keys, self._mouth, log)
        self._concealing = False
        leg.on_key = self._take_key

    @property
    def call_id(self) -> str:
        """The SIP Call-ID, for the log."""
        return self._leg.call_id

    @property
    def line(self) -> Line:
        """The caller's line."""
        return self._subscriber.line

    @property
    def profile(self) -> CarrierProfile:
        """What the caller's carrier offers."""
        return self._subscriber.profile

    @property
    def _subscriber(self) -> Subscriber:
        if isinstance(self._party, Visitor):
            raise RuntimeError("a caller from another carrier has no line: no service is theirs")
        return self._party

    @property
    def is_plain_voice(self) -> bool:
        """Whether the caller's phone asks for an ordinary voice call, without video."""
        return self._leg.is_plain_voice

    @property
    def ticket(self) -> Ticket:
        """What is told and recorded of the caller's leg."""
        return self._leg.ticket

    async def answer(self, *, charged: bool = False) -> None:
        """Answer the call; returns once it is established. Does nothing the second time.

        A `charged` service is answered once its record is durable; else StorageUnavailable comes.
        """
        if charged:
            await self.ticket.secure()
        if not self.answered:
            await self._leg.answer()
            self.answered = self._audible = True
            self.log.info("call.answered")

    def stop_asking(self) -> None:
        """Ask nothing any more: keys are passed by and cut no last word short."""
        self._keys.close()

    async def play(self, prompt: Prompt, *values: object) -> None:
        """Say `prompt`; a key stops it, and keys typed ahead pass it over."""
        if self._keys:
            self.log.info("prompt.passed-over", prompt=prompt.value)
            return
        await self._speak(prompt, values, interruptible=True)

    async def warn(self, prompt: Prompt, *values: object) -> None:
        """Say that something went otherwise than keyed; heard to its end.

        What was keyed before it ended was meant for another course of things and is
        forgotten: a `#1` that confirms and starts must not start what was there before.
        """
        self._keys.clear()
        await self._speak(prompt, values, interruptible=False)
        self._keys.clear()

    async def ask(
        self, prompt: Prompt, *values: object, most: int = MOST_DIGITS, secret: bool = False
    ) -> str:
        """Ask for a number closed by `#`; `*` starts it over. One to `most` digits.

        `secret`: its keys are neither logged nor told; see `conceal` for keys typed ahead.

        Raises:
            CallOver: no number came in the tries allowed; the caller heard goodbye.
        """
        self.conceal(secret)
        try:
            return await self._ask(prompt, values, most)
        finally:
            self.conceal(False)

    def conceal(self, on: bool = True) -> None:
        """Hide every key from log and events, until a question was answered.

        A flow that will ask for a secret conceals before it speaks: callers type ahead.
        """
        self._concealing = on

    async def _ask(self, prompt: Prompt, values: tuple[object, ...], most: int) -> str:
        for _ in range(self._limits.attempts):
            await self.play(prompt, *values)
            entry = await self._number(most)
            while entry is Entry.STARTED_OVER:
                await self.play(prompt, *values)
                entry = await self._number(most)
            if isinstance(entry, str):
                return entry
            await self._complain(entry)
        raise await self.give_up()

    async def confirm(
        self, prompt: Prompt, *values: object, yes: str = "#", again: str = "*"
    ) -> bool:
        """Read something back; True when the caller keys `yes`, False on `again`.

        Keys typed before the reading back began are forgotten: nobody confirms
        what they have not begun to hear.

        Raises:
            CallOver: neither was keyed in the tries allowed; the caller heard goodbye.
        """
        self._keys.clear()
        return await self.choose(prompt, {yes: True, again: False}, *values)

    async def choose(self, prompt: Prompt, choices: Mapping[str, T], *values: object) -> T:
        """Offer `choices` by key, or by several keys, and return the one chosen.

        Raises:
            CallOver: none was chosen in the tries allowed; the caller heard goodbye.
        """
        limits = self._limits
        for _ in range(limits.attempts):
            await self.play(prompt, *values)
            keyed = await self._keys.one_of(choices, limits.first_digit_s, limits.inter_digit_s)
            if isinstance(keyed, str):
                self.log.info("menu.chosen", prompt=prompt.value, choice=keyed)
                return choices[keyed]
            await self._complain(keyed)
        raise await self.give_up()

    async def choose_once(
        self, prompt: Prompt, choices: Mapping[str, T], *values: object, otherwise: T
    ) -> T:
        """Offer `choices` by key; any other key, and silence, is `otherwise`."""
        await self.play(prompt, *values)
        key = await self._keys.next(self._limits.first_digit_s)
        self.log.info("menu.chosen", prompt=prompt.value, choice=key)
        return otherwise if key is None else choices.get(key, otherwise)

    async def menu(self, prompt: Prompt, choices: Mapping[str, T]) -> AsyncIterator[T]:
        """Offer `choices` again and again, yielding each one chosen.

        Ends as `choose` does, when the caller has nothing more to choose.
        """
        while True:
            yield await self.choose(prompt, choices)

    async def keys(self) -> str:
        """Take keys of any kind up to and with `#`, or until none comes for a while.

        Empty when none came at all.
        """
        return await self._keys.run(self._limits.first_digit_s, self._limits.inter_digit_s)

    async def keep(self, change: Coroutine[object, object, T]) -> T:
        """Make a change the caller has asked for, to its end even if they hang up meanwhile.

        Raises what `change` raises; StorageUnavailable when the store gave it up itself.
        """
        return await keeping.kept(change, self.log)

    async def announce(self, prompt: Prompt, *values: object) -> None:
        """Say something about a call that goes on, answered or not; heard to its end."""
        await self.open_media()
        await self._speak(prompt, values, interruptible=False)

    async def talkie(
        self, prompt: Prompt, *values: object, then: int, times: int | None = None
    ) -> NoReturn:
        """Say why the call cannot be served, free of charge, and end it (LINE-05).

        An unanswered caller hears it as early media, then gets the final response
        `then`; an answered one hears it and the network hangs up. `times`: where a rule says how
        often.
        """
        for turn in range(times or self._limits.talkie_times):
            if turn:
                await asyncio.sleep(self._limits.talkie_pause_s)
            await self.announce(prompt, *values)
        await self.close(then)
        raise CallOver(Outcome.REFUSED)

    async def busy_tone(self, then: int) -> NoReturn:
        """Play Japan's busy tone for a while, free of charge, and end the call (CALL-03)."""
        await self.open_media()
        self._leg.play(tones.busy(), loop=True)
        await asyncio.sleep(self._limits.busy_tone_s)
        self.refuse(then)

    def refuse(self, then: int) -> NoReturn:
        """End the call without a word; unanswered it gets `then`."""
        self.hang_up(then)
        raise CallOver(Outcome.REFUSED)

    async def ring(self, target: Target, within_s: float | None = None) -> Rung:
        """Ring a party, `within_s` seconds at most; the caller hears it ring, or what it sends.

        A party that answered is to be given to `talk` at once. What is keyed meanwhile may be
        meant for the party: it is hidden, and forgotten.
        """
        back = ringing.RingBack(self._leg, self.log)
        self.conceal()
        try:
            rung = await back.ring(target, within_s)
        finally:
            self.conceal(False)
            self._keys.clear()
        self.party_heard = back.party_heard
        self._far = rung.far
        self.log.info("party.rung", outcome=rung.outcome.name.lower(), status=rung.status)
        return rung

    async def introduce(self, far: FarLeg, to_caller: Prompt, to_party: Prompt) -> None:
        """Before they talk, tell the caller and whoever answered the latest `ring` of the call."""
        await introducing.introduce(self.announce, self.voice, far, to_caller, to_party)

    async def talk(self, far: FarLeg) -> NoReturn:
        """Answer the caller, let both talk until one hangs up, and end the other half.

        `far` is who answered the latest `ring`. What is keyed meanwhile is between the two of
        them: it is neither logged nor told.
        """
        self._leg.on_key = None
        answering = ringing.answering(self.answer(), far)
        try:
            await asyncio.sleep(0)  # the 200 leaves; the ACK's way must not cost the first words
            end = await self._leg.join(far)
            if answering.done():
                answering.result()
            self.answered = True
        finally:
            answering.cancel()
            self._let_go()
        self.hang_up()
        raise CallOver(ringing.JOIN_ENDS[end])

    async def give_up(self, outcome: Outcome = Outcome.GAVE_UP) -> CallOver:
        """Say goodbye, if the caller can hear it, and hang up; returns what to raise then."""
        if self._audible:
            await self._speak(Prompt.GOODBYE, (), interruptible=False)
        await self.close()
        return CallOver(outcome)

    async def apologise(self, status: int) -> None:
        """Say that it does not work now, and end the call; unanswered it gets `status`."""
        self._keys.clear()
        await self.open_media()
        await self._speak(Prompt.TRY_LATER, (), interruptible=False)
        if self.answered:
            await self._speak(Prompt.GOODBYE, (), interruptible=False)
        await self.close(status)

    async def echo(self) -> NoReturn:
        """Send back what the caller says until they hang up."""
        self._leg.echo(True)
        try:
            await self._until_hang_up()
        finally:
            self._leg.echo(False)

    async def dial_tone(self) -> NoReturn:
        """Play Japan's 400 Hz dial tone until the caller hangs up (CALL-03)."""
        self._leg.play(tones.dial(), loop=True)
        try:
            await self._until_hang_up()
        finally:
            self._leg.stop_playing()

    async def close(self, status: int = TEMPORARILY_UNAVAILABLE) -> None:
        """Hang up as `hang_up` does, once what was said last has faded.

        A phone stops at a BYE, with the last words still in its jitter buffer.
        """
        if not self.over:
            await self._mouth.fade()
        self.hang_up(status)

    def hang_up(self, status: int = TEMPORARILY_UNAVAILABLE) -> None:
        """End the call; `status` is the final response of an unanswered one. Once only."""
        if self.over:
            return
        self.over = True
        final = None if self.answered else status
        self._leg.hang_up(final)
        self.log.debug("call.hung-up", status=final)

    def release(self) -> None:
        """Let go of the leg: leg and call know each other, which only a collector would end.

        Ends the half of a party that answered and was never talked to.
        """
        self._leg.on_key = None
        self._let_go()

    def _let_go(self) -> None:
        far, self._far = self._far, None
        if far is not None:
            far.hang_up()

    async def open_media(self) -> None:
        """Let the caller hear us before the call is answered; free of charge."""
        if not self._audible:
            await self._leg.progress()
            self._audible = True

    def _take_key(self, key: str) -> None:
        if self.over:
            return
        taken = self._keys.push(key)
        if taken:
            self._mouth.interrupt()
        shown = HIDDEN if self._concealing else key
        self.log.info("key.received", pressed=shown, taken=taken)
        self._leg.ticket.keyed(shown)

    async def _speak(
        self, prompt: Prompt, values: tuple[object, ...], *, interruptible: bool
    ) -> None:
        if not self._audible:
            raise RuntimeError(f"{prompt.value} would not be heard: answer the call first")
        speech = self.voice.speech(prompt, *values)
        self.log.info("prompt.started", prompt=prompt.value, text=speech.text)
        self._leg.ticket.heard(prompt.value)
        to_its_end = await self._mouth.say(speech.ulaw, interruptible=interruptible)
        self.log.debug("prompt.ended", prompt=prompt.value, interrupted=not to_its_end)

    async def _number(self, most: int) -> str | Entry:
        limits = self._limits
        return await self._keys.number(most, limits.first_digit_s, limits.inter_digit_s)

    async def _complain(self, entry: Entry) -> None:
        if entry is Entry.SILENT:
            await self.play(Prompt.NO_INPUT)
        else:
            self._keys.clear()
            await self.play(Prompt.INVALID_KEY)

    async def _until_hang_up(self) -> NoReturn:
        await asyncio.get_running_loop().create_future()
        raise AssertionError("nobody sets this future")
