"""What would happen if somebody dialled a number: answered without a call (FREE-15)."""

from dataclasses import replace
from datetime import datetime

from ivr.flows.incoming import remote_numbers
from ivr.numbering import calling_from, freephone_words
from ivr.numbering.areas import Areas
from ivr.numbering.freephone import Caller, Circumstances, Connect, decide
from ivr.numbering.freephone_words import Words
from ivr.numbering.plan import Dialled, national, parse
from ivr.numbering.route import Route, ToFreephone, route, route_inward
from lab.explanation import Asked, End, Explanation, Told
from lab.reaching import Reaching
from provisioning import calendar
from provisioning.contract import E164, Freephone, FreephoneOption, Line, Moment
from provisioning.instants import JST
from provisioning.office import Office


class Explainer:
    """Answers questions of the office's contracts, lines and carriers."""

    def __init__(self, office: Office, areas: Areas) -> None:
        self._office, self._areas = office, areas
        self._numbers = remote_numbers(office.profiles)

    async def explain(self, asked: Asked) -> Explanation:
        """What would happen.

        Raises:
            ValueError: nobody can call from such a number, or there is no such prefecture.
        """
        line = self._line_of(asked)
        caller = self._caller(asked, line)
        at = self._office.clock.seconds() if asked.at is None else asked.at
        moment = calendar.moment(at)
        found = self._route(asked.dialled, line)
        number = found.dialled.digits or asked.dialled
        if isinstance(found.destination, ToFreephone):
            contract = found.destination.freephone
            if line is not None:  # a line that calls is busy
                asked = replace(asked, busy=asked.busy | {line.number})
            return await self._freephone(asked, contract, caller, moment, found.dialled)
        reaching = Reaching(self._office, line, asked.busy)
        steps, end = await reaching.told(found)
        return Explanation(asked, number, caller, moment, steps, end)

    async def _freephone(
        self, asked: Asked, contract: Freephone, caller: Caller, moment: Moment, dialled: Dialled
    ) -> Explanation:
        freephones = self._office.freephones
        turns = await freephones.turns(contract.number)
        now = Circumstances(moment, asked.busy, asked.calls, turns)
        decision = decide(contract, caller, freephones.geography, now)
        outcome = decision.outcome
        steps = tuple(map(Told.of, decision.steps))
        end = End(
            type(outcome).__name__,
            freephone_words.of_outcome(outcome),
            outcome.line if isinstance(outcome, Connect) else None,
        )
        if isinstance(outcome, Connect):
            detour = self._detour(contract, caller, now, outcome)
            reaching = Reaching(self._office, self._line_of(asked), asked.busy)
            after, reached = await reaching.told_of(outcome.line, detour)
            steps = (*(s for s in steps if not s.skipped), *after, *(s for s in steps if s.skipped))
            end = end._replace(words=_reached(end, reached))
        number = national(contract.number)
        return Explanation(asked, number, caller, moment, steps, end, decision)

    def _detour(
        self, contract: Freephone, caller: Caller, now: Circumstances, first: Connect
    ) -> E164 | None:
        """Where a call goes on to that finds its line busy by ringing it (FREE-07)."""
        if FreephoneOption.DETOUR not in contract.options:
            return None
        busy = replace(now, busy={*now.busy, first.line})
        after = decide(contract, caller, self._office.freephones.geography, busy).outcome
        return after.line if isinstance(after, Connect) else None

    def _line_of(self, asked: Asked) -> Line | None:
        """The line that calls; None: of another carrier, whatever it is."""
        return self._office.directory.line(E164(parse(asked.caller).e164 or ""))

    def _route(self, dialled: str, line: Line | None) -> Route:
        office = self._office
        if line is None:
            return route_inward(dialled, office.directory, self._numbers, office.freephones)
        return route(
            dialled,
            line,
            office.profiles.of(line.profile),
            office.directory,
            office.trunks,
            numbers=self._numbers,
            freephones=office.freephones,
        )

    def _caller(self, asked: Asked, line: Line | None) -> Caller:
        known_areas = self._office.freephones.geography.message_areas
        if asked.prefecture is not None and known_areas and asked.prefecture not in known_areas:
            raise ValueError(f"{asked.prefecture} is no prefecture of Japan: write it as 東京都")
        if line is None:
            return calling_from.of_number(asked.caller, self._areas, asked.kind, asked.prefecture)
        known = calling_from.of_line(line)
        if asked.prefecture is not None:
            known = known._replace(prefecture=asked.prefecture, ma=None)
        return known._replace(kind=asked.kind or known.kind)


def _reached(end: End, reached: End) -> Words:
    """That the call is connected; and where to, when nobody is rung on the line itself."""
    if reached.line == end.line:
        return end.words
    ja, en = end.words
    return Words(f"{ja}: {reached.words.ja}", f"{en}: {reached.words.en}")


def business_seconds(written: str) -> float:
    """`2026-11-03T12:00` in Japan, or with an offset of its own, as UTC epoch seconds.

    Raises:
        ValueError: it is no date and time.
    """
    at = datetime.fromisoformat(written)
    return (at if at.tzinfo is not None else at.replace(tzinfo=JST)).timestamp()
