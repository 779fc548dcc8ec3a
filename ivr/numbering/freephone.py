"""Where a call to a freephone number goes, and which rule decided it (FREE-02 to FREE-14).

One pure function of contract, caller, business time, and who is busy. What the caller of it gets
besides the outcome is the list of steps: a call is routed and an explanation is given by the same
words.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import NamedTuple, NoReturn, TypeAlias

from ivr.numbering.shares import next_turn
from provisioning.contract import (
    E164,
    Freephone,
    FreephoneOption,
    Geography,
    Group,
    Level,
    Moment,
    OriginArea,
    Reception,
    Shares,
    TrunkClass,
    Turns,
)


class Caller(NamedTuple):
    """Who calls: what kind of telephone, and where; None where that is not known."""

    kind: TrunkClass
    prefecture: str | None = None
    ma: str | None = None


class Guidance(Enum):
    """Why a caller is refused, as the guidance says it (接続規制ガイダンス)."""

    CALLER_KIND = auto()
    """050, international, satellite: no freephone number takes them (FREE-02)."""
    MOBILE = auto()
    """The contract takes no mobile, or no PHS, callers (FREE-03)."""
    AREA = auto()
    """The contract takes no callers from there (FREE-03)."""


class Connect(NamedTuple):
    """The call goes to a line; `changed`: by 受付先変更, whose target is rung as it is."""

    line: E164
    changed: bool = False


class Refused(NamedTuple):
    """The caller hears why not, free of charge."""

    guidance: Guidance


class OffHours(NamedTuple):
    """The off-hours guidance twice, then the network hangs up (FREE-10)."""


class AllBusy(NamedTuple):
    """Busy tone and 486, free of charge (FREE-14)."""


Outcome: TypeAlias = Connect | Refused | OffHours | AllBusy


class Found(Enum):
    """What a step found."""

    KIND_TAKEN = auto()
    KIND_REFUSED = auto()
    MOBILE_REFUSED = auto()
    AREA_TAKEN = auto()
    AREA_REFUSED = auto()
    ROOM_LEFT = auto()
    ALL_CHANNELS_TAKEN = auto()
    GROUP_CHOSEN = auto()
    SHARE_CHOSEN = auto()
    LINE_OFF_HOURS = auto()
    ALL_OFF_HOURS = auto()
    IN_HOURS = auto()
    CHANGED = auto()
    UNCHANGED = auto()
    LINE_BUSY = auto()
    LINE_FREE = auto()
    DETOURED = auto()
    NOBODY_FREE = auto()
    NOT_REACHED = auto()
    """The call was decided before."""
    NOT_SET = auto()
    """The contract sets nothing of the kind."""


class Step(NamedTuple):
    """What one rule found; `subject` is the line, group or area it found it of."""

    rule: str
    found: Found
    subject: str = ""
    decided: bool = False


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is so when the call comes.

    `busy`: lines on which no further call fits. `calls`: how many calls of the number go on.
    `turns`: where the splits of its groups stand.
    """

    moment: Moment
    busy: Collection[E164] = ()
    calls: int = 0
    turns: Turns = field(default_factory=dict)


class Decision(NamedTuple):
    """What becomes of a call, by which steps, and where the splits stand after it."""

    outcome: Outcome
    steps: tuple[Step, ...]
    turns: Turns


RULES = (
    "FREE-02", "FREE-03", "FREE-05", "FREE-06", "FREE-08", "FREE-10", "FREE-09", "FREE-07",
    "FREE-14",
)  # fmt: skip
"""In the order they are asked."""

NEVER = frozenset({TrunkClass.IP_PHONE, TrunkClass.INTERNATIONAL, TrunkClass.SATELLITE})
"""Callers that no freephone number takes (FREE-02)."""

MOBILES = frozenset({TrunkClass.MOBILE, TrunkClass.PHS})


class _Decided(Exception):
    """The outcome, out of the midst of the steps."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome)
        self.outcome = outcome


def decide(
    contract: Freephone, caller: Caller, geography: Geography, now: Circumstances
) -> Decision:
    """What becomes of a call to `contract.number`."""
    deciding = _Deciding(contract, geography, now)
    try:
        deciding.run(caller)
    except _Decided as decided:
        return deciding.decision(decided.outcome)
    raise AssertionError("a run always decides")


class _Deciding:
    """One call on its way through the rules."""

    def __init__(self, contract: Freephone, geography: Geography, now: Circumstances) -> None:
        self._contract, self._geography, self._now = contract, geography, now
        self._steps: list[Step] = []
        self._turns = dict(now.turns)

    def run(self, caller: Caller) -> None:
        self._take_kind(caller)
        group = self._take_area(caller)
        self._take_room()
        self._go(self._first_line(group))

    def decision(self, outcome: Outcome) -> Decision:
        asked = {step.rule for step in self._steps}
        unset = _unset(self._contract)
        skipped = [
            Step(rule, Found.NOT_SET if rule in unset else Found.NOT_REACHED)
            for rule in RULES
            if rule not in asked
        ]
        return Decision(outcome, (*self._steps, *skipped), self._turns)

    def _note(self, rule: str, found: Found, subject: str = "") -> None:
        self._steps.append(Step(rule, found, subject))

    def _decide(self, rule: str, found: Found, outcome: Outcome, subject: str = "") -> NoReturn:
        self._steps.append(Step(rule, found, subject, decided=True))
        raise _Decided(outcome)

    def _take_kind(self, caller: Caller) -> None:
        """FREE-02, and the mobile and PHS switch of FREE-03."""
        kind = caller.kind
        if kind in NEVER:
            self._decide("FREE-02", Found.KIND_REFUSED, Refused(Guidance.CALLER_KIND), kind.value)
        self._note("FREE-02", Found.KIND_TAKEN, kind.value)
        contract = self._contract
        switched_off = {TrunkClass.MOBILE: not contract.mobile, TrunkClass.PHS: not contract.phs}
        if switched_off.get(kind):
            self._decide("FREE-03", Found.MOBILE_REFUSED, Refused(Guidance.MOBILE), kind.value)

    def _take_area(self, caller: Caller) -> Group:
        """FREE-03 and FREE-06: the group that the caller's place belongs to."""
        place = caller.ma or caller.prefecture or ""
        found = next((each for each in self._contract.groups if self._is_from(caller, each)), None)
        if found is None:
            mobile = caller.kind in MOBILES
            guidance = Guidance.MOBILE if mobile and self._lies_in(caller) else Guidance.AREA
            self._decide("FREE-03", Found.AREA_REFUSED, Refused(guidance), place)
        self._note("FREE-03", Found.AREA_TAKEN, place)
        self._note("FREE-06", Found.GROUP_CHOSEN, found.name)
        return found

    def _is_from(self, caller: Caller, group: Group) -> bool:
        mobile = caller.kind in MOBILES
        if mobile and not group.mobiles:
            return False
        return any(self._within(caller, area, mobile=mobile) for area in group.areas)

    def _lies_in(self, caller: Caller) -> bool:
        """Whether a fixed telephone at the caller's place would be taken."""
        areas = [area for group in self._contract.groups for area in group.areas]
        return any(self._within(caller, area, mobile=True) for area in areas)

    def _within(self, caller: Caller, area: OriginArea, *, mobile: bool) -> bool:
        """Of a mobile the prefecture is all there is: an MA takes those of its prefecture."""
        if area.level is Level.PREFECTURE:  # the most frequent: without a look at the geography
            return area.name == caller.prefecture
        if area.level is Level.MA:
            here = area.prefecture == caller.prefecture
            return here and (mobile or area.name == caller.ma)
        if area.level is Level.NATION:
            return True
        return caller.prefecture in self._geography.prefectures(area)

    def _take_room(self) -> None:
        """FREE-05: the calls the number may have at once, over all its lines."""
        capacity = self._contract.capacity
        if capacity is None:
            return
        if self._now.calls >= capacity:
            self._decide("FREE-05", Found.ALL_CHANNELS_TAKEN, AllBusy())
        self._note("FREE-05", Found.ROOM_LEFT)

    def _first_line(self, group: Group) -> E164:
        """FREE-08: the line whose turn it is; else the group's only one."""
        if group.shares is None:
            if group.line is None:
                raise ValueError(f"group {group.name} leads nowhere")
            return group.line
        shares = group.shares
        weights = self._weights(shares)
        split = group.name, weights
        place, self._turns[split] = next_turn(weights, self._turns.get(split, ()))
        self._note("FREE-08", Found.SHARE_CHOSEN, shares.lines[place])
        return shares.lines[place]

    def _weights(self, shares: Shares) -> tuple[int, ...]:
        return shares.schedule.at(self._now.moment) if shares.schedule else shares.weights

    def _go(self, first: E164) -> None:
        """FREE-07 and FREE-11: the line, then its detours, as far as they are in hours."""
        candidates = (first, *self._detours(first))
        open_now = [line for line in candidates if not self._off_hours(line)]
        if not open_now:
            self._decide("FREE-10", Found.ALL_OFF_HOURS, OffHours(), self._contract.number)
        for line in open_now:
            if line != first:
                self._note("FREE-07", Found.DETOURED, line)
            self._try(line)
        self._decide("FREE-14", Found.NOBODY_FREE, AllBusy())

    def _detours(self, line: E164) -> tuple[E164, ...]:
        reception = self._reception(line)
        detours = FreephoneOption.DETOUR in self._contract.options
        return reception.detours if detours else ()

    def _reception(self, line: E164) -> Reception:
        return self._contract.reception(line) or Reception(line)

    def _off_hours(self, line: E164) -> bool:
        """FREE-10: whether the guidance stands for a line now."""
        schedule = self._reception(line).off_hours
        if schedule is None:
            return False
        off = schedule.at(self._now.moment)
        self._note("FREE-10", Found.LINE_OFF_HOURS if off else Found.IN_HOURS, line)
        return off

    def _try(self, line: E164) -> None:
        """FREE-09, then whether the line is busy; a changed destination has no options left."""
        schedule = self._reception(line).change
        target = schedule.at(self._now.moment) if schedule is not None else None
        if target is not None:
            if target in self._now.busy:
                self._note("FREE-09", Found.CHANGED, target)
                self._decide("FREE-14", Found.NOBODY_FREE, AllBusy(), target)
            self._decide("FREE-09", Found.CHANGED, Connect(target, changed=True), target)
        if schedule is not None:
            self._note("FREE-09", Found.UNCHANGED, line)
        if line not in self._now.busy:
            self._decide("FREE-07", Found.LINE_FREE, Connect(line), line)
        self._note("FREE-07", Found.LINE_BUSY, line)


def _unset(contract: Freephone) -> set[str]:
    """The rules that a contract gives nothing to do."""
    given = {
        "FREE-05": contract.capacity is not None,
        "FREE-08": any(group.shares for group in contract.groups),
        "FREE-09": any(each.change for each in contract.receptions),
        "FREE-10": any(each.off_hours for each in contract.receptions),
    }
    return {rule for rule, is_set in given.items() if not is_set}
