"""What becomes of a call to a line, a service or another carrier's number, step by step.

It follows what telephony itself follows: the route of the number, who is registered, forwarding and
voicemail. Nobody is rung, so it tells what happens on each way that ringing may end.
"""

from collections.abc import Mapping
from typing import NamedTuple

from ivr.flows import talkies
from ivr.flows.line_call import Lines
from ivr.numbering.access import ringing
from ivr.numbering.diversion import (
    MEETS,
    Happened,
    Redirection,
    forbidden,
    redirection,
    without,
)
from ivr.numbering.freephone_words import Words
from ivr.numbering.plan import Dialled, Kind, national
from ivr.numbering.route import (
    AssignedLine,
    Destination,
    Route,
    Service,
    SuspendedLine,
    ToTrunk,
    Unassigned,
)
from lab.explanation import End, Told
from provisioning.contract import E164, Access, Condition, Line, LineStatus
from provisioning.office import Office

KINDS: Mapping[Kind, Words] = {
    Kind.FIXED: Words("固定電話の番号です", "it is the number of a fixed telephone"),
    Kind.IP_PHONE: Words("050番号です", "it is a 050 number"),
    Kind.MOBILE: Words("携帯電話の番号です", "it is a mobile number"),
    Kind.FREEPHONE: Words("着信課金番号です", "it is a freephone number"),
    Kind.PREMIUM: Words("0570などの番号です", "it is a number with charges of its own"),
    Kind.EMERGENCY: Words("緊急通報の番号です", "it is an emergency number"),
    Kind.SHORT: Words("特番・サービスコードです", "it is a short code"),
    Kind.LAB_TEST: Words("試験番号です", "it is a test number"),
    Kind.CARRIER_PREFIX: Words("他社の識別番号から始まります", "it begins with a carrier's prefix"),
    Kind.INTERNATIONAL: Words("国際電話の番号です", "it is a number abroad"),
    Kind.INVALID: Words("番号として読めません", "it is no number"),
}

NOWHERE: Mapping[str, Words] = {
    "Unassigned": Words("使われていない番号です", "nobody has this number"),
    "SuspendedLine": Words("利用停止中の回線です", "the line is suspended"),
    "SuspendedCaller": Words("発信者の回線が利用停止中です", "the caller's line is suspended"),
    "OtherNetwork": Words("つながる経路がありません", "no way leads there"),
    "Emergency": Words("緊急通報は接続しません", "emergency calls are never let out"),
    "Incomplete": Words("番号が途中です", "the number is not complete"),
}
"""Why a call goes nowhere, by the type of its destination."""

AFTER = {
    Happened.UNREACHABLE: Words("電話機につながらないとき", "when no phone can be reached"),
    Happened.BUSY: Words("話し中のとき", "when it is busy"),
    Happened.NO_ANSWER: Words("応答がないとき", "when nobody answers"),
}

MOST_FORWARDINGS = 5
"""So many hops are followed (A): telephony's own limit is a setting."""


class _At(NamedTuple):
    """Where a call would ring, and what happens there at once; None: it rings."""

    line: Line
    access: Access
    happened: Happened | None


class Reaching:
    """One question: who calls, and which lines are taken to be busy."""

    def __init__(self, office: Office, caller: Line | None, busy: frozenset[E164]) -> None:
        self._office, self._caller, self._busy = office, caller, busy
        self._lines = Lines(
            office.directory, office.profiles, office.forwarding, office.voicemail, office.trunks
        )
        self._steps: list[Told] = []
        self._been: set[E164] = set()
        self._detours: dict[E164, E164] = {}

    async def told(self, found: Route) -> tuple[tuple[Told, ...], End]:
        """The steps, and what becomes of the call."""
        self._dialled(found.dialled)
        end = await self._to(found.destination)
        return tuple(self._steps), end

    async def told_of(self, number: E164, detour: E164 | None) -> tuple[tuple[Told, ...], End]:
        """The same of a line that a freephone number leads to; `detour`: when it is busy (FREE-07).

        That it leads there was decided before: none of these steps decides.
        """
        line = self._office.directory.line(number)
        if detour is not None:
            self._detours[number] = detour
        if line is None:
            end = self._nowhere(Unassigned)
        elif line.status is LineStatus.SUSPENDED:
            end = self._nowhere(SuspendedLine)
        else:
            end = await self._to_line(line)
        return tuple(step._replace(decided=False) for step in self._steps), end

    def _dialled(self, dialled: Dialled) -> None:
        if dialled.prefix is not None:
            hidden = Words("番号を通知しません", "the caller's number is withheld")
            shown = Words("番号を通知します", "the caller's number is shown")
            words = hidden if dialled.prefix == "184" else shown
            self._note("CALL-04", "prefix", words, dialled.prefix.value)
        self._note("LINE-04", dialled.kind.name.lower(), KINDS[dialled.kind], dialled.digits)

    async def _to(self, destination: Destination) -> End:
        match destination:
            case Service(name=name, number=number):
                words = Words(f"サービス {name} を使います", f"the service {name} answers")
                self._note("LINE-04", "service", words, number or name, decided=True)
                return End("Service", words)
            case ToTrunk(trunk=trunk):
                words = Words(
                    f"他社 {trunk.name} に接続します", f"goes out to the carrier {trunk.name}"
                )
                self._note("LINE-04", "trunk", words, trunk.name, decided=True)
                return End("ToTrunk", words)
            case AssignedLine(line=line):
                return await self._to_line(line)
        return self._nowhere(type(destination))

    def _nowhere(self, destination: type) -> End:
        name = destination.__name__
        why = NOWHERE[name]
        self._note("LINE-04", name.lower(), why, decided=True)
        talkie = talkies.TALKIES.get(destination)
        status = talkie.status if talkie is not None else 484
        return End(name, Words(f"{why.ja} ({status})", f"{why.en} ({status})"))

    async def _to_line(self, line: Line) -> End:
        """The line rings, unless it is the caller's own or something is set to take its calls."""
        number = national(line.number)
        if self._caller is not None and self._caller.number == line.number:
            return self._busy_line(number, Words("自分の回線です", "it is the caller's own line"))
        self._been.add(line.number)
        at = await self._reached(line)
        for happened in dict.fromkeys((None, at.happened)):
            if (end := await self._instead(at, happened)) is not None:
                return end
        if at.happened is Happened.BUSY:
            return self._busy_line(number, Words(f"{number} は話し中です", f"{number} is busy"))
        if at.happened is Happened.UNREACHABLE:
            words = Words(
                f"{number} に登録中の電話機がありません", f"no phone of {number} is registered"
            )
            self._note("CALL-01", "unreachable", words, number, decided=True)
            return End("Unreachable", Words(f"{words.ja} (480)", f"{words.en} (480)"))
        words = Words(f"{number} を呼び出します", f"{number} rings")
        self._note("CALL-01", "rings", words, number, decided=True)
        for later in (Happened.BUSY, Happened.NO_ANSWER):
            await self._foretell(at, later)
        return End("AssignedLine", words, line.number)

    async def _reached(self, line: Line) -> _At:
        """The access that would ring: the first that has a phone, and else the last (LINE-03)."""
        if line.number in self._busy:
            return _At(line, Access.OS, Happened.BUSY)
        accounts = self._office.directory.accounts_of(line.number)
        there = await self._office.registrations(line.number)
        order = ringing(line, {each.access for each in accounts}, from_link=False)
        for access in order:
            if any(there.get(each.user) for each in accounts if each.access is access):
                return _At(line, access, None)
        return _At(line, order[-1], Happened.UNREACHABLE)

    def _busy_line(self, number: str, why: Words) -> End:
        self._note("CALL-01", "busy", why, number, decided=True)
        return End("Busy", Words(f"{why.ja} (話中音、486)", f"{why.en} (busy tone and 486)"))

    async def _instead(self, at: _At, happened: Happened | None) -> End | None:
        """Where forwarding or voicemail takes the call; None: the line keeps it."""
        going = await self._redirection(at, happened)
        if going is not None:
            return await self._forwarded(at.line, going)
        if await self._goes_to_voicemail(at.line, happened):
            number = national(at.line.number)
            words = Words(f"{number} の留守番電話につながります", f"voicemail of {number} answers")
            self._note("VM-01", "voicemail", words, number, decided=True)
            return End("Voicemail", words)
        return None

    async def _foretell(self, at: _At, happened: Happened) -> None:
        """A way that ringing may end, and what is set for it."""
        going, when = await self._redirection(at, happened), AFTER[happened]
        detour = self._detours.get(at.line.number) if happened is Happened.BUSY else None
        if detour is not None:
            to = national(detour)
            words = Words(f"{when.ja}は {to} に迂回します", f"{when.en}, it detours to {to}")
            self._note("FREE-07", "detour", words, to)
        elif going is not None:
            to = national(going.target)
            words = Words(f"{when.ja}は {to} に転送します", f"{when.en}, it goes on to {to}")
            self._note("FWD-05", going.condition.value, words, to)
        elif await self._goes_to_voicemail(at.line, happened):
            words = Words(f"{when.ja}は留守番電話です", f"{when.en}, voicemail answers")
            self._note("VM-01", "voicemail", words, national(at.line.number))

    async def _redirection(self, at: _At, happened: Happened | None) -> Redirection | None:
        diversions = await self._office.forwarding.of(at.line.number)
        kept = without(diversions, forbidden(diversions, at.line))
        met = (happened,) if happened else ()
        return redirection(kept, self._lines.rules(at.line), met, access=at.access)

    async def _goes_to_voicemail(self, line: Line, happened: Happened | None) -> bool:
        conditions = (await self._lines.mailbox(line)).conditions
        return (MEETS[happened] if happened else Condition.CFU) in conditions

    async def _forwarded(self, line: Line, going: Redirection) -> End:
        to = national(going.target)
        words = Words(
            f"{national(line.number)} は {to} に転送します",
            f"{national(line.number)} forwards to {to}",
        )
        self._note("FWD-05", going.condition.value, words, to)
        destination = self._lines.beyond(line, going)
        loops = isinstance(destination, AssignedLine) and destination.line.number in self._been
        if loops or len(self._been) > MOST_FORWARDINGS:
            why = Words("転送が循環しています", "the forwardings go round in a circle")
            self._note("FWD-06", "loop", why, to, decided=True)
            return End("Loop", Words(f"{why.ja} (482)", f"{why.en} (482)"))
        return await self._to(destination)

    def _note(
        self, rule: str, found: str, words: Words, subject: str = "", *, decided: bool = False
    ) -> None:
        self._steps.append(Told(rule, found, words, subject, decided))
