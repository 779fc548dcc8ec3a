"""Callers who dial, listen and key by a script, in virtual time; nothing of SIP or RTP.

    heard = Network().dial(DOCOMO, "1429", "3,0312345678#,#,1")

A comma waits until the network is silent, as a person does (and as `tokuban call` does);
keys between commas come one after the other. After the last key the caller just listens.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, time

from ivr.call.limits import CallLimits
from ivr.call.outcome import Outcome
from ivr.flows.freephone import FreephoneDesk
from ivr.flows.incoming import Incoming, Office
from ivr.flows.registry import Services
from ivr.media import tones
from prompts.catalogue import SIGNATURES, Kind, Prompt, Speech, Value
from provisioning.contract import E164, Access, Line, LineStatus, Location, Profile, Trunk, Trunks
from provisioning.profiles.store import ProfileFiles
from provisioning.trunks.memory import MemoryTrunks
from tests.support.fake_mailboxes import InMemoryMailboxes
from tests.support.fakes import InMemoryDirectory, InMemoryForwarding, InMemoryPresentation
from tests.support.scripted_leg import BYTES_A_SECOND, Ending, ScriptedLeg, account_of
from tests.support.scripted_party import Script, ScriptedParty
from tests.support.virtual_loop import run_virtually

TOKYO = Location("東京", "東京都")
FREEPHONE = E164("+81120000003")
DOCOMO = Line(E164("+819000000001"), Profile.DOCOMO, TOKYO)
RAKUTEN = Line(E164("+819000000002"), Profile.RAKUTEN, TOKYO)
NTT = Line(E164("+81300000003"), Profile.NTT, TOKYO, freephone=FREEPHONE)
AU = Line(E164("+819000000004"), Profile.AU, TOKYO)
NTT_PLAIN = Line(E164("+81300000005"), Profile.NTT, TOKYO)
SUSPENDED = Line(E164("+819000000006"), Profile.DOCOMO, TOKYO, status=LineStatus.SUSPENDED)
OWNER = replace(DOCOMO, number=E164("+819000000007"), options=frozenset({"voicemail"}))
AU_OWNER = replace(AU, number=E164("+819000000008"), options=frozenset({"voicemail"}))
"""Lines with voicemail."""
LINES = (DOCOMO, RAKUTEN, NTT, AU, NTT_PLAIN, SUSPENDED, OWNER, AU_OWNER)
LINK = replace(account_of(RAKUTEN.number, Access.LINK), user="09000000002-link")
ACCOUNTS = (*(account_of(line.number) for line in LINES), LINK)
"""One account a line, and the Link app of the rakuten line."""

RING_BACK, BUSY_TONE, BEEP = "(ring-back)", "(busy)", "(beep)"
"""How `Heard.prompts` shows tones."""
TONES = {tones.ring_back(): RING_BACK, tones.busy(): BUSY_TONE, tones.acceptance(): BEEP}

PROMPT_S = 3.0
"""How long every prompt lasts."""
FADING_S = CallLimits().closing_pause_s
"""How long the network waits after its last words before it hangs up."""
THINKING_S = 0.5
"""How long the network is silent before the caller keys."""
KEYING_S = 0.2
"""Time between two keys."""

Event = tuple[str, Mapping[str, object]]


def trunks_of(*trunks: Trunk) -> MemoryTrunks:
    """Ways to other carriers; the scripted far end of each is the phone of its name."""
    memory = MemoryTrunks()
    memory.replace(trunks, ())
    return memory


def said(prompt: Prompt, *values: object) -> str:
    """How `Heard.prompts` shows a prompt with its values."""
    return " ".join([prompt.value, *(str(value) for value in values)])


def fits(takes: Value, value: object) -> bool:
    """Whether a prompt takes `value` there, for the kinds that services speak so far."""
    match takes.kind:
        case Kind.NUMBER:
            return isinstance(value, str) and re.fullmatch(r"\+?[0-9]+", value) is not None
        case Kind.KEYS:
            return isinstance(value, str) and re.fullmatch(r"[0-9*#]+", value) is not None
        case Kind.SECONDS | Kind.COUNT | Kind.ORDINAL:
            return type(value) is int and 0 <= value <= 999
        case Kind.DATE:
            return isinstance(value, date)
        case Kind.TIME:
            return isinstance(value, time)
    return False


class SpelledVoice:
    """Audio that spells its prompt, so that what was played can be read back."""

    def speech(self, prompt: Prompt, *values: object) -> Speech:
        takes = SIGNATURES.get(prompt, ())
        if len(values) != len(takes) or not all(map(fits, takes, values)):
            raise ValueError(f"{prompt} does not take {values}")
        text = said(prompt, *values)
        return Speech(text, text.encode().ljust(int(PROMPT_S * BYTES_A_SECOND), b"\xff"))

    @staticmethod
    def read(ulaw: bytes) -> str:
        """The prompt that `ulaw` spells, or the tone it is."""
        return TONES.get(ulaw) or ulaw.rstrip(b"\xff").decode(errors="replace")


class SpelledVoices:
    """One voice for every language; `asked` has the languages that were wanted."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def of(self, language: str) -> SpelledVoice:
        self.asked.append(language)
        return SpelledVoice()

    def languages(self) -> Sequence[str]:
        return ("ja", "en")


class EventLog:
    """Keeps events; `watch` is called with the count of events after each."""

    def __init__(self, watch: Callable[[int], None] | None = None) -> None:
        self.events: list[Event] = []
        self._watch = watch

    def info(self, event: str, **facts: object) -> None:
        self.events.append((event, facts))
        if self._watch:
            self._watch(len(self.events))

    debug = info
    warning = info
    error = info


class Caller:
    """Presses the keys of a script, a group whenever the network has fallen silent."""

    def __init__(self, leg: ScriptedLeg, keys: str) -> None:
        self._leg = leg
        self._groups = [group.strip() for group in keys.split(",") if group.strip()]
        leg.on_silence = self._think

    def _think(self) -> None:
        asyncio.get_running_loop().call_later(THINKING_S, self._act)

    def _act(self) -> None:
        if self._leg.playing is None and self._groups:
            self._key(self._groups.pop(0))

    def _key(self, keys: str) -> None:
        if not keys:
            return
        self._leg.press(keys[0])
        asyncio.get_running_loop().call_later(KEYING_S, self._key, keys[1:])


@dataclass(slots=True)
class Heard:
    """What a caller heard, and how the call ended; `outcome` is None when the caller hung up."""

    prompts: list[str]
    ending: Ending | None
    outcome: Outcome | None
    events: list[Event]
    early_media: bool
    lasted_s: float
    leg: ScriptedLeg

    def event(self, name: str) -> Mapping[str, object]:
        """The facts of the first event of that name."""
        return next(facts for event, facts in self.events if event == name)


@dataclass
class Network:
    """One network with its lines and their settings."""

    forwarding: InMemoryForwarding = field(default_factory=lambda: InMemoryForwarding(LINES))
    presentation: InMemoryPresentation = field(
        default_factory=lambda: InMemoryPresentation({NTT.number: FREEPHONE})
    )
    directory: InMemoryDirectory = field(default_factory=lambda: InMemoryDirectory(LINES, ACCOUNTS))
    mailboxes: InMemoryMailboxes = field(default_factory=lambda: InMemoryMailboxes(LINES))
    trunks: Trunks | None = None
    overlap: bool = False
    freephone: FreephoneDesk | None = None
    limits: CallLimits = field(default_factory=CallLimits)
    voices: SpelledVoices = field(default_factory=SpelledVoices)
    profiles: ProfileFiles = field(default_factory=ProfileFiles.load)

    def incoming(self) -> Incoming:
        """What serves the calls of this network."""
        services = Services(self.forwarding, self.presentation, self.mailboxes)
        office = Office(
            self.directory,
            self.profiles,
            services,
            self.voices,
            self.trunks,
            self.overlap,
            self.freephone,
        )
        return Incoming(office, self.limits)

    def dial(
        self,
        line: Line,
        dialled: str,
        keys: str = "",
        *,
        hang_up_after_s: float | None = None,
        hang_up_at_event: int | None = None,
        leg: ScriptedLeg | None = None,
        phones: Mapping[str, Script] | None = None,
        says: Mapping[float, bytes] | None = None,
        prepare: Callable[[], Awaitable[object]] | None = None,
    ) -> Heard:
        """Dial and key; the caller hangs up after some seconds, or at the nth event of the log.

        `phones`: what each phone that is registered does when it is rung, by its user; a trunk's
        far end by the trunk's name. No other phone is registered. `says`: what the caller says, by
        the second of the call. `prepare` is awaited before.
        """
        leg = leg or ScriptedLeg(account_of(line.number), dialled)
        leg.parties = {name: ScriptedParty(script) for name, script in (phones or {}).items()}

        async def call() -> Heard:
            if prepare is not None:
                await prepare()
            for at_s, ulaw in (says or {}).items():
                asyncio.get_running_loop().call_later(at_s, leg.say, ulaw)
            return await self._call(leg, keys, hang_up_after_s, hang_up_at_event)

        return run_virtually(call())

    async def _call(
        self, leg: ScriptedLeg, keys: str, after_s: float | None, at_event: int | None
    ) -> Heard:
        loop = asyncio.get_running_loop()

        def watch(count: int) -> None:
            if count == at_event:
                call.cancel()

        log = EventLog(watch)
        Caller(leg, keys)
        call = asyncio.ensure_future(self.incoming().serve(leg, log))
        if after_s is not None:
            loop.call_later(after_s, call.cancel)
        await asyncio.wait([call])
        return Heard(
            prompts=[SpelledVoice.read(ulaw) for ulaw in leg.heard],
            ending=leg.ended,
            outcome=None if call.cancelled() else call.result(),
            events=log.events,
            early_media=leg.in_progress,
            lasted_s=loop.time(),
            leg=leg,
        )
