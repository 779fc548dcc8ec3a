"""Plays the steps of a scenario: phones dial, listen and talk, the carrier's books are read."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from lab.errors import Refused
from lab.scenarios.cast import Player, filled
from lab.scenarios.ear import Ear, Unheard
from lab.scenarios.grammar import spoken
from lab.scenarios.hearing import Samples, to_8_khz
from lab.scenarios.model import Act, Ask, Charge, Say, Signal, Step, Talk, Tone, Verb, Voice
from lab.scenarios.office import CarrierOffice, Json
from lab.scenarios.own_phone import OwnPhone
from lab.scenarios.phones.errors import PhoneError, TooLate
from lab.scenarios.phones.handset import Ending, Handset
from lab.scenarios.phones.waiting import until
from lab.scenarios.tones import is_busy, is_ring_back
from lab.scenarios.wavefile import parse_wav
from prompts.catalogue import SIGNATURES, Kind
from prompts.catalogue import Voice as Speaker

T = TypeVar("T")

_RHYTHMS = {Signal.RING_BACK: is_ring_back, Signal.BUSY: is_busy}
_POLL_S = 0.1


class Failed(Exception):
    """A step did not come out as the scenario says; the text says what came instead."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited for what, in seconds (assumptions: a busy machine is slow)."""

    signalling: float = 30.0
    """A ring, an answer, an end."""
    prompt: float = 60.0
    books: float = 20.0
    """A record, a charge, a setting."""


class Actor:
    """A role on the stage: its line, its phone, and the ear at it."""

    def __init__(self, player: Player, phone: Handset, hertz: int, voice: Speaker) -> None:
        self.player, self.phone, self.hertz = player, phone, hertz
        self._voice = voice
        self.dialled, self.calls = "", 0
        self.recordings: list[bytes] = []
        self._ear: Ear | None = None

    def listen(self) -> None:
        """A call begins: what was heard before is put away."""
        self.put_away()
        self._ear = Ear(self._sound, self._voice, exact=isinstance(self.phone, OwnPhone))

    def put_away(self) -> None:
        """Keep what the latest call sounded like."""
        if self._ear is not None:
            self.recordings.append(self.phone.heard())
            self._ear = None

    @property
    def ear(self) -> Ear:
        """The ear at its call."""
        if self._ear is None:
            raise Failed("has had no call")
        return self._ear

    def _sound(self) -> Samples:
        sound = parse_wav(self.phone.heard())
        return to_8_khz(sound.samples, sound.rate_hz)


class Stage:
    """Actors and the carrier; `play` does one step."""

    def __init__(
        self,
        actors: Mapping[str, Actor],
        office: CarrierOffice,
        server: tuple[str, int],
        patience: Patience,
    ) -> None:
        self._actors, self._office, self._server = actors, office, server
        self._patience = patience
        self._players = {name: actor.player for name, actor in actors.items()}
        self._records, self._charges = office.newest_record(), office.newest_charge()
        self._verbs: Mapping[Verb, Callable[[Actor, Any], object]] = {
            Verb.DIALS: self._dials,
            Verb.KEYS: lambda actor, keys: actor.phone.press(self._filled(keys)),
            Verb.SPEAKS: lambda actor, seconds: time.sleep(seconds),
            Verb.ANSWERS: self._answers,
            Verb.HANGS_UP: self._hangs_up,
            Verb.LEAVES: self._leaves,
            Verb.REGISTERS: lambda actor, _: self.register(actor),
            Verb.RINGS: lambda actor, _: self._signal(actor.phone.ringing, "ringing"),
            Verb.IS_SHOWN: self._is_shown,
            Verb.IS_ANSWERED: lambda actor, _: self._signal(actor.phone.answered, "answer"),
            Verb.IS_HUNG_UP: self._is_hung_up,
            Verb.IS_REFUSED: self._is_refused,
            Verb.HEARS: self._hears,
            Verb.HEARS_BEGINNING: self._hears_beginning,
            Verb.IS_CHARGED: self._is_charged,
            Verb.IS_NOT_CHARGED: self._is_not_charged,
        }

    def play(self, step: Step) -> None:
        """Do a step, or wait for what it says.

        Raises:
            Failed: it came out otherwise.
        """
        try:
            match step.means:
                case Act(role=role, verb=verb, value=value):
                    self._verbs[verb](self._actors[role], value)
                case Talk(one=one, other=other):
                    self._talk(self._actors[one], self._actors[other])
                case Ask() as ask:
                    self._ask(ask)
        except (PhoneError, Refused, Unheard, ValueError) as error:
            raise Failed(str(error)) from None

    def register(self, actor: Actor) -> None:
        """Have the actor's phone register."""
        player = actor.player
        actor.phone.register(player.user, player.password, self._server)

    def _filled(self, text: str) -> str:
        return filled(text, self._players)

    def _signal(self, probe: Callable[[], T | None], what: str) -> T:
        return until(probe, what, self._patience.signalling, poll_s=_POLL_S)

    def _dials(self, actor: Actor, number: str) -> None:
        actor.put_away()
        actor.dialled = self._filled(number)
        actor.phone.dial(actor.dialled)
        actor.calls += 1
        actor.listen()

    def _answers(self, actor: Actor, _: None) -> None:
        self._signal(actor.phone.ringing, "ringing")
        actor.put_away()
        actor.phone.answer()
        actor.listen()
        self._signal(actor.phone.answered, "answer")

    def _hangs_up(self, actor: Actor, _: None) -> None:
        if actor.phone.ended() is None:
            actor.phone.hang_up()
        self._signal(actor.phone.ended, "end")

    def _leaves(self, actor: Actor, _: None) -> None:
        actor.put_away()
        actor.phone.close()
        path = f"/v1/lines/{actor.player.number}/registrations"
        self._booked(lambda: not self._registered(path, actor.player.user), "being gone")

    def _registered(self, path: str, user: str) -> bool:
        return any(each["user"] == user for each in self._office.ask("GET", path))

    def _is_shown(self, actor: Actor, wanted: str) -> None:
        shown = self._signal(actor.phone.ringing, "ringing")
        number = self._filled(wanted)
        if not _shows(shown, number):
            raise Failed(f"is shown {shown!r}, not {number}")

    def _is_hung_up(self, actor: Actor, _: None) -> None:
        ending = self._ending(actor)
        if ending.refused:
            raise Failed(f"was refused: {ending.reason}")

    def _ending(self, actor: Actor) -> Ending:
        limit_s = self._patience.prompt
        return until(actor.phone.ended, "the end of the call", limit_s, poll_s=_POLL_S)

    def _is_refused(self, actor: Actor, status: int) -> None:
        ending = self._ending(actor)
        if not ending.refused:
            raise Failed("was answered, not refused")
        if ending.status not in (None, status):
            raise Failed(f"was refused with {ending.reason}, not {status}")

        def written() -> list[Json]:
            rows = self._office.records(actor.player.number, self._records)
            return [row for row in rows if row["called"] == actor.dialled and row["leg"] == 1]

        record = self._booked(written, f"a record of the call to {actor.dialled}")[0]
        if record["sip_status"] != status:
            raise Failed(f"the carrier's record says {record['sip_status']}, not {status}")

    def _hears(self, actor: Actor, what: Say | Signal | Tone | Voice) -> None:
        patience = self._patience.prompt
        match what:
            case Say(prompt=prompt):
                values = list(self._values(what))
                signature = SIGNATURES.get(prompt, ())
                if signature and signature[0].kind is Kind.NUMBER:
                    number, *more = values
                    actor.ear.hears_number(prompt, str(number), *more, timeout_s=patience)
                else:
                    actor.ear.hears(prompt, *values, timeout_s=patience)
            case Tone(hertz=hertz):
                actor.ear.hears_among(hertz, timeout_s=patience)
            case Voice(role=role):
                actor.ear.hears_among(self._actors[role].hertz, timeout_s=patience)
            case Signal():
                actor.ear.hears_rhythm(_RHYTHMS[what], what.value, timeout_s=patience)

    def _hears_beginning(self, actor: Actor, what: Say) -> None:
        values = self._values(what)
        actor.ear.hears_beginning(what.prompt, *values, timeout_s=self._patience.prompt)

    def _values(self, say: Say) -> Iterator[object]:
        for wanted, written in zip(SIGNATURES.get(say.prompt, ()), say.values, strict=True):
            yield spoken(wanted.kind, self._filled(written))

    def _talk(self, one: Actor, other: Actor) -> None:
        for listener, speaker in ((one, other), (other, one)):
            listener.ear.hears_among(speaker.hertz, timeout_s=self._patience.signalling)

    def _is_charged(self, actor: Actor, wanted: Charge) -> None:
        def made() -> list[Json]:
            rows = self._office.charges(actor.player.number, self._charges)
            return [row for row in rows if row["cause"] == wanted.cause]

        rows = self._booked(made, f"a charge for {wanted.cause}")
        if len(rows) != 1:
            raise Failed(f"is charged {len(rows)} times for {wanted.cause}, not once")
        (row,) = rows
        price = (int(row["unit_s"]), float(row["unit_yen"]))
        if price != (wanted.each_s, wanted.yen):
            raise Failed(f"pays {price[1]:g} yen each {price[0]} s, not {_written(wanted)}")
        yen = wanted.yen * math.ceil(float(row["seconds"]) / wanted.each_s)
        if float(row["yen"]) != yen:
            raise Failed(f"pays {row['yen']} yen for {row['seconds']:.1f} s, not {yen}")

    def _is_not_charged(self, actor: Actor, _: None) -> None:
        def written() -> list[Json]:
            return self._office.records(actor.player.number, self._records)

        def of_each_call() -> list[Json]:
            rows = written()
            return rows if sum(row["leg"] == 1 for row in rows) >= actor.calls else []

        if actor.calls:
            rows = self._booked(of_each_call, f"the end of {actor.calls} calls in the books")
        else:  # whoever was called has no record of their own: no charge is all there is to see
            rows = self._maybe(written)
        for row in rows:
            why = self._office.why(row["id"])
            if why["charged"] and row["payer"] == actor.player.e164:
                raise Failed(f"is charged: {why['en']}")
        charges = self._office.charges(actor.player.number, self._charges)
        if charges:
            raise Failed(f"is charged {charges[0]['yen']} yen for {charges[0]['cause']}")

    def _maybe(self, written: Callable[[], list[Json]]) -> list[Json]:
        try:
            return until(written, "a record", self._patience.books / 10, poll_s=_POLL_S)
        except TooLate:
            return []

    def _ask(self, ask: Ask) -> None:
        path, body = self._filled(ask.path), self._body(ask.body)
        if ask.method != "GET":
            self._office.ask(ask.method, path, body)
            return
        found: list[Any] = []

        def fits() -> bool:
            found[:] = [self._office.ask("GET", path)]
            return holds(found[0], body)

        try:
            self._booked(fits, path)
        except TooLate:
            raise Failed(f"{path} is {found[0]}") from None

    def _body(self, body: Any) -> Any:
        match body:
            case str():
                return self._filled(body)
            case dict():
                return {name: self._body(value) for name, value in body.items()}
            case list():
                return [self._body(value) for value in body]
        return body

    def _booked(self, probe: Callable[[], T | None], what: str) -> T:
        return until(probe, what, self._patience.books, poll_s=_POLL_S)


def holds(found: Any, wanted: Any) -> bool:
    """Whether an answer has all that is wanted: fields of objects, and lists item by item."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(
            name in found and holds(found[name], value) for name, value in wanted.items()
        )
    if isinstance(wanted, list):
        pairs = zip(found, wanted, strict=False) if isinstance(found, list) else ()
        return (
            isinstance(found, list)
            and len(found) == len(wanted)
            and all(holds(one, other) for one, other in pairs)
        )
    return bool(found == wanted)


def _shows(shown: str, number: str) -> bool:
    """Whether a phone shows a number, or `anonymous`; it is part of a URI or stands alone."""
    return number.lower() in shown.lower()


def _written(charge: Charge) -> str:
    return f"{charge.yen} yen each {charge.each_s} s"
