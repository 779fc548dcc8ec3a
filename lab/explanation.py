"""What would happen to a call, told step by step: as a text, as a chart (FREE-15)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from ivr.numbering import freephone_words
from ivr.numbering.freephone import Caller, Decision, Found, Step
from ivr.numbering.freephone_words import Words
from ivr.numbering.plan import national
from provisioning.contract import E164, Moment, TrunkClass

SKIPPED = frozenset({Found.NOT_REACHED, Found.NOT_SET})


@dataclass(frozen=True, slots=True)
class Asked:
    """A question: who dials what, when, and what is assumed of the caller and of busy lines.

    `at` is business time, UTC epoch seconds; None: now. `kind` and `prefecture` are what the
    caller's number does not tell, `calls` how many calls of a freephone number go on.
    """

    caller: str
    dialled: str
    at: float | None = None
    kind: TrunkClass | None = None
    prefecture: str | None = None
    busy: frozenset[E164] = frozenset()
    calls: int = 0


class Told(NamedTuple):
    """What one rule found, of which subject; `skipped`: it was not asked, or nothing is set."""

    rule: str
    found: str
    words: Words
    subject: str = ""
    decided: bool = False
    skipped: bool = False

    @classmethod
    def of(cls, step: Step) -> "Told":
        """A step of a freephone decision."""
        return cls(
            step.rule,
            step.found.name.lower(),
            freephone_words.of_step(step),
            step.subject,
            step.decided,
            step.found in SKIPPED,
        )


class End(NamedTuple):
    """What becomes of the call: a name for programs, words, and the line that rings, if any."""

    name: str
    words: Words
    line: E164 | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer, as the call itself would be served.

    `number` is what was dialled, as it is dialled in Japan. `decision` is that of a call to a
    contracted freephone number.
    """

    asked: Asked
    number: str
    caller: Caller
    moment: Moment
    steps: tuple[Told, ...]
    end: End
    decision: Decision | None = None

    @property
    def outcome(self) -> Words:
        """What becomes of the call."""
        return self.end.words

    def lines(self, language: str) -> Iterator[str]:
        """As a text, a line a step: `>` decided, `-` was not asked."""
        place = " ".join(filter(None, [self.caller.prefecture, self.caller.ma]))
        kind = _in(freephone_words.KINDS[self.caller.kind], language)
        clock = f"{self.moment.minute // 60:02}:{self.moment.minute % 60:02}"
        who = f"{national(self.asked.caller)} ({f'{kind} {place}'.strip()})"
        yield f"{who} -> {self.number}"
        yield f"{self.moment.day} {clock} ({self.moment.kind})"
        for step in self.steps:
            mark = ">" if step.decided else "-" if step.skipped else " "
            yield f"{mark} {step.rule}  {_in(step.words, language)}"
        yield f"= {_in(self.outcome, language)}"

    def mermaid(self, language: str) -> str:
        """As a Mermaid flow chart of the rules that were asked."""
        drawn = ["flowchart TD"]
        steps = [step for step in self.steps if not step.skipped]
        drawn.append(f'  call(["{_plain(national(self.asked.caller))}"]) --> s0')
        for at, step in enumerate(steps):
            words = _plain(_in(step.words, language))
            after = f"s{at + 1}" if at + 1 < len(steps) else "end_"
            drawn.append(f'  s{at}["{step.rule}<br>{words}"] --> {after}')
        drawn.append(f'  end_(["{_plain(_in(self.outcome, language))}"])')
        return "\n".join(drawn) + "\n"


def _in(words: Words, language: str) -> str:
    return words.en if language == "en" else words.ja


def _plain(text: str) -> str:
    """Text that ends no Mermaid label."""
    return text.replace('"', "'")
