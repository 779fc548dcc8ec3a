"""The customer control's pages: what happens now, ratios, the history (FREE-12)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.responses import Response

from provisioning import calendar
from provisioning.contract import (
    E164,
    Freephone,
    Group,
    Moment,
    Schedule,
    Shares,
)
from provisioning.contract.freephone import HEAVIEST
from provisioning.freephone.document import FreephoneDocument
from provisioning.freephone.schedules import Fault, clock
from provisioning.freephone.service import BadFreephone
from provisioning.freephone.store import Version
from provisioning.freephone.usage import DAY_S, By, Span, start_of, total
from provisioning.freephone.week import with_values
from provisioning.portal.control_doors import HOME, ControlVisit
from provisioning.portal.forms import whole_number

RATIOS, HISTORY = f"{HOME}/ratios", f"{HOME}/history"


@dataclass(frozen=True, slots=True)
class Now:
    """How a line receives at a moment; `until`: the clock time at which that may change."""

    line: E164
    off_hours: bool
    goes_to: E164 | None
    until: str | None


async def show_home(visit: ControlVisit) -> Response:
    """What happens now, today's usage, and the ways to change it."""
    seconds = visit.desk.office.clock.seconds()
    moment, one = calendar.moment(seconds), visit.freephone
    midnight = start_of(seconds, By.DAY)
    today = await visit.desk.office.usage.count(
        visit.number, Span(midnight, midnight + DAY_S), By.DAY
    )
    return visit.page(
        "control_home",
        kept=visit.kept,
        at=seconds,
        lines=list(_now(one, moment)),
        groups=[(at, each, _weights(each, moment)) for at, each in enumerate(one.groups)],
        today=total(today),
        state=await visit.desk.office.control.state(visit.number),
    )


def _now(one: Freephone, moment: Moment) -> Iterator[Now]:
    for each in one.receptions:
        schedules = [s for s in (each.off_hours, each.change) if s is not None]
        ends = min((_ends(schedule, moment) for schedule in schedules), default=1440)
        yield Now(
            each.line,
            each.off_hours is not None and each.off_hours.at(moment),
            each.change.at(moment) if each.change is not None else None,
            clock(ends) if ends < 1440 else None,
        )


def _ends(schedule: Schedule[bool] | Schedule[E164 | None], moment: Moment) -> int:
    return next(b.ends for b in schedule.plan(moment) if b.begins <= moment.minute < b.ends)


def _weights(group: Group, moment: Moment) -> list[tuple[E164, int, int]]:
    """Each share's line, its weight at a moment, and its part of all in percent."""
    shares = group.shares
    if shares is None:
        return []
    weights = shares.schedule.at(moment) if shares.schedule else shares.weights
    whole = sum(weights) or 1
    return [
        (line, each, round(100 * each / whole))
        for line, each in zip(shares.lines, weights, strict=True)
    ]


async def show_ratios(visit: ControlVisit) -> Response:
    """The usual weights of each split."""
    return _ratios(visit, {}, done="done" in visit.request.query_params)


async def change_ratios(visit: ControlVisit) -> Response:
    """Set the usual weights; scheduled bands that had the former usual ones follow."""
    errors: dict[str, str] = {}
    groups = []
    for at, group in enumerate(visit.freephone.groups):
        weights = [whole_number(visit.form.text(name)) for name in _fields(at, group)]
        for name, weight in zip(_fields(at, group), weights, strict=True):
            if weight is None or weight > HEAVIEST:
                errors[name] = "control.ratios.wrong"
        if weights and not any(weights) and None not in weights:
            errors[f"g{at}-0"] = "control.ratios.nought"
        groups.append(_reweighed(group, tuple(each or 0 for each in weights)))
    if errors:
        return _ratios(visit, errors)
    try:
        await save(visit, replace(visit.freephone, groups=tuple(groups)))
    except BadFreephone as error:
        return _ratios(visit, {}, error.faults)
    return visit.go(f"{RATIOS}?done=1")


def _fields(at: int, group: Group) -> list[str]:
    return [f"g{at}-{n}" for n in range(len(group.shares.lines))] if group.shares else []


def _reweighed(group: Group, weights: tuple[int, ...]) -> Group:
    shares = group.shares
    if shares is None:
        return group
    former, schedule = shares.weights, shares.schedule
    if schedule is not None:
        schedule = with_values(schedule, lambda each: weights if each == former else each)
    return replace(group, shares=Shares(shares.lines, weights, schedule))


def _ratios(
    visit: ControlVisit,
    errors: dict[str, str],
    faults: tuple[Fault, ...] = (),
    *,
    done: bool = False,
) -> Response:
    groups = [
        (
            at,
            group.name,
            [
                (name, line, visit.form.fields.get(name, weight))
                for name, line, weight in zip(
                    _fields(at, group), group.shares.lines, group.shares.weights, strict=True
                )
            ],
        )
        for at, group in enumerate(visit.freephone.groups)
        if group.shares is not None
    ]
    status = HTTPStatus.UNPROCESSABLE_ENTITY if errors or faults else HTTPStatus.OK
    return visit.page(
        "control_ratios",
        status,
        errors=errors,
        faults=faults,
        groups=groups,
        done=done,
        version=visit.kept.version,
    )


async def save(visit: ControlVisit, one: Freephone) -> None:
    """Set the number up anew, unless somebody has meanwhile.

    Raises:
        BadFreephone: a rule is broken; the running set-up stays.
        FreephoneChanged: another version holds than the form was made of.
    """
    await visit.desk.office.freephones.change(
        visit.number,
        FreephoneDocument.of(one),
        version=whole_number(visit.form.text("version")) or 0,
        origin=visit.origin,
    )


@dataclass(frozen=True, slots=True)
class Past:
    """A version as the history shows it: what it changed, and whether it can be gone back to."""

    version: Version
    changes: tuple[tuple[str, str], ...]
    is_now: bool
    can_return: bool


async def show_history(visit: ControlVisit) -> Response:
    """Every set-up the number had, the newest first, and what each of them changed."""
    found = await visit.desk.office.freephones.history(visit.number)
    former = [*(each.freephone for each in found[1:]), None]
    past = [
        Past(
            each,
            tuple(differences(before, each.freephone)) if before else (("first", ""),),
            at == 0,
            at > 0 and is_ours(each.freephone, found[0].freephone),
        )
        for at, (each, before) in enumerate(zip(found, former, strict=True))
    ]
    done = "done" in visit.request.query_params
    return visit.page("control_history", past=past, done=done, version=found[0].version)


async def undo(visit: ControlVisit) -> Response:
    """Set the number up as it was; what is the contract's itself stays as it is."""
    to = whole_number(visit.form.text("to"))
    found = await visit.desk.office.freephones.history(visit.number)
    before = next((each.freephone for each in found if each.version == to), None)
    if before is None or not is_ours(before, found[0].freephone):
        raise HTTPException(HTTPStatus.NOT_FOUND)
    await save(visit, before)
    return visit.go(f"{HISTORY}?done=1")


def is_ours(one: Freephone, other: Freephone) -> bool:
    """Whether two set-ups differ in nothing but what the customer control may change."""
    return _frame(one) == _frame(other)


def _frame(one: Freephone) -> Freephone:
    """A set-up without ratios and schedules."""
    return replace(
        one,
        groups=tuple(
            replace(group, shares=group.shares and Shares(group.shares.lines, ()))
            for group in one.groups
        ),
        receptions=tuple(replace(each, off_hours=None, change=None) for each in one.receptions),
    )


def differences(before: Freephone, after: Freephone) -> Iterator[tuple[str, str]]:
    """What a set-up changed: (the key of its text, of which line or group)."""
    if not is_ours(before, after):
        yield "contract", ""
    former = {group.name: group.shares for group in before.groups}
    for group in after.groups:
        was, now = former.get(group.name), group.shares
        if was is not None and now is not None:
            pairs = ("ratios", was.weights != now.weights), ("ratio", was.schedule != now.schedule)
            yield from ((key, group.name) for key, differs in pairs if differs)
    for each in after.receptions:
        old = before.reception(each.line) or each
        if old.off_hours != each.off_hours:
            yield "off-hours", each.line
        if old.change != each.change:
            yield "change", each.line
