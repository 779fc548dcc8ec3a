"""`/v1/freephones`: contracts of freephone numbers, their history and their fees."""

from datetime import datetime
from heapq import nsmallest
from typing import Annotated, Self

from fastapi import APIRouter, Path, Response
from pydantic import Field

from provisioning.api.asking import After, Asker, Here, Limit
from provisioning.api.describe import refusals
from provisioning.api.keyed import KeyedRoute
from provisioning.api.masking import Shown
from provisioning.api.shapes import Listed, Shape, maybe_instant
from provisioning.contract import E164, NotContracted
from provisioning.customers.model import ContractClosed, UnknownContract
from provisioning.db.paging import paged
from provisioning.freephone.control import ControlState, NotLocked
from provisioning.freephone.document import (
    FREEPHONE,
    FreephoneDocument,
    FreephoneNumber,
    dialled,
    full,
)
from provisioning.freephone.fees import FeeKind
from provisioning.freephone.service import (
    BadFreephone,
    FreephoneChanged,
    FreephoneExists,
    UnknownFreephone,
)
from provisioning.freephone.store import Kept, Owed, Version
from provisioning.instants import utc

router = APIRouter(prefix="/v1/freephones", tags=["freephones"], route_class=KeyedRoute)
issues = APIRouter(prefix="/v1/directory-issues", tags=["freephones"], route_class=KeyedRoute)

Number = Annotated[str, Path(pattern=FREEPHONE, description="As dialled: 0120000003.")]


class FreephoneShape(Shape):
    """A contracted freephone number."""

    number: str
    contract: str
    version: int = Field(description="Counts its set-ups.")
    setup: FreephoneDocument

    @classmethod
    def of(cls, kept: Kept) -> Self:
        """A number as it is kept."""
        return cls(
            number=dialled(kept.freephone.number),
            contract=kept.contract,
            version=kept.version,
            setup=FreephoneDocument.of(kept.freephone),
        )


class FreephonesShape(Listed):
    """A page of freephone numbers, in order."""

    items: list[FreephoneShape]


class NewFreephoneShape(Shape):
    """What becomes a contracted number."""

    number: FreephoneNumber
    contract: str = Field(max_length=20, examples=["K00000001"])
    setup: FreephoneDocument


class ChangedFreephoneShape(Shape):
    """Another set-up; `version` is the one it was made of."""

    setup: FreephoneDocument
    version: int | None = Field(default=None, ge=1, description="Absent: whichever holds.")


class VersionShape(Shape):
    """A set-up that a number had."""

    version: int
    who: str
    wall_at: datetime
    business_at: datetime
    setup: FreephoneDocument

    @classmethod
    def of(cls, one: Version) -> Self:
        """One version."""
        return cls(
            version=one.version,
            who=one.who,
            wall_at=utc(one.wall_at),
            business_at=utc(one.business_at),
            setup=FreephoneDocument.of(one.freephone),
        )


class VersionsShape(Listed):
    """The latest set-ups, the newest first."""

    items: list[VersionShape]


class UndoShape(Shape):
    """Which version to set the number up as."""

    version: int = Field(ge=1)


class FeeShape(Shape):
    """A fee in yen before tax (FREE-13)."""

    contract: str
    item: str
    kind: FeeKind
    yen: int
    begins_at: datetime
    ends_at: datetime | None = Field(description="Of a monthly fee: until when it is due.")

    @classmethod
    def of(cls, owed: Owed) -> Self:
        """One fee."""
        return cls(
            contract=owed.contract,
            item=owed.fee.item,
            kind=owed.fee.kind,
            yen=owed.fee.yen,
            begins_at=utc(owed.begins_at),
            ends_at=maybe_instant(owed.ends_at),
        )


class FeesShape(Listed):
    """Every fee of a number, the oldest first."""

    items: list[FeeShape]


class IssueShape(Shape):
    """Which issue of the telephone directory comes out."""

    issue: str = Field(pattern=r"^[0-9A-Za-z.-]{1,20}$", examples=["2027"])


class IssuedShape(Shape):
    """What an issue of the telephone directory costs, before tax."""

    issue: str
    numbers: int = Field(description="That have more names in it than the free one.")
    yen: int = Field(description="That they owe in all.")


class ControlShape(Shape):
    """How a number's customer control stands."""

    has_password: bool
    tries_left: int = Field(description="Before it locks.")
    locked_at: datetime | None = Field(description="Business time; null while it is open.")

    @classmethod
    def of(cls, state: ControlState) -> Self:
        """A state."""
        return cls(
            has_password=state.has_password,
            tries_left=state.tries_left,
            locked_at=maybe_instant(state.locked_at),
        )


class ControlPasswordShape(Shape):
    """A password that was just made."""

    number: str
    password: Shown


@router.get("")
async def list_freephones(office: Here, after: After = "", limit: Limit = 100) -> FreephonesShape:
    """Contracted freephone numbers, in order."""
    behind = (k for k in office.freephones.all() if _key(k) > after)
    page = paged(nsmallest(limit + 1, behind, _key), limit, _key)
    return FreephonesShape(items=[FreephoneShape.of(each) for each in page.items], next=page.next)


def _key(kept: Kept) -> str:
    return dialled(kept.freephone.number)


@router.post(
    "",
    status_code=201,
    responses=refusals(BadFreephone, FreephoneExists, UnknownContract, ContractClosed),
)
async def create_freephone(
    office: Here, asker: Asker, response: Response, wanted: NewFreephoneShape
) -> FreephoneShape:
    """Contract a freephone number; a set-up that breaks a rule changes nothing."""
    kept = await office.freephones.create(
        full(wanted.number), wanted.contract, wanted.setup, origin=asker
    )
    response.headers["Location"] = f"/v1/freephones/{wanted.number}"
    return FreephoneShape.of(kept)


@issues.post("")
async def issue_directory(office: Here, asker: Asker, wanted: IssueShape) -> IssuedShape:
    """An issue of the telephone directory: names beyond a number's free one are owed (FREE-13).

    The same issue again costs nothing more.
    """
    numbers, yen = await office.freephones.issue_directory(wanted.issue, origin=asker)
    return IssuedShape(issue=wanted.issue, numbers=numbers, yen=yen)


@router.get("/{number}", responses=refusals(UnknownFreephone))
async def show_freephone(office: Here, number: Number) -> FreephoneShape:
    """One number as it is set up now."""
    return FreephoneShape.of(office.freephones.kept(full(number)))


@router.put("/{number}", responses=refusals(UnknownFreephone, BadFreephone, FreephoneChanged))
async def change_freephone(
    office: Here, asker: Asker, number: Number, wanted: ChangedFreephoneShape
) -> FreephoneShape:
    """Set a number up anew, as a whole; what breaks a rule changes nothing."""
    kept = await office.freephones.change(
        full(number), wanted.setup, version=wanted.version, origin=asker
    )
    return FreephoneShape.of(kept)


@router.delete("/{number}", status_code=204, responses=refusals(UnknownFreephone))
async def remove_freephone(office: Here, asker: Asker, number: Number) -> None:
    """Give a number up; its monthly fees end now."""
    await office.freephones.remove(full(number), origin=asker)


@router.get("/{number}/versions", responses=refusals(UnknownFreephone))
async def list_versions(office: Here, number: Number) -> VersionsShape:
    """The latest set-ups of a number, the newest first."""
    found = await office.freephones.history(full(number))
    return VersionsShape(items=[VersionShape.of(each) for each in found])


@router.post("/{number}/undo", responses=refusals(UnknownFreephone, BadFreephone))
async def undo(office: Here, asker: Asker, number: Number, wanted: UndoShape) -> FreephoneShape:
    """Set a number up again as it was in an earlier version."""
    kept = await office.freephones.undo(full(number), to=wanted.version, origin=asker)
    return FreephoneShape.of(kept)


@router.get("/{number}/control", responses=refusals(UnknownFreephone, NotContracted))
async def show_control(office: Here, number: Number) -> ControlShape:
    """How the customer control's login stands (FREE-12)."""
    return ControlShape.of(await office.control.state(full(number)))


@router.post(
    "/{number}/control/password",
    status_code=201,
    responses=refusals(UnknownFreephone, NotContracted),
)
async def reset_control_password(
    office: Here, asker: Asker, number: Number
) -> ControlPasswordShape:
    """Make up a new password of the customer control, shown this once; a lock stays."""
    password = await office.control.set_password(full(number), origin=asker)
    return ControlPasswordShape(number=number, password=password)


@router.post(
    "/{number}/control/unlock",
    responses=refusals(UnknownFreephone, NotContracted, NotLocked),
)
async def unlock_control(office: Here, asker: Asker, number: Number) -> ControlShape:
    """Unlock the customer control; its work is owed (FREE-12)."""
    await office.control.unlock(full(number), origin=asker)
    return ControlShape.of(await office.control.state(full(number)))


@router.get("/{number}/fees")
async def list_fees(office: Here, number: Number) -> FeesShape:
    """What a number costs its contract; also of one that was given up."""
    found = await office.freephones.owed(E164(full(number)))
    return FeesShape(items=[FeeShape.of(each) for each in found])
