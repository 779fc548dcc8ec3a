"""`/v1/audit`: who changed what, newest first."""

from typing import Annotated, Self

from fastapi import APIRouter, Query
from pydantic import Field

from provisioning.api.asking import PLAIN, Here, Limit
from provisioning.api.contracts import CONTRACT_ID
from provisioning.api.shapes import ChangeShape, Listed
from provisioning.audit.model import Change

router = APIRouter(prefix="/v1/audit", tags=["audit"])


class EntryShape(ChangeShape):
    """A change, and what it was made to."""

    id: int
    subject: str = Field(description="A line or number, customer, contract, order, login or token.")
    contract: str | None

    @classmethod
    def of(cls, change: Change) -> Self:
        """One audit row."""
        shown = ChangeShape.of(change)
        return cls(id=change.id, subject=change.subject, contract=change.contract, **dict(shown))


class AuditShape(Listed):
    """A page of the audit, newest first."""

    items: list[EntryShape]


Word = Annotated[str | None, Query(min_length=1, max_length=200, pattern=PLAIN)]


@router.get("")
async def search_audit(
    office: Here,
    subject: Word = None,
    who: Word = None,
    contract: Annotated[str | None, Query(pattern=CONTRACT_ID)] = None,
    after: Annotated[str, Query(pattern=r"^[0-9]{0,9}$", description="Begin behind it.")] = "",
    limit: Limit = 100,
) -> AuditShape:
    """Changes, those that fit every filter."""
    page = await office.audit.search(
        subject=subject, who=who, contract=contract, after=after, limit=limit
    )
    return AuditShape(items=[EntryShape.of(each) for each in page.items], next=page.next)
