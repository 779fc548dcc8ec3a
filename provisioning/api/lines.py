"""`/v1/lines`: lines and what they are set to."""

from heapq import nsmallest
from operator import attrgetter
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response

from provisioning.api.asking import After, Asker, Here, Limit
from provisioning.api.describe import refusals
from provisioning.api.keyed import KeyedRoute
from provisioning.api.line_shapes import (
    ForwardingShape,
    LineChangesShape,
    LineShape,
    LinesShape,
    NewLineShape,
    PresentationShape,
    PresentationSwitch,
    RegistrationShape,
    WantedForwarding,
)
from provisioning.api.shapes import WRITTEN, ChangeShape, e164
from provisioning.contract import (
    Line,
    LineStatus,
    NoTarget,
    NotContracted,
    OutOfRange,
    Profile,
    UnknownLine,
)
from provisioning.db.paging import paged
from provisioning.office import Office
from provisioning.upkeep.model import LineExists, OfInventory

router = APIRouter(prefix="/v1/lines", tags=["lines"], route_class=KeyedRoute)


def _known(
    office: Here,
    number: Annotated[
        str,
        Path(
            pattern=WRITTEN,
            description="The line's number: +819000000001, 09000000001 or 090-0000-0001.",
        ),
    ],
) -> Line:
    line = office.directory.line(e164(number))
    if line is None:
        raise UnknownLine(f"no line has the number {number}")
    return line


Known = Annotated[Line, Depends(_known)]


@router.get("")
async def list_lines(
    office: Here,
    profile: Profile | None = None,
    status: LineStatus | None = None,
    after: After = "",
    limit: Limit = 100,
) -> LinesShape:
    """Lines by number, those that fit every filter."""
    found = nsmallest(
        limit + 1,
        (
            line
            for line in office.directory.lines()
            if line.number > after
            and profile in (None, line.profile)
            and status in (None, line.status)
        ),
        key=attrgetter("number"),
    )
    page = paged(found, limit, attrgetter("number"))
    return LinesShape(items=[_shape(office, line) for line in page.items], next=page.next)


@router.post("", status_code=201, responses=refusals(OutOfRange, LineExists, OfInventory))
async def create_line(
    office: Here, asker: Asker, response: Response, wanted: NewLineShape
) -> LineShape:
    """Make a line; its accounts come by `POST /v1/accounts`."""
    line = await office.upkeep.create(wanted.line(), origin=asker)
    response.headers["Location"] = f"/v1/lines/{line.number}"
    return _shape(office, line)


@router.get("/{number}", responses=refusals(UnknownLine))
async def show_line(office: Here, line: Known) -> LineShape:
    """One line and its accounts."""
    return _shape(office, line)


@router.patch("/{number}", responses=refusals(UnknownLine, OutOfRange))
async def change_line(
    office: Here, asker: Asker, line: Known, wanted: LineChangesShape
) -> LineShape:
    """Change what is named; options that its profile lacks are refused, and nothing changes."""
    return _shape(office, await office.upkeep.change(line.number, wanted.changes(), origin=asker))


@router.delete("/{number}", status_code=204, responses=refusals(UnknownLine, OfInventory))
async def remove_line(office: Here, asker: Asker, line: Known) -> None:
    """Remove a line with its accounts and settings."""
    await office.upkeep.remove(line.number, origin=asker)


@router.get("/{number}/forwarding", responses=refusals(UnknownLine))
async def show_forwarding(office: Here, line: Known) -> ForwardingShape:
    """On which conditions, where and after how long calls are forwarded."""
    diversions = await office.forwarding.of(line.number)
    return ForwardingShape.of(diversions, office.profiles.of(line.profile))


@router.put("/{number}/forwarding", responses=refusals(UnknownLine, NoTarget, OutOfRange))
async def set_forwarding(
    office: Here, line: Known, asker: Asker, wanted: WantedForwarding
) -> ForwardingShape:
    """Make forwarding exactly this; a refused value changes nothing (FWD-05, FWD-06)."""
    kept = await office.forwarding.by(asker).put(line.number, wanted.over)
    return ForwardingShape.of(kept, office.profiles.of(line.profile))


@router.get("/{number}/presentation", responses=refusals(UnknownLine))
async def show_presentation(office: Here, line: Known) -> PresentationShape:
    """Which freephone number calls may show, and whether they do (SHOW-01)."""
    return PresentationShape.of(await office.presentation.of(line.number))


@router.put("/{number}/presentation", responses=refusals(UnknownLine, NotContracted))
async def switch_presentation(
    office: Here, line: Known, asker: Asker, wanted: PresentationSwitch
) -> PresentationShape:
    """Start or stop showing the contracted number; 409 when none is contracted."""
    presentation = office.presentation.by(asker)
    change = presentation.start if wanted.active else presentation.stop
    return PresentationShape.of(await change(line.number))


@router.get("/{number}/registrations", responses=refusals(UnknownLine))
async def show_registrations(office: Here, line: Known) -> list[RegistrationShape]:
    """The phones that are registered now, by account."""
    return [
        RegistrationShape.of(user, binding)
        for user, bindings in sorted((await office.registrations(line.number)).items())
        for binding in bindings
    ]


@router.get("/{number}/changes", responses=refusals(UnknownLine))
async def show_changes(office: Here, line: Known, limit: Limit = 100) -> list[ChangeShape]:
    """Who changed the line's settings, newest first."""
    return [ChangeShape.of(change) for change in await office.audit.of(line.number, most=limit)]


def _shape(office: Office, line: Line) -> LineShape:
    return LineShape.of(line, office.directory.accounts_of(line.number))
