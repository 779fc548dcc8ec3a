"""What would become of a call, now or at a time, as set up or as it might be (FREE-12, FREE-15)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from starlette.responses import Response

from provisioning.contract import E164, Freephone, OutOfRange, TrunkClass
from provisioning.freephone.model import lines_of
from provisioning.freephone.preview import Answer, Question
from provisioning.instants import JST, in_japan
from provisioning.portal.control_doors import ControlVisit
from provisioning.portal.forms import tidy

CALLERS = ("fixed", "mobile", "payphone", "phs", "ip-phone", "international", "satellite")


@dataclass(frozen=True, slots=True)
class Draft:
    """A set-up that nobody has set yet: the schedule it comes of, and the fields of its form."""

    setup: Freephone
    kind: str
    name: str
    path: str
    version: str
    fields: tuple[tuple[str, str], ...]


async def show_preview(visit: ControlVisit) -> Response:
    """What would become of a call, now or at another time, as calls themselves are decided."""
    return await foretell(visit, visit.request.query_params)


async def foretell(
    visit: ControlVisit, given: Mapping[str, str], draft: Draft | None = None
) -> Response:
    """The same under the present set-up, or a `draft`; `given`: who calls when, if asked yet."""
    errors: dict[str, str] = {}
    answer: Answer | None = None
    lines = lines_of(draft.setup if draft else visit.freephone)
    busy = [line for line in lines if f"busy-{line}" in given]
    typed = {
        name: tidy(given.get(name, ""))[:most]
        for name, most in (("caller", 20), ("at", 100), ("kind", 20), ("prefecture", 10))
    }
    at = _instant(typed["at"])
    if "caller" in given:
        if at is None:
            errors["at"] = "control.preview.at.wrong"
        kind = TrunkClass(typed["kind"]) if typed["kind"] in CALLERS else None
        caller, prefecture = typed["caller"].replace("-", ""), typed["prefecture"] or None
        setup = draft.setup if draft else None
        answer = await _answered(
            visit,
            Question(visit.number, caller, at or 0.0, kind, prefecture, frozenset(busy), setup),
            errors,
        )
    return _page(visit, typed, errors, None if errors else answer, lines, busy, draft)


async def _answered(
    visit: ControlVisit, question: Question, errors: dict[str, str]
) -> Answer | None:
    try:
        return await visit.desk.preview(question)
    except (ValueError, OutOfRange):
        errors["caller"] = "control.preview.caller.wrong"
        return None


def _page(
    visit: ControlVisit,
    typed: dict[str, str],
    errors: dict[str, str],
    answer: Answer | None,
    lines: tuple[E164, ...],
    busy: list[E164],
    draft: Draft | None,
) -> Response:
    now = in_japan(visit.desk.office.clock.seconds())
    return visit.page(
        "control_preview",
        HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        errors=errors,
        answer=answer,
        asked_at=_instant(typed["at"]),
        typed={**typed, "at": typed["at"] or f"{now:%Y-%m-%dT%H:%M}"},
        kinds=CALLERS,
        prefectures=sorted(visit.desk.office.freephones.geography.message_areas),
        lines=lines,
        busy=busy,
        draft=draft,
    )


def _instant(written: str) -> float | None:
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        return None
    if at.tzinfo is not None or not 1970 < at.year < 9000:
        return None
    return at.replace(tzinfo=JST).timestamp()
