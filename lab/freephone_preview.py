"""What the customer control shows beforehand of a call, decided as a call is (FREE-15).

Of a caller nothing is known but the number: where another's line is, is not the subscriber's to
see.
"""

from ivr.numbering import calling_from, freephone_words
from ivr.numbering.areas import Areas
from ivr.numbering.freephone import Caller, Circumstances, Found, decide
from provisioning import calendar
from provisioning.freephone.preview import Answer, Question, Said, Step
from provisioning.office import Office

SKIPPED = frozenset({Found.NOT_REACHED, Found.NOT_SET})


class Previewer:
    """Answers questions about the freephone numbers of an office."""

    def __init__(self, office: Office, areas: Areas) -> None:
        self._office, self._areas = office, areas

    async def __call__(self, asked: Question) -> Answer:
        """What would happen.

        Raises:
            UnknownFreephone: nobody contracted the number.
            ValueError: nobody calls from such a number.
        """
        freephones = self._office.freephones
        contract = asked.setup or freephones.kept(asked.number).freephone
        caller = calling_from.of_number(asked.caller, self._areas, asked.kind, asked.prefecture)
        turns = await freephones.turns(asked.number)
        now = Circumstances(calendar.moment(asked.at), asked.busy, turns=turns)
        decision = decide(contract, caller, freephones.geography, now)
        return Answer(
            _who(caller),
            Said(*freephone_words.of_outcome(decision.outcome)),
            tuple(
                Step(
                    step.rule,
                    Said(*freephone_words.of_step(step)),
                    step.decided,
                    step.found not in SKIPPED,
                )
                for step in decision.steps
            ),
        )


def _who(caller: Caller) -> Said:
    """The kind of telephone, and where it stands as far as that is known."""
    place = " ".join(filter(None, (caller.prefecture, caller.ma)))
    kind = freephone_words.KINDS[caller.kind]
    return Said(f"{kind.ja} {place}".strip(), f"{kind.en} {place}".strip())
