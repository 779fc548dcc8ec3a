"""Which freephone contracts may be: the rules between options, groups, lines and areas.

A contract is judged as a whole; every fault is told with its rule, the field, and the reason in
Japanese and English, so that a form or an API can show all of them at once.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain, combinations
from typing import NamedTuple

from provisioning.contract import E164
from provisioning.contract.freephone import (
    HEAVIEST,
    MOST_SHARES,
    Freephone,
    FreephoneOption,
    Geography,
    Group,
    Level,
    OriginArea,
    Reception,
    Shares,
)
from provisioning.freephone.document import FREEPHONE, dialled
from provisioning.freephone.schedules import (
    Fault,
    schedule_faults,
    schedule_values,
)

Option = FreephoneOption

OPTION_NAMES = {
    Option.SEVERAL_LINES: ("複数回線管理機能", "several lines (複数回線管理)"),
    Option.AREA_SPLIT: ("発信地域振分機能", "split by origin area (発信地域振分)"),
    Option.DETOUR: ("話中時迂回機能", "detour when busy (話中時迂回)"),
    Option.SHARE_SPLIT: ("着信振分接続機能", "split by shares (着信振分接続)"),
    Option.DESTINATION_CHANGE: ("受付先変更機能", "change of destination (受付先変更)"),
    Option.OFF_HOURS: ("時間外案内機能", "off-hours guidance (時間外案内)"),
}
"""What the options that a set-up may need are called."""


class Use(NamedTuple):
    """A field that may be filled in only with an option."""

    option: Option
    rule: str
    field: str


def faults(contract: Freephone, geography: Geography) -> list[Fault]:
    """Everything that is wrong with a contract; empty when it may be (FREE-03, FREE-05 to 11)."""
    checks = (
        _of_options(contract),
        _of_lines(contract),
        _of_areas(contract, geography),
        _of_shares(contract),
        _of_detours(contract),
        _of_schedules(contract),
    )
    return list(chain.from_iterable(checks))


def named_lines(contract: Freephone) -> Iterator[tuple[str, E164]]:
    """Every line that calls of the number may reach, with each field that names it."""
    for at, group in enumerate(contract.groups):
        if group.line is not None:
            yield f"groups[{at}].line", group.line
        if group.shares is not None:
            yield from ((f"groups[{at}].shares.lines", line) for line in group.shares.lines)
    for at, reception in enumerate(contract.receptions):
        yield f"receptions[{at}].line", reception.line
        yield from ((f"receptions[{at}].detours", line) for line in reception.detours)
        for where, line in _changes(reception):
            yield f"receptions[{at}].change.{where}", line


def lines_of(contract: Freephone) -> tuple[E164, ...]:
    """The same lines, each once, in the order they are named."""
    return tuple(dict.fromkeys(line for _, line in named_lines(contract)))


def _changes(reception: Reception) -> Iterator[tuple[str, E164]]:
    if reception.change is not None:
        for where, line in schedule_values(reception.change):
            if line is not None:
                yield where, line


def _of_options(contract: Freephone) -> Iterator[Fault]:
    """FREE-05 to FREE-11: what is used must be contracted; detour and shares exclude each other."""
    if {Option.DETOUR, Option.SHARE_SPLIT} <= contract.options:
        yield Fault(
            "FREE-11",
            "options",
            "話中時迂回機能と着信振分接続機能は、同じ番号に同時にご契約いただけません。",
            "Detour when busy and split by shares exclude each other on one number.",
        )
    for use in chain(_uses(contract), _uses_of_lines(contract)):
        if use.option not in contract.options:
            yield _missing(use)


def _uses(contract: Freephone) -> Iterator[Use]:
    if len(lines_of(contract)) > 1:
        yield Use(Option.SEVERAL_LINES, "FREE-05", "receptions")
    if contract.capacity is not None:
        yield Use(Option.SEVERAL_LINES, "FREE-05", "capacity")
    if len(contract.groups) > 1:
        yield Use(Option.AREA_SPLIT, "FREE-06", "groups")
    for at, group in enumerate(contract.groups):
        if group.shares is not None:
            yield Use(Option.SHARE_SPLIT, "FREE-08", f"groups[{at}].shares")


def _uses_of_lines(contract: Freephone) -> Iterator[Use]:
    for at, reception in enumerate(contract.receptions):
        if reception.detours:
            yield Use(Option.DETOUR, "FREE-07", f"receptions[{at}].detours")
        if reception.change is not None:
            yield Use(Option.DESTINATION_CHANGE, "FREE-09", f"receptions[{at}].change")
        if reception.off_hours is not None:
            yield Use(Option.OFF_HOURS, "FREE-10", f"receptions[{at}].off_hours")


def _missing(use: Use) -> Fault:
    ja, en = OPTION_NAMES[use.option]
    return Fault(
        use.rule,
        use.field,
        f"この設定には{ja}のご契約が必要です。",
        f"This needs the option {en}, which is not contracted.",
    )


def _of_lines(contract: Freephone) -> Iterator[Fault]:
    """A contract has groups, each leads somewhere, and each line says how it receives."""
    if not contract.groups:
        yield Fault(
            "FREE-01",
            "groups",
            "着信先の回線が設定されていません。",
            "No line receives the calls: name one.",
        )
    for at, group in enumerate(contract.groups):
        if (group.line is None) == (group.shares is None):
            yield Fault(
                "FREE-06",
                f"groups[{at}]",
                "着信グループには、着信先の回線か振分先のどちらか一方を設定してください。",
                "A group has either a line or shares, not both and not neither.",
            )
    yield from _of_names(contract)
    yield from _of_loops(contract)
    yield from _of_capacities(contract)


def _of_names(contract: Freephone) -> Iterator[Fault]:
    yield from _repeated("groups", "FREE-06", (group.name for group in contract.groups))
    lines = (dialled(each.line) for each in contract.receptions)
    yield from _repeated("receptions", "FREE-05", lines)
    described = {each.line for each in contract.receptions}
    for line in lines_of(contract):
        if line not in described:
            yield Fault(
                "FREE-05",
                "receptions",
                f"着信先 {dialled(line)} の受付方法が設定されていません。",
                f"{dialled(line)} receives calls, and nothing says how: describe it in receptions.",
            )


def _of_loops(contract: Freephone) -> Iterator[Fault]:
    """FREE-01: calls go to lines; a freephone number, its own above all, would lead back."""
    for field, line in named_lines(contract):
        if re.fullmatch(FREEPHONE, dialled(line)):
            yield Fault(
                "FREE-01",
                field,
                f"着信課金番号 {dialled(line)} は、着信先に設定できません。",
                f"{dialled(line)} is a freephone number, which receives nothing: name a line.",
            )


def _repeated(field: str, rule: str, names: Iterable[str]) -> Iterator[Fault]:
    for name, times in Counter(names).items():
        if times > 1:
            yield Fault(
                rule,
                field,
                f"「{name}」が重複しています。",
                f"{name} stands there {times} times; once is enough.",
            )


def no_such_line(field: str, line: E164) -> Fault:
    """What is wrong with a set-up that names a line nobody has."""
    number = dialled(line)
    reason = f"{number} という回線はありません。", f"There is no line {number}."
    return Fault("FREE-01", field, *reason)


def _of_capacities(contract: Freephone) -> Iterator[Fault]:
    numbers = [
        (f"receptions[{at}].channels", r.channels) for at, r in enumerate(contract.receptions)
    ]
    if contract.capacity is not None:
        numbers.append(("capacity", contract.capacity))
    for field in (field for field, number in numbers if number < 1):
        yield Fault(
            "FREE-05",
            field,
            "同時に受けられる通話の数は1以上にしてください。",
            "A line, and the number, takes at least one call at a time.",
        )


def _of_areas(contract: Freephone, geography: Geography) -> Iterator[Fault]:
    """FREE-03: areas exist, lie in one group each, and one group alone takes a place's mobiles."""
    for at, group in enumerate(contract.groups):
        for area in group.areas:
            if not geography.prefectures(area):
                yield Fault(
                    "FREE-03",
                    f"groups[{at}].areas",
                    f"発信地域「{area.prefecture}{area.name}」はありません。",
                    f"There is no area {area.prefecture}{area.name} ({area.level}).",
                )
        if not group.areas:
            yield Fault(
                "FREE-03",
                f"groups[{at}].areas",
                "発信地域が設定されていません。",
                "The group has no origin area.",
            )
        names = (f"{area.prefecture}{area.name}" or "全国" for area in group.areas)
        yield from _repeated(f"groups[{at}].areas", "FREE-03", names)
    yield from _of_overlaps(contract.groups, geography)
    yield from _of_mobiles(contract.groups, geography)


def _of_overlaps(groups: tuple[Group, ...], geography: Geography) -> Iterator[Fault]:
    for (at, group), (other_at, other) in combinations(enumerate(groups), 2):
        shared = _overlap(group.areas, other.areas, geography)
        if shared is not None:
            place = shared.name or "全国"
            yield Fault(
                "FREE-03",
                f"groups[{other_at}].areas",
                f"発信地域「{place}」は、複数の着信グループに設定できません。",
                f"{place} lies in groups[{at}] and groups[{other_at}]; an area is in one only.",
            )


def _overlap(
    some: tuple[OriginArea, ...], others: tuple[OriginArea, ...], geography: Geography
) -> OriginArea | None:
    """The narrower of two areas that meet."""
    order = tuple(Level)
    for area in some:
        for other in others:
            both_ma = area.level is other.level is Level.MA
            if both_ma and area != other:
                continue
            if geography.prefectures(area) & geography.prefectures(other):
                return max(area, other, key=lambda each: order.index(each.level))
    return None


def _of_mobiles(groups: tuple[Group, ...], geography: Geography) -> Iterator[Fault]:
    """Of the groups in a prefecture one may take its mobiles: they have no smaller area."""
    taking: dict[str, list[int]] = {}
    for at, group in enumerate(groups):
        reached = chain.from_iterable(map(geography.prefectures, group.areas))
        for prefecture in sorted(set(reached)) if group.mobiles else ():
            taking.setdefault(prefecture, []).append(at)
    for prefecture, found in taking.items():
        if len(found) > 1:
            yield Fault(
                "FREE-03",
                f"groups[{found[1]}].mobiles",
                f"{prefecture}で携帯電話を受けられる着信グループは1つだけです。",
                f"Of the groups with areas in {prefecture} only one may take its mobiles.",
            )


def _of_shares(contract: Freephone) -> Iterator[Fault]:
    """FREE-08: up to five numbers, weights 0 to 9, a line in one split group only."""
    split = [(at, group.shares) for at, group in enumerate(contract.groups) if group.shares]
    for at, shares in split:
        yield from _of_share(f"groups[{at}].shares", shares)
    often = Counter(line for _, shares in split for line in set(shares.lines))
    for line, times in often.items():
        if times > 1:
            yield Fault(
                "FREE-08",
                "groups",
                f"{dialled(line)} は、複数の振分グループに設定できません。",
                f"{dialled(line)} is in {times} groups that split by shares; one is the most.",
            )


def _of_share(field: str, shares: Shares) -> Iterator[Fault]:
    if not 1 <= len(shares.lines) <= MOST_SHARES:
        yield Fault(
            "FREE-08",
            f"{field}.lines",
            f"振分先は1から{MOST_SHARES}までです。",
            f"Calls are split over 1 to {MOST_SHARES} numbers, not {len(shares.lines)}.",
        )
    yield from _repeated(f"{field}.lines", "FREE-08", map(dialled, shares.lines))
    rows = [("weights", shares.weights)]
    if shares.schedule is not None:
        rows += [
            (f"schedule.{where}", weights) for where, weights in schedule_values(shares.schedule)
        ]
    for where, weights in rows:
        yield from _of_weights(f"{field}.{where}", weights, len(shares.lines))


def _of_weights(field: str, weights: tuple[int, ...], lines: int) -> Iterator[Fault]:
    if len(weights) != lines:
        yield Fault(
            "FREE-08",
            field,
            "振分先ごとに比率を1つずつ設定してください。",
            f"There are {lines} numbers and {len(weights)} weights; each number has one.",
        )
    if not all(0 <= weight <= HEAVIEST for weight in weights):
        yield Fault(
            "FREE-08",
            field,
            f"比率は0から{HEAVIEST}までの整数です。",
            f"A weight is a whole number from 0 to {HEAVIEST}.",
        )
    elif weights and not any(weights):
        yield Fault(
            "FREE-08",
            field,
            "すべての比率を0にすることはできません。",
            "With every weight 0 nobody would receive a call.",
        )


def _of_detours(contract: Freephone) -> Iterator[Fault]:
    """FREE-07: a detour leads elsewhere, to each number once."""
    for at, reception in enumerate(contract.receptions):
        field = f"receptions[{at}].detours"
        yield from _repeated(field, "FREE-07", map(dialled, reception.detours))
        if reception.line in reception.detours:
            yield Fault(
                "FREE-07",
                field,
                "迂回先に、迂回元と同じ番号は設定できません。",
                "A line cannot be its own detour.",
            )


def _of_schedules(contract: Freephone) -> Iterator[Fault]:
    """FREE-08 to FREE-10: each schedule fills every day, to the minute."""
    for at, group in enumerate(contract.groups):
        if group.shares is not None and group.shares.schedule is not None:
            yield from schedule_faults(
                "FREE-08", f"groups[{at}].shares.schedule", group.shares.schedule
            )
    for at, reception in enumerate(contract.receptions):
        field = f"receptions[{at}]"
        if reception.off_hours is not None:
            yield from schedule_faults("FREE-10", f"{field}.off_hours", reception.off_hours)
        if reception.change is not None:
            yield from schedule_faults("FREE-09", f"{field}.change", reception.change)
            if reception.line in (line for _, line in _changes(reception)):
                yield Fault(
                    "FREE-09",
                    f"{field}.change",
                    "変更後の受付先に、元の番号は設定できません。",
                    "A changed destination is another number than the line's own.",
                )
