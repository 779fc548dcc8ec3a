"""`/v1/lines`: lines and what they are set to."""

import re
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from provisioning.api.asking import Asker, Here
from provisioning.api.shapes import (
    ChangeShape,
    ForwardingShape,
    LineShape,
    LinesShape,
    PresentationShape,
    PresentationSwitch,
    RegistrationShape,
)
from provisioning.contract import E164, Line, UnknownLine
from provisioning.office import Office

router = APIRouter(prefix="/v1/lines", tags=["lines"])


def _known(
    office: Here,
    number: Annotated[
        str, Path(max_length=20, description="The line's number: +819000000001 or 09000000001.")
    ],
) -> Line:
    # National numbers begin with 0 (LINE-04).
    line = office.directory.line(E164(re.sub(r"\A0(?=[1-9])", "+81", number)))
    if line is None:
        raise UnknownLine(f"no line has the number {number!r}")
    return line


Known = Annotated[Line, Depends(_known)]


@router.get("")
async def list_lines(
    office: Here,
    after: Annotated[str, Query(max_length=20, description="Begin behind this number.")] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> LinesShape:
    """Lines by number, a page at a time."""
    numbers = [line for line in office.directory.lines() if line.number > after]
    page = numbers[:limit]
    return LinesShape(
        items=[_shape(office, line) for line in page],
        next=page[-1].number if len(numbers) > limit else None,
    )


@router.get("/{number}")
async def show_line(office: Here, line: Known) -> LineShape:
    """One line and its accounts."""
    return _shape(office, line)


@router.get("/{number}/forwarding")
async def show_forwarding(office: Here, line: Known) -> ForwardingShape:
    """Whether, where and after how long calls are forwarded."""
    return ForwardingShape.of(await office.forwarding.of(line.number))


@router.put("/{number}/forwarding")
async def set_forwarding(
    office: Here, line: Known, asker: Asker, wanted: ForwardingShape
) -> ForwardingShape:
    """Make forwarding exactly this; a refused value changes nothing (FWD-05, FWD-06)."""
    kept = await office.forwarding.by(asker).put(line.number, wanted.diversion())
    return ForwardingShape.of(kept)


@router.get("/{number}/presentation")
async def show_presentation(office: Here, line: Known) -> PresentationShape:
    """Which freephone number calls may show, and whether they do (SHOW-01)."""
    return PresentationShape.of(await office.presentation.of(line.number))


@router.put("/{number}/presentation")
async def switch_presentation(
    office: Here, line: Known, asker: Asker, wanted: PresentationSwitch
) -> PresentationShape:
    """Start or stop showing the contracted number; 409 when none is contracted."""
    presentation = office.presentation.by(asker)
    change = presentation.start if wanted.active else presentation.stop
    return PresentationShape.of(await change(line.number))


@router.get("/{number}/registrations")
async def show_registrations(office: Here, line: Known) -> list[RegistrationShape]:
    """The phones that are registered now, by account."""
    return [
        RegistrationShape.of(user, binding)
        for user, bindings in sorted((await office.registrations(line.number)).items())
        for binding in bindings
    ]


@router.get("/{number}/changes")
async def show_changes(
    office: Here, line: Known, limit: Annotated[int, Query(ge=1, le=1000)] = 100
) -> list[ChangeShape]:
    """Who changed the line's settings, newest first."""
    return [ChangeShape.of(change) for change in await office.audit.of(line.number, most=limit)]


def _shape(office: Office, line: Line) -> LineShape:
    return LineShape.of(line, office.directory.accounts_of(line.number))
