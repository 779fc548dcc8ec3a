"""A call to a number: it rings there, or goes on to where the line forwards it.

Which access rings is chosen first (LINE-03), then comes forwarding, by the carrier's precedence
(FWD-05). Each destination is rung like a number that was dialled, until somebody answers or the
caller hears why nobody does.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, NoReturn, Protocol

from ivr.call.call import Call
from ivr.call.limits import CallLimits
from ivr.call.party import Diverted, FarLeg, Ring, Role, Rung, Target
from ivr.flows import talkies
from ivr.flows.origin import Origin
from ivr.flows.passed_on import PassedOn
from ivr.flows.underway import Key, Underway
from ivr.flows.voicemail import deposit
from ivr.flows.voicemail.deposit import Missed
from ivr.numbering.access import ringing
from ivr.numbering.diversion import (
    MEETS,
    Happened,
    Redirection,
    falls_back_to,
    forbidden,
    redirection,
    rings_for_s,
    without,
)
from ivr.numbering.plan import national, parse
from ivr.numbering.presentation import withholds
from ivr.numbering.route import AssignedLine, Destination, ToTrunk, route
from prompts.catalogue import Prompt, Voices
from provisioning.contract import (
    E164,
    Access,
    Account,
    Condition,
    Directory,
    Diversions,
    Forwarding,
    ForwardingRules,
    Line,
    Mailbox,
    Mailboxes,
    Profiles,
    Trunk,
    Trunks,
)

DIRECT_MEDIA = "direct-media"
"""The option of two lines whose phones may send their sound to each other."""

VOICEMAIL = "voicemail"
"""The option of a line that has voicemail, and what a carrier's rules call it."""

HAPPENED = {
    Ring.UNREACHABLE: Happened.UNREACHABLE,
    Ring.BUSY: Happened.BUSY,
    Ring.NO_ANSWER: Happened.NO_ANSWER,
}
"""The ends of ringing that forwarding knows; after any other the call stays with its line."""

NO_MAILBOX = Mailbox(frozenset(), 0)
OWN_LINE = Rung(Ring.BUSY, 486, asked=False)
NOBODY_THERE = Rung(Ring.UNREACHABLE, 480, asked=False)
NOT_RUNG = Rung(Ring.NO_ANSWER, 480, asked=False)


@dataclass(frozen=True, slots=True)
class Lines:
    """What the office knows of lines; without `trunks` no call leaves.

    `voices` speak to callers of other carriers in the called line's language.
    """

    directory: Directory
    profiles: Profiles
    forwarding: Forwarding
    mailboxes: Mailboxes
    trunks: Trunks | None = None
    voices: Voices | None = None
    underway: Counter[Key] = field(default_factory=Counter)

    def rules(self, line: Line) -> ForwardingRules:
        """How the line's carrier forwards."""
        return self.profiles.of(line.profile).forwarding

    async def mailbox(self, line: Line) -> Mailbox:
        """How the line's voicemail is set: a line without takes no call."""
        return await self.mailboxes.of(line.number) or NO_MAILBOX

    def beyond(self, line: Line, going: Redirection) -> Destination:
        """Where a line's forwarding leads: nowhere that the line could not dial itself."""
        profile = self.profiles.of(line.profile)
        return route(going.target, line, profile, self.directory, self.trunks).destination


class _Own(NamedTuple):
    """What a line's user set for calls that are not answered, and how its carrier forwards."""

    diversions: Diversions
    box: Mailbox
    rules: ForwardingRules


class _Rang(NamedTuple):
    """What came of ringing, and the access that rang last."""

    rung: Rung
    access: Access


class Escort(Protocol):
    """A service that sends calls to lines, and sees to them on the way."""

    async def detour(self, line: Line, lines: Lines) -> Line | None:
        """The line a call goes on to that found `line` busy; None: it stays."""

    async def introduce(self, far: FarLeg) -> None:
        """Tell caller and called party what they are to know before they talk."""

    def not_reached(self, rung: Rung) -> None:
        """Nobody answered, and the caller is about to hear why."""

    def left_to_voicemail(self) -> None:
        """The voicemail of a line takes the call."""


class LineCall:
    """One call on its way, from the number that was dialled to whoever answers."""

    def __init__(
        self,
        call: Call,
        lines: Lines,
        origin: Origin,
        limits: CallLimits,
        escort: Escort | None = None,
    ) -> None:
        self._call = call
        self._lines = lines
        self._origin = origin
        self._limits = limits
        self._escort = escort
        self._diverted: tuple[Diverted, ...] = ()
        self._forwarder: Line | None = None
        self._passed_on = PassedOn(call.ticket)
        self._underway = Underway(lines.underway, origin.number)

    async def to_line(self, line: Line) -> NoReturn:
        """Ring a line, then whom it forwards to, until somebody talks or nobody can."""
        with self._passed_on.recorded(), self._underway.counted():
            while True:
                reached = await self._reach(line)
                if isinstance(reached, Line):
                    line = reached
                    continue
                if isinstance(reached, Missed):
                    await self._to_voicemail(reached)
                if isinstance(reached, Rung):
                    self._note_unasked(reached, line.number)
                    await self._conclude(reached, talkies.of_line)
                line = await self._go_on(line, reached)

    async def to_trunk(self, trunk: Trunk, digits: str) -> NoReturn:
        """Ring a number of another carrier; `digits` as dialled in Japan, or with `+`."""
        target = self._target(digits)
        service = Role.TRUNK if target.service is Role.LINE else target.service
        target = replace(target, trunk=trunk.name, service=service)
        rung = await self._call.ring(target, self._limits.ring_s)
        self._note_unasked(rung, parse(digits).e164 or E164(digits))
        await self._fall_back(rung)
        if rung.far is None and self._call.party_heard:
            self._call.refuse(talkies.passed_on(rung))
        await self._conclude(rung, talkies.of_trunk)

    async def _conclude(self, rung: Rung, talkie_of: Callable[[Rung], talkies.Talkie]) -> NoReturn:
        if rung.far is not None:
            if self._escort is not None:
                await self._escort.introduce(rung.far)
            self._answered()
            await self._call.talk(rung.far)
        await self._fall_back(rung)
        if self._escort is not None:
            self._escort.not_reached(rung)
        await talkies.tell(self._call, talkie_of(rung))

    def _note_unasked(self, rung: Rung, number: E164) -> None:
        """Record the forwarder's leg to a number where there was nobody to ring."""
        if self._forwarder is not None and not rung.asked:
            self._passed_on.in_vain(self._forwarder.number, number, rung)

    def _answered(self) -> None:
        self._passed_on.answered()
        self._underway.answered()

    async def _fall_back(self, rung: Rung) -> None:
        """Give a forwarded call whose destination is busy to its forwarder's voicemail (FWD-09)."""
        line, happened = self._forwarder, HAPPENED.get(rung.outcome)
        if line is None or happened is None:
            return
        service = falls_back_to(self._lines.rules(line), line.options, happened)
        if service == VOICEMAIL and (missed := self._missed(line)) is not None:
            await self._to_voicemail(missed)

    async def _to_voicemail(self, missed: Missed) -> NoReturn:
        """The line's voicemail takes the call: the end of every way."""
        line = missed.line
        self._call.log.info("call.to-voicemail", line=line.number)
        if self._escort is not None:
            self._escort.left_to_voicemail()
        voices = self._lines.voices
        if self._origin.line is None and voices is not None:
            # Of another carrier's callers nothing is known: they hear the owner's language. Ours
            # hear the one that they chose for their own line (an assumption).
            self._call.voice = voices.of(line.language.value)
        if self._forwarder is not None and self._forwarder.number != line.number:
            self._passed_on.add(self._forwarder.number, line.number)
        if missed.rules.deposit_is_forwarded:
            self._passed_on.add(line.number, line.number).service = Role.DEPOSIT
        await deposit.take(
            self._call,
            self._lines.mailboxes,
            missed,
            self._answered,
            self._limits.longest_call_s,
        )

    def _missed(self, line: Line) -> Missed | None:
        rules = self._lines.profiles.of(line.profile).voicemail
        return Missed(line, rules, self._origin.presented.number) if rules else None

    async def _reach(self, line: Line) -> Rung | Redirection | Missed | Line:
        """Ring a line: what came of it, or who takes the call in the line's stead."""
        if self._origin.line is not None and self._origin.line.number == line.number:
            return OWN_LINE
        own = _Own(
            await self._diversions_of(line),
            await self._lines.mailbox(line),
            self._lines.rules(line),
        )
        rung = await self._ring_in_turn(line, own)
        if not isinstance(rung, _Rang):
            return rung
        if self._escort is not None and rung.rung.outcome is Ring.BUSY:
            after = await self._escort.detour(line, self._lines)
            if after is not None:
                return after
        return self._instead(line, rung, own)

    async def _ring_in_turn(self, line: Line, own: _Own) -> _Rang | Redirection | Missed:
        """Ring a line's accesses one after another, unless the call goes elsewhere before."""
        accounts = self._lines.directory.accounts_of(line.number)
        order = self._order(line, accounts)
        rung = _Rang(NOBODY_THERE, Access.OS)
        for access in order:
            if going := redirection(own.diversions, own.rules, access=access):
                return going
            if Condition.CFU in own.box.conditions and (missed := self._missed(line)):
                return missed
            users = tuple(each.user for each in accounts if each.access is access)
            otherwise = self._rings_s(own.box)
            most_s = rings_for_s(own.diversions, own.rules, access=access, otherwise=otherwise)
            in_doubt = access is not order[-1]
            got = await self._ring(line, users, most_s, in_doubt=in_doubt)
            rung = _Rang(replace(got, asked=got.asked or rung.rung.asked), access)
            if rung.rung.outcome is not Ring.UNREACHABLE:
                break
        return rung

    def _instead(self, line: Line, rang: _Rang, own: _Own) -> Rung | Redirection | Missed:
        """Who takes a call that nobody answered; else what came of ringing."""
        if (happened := HAPPENED.get(rang.rung.outcome)) is None:
            return rang.rung
        if going := redirection(own.diversions, own.rules, (happened,), access=rang.access):
            return going
        return (MEETS[happened] in own.box.conditions and self._missed(line)) or rang.rung

    def _rings_s(self, box: Mailbox) -> float:
        """How long a call rings that is not forwarded: until voicemail takes it, if that does."""
        return box.ring_time_s if Condition.CFNR in box.conditions else self._limits.ring_s

    def _order(self, line: Line, accounts: Sequence[Account]) -> Sequence[Access]:
        has = {account.access for account in accounts}
        return ringing(line, has, from_link=self._origin.from_link)

    async def _ring(
        self, line: Line, users: tuple[str, ...], most_s: float, *, in_doubt: bool
    ) -> Rung:
        """Ring some accounts of a line; `in_doubt`: another access is next if these are silent."""
        if not users:
            return NOBODY_THERE
        if most_s == 0:
            return NOT_RUNG
        target = self._target(national(line.number))
        target = replace(
            target,
            users=users,
            line=target.line or line.number,
            direct_media=self._direct(line),
            alive_within_s=self._limits.link_alive_s if in_doubt else None,
        )
        return await self._call.ring(target, most_s)

    def _target(self, number: str) -> Target:
        """Whom to ring, with what the call tells of itself (FWD-07, FWD-08)."""
        payer = self._forwarder.number if self._forwarder else None
        return Target(
            number,
            presented=self._origin.presented,
            asserted=self._origin.number,
            diversions=(*self._origin.diverted, *self._diverted),
            line=payer,
            payer=payer,
            service=Role.FORWARDING if payer else Role.LINE,
            hops=self._origin.hops,
        )

    def _direct(self, line: Line) -> bool:
        caller = self._origin.line
        return caller is not None and DIRECT_MEDIA in caller.options & line.options

    async def _diversions_of(self, line: Line) -> Diversions:
        """What the line set, without destinations that are forbidden by now (FWD-06)."""
        diversions = await self._lines.forwarding.of(line.number)
        refused = forbidden(diversions, line)
        for condition, why in refused.items():
            self._call.log.warning(
                "forwarding.forbidden", line=line.number, condition=condition.value, why=why.name
            )
        return without(diversions, refused) if refused else diversions

    async def _go_on(self, line: Line, going: Redirection) -> Line:
        """The line a forwarded call goes on to; another carrier, or an obstacle, ends it here."""
        destination = self._lines.beyond(line, going)
        self._diverted += (Diverted(line.number, going.condition, withholds(line)),)
        self._call.log.info(
            "call.forwarded", line=line.number, condition=going.condition.value, to=going.target
        )
        way = self._way_on(line, destination)
        if self._forwarder is not None:
            self._passed_on.add(self._forwarder.number, line.number)
        if isinstance(way, talkies.Talkie):
            self._passed_on.add(line.number, going.target)
            await talkies.tell(self._call, way)
        self._underway.add(line.number)
        if self._forwarder is None:
            await self._call.announce(Prompt.CALL_FORWARDED)
        self._forwarder = line
        if isinstance(way, Trunk):
            await self.to_trunk(way, national(going.target))
        return way

    def _way_on(self, line: Line, destination: Destination) -> Line | Trunk | talkies.Talkie:
        """Whom a call that `line` forwards goes on to, or why it does not (FWD-06)."""
        if line.number in self._origin.been:
            return talkies.LOOP
        most, told = self._limits.forwardings, self._origin.forwardings + len(self._diverted)
        if told > most or self._underway.rounds(line.number) >= most:
            return talkies.TOO_FAR
        if isinstance(destination, ToTrunk):
            return destination.trunk
        if not isinstance(destination, AssignedLine):
            return talkies.TALKIES.get(type(destination), talkies.UNASSIGNED)
        been = {*self._origin.been, *(each.number for each in self._diverted)}
        return talkies.LOOP if destination.line.number in been else destination.line
