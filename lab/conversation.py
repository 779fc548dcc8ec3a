"""Hold a call by a key script: press, listen, wait for prompts to end, hang up.

The call itself is anything with the verbs of `PlacedCall`; what happens is told one line an
event. Keys count as taken when the network, in what it says next, does not refuse them.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Protocol

from lab.call_script import AwaitPrompt, Ear, Press, Step
from lab.recognition import REFUSALS, Recogniser
from prompts.catalogue import Prompt

Tell = Callable[[str], None]


class PlacedCall(Protocol):
    """An answered call, as the caller holds it."""

    def listen(self, sink: Callable[[int, bytes], None]) -> None:
        """Hand every heard frame to `sink`: offset in samples, µ-law at 8 kHz."""

    async def press(self, keys: str) -> None:
        """Send keys; returns when the last one is sent."""

    async def over(self) -> str:
        """Return, with the reason, when the other side or the network has ended the call."""

    async def hang_up(self) -> None:
        """End the call."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Limits of one conversation in seconds."""

    prompt_s: float = 60.0
    """The longest prompt waited for."""
    last_s: float = 30.0
    """How long one listens on once every key is pressed; a tone never ends."""
    total_s: float = 300.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it went; `reason` is for the person."""

    keys_taken: bool
    reason: str


class ScriptBroken(Exception):
    """The script cannot go on: the call ended, or no prompt did."""


async def converse(
    call: PlacedCall,
    script: Sequence[Step],
    tell: Tell,
    patience: Patience,
    recogniser: Recogniser,
) -> Outcome:
    """Run the script, hear the last prompt out, and hang up.

    The keys are taken when every one was sent while the call stood, and no prompt that
    `recogniser` knows refused any.
    """
    listener = _Listener(tell, recogniser)
    call.listen(listener.hear)
    over = asyncio.ensure_future(call.over())
    try:
        async with asyncio.timeout(patience.total_s):
            await _run(call, script, listener, over, patience, tell)
    except ScriptBroken as end:
        return Outcome(False, str(end))
    except TimeoutError:
        return Outcome(False, f"not over after {patience.total_s:g} s")
    finally:
        await _leave(call, over, tell)
    return Outcome(True, "done")


async def _run(
    call: PlacedCall,
    script: Sequence[Step],
    listener: "_Listener",
    over: "asyncio.Future[str]",
    patience: Patience,
    tell: Tell,
) -> None:
    for step in script:
        match step:
            case Press(keys):
                with listener.pressing():
                    await _or_over(call.press(keys), over)
                    tell(f"key.sent {keys}")
            case AwaitPrompt():
                await _or_over(listener.prompt_end(patience.prompt_s), over)
    await _last_prompt(listener, over, patience)


async def _last_prompt(
    listener: "_Listener", over: "asyncio.Future[str]", patience: Patience
) -> None:
    """After the last key the network may answer, answer and hang up, or sound on and on."""
    with suppress(TimeoutError):
        async with asyncio.timeout(patience.last_s):
            await _first(asyncio.ensure_future(listener.prompt_end(patience.prompt_s)), over)
    listener.take_stock()


async def _or_over(step: Coroutine[Any, Any, None], over: "asyncio.Future[str]") -> None:
    """The step, unless the call ends first."""
    if not await _first(asyncio.ensure_future(step), over):
        raise ScriptBroken(f"the call ended first: {over.result()}")


async def _first(step: "asyncio.Future[None]", over: "asyncio.Future[str]") -> bool:
    """Whether the step was done before the call was over."""
    both: set[asyncio.Future[Any]] = {step, over}
    try:
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if step.done():
            step.result()
        return step.done()
    finally:
        step.cancel()
        await asyncio.gather(step, return_exceptions=True)


async def _leave(call: PlacedCall, over: "asyncio.Future[str]", tell: Tell) -> None:
    if over.done() and not over.cancelled():
        tell(f"call.ended {over.result()}")
        return
    over.cancel()
    await asyncio.gather(over, return_exceptions=True)
    await call.hang_up()
    tell("call.ended hung up here")


class _Listener:
    """Turns heard frames into prompt starts and ends, and says which prompts they were."""

    def __init__(self, tell: Tell, recogniser: Recogniser) -> None:
        self._ear = Ear()
        self._tell = tell
        self._recogniser = recogniser
        self._heard = bytearray()
        self._pressing = False
        self._ended = asyncio.Event()
        self._refusal: Prompt | None = None

    def hear(self, _: int, frame: bytes) -> None:
        self._heard += frame
        if self._pressing:
            return
        spoke = self._ear.speaking
        ended = self._ear.hear(frame)
        if self._ear.speaking and not spoke:
            self._tell("prompt.started")
        if ended:
            self._note()
            self._tell("prompt.ended")
            self._ended.set()

    @contextmanager
    def pressing(self) -> Iterator[None]:
        """What sounds while keys go out is a prompt being cut short; it counts as none."""
        self.take_stock()
        self._pressing = True
        yield
        self._pressing = False
        self._ended.clear()
        self._ear = Ear()

    def take_stock(self) -> None:
        """Look at what was heard since the last time.

        Raises:
            ScriptBroken: the network refused what was keyed.
        """
        self._note()
        if self._refusal is not None:
            raise ScriptBroken(f"the network refused them: {self._refusal.value}")

    def _note(self) -> None:
        for prompt in self._recogniser.heard(bytes(self._heard)):
            self._tell(f"prompt.heard {prompt.value}")
            if prompt in REFUSALS:
                self._refusal = prompt
        self._heard.clear()

    async def prompt_end(self, within_s: float) -> None:
        """Wait until a prompt has ended since the last key; once for each prompt."""
        try:
            async with asyncio.timeout(within_s):
                await self._ended.wait()
        except TimeoutError:
            raise ScriptBroken(f"no prompt ended within {within_s:g} s") from None
        self._ended.clear()
