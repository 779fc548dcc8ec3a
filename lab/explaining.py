"""What would happen if somebody dialled a freephone number: answered without a call (FREE-15)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from ivr.numbering import calling_from, freephone_words
from ivr.numbering.areas import Areas
from ivr.numbering.freephone import Caller, Circumstances, Decision, Found, decide
from ivr.numbering.freephone_words import Words
from ivr.numbering.plan import national, parse
from ivr.numbering.shares import Turn
from provisioning import calendar
from provisioning.contract import E164, Moment, TrunkClass, Turns
from provisioning.freephone.service import UnknownFreephone
from provisioning.instants import JST
from provisioning.office import Office

SKIPPED = frozenset({Found.NOT_REACHED, Found.NOT_SET})


@dataclass(frozen=True, slots=True)
class Asked:
    """A question: who dials what, when, and what is assumed of the caller and of busy lines.

    `at` is business time, UTC epoch seconds; None: now. `kind` and `prefecture` are what the
    caller's number does not tell.
    """

    caller: str
    dialled: str
    at: float | None = None
    kind: TrunkClass | None = None
    prefecture: str | None = None
    busy: frozenset[E164] = frozenset()


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer, as the call itself would be decided."""

    asked: Asked
    number: E164
    caller: Caller
    moment: Moment
    decision: Decision

    @property
    def outcome(self) -> Words:
        """What becomes of the call."""
        return freephone_words.of_outcome(self.decision.outcome)

    def lines(self, language: str) -> Iterator[str]:
        """As a text, a line a step: `>` decided, `-` was not asked."""
        place = " ".join(filter(None, [self.caller.prefecture, self.caller.ma]))
        kind = _in(freephone_words.KINDS[self.caller.kind], language)
        clock = f"{self.moment.minute // 60:02}:{self.moment.minute % 60:02}"
        who = f"{national(self.asked.caller)} ({f'{kind} {place}'.strip()})"
        yield f"{who} -> {national(self.number)}"
        yield f"{self.moment.day} {clock} ({self.moment.kind})"
        for step in self.decision.steps:
            mark = ">" if step.decided else "-" if step.found in SKIPPED else " "
            yield f"{mark} {step.rule}  {_in(freephone_words.of_step(step), language)}"
        yield f"= {_in(self.outcome, language)}"

    def mermaid(self, language: str) -> str:
        """As a Mermaid flow chart of the rules that were asked."""
        drawn = ["flowchart TD"]
        steps = [step for step in self.decision.steps if step.found not in SKIPPED]
        drawn.append(f'  call(["{_plain(national(self.asked.caller))}"]) --> s0')
        for at, step in enumerate(steps):
            words = _plain(_in(freephone_words.of_step(step), language))
            after = f"s{at + 1}" if at + 1 < len(steps) else "end_"
            drawn.append(f'  s{at}["{step.rule}<br>{words}"] --> {after}')
        drawn.append(f'  end_(["{_plain(_in(self.outcome, language))}"])')
        return "\n".join(drawn) + "\n"


class Explainer:
    """Answers questions of the office's contracts."""

    def __init__(self, office: Office, areas: Areas) -> None:
        self._office, self._areas = office, areas

    async def explain(self, asked: Asked) -> Explanation:
        """What would happen.

        Raises:
            UnknownFreephone: nobody contracted the number.
            ValueError: nobody can call from such a number.
        """
        freephones = self._office.freephones
        number = E164(parse(asked.dialled).e164 or asked.dialled)
        contract = freephones.of(number)
        if contract is None:
            raise UnknownFreephone(f"{asked.dialled:.40} is no contracted freephone number")
        caller = self._caller(asked)
        at = self._office.clock.seconds() if asked.at is None else asked.at
        turns = turns_of(await freephones.turns(number))
        moment = calendar.moment(at)
        now = Circumstances(moment, asked.busy, turns=turns)
        decision = decide(contract, caller, freephones.geography, now)
        return Explanation(asked, number, caller, moment, decision)

    def _caller(self, asked: Asked) -> Caller:
        dialled = parse(asked.caller)
        line = self._office.directory.line(E164(dialled.e164 or ""))
        if line is None:
            return calling_from.of_number(asked.caller, self._areas, asked.kind, asked.prefecture)
        known = calling_from.of_line(line)
        if asked.prefecture is not None:
            known = known._replace(prefecture=asked.prefecture, ma=None)
        return known._replace(kind=asked.kind or known.kind)


def turns_of(stored: Turns) -> dict[str, Turn]:
    """Stored turns as a decision takes them."""
    return {group: Turn(weights, saved) for group, (weights, saved) in stored.items()}


def business_seconds(written: str) -> float:
    """`2026-11-03T12:00` in Japan, or with an offset of its own, as UTC epoch seconds.

    Raises:
        ValueError: it is no date and time.
    """
    at = datetime.fromisoformat(written)
    return (at if at.tzinfo is not None else at.replace(tzinfo=JST)).timestamp()


def _in(words: Words, language: str) -> str:
    return words.en if language == "en" else words.ja


def _plain(text: str) -> str:
    """Text that ends no Mermaid label."""
    return text.replace('"', "'")
