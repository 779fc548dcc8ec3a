"""The three schedules of the customer control, each edited as a week (FREE-08 to FREE-10)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response

from provisioning.contract import (
    E164,
    DayKind,
    Freephone,
    FreephoneOption,
    Reception,
    Schedule,
    Shares,
)
from provisioning.contract.freephone import HEAVIEST
from provisioning.freephone.document import dialled, full
from provisioning.freephone.model import faults, lines_of
from provisioning.freephone.schedules import Fault
from provisioning.freephone.service import BadFreephone
from provisioning.freephone.week import BadRows, Rows, Wrong
from provisioning.portal import week_form
from provisioning.portal.control_doors import HOME, ControlVisit
from provisioning.portal.control_pages import save
from provisioning.portal.control_preview import Draft, foretell
from provisioning.portal.pages import international
from provisioning.portal.week_form import Typed

SCHEDULES = f"{HOME}/schedules"
OFF, ON, STAYS = "off", "on", "stays"
_WEIGHTS = re.compile(r"[0-9]{1,3}(?:[:/, ][0-9]{1,3})*")


class Kind(StrEnum):
    """Which schedule."""

    OFF_HOURS = "off-hours"
    CHANGE = "change"
    RATIO = "ratio"


NEEDS = {
    Kind.OFF_HOURS: FreephoneOption.OFF_HOURS,
    Kind.CHANGE: FreephoneOption.DESTINATION_CHANGE,
    Kind.RATIO: FreephoneOption.SHARE_SPLIT,
}
"""The option without which there is none."""

TOO_MANY_ROWS = Fault(
    "FREE-12",
    "",
    f"ここで変更できるのは、曜日と特定の日それぞれ{week_form.MOST_ROWS}行までです。",
    f"At most {week_form.MOST_ROWS} rows of the week, and as many of certain days, fit here.",
)


@dataclass(frozen=True, slots=True)
class Edited:
    """A schedule on its page: whose it is, how its values are written, what may be chosen.

    `of`: the line as it is dialled, or the how-manieth group; `name`: as people read it.
    """

    kind: Kind
    of: str
    name: str
    rows: Rows[Any]
    schedule: Schedule[Any] | None
    choices: tuple[str, ...] = ()
    lines: tuple[E164, ...] = ()

    @property
    def path(self) -> str:
        """Its address."""
        return f"{SCHEDULES}/{self.kind}/{self.of}"

    @property
    def usual(self) -> str:
        """What holds where no row says otherwise."""
        return self.rows.write(self.rows.usual)


async def show_list(visit: ControlVisit) -> Response:
    """Every schedule there is, or could be."""
    return visit.page("control_schedules", schedules=list(edited(visit.freephone)))


async def show_week(visit: ControlVisit) -> Response:
    """One schedule as a week."""
    one = _wanted(visit)
    done = "done" in visit.request.query_params
    return _page(visit, one, Typed(*one.rows.of(one.schedule)), done=done)


async def change_week(visit: ControlVisit) -> Response:
    """Set a schedule, or try it; or, for whoever has no scripts, take a row away or add some."""
    one, typed = _wanted(visit), week_form.typed(visit.form)
    if gone := visit.form.text("drop"):
        return _page(visit, one, typed.without(gone))
    if "more" in visit.form.fields:
        return _page(visit, one, typed)
    if max(len(typed.week), len(typed.dates)) > week_form.MOST_ROWS:
        return _page(visit, one, typed, faults=(TOO_MANY_ROWS,))
    try:
        schedule = one.rows.schedule(typed.week, typed.dates)
        setup = changed(visit.freephone, one, schedule)
        if "try" in visit.form.fields:
            return await _tried(visit, one, setup)
        await save(visit, setup)
    except BadRows as error:
        return _page(visit, one, typed, wrong=error.wrong)
    except BadFreephone as error:
        return _page(visit, one, typed, faults=error.faults)
    return visit.go(f"{one.path}?done=1")


async def _tried(visit: ControlVisit, one: Edited, setup: Freephone) -> Response:
    """What would become of a call if the schedule were set; `BadFreephone` where it cannot be."""
    if found := faults(setup, visit.desk.office.freephones.geography):
        raise BadFreephone(found)
    fields = week_form.carried(visit.form)
    version = visit.form.text("version")
    draft = Draft(setup, one.kind, one.name, one.path, version, fields)
    return await foretell(visit, visit.form.fields, draft)


def edited(freephone: Freephone) -> Iterator[Edited]:
    """The schedules that the options allow."""
    lines = lines_of(freephone)
    for each in freephone.receptions:
        if NEEDS[Kind.OFF_HOURS] in freephone.options:
            yield _off_hours(each)
    for each in freephone.receptions:
        if NEEDS[Kind.CHANGE] in freephone.options:
            yield _change(each, tuple(line for line in lines if line != each.line))
    for at, group in enumerate(freephone.groups):
        if group.shares is not None:
            yield _ratio(at, group.name, group.shares)


def changed(freephone: Freephone, one: Edited, schedule: Schedule[Any] | None) -> Freephone:
    """The set-up with another schedule."""
    if one.kind is Kind.RATIO:
        groups = list(freephone.groups)
        at = int(one.of)
        shares = groups[at].shares
        assert shares is not None, "only a split group has a schedule of ratios"
        groups[at] = replace(groups[at], shares=replace(shares, schedule=schedule))
        return replace(freephone, groups=tuple(groups))
    receptions = tuple(
        _scheduled(each, one.kind, schedule) if dialled(each.line) == one.of else each
        for each in freephone.receptions
    )
    return replace(freephone, receptions=receptions)


def _scheduled(each: Reception, kind: Kind, schedule: Schedule[Any] | None) -> Reception:
    if kind is Kind.OFF_HOURS:
        return replace(each, off_hours=schedule)
    return replace(each, change=schedule)


def _off_hours(each: Reception) -> Edited:
    def read(written: str) -> bool:
        if written not in (OFF, ON):
            raise ValueError(written)
        return written == OFF

    rows: Rows[bool] = Rows(False, lambda off: OFF if off else ON, read)
    line = dialled(each.line)
    return Edited(Kind.OFF_HOURS, line, line, rows, each.off_hours, (OFF, ON))


def _change(each: Reception, others: tuple[E164, ...]) -> Edited:
    choices = (*map(dialled, others), STAYS)

    def read(written: str) -> E164 | None:
        if written not in choices:
            raise ValueError(written)
        return None if written == STAYS else full(written)

    rows: Rows[E164 | None] = Rows(None, lambda to: STAYS if to is None else dialled(to), read)
    line = dialled(each.line)
    return Edited(Kind.CHANGE, line, line, rows, each.change, choices)


def _ratio(at: int, name: str, shares: Shares) -> Edited:
    def read(written: str) -> tuple[int, ...]:
        if _WEIGHTS.fullmatch(written) is None:
            raise ValueError(written)
        weights = tuple(map(int, re.split("[:/, ]", written)))
        if len(weights) != len(shares.lines) or max(weights) > HEAVIEST or not any(weights):
            raise ValueError(written)
        return weights

    rows = Rows(shares.weights, lambda weights: ":".join(map(str, weights)), read)
    return Edited(Kind.RATIO, str(at), name, rows, shares.schedule, lines=shares.lines)


def _wanted(visit: ControlVisit) -> Edited:
    """The schedule that the path names."""
    kind, of = (visit.request.path_params[name] for name in ("kind", "of"))
    found = next((e for e in edited(visit.freephone) if (e.kind, e.of) == (kind, of)), None)
    if found is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return found


def _page(
    visit: ControlVisit,
    one: Edited,
    typed: Typed,
    *,
    wrong: tuple[Wrong, ...] = (),
    faults: tuple[Fault, ...] = (),
    done: bool = False,
) -> Response:
    version = visit.form.fields.get("version", str(visit.kept.version))
    return visit.page(
        "control_week",
        HTTPStatus.UNPROCESSABLE_ENTITY if wrong or faults else HTTPStatus.OK,
        one=one,
        typed=typed.with_spare(),
        blocks=list(week_form.blocks(typed.week)),
        days=list(DayKind),
        errors={each.field: f"control.wrong.{each.why}" for each in wrong},
        faults=faults,
        done=done,
        version=version,
        drawing=week_form,
        is_line=international(one.of) is not None,
    )
