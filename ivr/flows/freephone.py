"""A call to a freephone number (着信課金): decided as a whole, then rung, detoured, introduced.

The decision is `ivr.numbering.freephone`; here it becomes what caller and called party hear. The
subscriber of the number pays for the conversation; what refuses or ends a call costs nobody.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NoReturn

from ivr.call.call import Call
from ivr.call.limits import CallLimits
from ivr.call.party import FarLeg, Ring, Role, Rung
from ivr.flows import talkies
from ivr.flows.line_call import LineCall, Lines
from ivr.flows.origin import Origin
from ivr.numbering.areas import Areas
from ivr.numbering.freephone import (
    AllBusy,
    Caller,
    Circumstances,
    Connect,
    Found,
    Guidance,
    OffHours,
    Outcome,
    Refused,
    Step,
    decide,
)
from ivr.numbering.plan import national
from ivr.numbering.route import SuspendedLine
from prompts.catalogue import Prompt
from provisioning.contract import (
    E164,
    Freephone,
    FreephoneOption,
    Freephones,
    Line,
    LineStatus,
    Moment,
    Turns,
)

FORBIDDEN, UNAVAILABLE, BUSY, NOT_ACCEPTABLE = 403, 480, 486, 488
OFF_HOURS_TIMES = 2
"""How often the off-hours guidance is played (FREE-10)."""

REFUSALS = {
    Guidance.CALLER_KIND: Prompt.FREEPHONE_NOT_THIS_KIND,
    Guidance.MOBILE: Prompt.FREEPHONE_NOT_MOBILE,
    Guidance.AREA: Prompt.FREEPHONE_NOT_THIS_AREA,
}
"""接続規制ガイダンス, by why."""

MISSED = frozenset({Found.LINE_BUSY, Found.LINE_OFF_HOURS, Found.CHANGED})
"""What a step finds of a line that could have taken a call, and did not."""


@dataclass(frozen=True, slots=True)
class FreephoneDesk:
    """What freephone calls need of the office: contracts, where numbers lie, and business time."""

    freephones: Freephones
    areas: Areas
    moment: Callable[[], Moment]


@dataclass(slots=True)
class Going:
    """The freephone calls that go on, by number and by the line that has them (FREE-05)."""

    numbers: Counter[E164] = field(default_factory=Counter)
    lines: Counter[E164] = field(default_factory=Counter)

    def full(self, contract: Freephone) -> set[E164]:
        """The lines of a contract on which no further call fits."""
        return {each.line for each in contract.receptions if self.lines[each.line] >= each.channels}

    def fits(self, contract: Freephone, line: E164) -> bool:
        """Whether a further call of the number fits, on this line."""
        has_room = contract.capacity is None or self.numbers[contract.number] < contract.capacity
        return has_room and line not in self.full(contract)


class FreephoneCall:
    """One call to a contracted number; the escort of the call to the line it leads to."""

    def __init__(
        self, call: Call, contract: Freephone, caller: Caller, desk: FreephoneDesk, going: Going
    ) -> None:
        self._call, self._contract, self._caller = call, contract, caller
        self._desk, self._going = desk, going
        self._busy: set[E164] = set()
        self._line: Line | None = None
        self._steps: tuple[Step, ...] = ()

    async def connect(self, lines: Lines, origin: Origin, limits: CallLimits) -> NoReturn:
        """Serve the caller: a guidance, the busy tone, or a line (FREE-01 to FREE-14)."""
        self._call.ticket.payer = self._contract.number
        if origin.line is not None:
            self._busy.add(origin.line.number)  # a line that calls is busy
        if not self._call.is_plain_voice:
            self._call.ticket.service = Role.FREEPHONE_REFUSED
            await self._call.talkie(Prompt.FREEPHONE_VOICE_ALONE, then=NOT_ACCEPTABLE)
        freephones = self._desk.freephones
        outcome = await freephones.with_turns(self._contract.number, self._decide)
        if isinstance(outcome, Connect) and not self._going.fits(self._contract, outcome.line):
            outcome = AllBusy()  # taken by another call, while the turn of this one was saved
        connected = await self._connected(outcome)
        line_call = LineCall(self._call, lines, origin, limits, escort=self)
        with self._counted():
            await line_call.to_line(await self._go_to(connected.line, lines))

    async def _connected(self, outcome: Outcome) -> Connect:
        """The line that an outcome names; any other outcome ends the call."""
        if isinstance(outcome, Refused):
            self._call.ticket.service = Role.FREEPHONE_REFUSED
            await self._call.talkie(REFUSALS[outcome.guidance], then=FORBIDDEN)
        if isinstance(outcome, OffHours):
            self._missed(Role.FREEPHONE_OFF_HOURS)
            number = national(self._contract.number)
            await self._call.talkie(
                Prompt.FREEPHONE_OFF_HOURS, number, then=UNAVAILABLE, times=OFF_HOURS_TIMES
            )
        if isinstance(outcome, AllBusy):
            self._missed(Role.FREEPHONE_BUSY)
            await self._call.busy_tone(BUSY)
        assert isinstance(outcome, Connect)
        return outcome

    async def detour(self, line: Line, lines: Lines) -> Line | None:
        """話中時迂回 (FREE-07): where a call goes on that found its line busy."""
        if line is not self._line or FreephoneOption.DETOUR not in self._contract.options:
            return None
        self._busy.add(line.number)
        outcome, _ = self._decide({})
        return await self._go_to(outcome.line, lines) if isinstance(outcome, Connect) else None

    def not_reached(self, rung: Rung) -> None:
        """Nobody answered at the end of the way: a busy line is counted as such (FREE-12)."""
        if rung.outcome is Ring.BUSY:
            self._call.ticket.service = Role.FREEPHONE_BUSY
        self._count_for_line()

    def left_to_voicemail(self) -> None:
        """Voicemail takes the call, which no leg to a phone tells of."""
        self._count_for_line()

    def _count_for_line(self) -> None:
        """Where no phone was rung, usage is counted by the destination (FREE-12)."""
        if self._line is not None:
            self._call.ticket.destination = self._line.number

    async def introduce(self, far: FarLeg) -> None:
        """着信課金サービスガイダンス (FREE-04), where the contract wants it."""
        if self._contract.guidance:
            await self._call.introduce(far, Prompt.FREEPHONE_GUIDANCE, Prompt.FREEPHONE_WHISPER)

    def _missed(self, service: Role) -> None:
        """Leave what usage is counted by: why it ends, and the first line that did not take it."""
        ticket = self._call.ticket
        ticket.service = service
        ticket.destination = next(
            (step.subject for step in self._steps if step.found in MISSED), ticket.destination
        )

    def _decide(self, turns: Turns) -> tuple[Outcome, Turns]:
        contract, going = self._contract, self._going
        calls = going.numbers[contract.number] - (self._line is not None)
        now = Circumstances(
            self._desk.moment(),
            going.full(contract) | self._busy,
            calls,
            turns,
        )
        decision = decide(contract, self._caller, self._desk.freephones.geography, now)
        self._steps = decision.steps
        steps = [f"{each.rule} {each.found.name.lower()}" for each in decision.steps]
        outcome = decision.outcome
        self._call.log.info("freephone.decided", outcome=type(outcome).__name__, steps=steps)
        return outcome, decision.turns

    async def _go_to(self, number: E164, lines: Lines) -> Line:
        """The call is the line's from now on; a line that is not served ends it."""
        line = lines.directory.line(number)
        if line is None or line.status is LineStatus.SUSPENDED:
            self._call.ticket.destination = number
        if line is None:
            await talkies.tell(self._call, talkies.UNASSIGNED)
        if line.status is LineStatus.SUSPENDED:
            await talkies.tell(self._call, talkies.TALKIES[SuspendedLine])
        self._let_go()
        self._line = line
        self._going.lines[number] += 1
        return line

    def _let_go(self) -> None:
        if self._line is not None:
            self._going.lines[self._line.number] -= 1
            self._line = None

    @contextmanager
    def _counted(self) -> Iterator[None]:
        """Count the call among those of its number, and of its line, while it goes on."""
        self._going.numbers[self._contract.number] += 1
        try:
            yield
        finally:
            self._going.numbers[self._contract.number] -= 1
            self._let_go()
